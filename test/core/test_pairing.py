"""Every message ends in exactly one place: in a set, or in a count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.pairing import KEPT, FramePairer

MS = 1_000_000


def test_exact_stamps_pair_in_any_order_of_arrival():
    pairer = FramePairer(['depth', 'info'])
    assert pairer.add('info', 10, 'i10') is None
    assert pairer.add('info', 20, 'i20') is None
    assert pairer.add('depth', 20, 'd20') == {'depth': 'd20', 'info': 'i20'}
    assert dict(pairer.dropped) == {'unpaired': 1}


def test_without_slop_one_nanosecond_is_too_much():
    pairer = FramePairer(['depth', 'info'])
    pairer.add('info', 10, 'i')
    assert pairer.add('depth', 11, 'd') is None


def test_within_the_slop_the_nearest_partner_is_taken():
    pairer = FramePairer(['depth', 'color'], slop_ns=5 * MS)
    pairer.add('color', 10 * MS, 'c10')
    pairer.add('color', 14 * MS, 'c14')
    assert pairer.add('depth', 13 * MS, 'd13') == {'depth': 'd13', 'color': 'c14'}


@pytest.mark.parametrize(('stamp', 'cause'), [(100, 'duplicate'), (99, 'late'), (50, 'late')])
def test_what_comes_after_its_set_is_counted(stamp, cause):
    pairer = FramePairer(['depth', 'info'])
    pairer.add('info', 100, 'i')
    assert pairer.add('depth', 100, 'd')
    assert pairer.add('depth', stamp, 'again') is None
    assert dict(pairer.dropped) == {cause: 1}


def test_a_message_that_comes_twice_before_its_partner_counts_once():
    pairer = FramePairer(['depth', 'info'])
    pairer.add('depth', 100, 'first')
    assert pairer.add('depth', 100, 'second') is None
    assert pairer.add('info', 100, 'i') == {'depth': 'first', 'info': 'i'}
    assert dict(pairer.dropped) == {'duplicate': 1}


def test_a_stream_without_partners_does_not_grow():
    pairer = FramePairer(['depth', 'info'])
    for stamp in range(100):
        assert pairer.add('depth', stamp, stamp) is None
    assert pairer.dropped['unpaired'] == 100 - KEPT


def test_a_clock_set_back_begins_afresh():
    pairer = FramePairer(['depth', 'info'])
    for stamp in (5_000 * MS, 100 * MS):
        pairer.add('info', stamp, 'i')
        assert pairer.add('depth', stamp, 'd')


def test_an_unknown_stream_is_an_error():
    with pytest.raises(InvalidValueError, match=r"stream 'infra' is unknown; there are: "):
        FramePairer(['depth', 'info']).add('infra', 1, None)


@given(
    st.lists(st.tuples(st.sampled_from(['depth', 'info']), st.integers(0, 30)), max_size=80),
    st.integers(0, 3),
)
def test_sets_are_within_the_slop_in_order_and_nothing_is_lost(messages, slop):
    pairer = FramePairer(['depth', 'info'], slop_ns=slop)
    out = []
    for stream, stamp in messages:
        found = pairer.add(stream, stamp, (stream, stamp))
        if found:
            assert [found[name][0] for name in ('depth', 'info')] == ['depth', 'info']
            out.append((found['depth'][1], found['info'][1]))
    assert all(abs(depth - info) <= slop for depth, info in out)
    leaders = [depth for depth, _ in out]
    assert leaders == sorted(set(leaders))
    waiting = sum(len(w) for w in pairer._waiting.values())
    assert len(messages) == 2 * len(out) + sum(pairer.dropped.values()) + waiting

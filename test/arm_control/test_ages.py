"""Ages: older than allowed, from the future, from another clock; each with its numbers."""

import pytest

from gae_arm.arm_control.ages import AgeWatch
from gae_arm.core.motion import HaltReason

NOW = 100 * 10**9
MS = 10**6


def watch():
    return AgeWatch('cloud', 0.25, 0.05, HaltReason.CLOUD_STALE)


@pytest.mark.parametrize('age_ms', [0, 1, 250, -50])
def test_fresh_inputs_pass(age_ms):
    assert watch().check(NOW - age_ms * MS, NOW) is None


@pytest.mark.parametrize(
    ('stamp_ns', 'reason', 'message'),
    [
        (None, HaltReason.CLOUD_STALE, 'there is no cloud yet'),
        (
            NOW - 251 * MS,
            HaltReason.CLOUD_STALE,
            'the cloud is 0.251 s old, at most 0.25 s is allowed',
        ),
        (
            NOW + 51 * MS,
            HaltReason.CLOCK_MISMATCH,
            'the cloud is stamped 100.051 s, the node clock says 100.000 s: they run on different '
            'clocks (see use_sim_time)',
        ),
        (
            NOW - 20_000 * MS,
            HaltReason.CLOCK_MISMATCH,
            'the cloud is stamped 80.000 s, the node clock says 100.000 s: they run on different '
            'clocks (see use_sim_time)',
        ),
    ],
)
def test_what_is_wrong_is_said(stamp_ns, reason, message):
    cause = watch().check(stamp_ns, NOW)
    assert (cause.reason, cause.message) == (reason, message)


def test_an_input_that_stops_coming_grows_old_and_is_not_taken_for_another_clock():
    ages = watch()
    assert ages.check(NOW, NOW) is None
    cause = ages.check(NOW, NOW + 60 * 10**9)
    assert cause.reason == HaltReason.CLOUD_STALE
    assert cause.message == 'the cloud is 60.000 s old, at most 0.25 s is allowed'


def test_after_the_clocks_agree_again_the_input_passes():
    ages = watch()
    assert ages.check(NOW - 20_000 * MS, NOW).reason == HaltReason.CLOCK_MISMATCH
    assert ages.check(NOW + 5 * MS, NOW + 10 * MS) is None

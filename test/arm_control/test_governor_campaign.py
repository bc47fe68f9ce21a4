"""A small part of the campaign of `gae bench governor`: nothing that leaves breaks a limit."""

from collections import Counter

import pytest

from gae_arm.commands.benches import governor
from gae_arm.commands.benches.governor_campaign import run_sequences


@pytest.fixture(scope='module')
def tally():
    return run_sequences(0, range(150))


def test_no_limit_is_broken_on_any_arm(tally):
    assert tally.sequences == 150
    assert tally.messages > 3000
    assert tally.violations == Counter()


def test_the_campaign_comes_close_to_the_limits_and_meets_every_kind_of_trouble(tally):
    assert sum(speed > 0.95 for speed in tally.speed) > 5
    assert len(tally.reasons) > 15


def test_a_sequence_is_told_by_its_number_alone():
    first, again = run_sequences(7, range(3, 6)), run_sequences(7, range(3, 6))
    assert first == again
    assert first != run_sequences(8, range(3, 6))


def test_the_bench_counts_sequences_and_violations():
    rows = {row.name: row for row in governor.campaign(seed=0, sequences=7, workers=1)}
    assert rows['sequences'].p50 == 7
    assert (rows['violations'].p50, rows['violations'].n) == (0, 7)
    assert rows['- messages checked'].p50 > 100

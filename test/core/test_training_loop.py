"""What training runs share: schedule, the loop, checkpoints that are whole, and the loss curve."""

from __future__ import annotations

from pathlib import Path

import pytest

from gae_arm.core.training import LEAST_RATE, LossCurve, TrainingRun, scheduled_rate


class CountingRun(TrainingRun[int]):
    """A run whose checkpoint holds the number of its step."""

    def __init__(self, folder: Path, steps: int = 10, main: bool = True, full: bool = False):
        super().__init__(folder, steps, save_every=4)
        self.began, self.main, self.full = 0, main, full

    def _begin(self) -> None:
        self.began += 1

    def _is_main(self) -> bool:
        return self.main

    def _one_step(self) -> int:
        return self.step

    def _write(self, folder: Path) -> None:
        folder.mkdir()
        (folder / 'step').write_text(str(self.step))
        if self.full:
            raise OSError(28, 'No space left on device')


def saved(run):
    return int((run.checkpoint / 'step').read_text())


def test_the_rate_rises_stays_and_falls_to_its_least():
    rates = [scheduled_rate(step, 1000, 0.01, 10, 0.5) for step in range(1000)]
    assert rates[0] == pytest.approx(0.001)
    assert rates[9:500] == [0.01] * 491
    assert rates == [*sorted(rates[:9]), *sorted(rates[9:], reverse=True)]
    assert rates[750] == pytest.approx(0.005)
    assert rates[-1] == pytest.approx(LEAST_RATE * 0.01)


def test_steps_are_counted_and_checkpoints_written_on_the_way_and_at_the_end(tmp_path):
    run = CountingRun(tmp_path)
    seen = [(step, saved(run) if run.checkpoint.is_dir() else None) for step in run.train()]
    assert seen == [(s, None if s < 4 else s // 4 * 4) for s in range(10)]
    assert (run.step, run.began, saved(run)) == (10, 1, 10)
    assert list(run.train()) == []


def test_a_run_that_is_asked_to_stop_goes_on_where_it_was(tmp_path):
    run = CountingRun(tmp_path)
    assert list(run.train(lambda r: r.step == 3)) == [0, 1, 2]
    assert list(run.train()) == list(range(3, 10))


def test_a_checkpoint_that_was_not_finished_leaves_the_last_one(tmp_path):
    run = CountingRun(tmp_path)
    list(run.train(lambda r: r.step == 4))
    run.full = True
    with pytest.raises(OSError, match='No space left'):
        list(run.train())
    assert saved(run) == 4
    run.full = False
    run.save()
    assert saved(run) == 8


def test_only_one_process_writes(tmp_path):
    run = CountingRun(tmp_path, main=False)
    assert len(list(run.train())) == 10
    assert not run.checkpoint.exists()


def test_the_curve_holds_means_since_its_last_line_and_is_continued(tmp_path):
    for first in (0, 4):
        curve = LossCurve(tmp_path, ('step', 'rate'), ('total',), every=2)
        for step in range(first + 1, first + 5):
            means = curve.add(step, {'total': float(step)}, {'step': step, 'rate': 0.1})
            assert means == (None if step % 2 else {'total': step - 0.5})
    lines = (tmp_path / 'curve.csv').read_text().split()
    assert lines == ['step,rate,total', '2,0.1,1.5', '4,0.1,3.5', '6,0.1,5.5', '8,0.1,7.5']

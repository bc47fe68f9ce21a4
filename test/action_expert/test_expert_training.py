"""Training: losses fall, runs resume to the same result, two processes learn what one does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from expert_parts import TINY, block, moment, pick
from safetensors.numpy import load_file, save_file
from two_processes import losses_of_two

from action_expert.expert.weights import Weights
from action_expert.training.batches import BatchSettings, draw_batch
from action_expert.training.making import Made, make_shards, missing
from action_expert.training.shards import read_shards, seeds_of, write_shard
from action_expert.training.situation import Guides, situation
from gae_arm.core.errors import ConfigError

pytest.importorskip('torch')
pytest.importorskip('accelerate')

BATCH = BatchSettings(size=8, points=64)


def make(seed):
    """Situations whose plan is beside a block by as much as their seed says."""
    rng = np.random.default_rng(seed)
    shift = rng.normal(0, 0.02, 3) * [1, 1, 0]
    erred = moment(rng.uniform(0.5, 2.5), pick(x=0.5 + shift[0], y=shift[1]))
    guides = Guides(erred.guide, moment(waypoints=pick()).guide, erred.given)
    return [situation(erred, guides, block(seed=seed))]


def unseen(seed):
    erred = moment(waypoints=pick())
    return [situation(erred, Guides(erred.guide, erred.guide, erred.given), None)]


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp('situations')
    made = list(make_shards(path, make, range(48), 16))
    assert made == [Made(16, 0)] * 3
    return path


@pytest.fixture(scope='module')
def table(folder):
    return read_shards(folder.glob('*.safetensors'))


def run(path, table, **settings):
    from action_expert.training.run import ExpertRun, RunSettings

    settings = {'steps': 12, 'warm_up': 2, 'save_every': 4, **settings}
    return ExpertRun(path, table, RunSettings(**settings), BATCH, TINY)


def test_shards_are_made_once(folder, table):
    assert len(table['state']) == 48
    assert list(make_shards(folder, lambda seed: pytest.fail('made again'), range(48), 16)) == []


def test_a_short_shard_is_made_up_for(tmp_path):
    list(make_shards(tmp_path, make, range(10, 13)))
    (short,) = tmp_path.glob('*.safetensors')
    assert seeds_of(short, 512) == range(10, 13)
    assert list(make_shards(tmp_path, make, range(10, 30), 8)) == [
        Made(8, 0),
        Made(8, 0),
        Made(1, 0),
    ]
    assert len(read_shards(tmp_path.glob('*.safetensors'))['state']) == 20
    assert list(make_shards(tmp_path, make, range(12, 30), 5)) == []


def test_what_is_missing_is_cut_where_something_is():
    there = [range(4, 8), range(6, 9), range(20, 99)]
    assert list(missing(range(0, 30), there, 5)) == [
        range(0, 4),
        range(9, 14),
        range(14, 19),
        range(19, 20),
    ]


def test_an_old_shard_counts_as_whole(tmp_path):
    write_shard(tmp_path / 'situations-000000512.safetensors', make(1))
    assert list(make_shards(tmp_path, pytest.fail, range(512, 1024))) == []
    write_shard(tmp_path / 'situations-odd.safetensors', make(1))
    with pytest.raises(ConfigError, match='does not say of which seeds'):
        list(make_shards(tmp_path, make, range(2)))


def test_seeds_without_situations_are_not_tried_again(tmp_path):
    assert list(make_shards(tmp_path, lambda seed: [], range(3))) == [Made(0, 3)]
    assert list(make_shards(tmp_path, pytest.fail, range(3))) == []
    with pytest.raises(ConfigError, match='no shards of situations'):
        read_shards(tmp_path.glob('*'))
    list(make_shards(tmp_path, make, range(3, 5)))
    assert len(read_shards(tmp_path.glob('*'))['state']) == 2


def test_points_that_nobody_sees_take_no_room(tmp_path):
    list(make_shards(tmp_path, unseen, range(2)))
    (path,) = tmp_path.glob('*')
    assert 'points' not in load_file(path)
    points = read_shards([path])['points'][np.array([1, 0])]
    assert points.shape == (2, 512, 3)
    assert not points.any()


def test_no_shards_are_an_error(tmp_path):
    with pytest.raises(ConfigError, match='no shards of situations'):
        read_shards(tmp_path.glob('*'))


def test_rows_are_read_from_the_files_they_lie_in(folder, table):
    rows = np.array([47, 0, 16, 15, 16])
    parts = [load_file(path)['aim'] for path in sorted(folder.glob('*.safetensors'))]
    np.testing.assert_array_equal(table['aim'][rows], np.concatenate(parts)[rows])
    np.testing.assert_array_equal(table['aim'][5:40:7], np.concatenate(parts)[5:40:7])


def test_a_file_of_something_else_is_named(tmp_path):
    save_file({'aim': np.zeros((2, 9), np.float32)}, tmp_path / 'other.safetensors')
    with pytest.raises(ConfigError, match=r"other.safetensors holds no situations: 'guidance'"):
        read_shards(tmp_path.glob('*'))
    (tmp_path / 'other.safetensors').write_bytes(b'cut off')
    with pytest.raises(ConfigError, match=r'other.safetensors holds no situations: .* is no saf'):
        read_shards(tmp_path.glob('*'))


def test_shares_of_a_batch_make_the_batch(table):
    from action_expert.training.run import table_scales

    scales = table_scales(table)
    whole = draw_batch(table, scales, BATCH, 3)
    parts = [draw_batch(table, scales, BATCH, 3, rank, 2) for rank in range(2)]
    for key, value in whole.items():
        np.testing.assert_array_equal(value[0::2], parts[0][key], err_msg=key)
        np.testing.assert_array_equal(value[1::2], parts[1][key], err_msg=key)


def test_a_moved_plan_is_corrected_to_the_same_place(table):
    from action_expert.training.batches import _move_plan

    move = np.array([[0.01, -0.02, 0.005]], np.float32)
    before = {k: v[:1].astype(np.float32) for k, v in table.items()}
    after = {k: v.copy() for k, v in before.items()}
    _move_plan(after, move)
    np.testing.assert_allclose(after['aim'][:, :3] + move, before['aim'][:, :3], atol=1e-6)
    np.testing.assert_allclose(after['points'] + move[:, None], before['points'], atol=1e-6)
    np.testing.assert_allclose(after['hand'][..., 3] + move, before['hand'][..., 3], atol=1e-6)


def test_losses_fall(tmp_path, table):
    training = run(tmp_path, table, steps=240, learning_rate=3e-3)
    losses = [loss.as_dict()['total'] for loss in training.train()]
    assert np.mean(losses[-60:]) < 0.85 * np.mean(losses[:60])


def test_a_run_that_was_stopped_goes_on_to_the_same_result(tmp_path, table):
    straight = run(tmp_path / 'straight', table)
    losses = [loss.as_dict() for loss in straight.train()]
    first = run(tmp_path / 'stopped', table)
    seen = [loss.as_dict() for loss in first.train(lambda r: r.step == 4)]
    second = run(tmp_path / 'stopped', table)
    assert second.step == 4
    seen += [loss.as_dict() for loss in second.train()]
    assert seen == losses
    for name, value in straight.weights().params.items():
        np.testing.assert_array_equal(value, second.weights().params[name])


def test_stage_action_sees_no_cloud(tmp_path, table):
    training = run(tmp_path, table, stage='action')
    assert draw_batch(table, training.scales, training.batch, 0)['seen'].sum() == 0


def test_stage_action_learns_the_same_without_looking_at_clouds(tmp_path, table):
    import torch

    from action_expert.training.module import ExpertModule

    training = run(tmp_path, table, stage='action')
    drawn = draw_batch(table, training.scales, training.batch, 0)
    assert 'points' not in drawn
    quick = {k: torch.from_numpy(v) for k, v in drawn.items()}
    rng = np.random.default_rng(0)
    clouds = {'points': (8, 64, 3), 'relief': (8, 1152)}
    full = {k: torch.from_numpy(rng.random(s, np.float32)) for k, s in clouds.items()}
    gradients = []
    for batch in (quick, {**quick, **full}):
        module = ExpertModule(TINY, training.scales)
        module(batch).total.backward()
        gradients.append({k: v.grad for k, v in module.weights.items()})
    for name, value in gradients[0].items():
        torch.testing.assert_close(value, gradients[1][name], msg=name)


def test_a_run_does_not_go_on_with_other_settings(tmp_path, table):
    from action_expert.training.run import ExpertRun, RunSettings

    list(run(tmp_path, table, steps=4).train())
    with pytest.raises(ConfigError, match=r'run learning_rate 0.001, now 0.002'):
        run(tmp_path, table, steps=4, learning_rate=0.002)
    other = BatchSettings(size=16, points=64, seed=3)
    with pytest.raises(ConfigError, match=r'batch size 8, now 16; batch seed 0, now 3'):
        ExpertRun(tmp_path, table, RunSettings(steps=4, warm_up=2), other, TINY)
    assert run(tmp_path, table, steps=9).step == 4
    again = ExpertRun.reopen(tmp_path, table)
    assert (again.step, again.batch, again.settings.warm_up) == (4, BATCH, 2)


def test_clouds_are_scaled_by_those_that_are_seen(tmp_path, table):
    from action_expert.training.run import ExpertRun, RunSettings

    list(make_shards(tmp_path, unseen, range(9)))
    blind = read_shards(tmp_path.glob('*.safetensors'))
    run(tmp_path / 'action', blind, stage='action').weights().save(tmp_path / 'weights')
    learned = Weights.load(tmp_path / 'weights')
    second = ExpertRun(tmp_path / 'cloud', table, RunSettings(), BATCH, start=learned)
    assert np.abs(second.scales['cloud.std'] - 0.02).max() > 1e-3
    np.testing.assert_array_equal(second.scales['state.mean'], learned.scales['state.mean'])


def test_stage_cloud_begins_with_what_stage_action_learned(tmp_path, table):
    from action_expert.training.run import ExpertRun, RunSettings

    first = run(tmp_path / 'action', table, stage='action', steps=3)
    list(first.train())
    first.weights().save(tmp_path / 'weights')
    learned = Weights.load(tmp_path / 'weights')
    second = ExpertRun(tmp_path / 'cloud', table, RunSettings(), BATCH, start=learned)
    for name, value in second.weights().params.items():
        np.testing.assert_array_equal(value, learned.params[name])


TWO = """
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
from test_expert_training import run
from action_expert.training.shards import read_shards
def main():
    table = read_shards(Path({folder!r}).glob('*.safetensors'))
    training = run(Path({out!r}), table, steps=4)
    losses = [loss.as_dict()['total'] for loss in training.train()]
    assert training.agreed(training._accelerator.process_index == 1)
    assert not training.agreed(False)
    if training.is_main:
        print('losses', *losses, training._accelerator.num_processes)
main()
"""


def test_two_processes_learn_what_one_does(tmp_path, folder, table):
    script = tmp_path / 'two.py'
    paths = [str(Path(__file__).parents[i]) for i in (0, 1)]
    script.write_text(TWO.format(paths=paths, folder=str(folder), out=str(tmp_path / 'two')))
    *together, processes = losses_of_two(script)
    assert processes == 2
    alone = [loss.as_dict()['total'] for loss in run(tmp_path / 'one', table, steps=4).train()]
    np.testing.assert_allclose(together, alone, rtol=2e-2)

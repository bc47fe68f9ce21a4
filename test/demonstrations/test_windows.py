"""Windows and their order: what training sees, and that it sees it again after a stop."""

import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_episodes import episode

from gae_arm.core.errors import ConfigError, InvalidValueError, MissingDependencyError
from gae_arm.demonstrations.dataset import Dataset
from gae_arm.demonstrations.order import Batches, OrderSettings
from gae_arm.demonstrations.torch_loader import torch_loader
from gae_arm.demonstrations.windows import Windows, WindowSettings


@pytest.fixture(scope='module')
def made():
    return {number: episode(number, images=False) for number in (0, 5, 7)}


@pytest.fixture(scope='module')
def dataset(made, tmp_path_factory):
    out = Dataset.create(tmp_path_factory.mktemp('windows') / 'd', {})
    for number, one in made.items():
        out.add(number, one)
    return out


def test_a_window_is_what_the_episode_says(made, dataset):
    windows = Windows(dataset, WindowSettings(horizon=8, keyframes=3, joints=True))
    assert len(windows) == sum(one.steps for one in made.values())
    assert windows.counts.tolist() == [127, 127, 127]
    batch = windows.batch(np.array([130, 126, 2]))
    assert batch['episode'].tolist() == [5, 0, 0]
    assert batch['step'].tolist() == [3, 126, 2]
    for b, (number, t) in enumerate([(5, 3), (0, 126), (0, 2)]):
        one = made[number]
        assert batch['stamp_ns'][b] == one.stamps_ns[t]
        for key in ('position', 'orientation', 'gripper', 'joint_position', 'joint_velocity'):
            np.testing.assert_array_equal(batch[key][b], getattr(one, key)[t].astype(np.float32))
        steps = np.minimum(t + np.arange(8), one.steps - 1)
        for key in ('action_position', 'action_orientation', 'action_gripper'):
            expected = getattr(one, key)[steps].astype(np.float32)
            np.testing.assert_array_equal(batch[key][b], expected)
        np.testing.assert_array_equal(batch['action_valid'][b], t + np.arange(8) < one.steps)
        cloud = one.clouds.cloud(t // 2).astype(np.float32)
        np.testing.assert_array_equal(batch['cloud'][b], cloud)
        assert batch['cloud_age_ns'][b] == (t % 2) * 50_000_000


def test_keyframes_are_those_ahead(made, dataset):
    windows = Windows(dataset, WindowSettings(keyframes=3, clouds=False))
    one = made[5]
    frames = one.keyframes
    t = int(frames[1])
    batch = windows.batch(np.array([127 + t - 1, 127 + t, 127 + frames[-1] - 1, 127 + frames[-1]]))
    np.testing.assert_allclose(batch['keyframe_position'][0], one.position[frames[1:4]], atol=1e-6)
    np.testing.assert_allclose(batch['keyframe_position'][1], one.position[frames[2:5]], atol=1e-6)
    assert batch['keyframe_valid'].tolist() == [
        [True] * 3,
        [True] * 3,
        [True, False, False],
        [False] * 3,
    ]
    end = one.position[-1]
    np.testing.assert_allclose(
        batch['keyframe_position'][2:], np.broadcast_to(end, (2, 3, 3)), atol=1e-6
    )
    assert batch['keyframe_gripper'][0].tolist() == [0, 0, 1]


def test_one_window_and_what_is_the_callers_own(dataset):
    windows = Windows(dataset)
    one = windows[200]
    np.testing.assert_array_equal(one['position'], windows.batch(np.array([200]))['position'][0])
    one['position'][:] = 9
    one['cloud'][:] = 9
    assert not (windows[200]['position'] == 9).any()
    assert not (windows[200]['cloud'] == 9).any()
    with pytest.raises(InvalidValueError, match='window is 381, allowed is 0 to 380'):
        windows[381]


def test_strides_and_processes(dataset):
    windows = Windows(dataset, WindowSettings(stride=10))
    assert windows.counts.tolist() == [13, 13, 13]
    windows.batch(np.array([14]))
    there = pickle.loads(pickle.dumps(windows))
    np.testing.assert_array_equal(there[14]['cloud'], windows[14]['cloud'])
    assert there[14]['step'] == 10


def test_many_files_are_not_all_open(dataset, monkeypatch):
    monkeypatch.setattr('gae_arm.demonstrations.windows.OPEN_FILES', 2)
    windows = Windows(dataset)
    windows.batch(np.arange(0, 381, 60))
    assert len(windows._open) == 2


def test_what_is_not_there_is_said(tmp_path, made):
    empty = Dataset.create(tmp_path / 'e', {})
    with pytest.raises(ConfigError, match='holds no episode'):
        Windows(empty)
    empty.add(0, dataclasses.replace(made[0], clouds=None, keyframes=()))
    with pytest.raises(ConfigError, match='1 of 1 episodes have no clouds, such as 00000000-'):
        Windows(empty)
    with pytest.raises(ConfigError, match=r'has keyframes \[\], which do not lead to its last'):
        Windows(empty, WindowSettings(clouds=False))
    names = tuple('abcdefg')
    empty.add(1, dataclasses.replace(made[0], joint_names=names))
    with pytest.raises(ConfigError, match='has 2 kinds of arm'):
        Windows(empty, WindowSettings(joints=True, clouds=False, keyframes=0))
    path = empty.paths[1]
    path.write_bytes(path.read_bytes()[:100])
    windows = Windows(empty, WindowSettings(clouds=False, keyframes=0))
    assert windows.numbers.tolist() == [0]
    assert 'is no safetensors file' in empty.problems[0]


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(0, 30), min_size=1, max_size=12),
    world=st.integers(1, 4),
    batch=st.integers(1, 8),
    pool=st.integers(1, 20),
    seed=st.integers(0, 100),
)
def test_processes_share_an_epoch_without_overlap(counts, world, batch, pool, seed):
    total = sum(counts)
    if total < world * batch:
        with pytest.raises(InvalidValueError, match='less than one batch'):
            Batches(np.array(counts), OrderSettings(batch=batch, world=world))
        return
    ranks = [
        Batches(np.array(counts), OrderSettings(batch, seed, pool, rank, world))
        for rank in range(world)
    ]
    seen = np.concatenate([one.order(3) for one in ranks])
    assert len(set(seen.tolist())) == len(seen) == world * batch * (total // (world * batch))
    assert set(seen.tolist()) <= set(range(total))
    again = Batches(np.array(counts), OrderSettings(batch, seed, pool, 0, world))
    np.testing.assert_array_equal(again.order(3), ranks[0].order(3))


def test_epochs_and_seeds_differ():
    batches = Batches(np.array([100, 100]), OrderSettings(batch=10))
    other = Batches(np.array([100, 100]), OrderSettings(batch=10, seed=1))
    assert (batches.order(0) != batches.order(1)).any()
    assert (batches.order(0) != other.order(0)).any()


def test_a_pool_uses_few_episodes_at_a_time():
    batches = Batches(np.full(20, 50), OrderSettings(batch=10, pool=4))
    episodes = batches.order(0) // 50
    for start in range(0, 1000, 200):
        assert len(set(episodes[start : start + 200].tolist())) == 4
        assert len(set(episodes[start : start + 40].tolist())) == 4


def test_a_stopped_iteration_goes_on():
    batches = Batches(np.array([30, 40]), OrderSettings(batch=10))
    straight = [batch for batch, _ in zip(batches, range(20), strict=False)]
    first = Batches(np.array([30, 40]), OrderSettings(batch=10))
    iterator = iter(first)
    for _ in range(9):
        next(iterator)
    state = first.state()
    assert state == {'epoch': 1, 'position': 2}
    second = Batches(np.array([30, 40]), OrderSettings(batch=10))
    second.resume(state)
    np.testing.assert_array_equal(
        np.stack([batch for batch, _ in zip(second, range(11), strict=False)]),
        np.stack(straight[9:]),
    )


def test_a_rank_outside_the_world():
    with pytest.raises(InvalidValueError, match='rank is 2, allowed is 0 to 1'):
        Batches(np.array([99]), OrderSettings(batch=1, rank=2, world=2))


def test_without_torch_the_error_says_what_to_install(dataset, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'torch.utils.data', None)
    batches = Batches(np.array([381]))
    with pytest.raises(MissingDependencyError, match=r'pip install -r requirements/train\.txt'):
        torch_loader(Windows(dataset), batches)


@pytest.mark.parametrize('workers', [0, 1])
def test_torch_tensors_are_the_same_batches(dataset, workers):
    torch = pytest.importorskip('torch', reason='needs PyTorch')
    windows = Windows(dataset)
    rules = OrderSettings(batch=50)
    loader = iter(torch_loader(windows, Batches(windows.counts, rules), workers))
    order = iter(Batches(windows.counts, rules))
    for _ in range(4):
        expected, batch = windows.batch(next(order)), next(loader)
        np.testing.assert_array_equal(batch['action_position'], expected['action_position'])
        assert batch['action_valid'].dtype == torch.bool
        for i, cloud in enumerate(expected['cloud']):
            assert batch['cloud_count'][i] == len(cloud)
            np.testing.assert_array_equal(batch['cloud'][i, : len(cloud)], cloud)
            assert not batch['cloud'][i, len(cloud) :].any()

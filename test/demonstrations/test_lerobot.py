"""LeRobotDataset v3: read what lerobot wrote, write what lerobot reads, and back again."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from made_episodes import episode

from gae_arm.core.arm import load_arm
from gae_arm.core.errors import ConfigError, MissingDependencyError
from gae_arm.core.paths import arm_file
from gae_arm.demonstrations import lerobot_layout, lerobot_stats
from gae_arm.demonstrations.lerobot_export import newest_frames, write_lerobot
from gae_arm.demonstrations.lerobot_import import LerobotColumns, read_lerobot

pyarrow = pytest.importorskip('pyarrow', reason='needs requirements/data.txt')
pytest.importorskip('av', reason='needs requirements/data.txt')

WRITTEN_BY_LEROBOT = Path(__file__).parents[1] / 'data/lerobot_v3'
HOME = np.array([0.0, -0.31, 0.0, -2.346, 0.0, 2.036, 0.785])
TURN = 0.02 * np.array([1, 0.5, -0.3, 0.4, 0, 0.2, -1])


@pytest.fixture(scope='module')
def panda():
    return load_arm(arm_file('panda'))


@pytest.fixture(scope='module')
def ours():
    return [episode(seed) for seed in range(3)]


def test_what_lerobot_wrote_is_read(panda):
    """The values are those of made_with_lerobot.py, which stands beside the files."""
    first, second = read_lerobot(WRITTEN_BY_LEROBOT, panda)
    assert (first.instruction, second.instruction) == ('lift the cube', 'push the button')
    assert (first.steps, second.steps) == (12, 15)
    for sign, one in ((1, first), (-1, second)):
        t = np.arange(one.steps)
        np.testing.assert_allclose(one.joint_position, HOME + sign * t[:, None] * TURN, atol=1e-6)
        np.testing.assert_allclose(one.stamps_ns, t * 1e8, atol=50)
        np.testing.assert_array_equal(one.gripper, t < 6)
        assert one.arm == 'panda'
    # The command is 0.01 rad beside the state in every joint.
    assert np.linalg.norm(first.action_position - first.position, axis=1).min() > 0.003
    # Grey values say episode and step: no frame of the one stands in the other.
    wrist = second.camera('wrist').color
    np.testing.assert_array_equal(wrist[:, 0, 0, 0], 20 + np.arange(15))
    front = second.camera('front').color.astype(int)
    assert np.abs(front[:, 40:, :, 0].mean((1, 2)) - 5 * np.arange(15)).max() < 3
    assert any('has no camera intrinsics' in note for note in second.notes)
    assert any('taken as commanded joint positions' in note for note in second.notes)


def test_columns_may_be_told(panda):
    columns = LerobotColumns(
        joints='observation.state[0:7]', gripper='action[7]', gripper_range=(1.0, 0.0)
    )
    first = next(read_lerobot(WRITTEN_BY_LEROBOT, panda, columns))
    np.testing.assert_allclose(first.gripper, [0] * 6 + [0.99] * 6, atol=1e-6)


@pytest.mark.parametrize(
    ('columns', 'message'),
    [
        ({'joints': 'state'}, "there is no column 'state'; there are: \\['action'"),
        ({'joints': 'observation.state[0:6]'}, 'has 6 columns, expected 7'),
        ({'gripper_range': (1.0, 1.0)}, r'the gripper range \[1.0, 1.0\] is empty'),
    ],
)
def test_wrong_columns_are_refused(panda, columns, message):
    with pytest.raises(ConfigError, match=message):
        next(read_lerobot(WRITTEN_BY_LEROBOT, panda, LerobotColumns(**columns)))


def test_wrong_folders_are_refused(tmp_path, panda):
    with pytest.raises(ConfigError, match='which arm is it'):
        next(read_lerobot(WRITTEN_BY_LEROBOT))
    with pytest.raises(ConfigError, match=r'info\.json cannot be read'):
        next(read_lerobot(tmp_path, panda))
    shutil.copytree(WRITTEN_BY_LEROBOT, tmp_path / 'd')
    shutil.rmtree(tmp_path / 'd/videos')
    with pytest.raises(ConfigError, match=r'has no videos/observation\.images\.front/chunk-000'):
        next(read_lerobot(tmp_path / 'd', panda))
    info = tmp_path / 'd/meta/info.json'
    info.write_text(info.read_text().replace('v3.0', 'v2.1'))
    with pytest.raises(ConfigError, match=r"LeRobotDataset 'v2\.1', this program reads 'v3\.0'"):
        next(read_lerobot(tmp_path / 'd', panda))


@pytest.mark.parametrize('video', [True, False])
def test_ours_come_back(tmp_path, ours, video):
    assert write_lerobot(ours, tmp_path / 'd', video) == 3
    for one, written in zip(read_lerobot(tmp_path / 'd'), ours, strict=True):
        same = (
            'arm',
            'base_frame',
            'joint_names',
            'instruction',
            'task',
            'seed',
            'success',
            'notes',
        )
        for key in same:
            assert getattr(one, key) == getattr(written, key)
        np.testing.assert_array_equal(one.stamps_ns, written.stamps_ns)
        np.testing.assert_array_equal(one.keyframes, written.keyframes)
        for key in ('joint_position', 'joint_velocity', 'position', 'orientation', 'gripper'):
            np.testing.assert_allclose(getattr(one, key), getattr(written, key), atol=1e-6)
        for key in ('action_position', 'action_orientation', 'action_gripper'):
            np.testing.assert_allclose(getattr(one, key), getattr(written, key), atol=1e-6)
        camera, there = one.camera('camera'), written.camera('camera')
        assert camera.intrinsics == there.intrinsics
        assert camera.frame_id == there.frame_id
        np.testing.assert_array_equal(camera.stamps_ns, there.stamps_ns)
        np.testing.assert_array_equal(camera.T_base_camera, there.T_base_camera)
        np.testing.assert_array_equal(camera.depth, there.depth)
        off = np.abs(camera.color.astype(int) - there.color)
        assert off.mean() < 4 if video else not off.any()


def test_the_layout_is_lerobots(tmp_path, ours):
    """Every key that lerobot writes is there, with the same type."""
    write_lerobot(ours, tmp_path / 'd')
    theirs = json.loads((WRITTEN_BY_LEROBOT / 'meta/info.json').read_text())
    mine = json.loads((tmp_path / 'd/meta/info.json').read_text())
    assert set(mine) == set(theirs)
    assert {k: v for k, v in mine.items() if k.endswith('_path')} == {
        k: v for k, v in theirs.items() if k.endswith('_path')
    }
    for key in ('timestamp', 'frame_index', 'episode_index', 'index', 'task_index'):
        assert mine['features'][key] == theirs['features'][key]
    read = pyarrow.parquet.read_table
    episodes = 'meta/episodes/chunk-000/file-000.parquet'
    for name in ('meta/tasks.parquet', episodes, 'data/chunk-000/file-000.parquet'):
        schema = {f.name: f.type for f in read(tmp_path / 'd' / name).schema}
        for one in read(WRITTEN_BY_LEROBOT / name).schema:
            general = one.name.replace('.front', '.camera')
            if 'wrist' not in one.name and not one.name.startswith('observation.state'):
                assert general in schema, one.name
            if general in schema and pyarrow.types.is_primitive(one.type):
                assert schema[general] == one.type, one.name


def test_episodes_that_do_not_fit_each_other(tmp_path, ours):
    other = dataclasses.replace(ours[1], cameras=())
    with pytest.raises(ConfigError, match=r"episode 1 does not fit .*'camera\.camera\.K'"):
        write_lerobot([ours[0], other], tmp_path / 'd')
    with pytest.raises(ConfigError, match='there is no episode to write'):
        write_lerobot([], tmp_path / 'e')
    with pytest.raises(ConfigError, match='cannot be made'):
        write_lerobot(ours, tmp_path / 'd')


def test_files_are_split_where_they_grow(tmp_path, ours, monkeypatch):
    monkeypatch.setattr(lerobot_layout, 'DATA_MEGABYTES', 0)
    monkeypatch.setattr(lerobot_layout, 'VIDEO_MEGABYTES', -1)
    write_lerobot(ours, tmp_path / 'd')
    assert len(list((tmp_path / 'd/data').rglob('*.parquet'))) == 3
    assert len(list((tmp_path / 'd/videos').rglob('*.mp4'))) == 3
    seeds = [one.seed for one in read_lerobot(tmp_path / 'd')]
    assert seeds == [0, 1, 2]


def test_statistics_of_parts_are_those_of_the_whole():
    random = np.random.default_rng(0)
    parts = [random.normal(k, 1 + k, (50 + 30 * k, 4)) for k in range(3)]
    combined = lerobot_stats.combined([{'a': lerobot_stats.numbers(part)} for part in parts])['a']
    whole = lerobot_stats.numbers(np.concatenate(parts))
    for key in ('min', 'max', 'mean', 'std', 'count'):
        np.testing.assert_allclose(combined[key], whole[key])


def test_each_step_gets_the_newest_frame():
    found = newest_frames(np.array([10, 30]), np.array([0, 10, 29, 30, 99]))
    assert found.tolist() == [0, 0, 0, 1, 1]


def test_what_to_install_is_said(monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'h5py', None)
    with pytest.raises(MissingDependencyError, match=r'h5py is missing: `pip install -r req'):
        lerobot_layout.library('h5py')


def test_lerobot_reads_ours(tmp_path, ours):
    pytest.importorskip('lerobot', reason='needs lerobot (pip install lerobot==0.4.4)')
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    write_lerobot(ours, tmp_path / 'd', video=False)
    dataset = LeRobotDataset('local/ours', root=tmp_path / 'd')
    assert (dataset.num_episodes, dataset.num_frames) == (3, sum(one.steps for one in ours))
    row = dataset[ours[0].steps + 7]
    one = ours[1]
    assert row['task'] == one.instruction
    np.testing.assert_allclose(row['observation.ee_pose'][:3], one.position[7], atol=1e-6)
    np.testing.assert_allclose(row['action'][:3], one.action_position[7], atol=1e-6)
    camera = one.cameras[0]
    np.testing.assert_array_equal(row['observation.depth.camera'][0], camera.depth[0])
    color = np.moveaxis(np.asarray(row['observation.images.camera']), 0, -1)
    np.testing.assert_allclose(color, camera.color[0] / 255, atol=1e-6)
    np.testing.assert_allclose(row['camera.camera.K'], camera.intrinsics.K.ravel())


def test_lerobot_writes_and_we_read(tmp_path, panda):
    pytest.importorskip('lerobot', reason='needs lerobot (pip install lerobot==0.4.4)')
    import subprocess
    import sys

    script = WRITTEN_BY_LEROBOT / 'made_with_lerobot.py'
    subprocess.run([sys.executable, script, tmp_path / 'd'], check=True, capture_output=True)
    for new, kept in zip(
        read_lerobot(tmp_path / 'd', panda), read_lerobot(WRITTEN_BY_LEROBOT, panda), strict=True
    ):
        np.testing.assert_array_equal(new.joint_position, kept.joint_position)
        assert new.instruction == kept.instruction

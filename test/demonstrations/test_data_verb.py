"""`gae data` as a person types it: what it prints, what it draws, how it fails."""

from pathlib import Path

import numpy as np
import pytest
from made_episodes import GRASP, T_BASE_CAMERA, K, episode, make_small
from PIL import Image

from gae_arm.commands.data_make import make_with_progress
from gae_arm.commands.main import main
from gae_arm.core import geometry
from gae_arm.demonstrations.dataset import Dataset
from gae_arm.demonstrations.picture import CLOSED, OPEN, draw_episode

DATA = Path(__file__).parents[1] / 'data'


@pytest.fixture
def folder(tmp_path):
    dataset = Dataset.create(tmp_path / 'd', {})
    dataset.add(4, episode(4))
    dataset.add(5, episode(5, images=False))
    return tmp_path / 'd'


def data(*words):
    return main(['data', *map(str, words)])


def test_show_tells_and_draws(folder, tmp_path, capsys):
    assert data('show', folder, '--out', tmp_path / 'p.png') == 0
    printed = capsys.readouterr().out
    assert "place: 'put the red cube into the bowl'" in printed
    assert '127 steps in 6.30 s (20.0 Hz), keyframes at [29, 47, 73, 103, 126]' in printed
    assert "camera 'camera': 5 frames 64x48, color and depth\n" in printed
    assert 'note: made for a test' in printed
    assert Image.open(tmp_path / 'p.png').width == 1600
    assert data('show', folder, '--episode', 5, '--out', tmp_path / 'q.png') == 0
    assert Image.open(tmp_path / 'q.png').height < Image.open(tmp_path / 'p.png').height


def test_waypoints_are_drawn_where_the_camera_sees_them():
    made = episode()
    page = np.asarray(draw_episode(made, ['one', 'two'])).astype(int)
    head, gap, title, width = 2 * 20 + 20 + 24, 12, 24, (1600 - 72) // 5
    for step, color in ((made.keyframes[1], CLOSED), (made.keyframes[3], OPEN)):
        seen = geometry.transform_points(geometry.invert(T_BASE_CAMERA), made.position[None, step])[
            0
        ]
        u, v = (K @ seen)[:2] / seen[2]
        x, y = gap + (u + 0.5) * width / 64, head + title + (v + 0.5) * width / 64
        ring = page[int(y) - 7 : int(y) + 8, int(x) - 7 : int(x) + 8]
        assert (np.abs(ring - color).sum(-1) < 30).sum() > 10
    assert np.linalg.norm(made.position[made.keyframes[1]] - GRASP) < 0.05


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--episode', '9'], 'has no episode 9; there are: [4, 5]'),
        (['--out', '/nowhere/p.png'], '/nowhere/p.png cannot be written'),
        (['--out', 'p.nothing'], 'p.nothing cannot be written: unknown file extension'),
    ],
)
def test_show_refuses_in_a_sentence(folder, capsys, words, message):
    assert data('show', folder, *words) == 1
    assert message in capsys.readouterr().err


def test_check_finds_what_is_corrupt(folder, capsys):
    assert data('check', folder) == 0
    assert '2 whole episodes, 254 steps, 128 clouds' in capsys.readouterr().out
    path = Dataset.open(folder).paths[4]
    raw = bytearray(path.read_bytes())
    raw[-100] ^= 1
    path.write_bytes(raw)
    assert data('check', folder) == 1
    printed = capsys.readouterr()
    assert '1 whole episodes' in printed.out
    assert f'{path} is corrupt: its bytes have checksum' in printed.err


def test_import_and_export(folder, tmp_path, capsys):
    pytest.importorskip('h5py', reason='needs requirements/data.txt')
    pytest.importorskip('av', reason='needs requirements/data.txt')
    assert data('import', 'hdf5', DATA / 'robomimic/lift.hdf5', tmp_path / 'h') == 0
    assert 'end effector poses are the forward kinematics of panda' in capsys.readouterr().out
    assert data('import', 'lerobot', DATA / 'lerobot_v3', tmp_path / 'l', '--arm', 'panda') == 0
    assert len(Dataset.open(tmp_path / 'l')) == 2
    assert data('export', tmp_path / 'l', tmp_path / 'out', '--images') == 0
    assert data('import', 'lerobot', tmp_path / 'out', tmp_path / 'back') == 0
    there, back = Dataset.open(tmp_path / 'l').stored(1), Dataset.open(tmp_path / 'back').stored(1)
    np.testing.assert_array_equal(back.tensors['position'], there.tensors['position'])
    assert back.words['notes'] == there.words['notes']
    assert data('export', tmp_path / 'l', tmp_path / 'out') == 1
    assert 'cannot be made' in capsys.readouterr().err


def test_making_shows_how_far_it_is(tmp_path, capsys):
    done = make_with_progress(tmp_path / 'd', make_small, range(5), {}, workers=0)
    assert (done.made, done.failed) == (4, 1)
    printed = capsys.readouterr()
    assert '4 episodes in' in printed.out
    assert '4 made now (0 of them again), 1 attempts failed' in printed.out

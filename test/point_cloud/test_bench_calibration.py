"""The calibration's bench: its rows, and that what it compares with is the truth."""

import json

import numpy as np
import pytest

from gae_arm.commands.benches import calibration, health_watch
from gae_arm.commands.benches.board_rig import BOARD, INTRINSICS, BoardRig, apart
from gae_arm.commands.benches.health_watch import BUMP, VIEWS, Tally, WatchedArm
from gae_arm.commands.main import main
from gae_arm.core.geometry import rotation_vector_to_matrix, transform
from gae_arm.point_cloud.calibration.board import find_board
from gae_arm.point_cloud.calibration.health import Health
from gae_arm.point_cloud.calibration.pose_fit import EYE_TO_HAND, MODES

pytestmark = pytest.mark.camera


def test_apart_is_in_millimetres_and_degrees():
    T = transform(rotation_vector_to_matrix([0.1, -0.5, 0.3]), [1.0, 2.0, 3.0])
    moved = T @ transform(rotation_vector_to_matrix([0, np.radians(2), 0]), [0.003, 0.004, 0.0])
    assert apart(T, moved) == pytest.approx((5.0, 2.0))
    assert apart(T, T) == pytest.approx((0.0, 0.0), abs=1e-9)


@pytest.mark.parametrize('mode', MODES)
def test_the_board_is_rendered_where_the_rig_says(mode):
    with BoardRig(mode) as rig:
        for q in rig.good_positions(np.random.default_rng(0), 2):
            seen = find_board(BOARD, rig.render(q).color, INTRINSICS)
            distance, angle = apart(rig.T_camera_board(q), seen.T_camera_board)
            assert distance < 2.0
            assert angle < 0.5


@pytest.mark.parametrize('mode', MODES)
def test_opencv_finds_the_truth_from_perfect_views(mode):
    with BoardRig(mode) as rig:
        positions = rig.good_positions(np.random.default_rng(0), 6)
        hands = np.array([rig.hand_pose(q) for q in positions])
        boards = np.array([rig.T_camera_board(q) for q in positions])
        found = calibration._closed_form(mode, hands, boards, method=1)
        np.testing.assert_allclose(found, rig.T_camera, atol=1e-6)


def test_a_watch_counts_verdicts_alarms_and_bumps():
    tally = Tally()
    with WatchedArm('ur5', VIEWS[1], (320, 240), seed=0) as watched:
        watched.watch(2, np.random.default_rng(0), tally)
    assert tally.bumps == 2
    assert len(tally.shifts) == 2 * 17, '20 frames a pose, the first three give no verdict'
    assert tally.alarms == 0
    assert len(tally.delays) == 2
    assert all(0.2 <= delay <= 2.0 for delay in tally.delays)
    assert max(tally.shifts) < 1e3 * BUMP


def test_an_alarm_without_a_bump_is_a_false_one():
    tally = Tally()
    with WatchedArm('ur5', VIEWS[1], (320, 240), seed=0) as watched:
        watched._T = watched._T @ transform(np.eye(3), [0.02, 0, 0])
        watched.watch(1, np.random.default_rng(0), tally)
    assert tally.alarms == len(tally.shifts) == 17


def test_the_check_that_is_timed_gives_a_shift():
    with WatchedArm('panda', VIEWS[1], (320, 240), seed=0) as watched:
        report = [watched.check()() for _ in range(2)][-1]
    assert report.frames == 1
    assert report.health == Health.UNKNOWN, 'one frame is too few for a verdict'
    assert np.isfinite(report.shift).all()


def test_the_verb_prints_every_figure(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(calibration, 'SIZES', ((320, 240),))
    monkeypatch.setattr(health_watch, 'ARMS', ('xarm7',))
    monkeypatch.setattr(health_watch, 'VIEWS', VIEWS[:2])
    path = tmp_path / 'rows.json'
    words = ['--recordings', '2', '--poses', '1', '--seed', '3', '--json', str(path)]
    assert main(['bench', 'calibration', *words]) == 0
    rows = json.loads(path.read_text())['rows']
    hand_eye = [row for row in rows if row['name'].startswith(f'{EYE_TO_HAND}: error')]
    assert [row['unit'] for row in hand_eye] == ['mm'] * 5 + ['deg'] * 5
    assert {row['n'] for row in hand_eye} == {2}
    assert all(0 < row['p50'] < 3 for row in hand_eye)
    assert hand_eye[0]['peer'] == 'OpenCV tsai'
    health = {row['name']: row for row in rows if row['name'].startswith('health')}
    prefix = 'health, 320x240: '
    bumps = health[f'{prefix}bumps of 10 mm reported within 2 s']
    assert (bumps['p50'], bumps['unit'], bumps['n']) == (100.0, '%', 2)
    assert health[f'{prefix}false alarms']['n'] == 2 * 17
    assert health[f'{prefix}largest shift without a bump']['p50'] < 6.0
    assert health[f'{prefix}check of a frame, xarm7']['unit'] == 'ms'
    assert 'eye-to-hand: recording 2 of 2' in capsys.readouterr().err

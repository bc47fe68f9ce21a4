"""`gae calibrate` end to end: rendered recordings of a simulated Panda against the known truth."""

import argparse

import numpy as np
import pytest
from calibration_rig import CHARUCO, LINK, PANDA

from gae_arm.commands import calibrate
from gae_arm.commands.benches.board_rig import BoardRig, apart
from gae_arm.core.errors import InvalidValueError
from gae_arm.point_cloud.calibration.extrinsics import load_extrinsics
from gae_arm.point_cloud.calibration.hand_eye import CalibrationError
from gae_arm.point_cloud.calibration.pose_fit import EYE_TO_HAND, MODES
from gae_arm.point_cloud.calibration.recording import RecordingWriter

VIEWS = 20


def run(*words):
    parser = argparse.ArgumentParser()
    calibrate.add_arguments(parser)
    return calibrate.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture(scope='module', params=MODES)
def recorded(request, tmp_path_factory):
    """Mode, folder and true camera pose of a recording of VIEWS images, one of them blank."""
    mode, rng = request.param, np.random.default_rng(1)
    folder = tmp_path_factory.mktemp(mode)
    with BoardRig(mode) as rig:
        writer = RecordingWriter(folder, rig.settings.frame_id, rig.settings.intrinsics, CHARUCO)
        for i, positions in enumerate(rig.good_positions(rng, VIEWS)):
            writer.add(*rig.record(positions, rng, i * 10**9))
        blank, joints = rig.record(positions, rng, VIEWS * 10**9)
        blank.color[:] = 128
        writer.add(blank, joints)
        return mode, folder, rig.T_camera


@pytest.mark.camera
def test_the_camera_is_found_to_two_millimetres_and_a_third_of_a_degree(recorded, tmp_path, capsys):
    """20 grainy 640x480 images, joints off by 0.02 degrees each (1 sigma)."""
    mode, folder, truth = recorded
    output = tmp_path / 'camera.yaml'
    assert run(folder, '--arm', 'panda', '--mode', mode, '--output', output) == 0
    found = load_extrinsics(output)
    distance, angle = apart(truth, found.T_parent_camera)
    assert distance < 2
    assert angle < 0.3
    assert found.parent_frame == (PANDA.base_frame if mode == EYE_TO_HAND else LINK)
    assert found.camera_frame == 'camera_color_optical_frame'
    printed = capsys.readouterr().out
    assert '020.png: 0 of the 24 corners of the charuco board found' in printed
    for word in ('000.png', 'board not seen', 'daniilidis', 'joint refinement', 'residuals'):
        assert word in printed
    assert 'mind:' not in printed
    assert f'gae calibrate {folder} --arm panda --mode {mode}' in output.read_text()


@pytest.mark.camera
def test_a_wrong_board_size_is_noticed(recorded, capsys):
    mode, folder, _ = recorded
    assert run(folder, '--arm', 'panda', '--mode', mode, '--square', 37, '--marker', 27.75) == 0
    printed = ' '.join(capsys.readouterr().out.split())
    assert 'mind: the board seems 2.7% smaller' in printed or 'seems 2.6% smaller' in printed
    assert 'not saved: give --output camera.yaml' in printed


@pytest.mark.camera
def test_the_wrong_mode_is_refused(recorded):
    mode, folder, _ = recorded
    other = next(m for m in MODES if m != mode)
    with pytest.raises(CalibrationError, match='the views contradict each other'):
        run(folder, '--arm', 'panda', '--mode', other)


@pytest.mark.camera
def test_another_board_is_not_seen(recorded):
    mode, folder, _ = recorded
    with pytest.raises(CalibrationError, match=r'^0 views of the board, at least 6 are needed'):
        run(folder, '--arm', 'panda', '--mode', mode, '--board', 'apriltag')


def test_missing_options_are_named(tmp_path):
    with pytest.raises(InvalidValueError) as caught:
        run(tmp_path)
    assert str(caught.value) == '--arm, --mode missing; see gae calibrate --help'
    with pytest.raises(InvalidValueError, match='--output missing; see gae calibrate --help'):
        run('board')


def test_a_board_is_printed_with_the_options(tmp_path, capsys):
    path = tmp_path / 'board.pdf'
    words = ('--columns', 5, '--rows', 4, '--square', 30, '--marker', 22.5)
    assert run('board', '--output', path, *words) == 0
    assert b'charuco 5 x 4 squares, pitch 30.00 mm, marker 22.50 mm, 5x5_100' in path.read_bytes()
    assert 'print on A4 at 100 %' in ' '.join(capsys.readouterr().out.split())

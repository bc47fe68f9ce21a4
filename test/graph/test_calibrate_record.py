"""`gae calibrate record` with a camera and an arm in the test's hand."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from calibration_rig import VGA, warped
from graph import Probe

from gae_arm.core.camera import CameraFrame
from gae_arm.core.geometry import rotation_vector_to_matrix, transform
from gae_arm.core.motion import RobotState
from gae_arm.point_cloud.calibration.board import DEFAULTS, Board
from gae_arm.point_cloud.calibration.recording import load_recording
from gae_arm.ros import driver_topics, topics
from gae_arm.ros.camera_msgs import frame_to_msgs
from gae_arm.ros.motion_msgs import state_to_msg

BOARD = Board(**DEFAULTS['charuco'], kind='charuco')
T_CAMERA_BOARD = transform(rotation_vector_to_matrix([0.3, 0.2, 0.1]), [0.0, 0.0, 0.5])
GREY = np.full((VGA.height, VGA.width), 90, np.uint8)


class CameraAndArm:
    """Publishes one picture and one joint state, again and again, while the verb works."""

    def __init__(self, probe, names):
        self.probe = probe
        self.publishers = [topic.publisher(probe.node) for topic in names]
        self.picture, self.speed = GREY, 0.0
        self.depth = np.full(GREY.shape, 500, np.uint16)
        probe.node.create_timer(0.1, self.send)

    def send(self):
        now = self.probe.now_ns()
        color = np.repeat(self.picture[..., None], 3, axis=-1)
        messages = frame_to_msgs(CameraFrame(now, 'camera_optical', VGA, self.depth, color))
        state = RobotState(now, ('a', 'b'), [0.1, 0.2], [self.speed, 0.0], [0.0, 0.0])
        for publisher, message in zip(
            self.publishers, (*messages, state_to_msg(state)), strict=True
        ):
            publisher.publish(message)


OURS = (*topics.CAMERA, topics.JOINT_STATES)
A_DRIVERS = (
    *(driver_topics.of_camera(topic, '/camera/camera') for topic in topics.CAMERA),
    driver_topics.JOINT_STATES,
)
SIDES = {'simulated': ([], OURS), 'real': (['--driver', 'ur5'], A_DRIVERS)}


@pytest.fixture(params=SIDES)
def recorder(request, own_domain, tmp_path):
    """The verb as a person runs it, what it has said so far, and the names that it hears."""
    words, names = SIDES[request.param]
    command = [sys.executable, '-u', '-m', 'gae_arm.commands.main', 'calibrate', 'record']
    said = tmp_path / 'said.txt'
    process = subprocess.Popen(
        [*command, '--arm', 'panda', *words, '--output', str(tmp_path / 'views')],
        stdin=subprocess.PIPE,
        stdout=said.open('w'),
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process, said, names
    process.kill()
    process.wait()


def test_views_are_taken_at_enter_and_refused_with_the_reason(recorder, tmp_path):
    process, said, names = recorder
    with Probe('camera_and_arm', lambda: process.poll() is None) as probe:
        camera = CameraAndArm(probe, names)

        def text():
            return ' '.join(said.read_text().split())

        def answers():
            return text().count('not taken: ') + text().count(' of 20')

        def enter_until(words):
            """Press Enter until this is said: on a busy machine the news may not be there yet."""
            while words not in text():
                before = answers()
                process.stdin.write('\n')
                process.stdin.flush()
                probe.wait_for(lambda before=before: answers() > before, 'an answer')

        probe.wait_for(lambda: 'press Enter' in text(), 'the prompt')
        enter_until('not taken: ')
        camera.picture = warped(BOARD, T_CAMERA_BOARD, VGA).astype(np.uint8)
        enter_until('view 1 of 20')
        camera.speed = 0.5
        enter_until('the arm moves: a at 0.500')
        camera.speed = 0.0
        enter_until('view 2 of 20')
    process.stdin.write('q\n')
    process.stdin.close()
    assert process.wait(30) == 0
    recording = load_recording(tmp_path / 'views')
    assert len(recording.views) == 2
    assert recording.board == BOARD
    assert recording.views[0].joints == {'a': 0.1, 'b': 0.2}
    assert recording.views[1].read().shape == (VGA.height, VGA.width, 3)

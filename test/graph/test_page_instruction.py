"""A person at the page: says what the arm shall do, sees it move, presses stop, sees it hold."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import numpy as np
import pytest
import yaml
from browser import find_browser, open_page, picture
from viewer_run import viewer_run

from gae_arm.arm_sim.camera import ideal_intrinsics
from gae_arm.arm_sim.settings import CAMERA_POSE
from gae_arm.core.geometry import invert, transform_points
from gae_arm.core.motion import ArmState, HaltReason
from gae_arm.core.projection import project
from gae_arm.ros import topics
from gae_arm.ros.motion_msgs import state_from_msg

pytestmark = pytest.mark.skipif(
    find_browser() is None, reason='no browser: apt-get install chromium-headless-shell'
)
# The browser draws in software, beside the whole stack.
SLOWLY = ('publish_clock:=true', 'real_time_factor:=0.1', 'camera_rate:=2.0', 'cloud:=false')
CAMERA = ideal_intrinsics(320, 240)
FARTHEST = [0.6, 0.3, 0.0]
"""On the table, m: the way above it takes seconds."""
STANDING, MOVING = 0.01, 0.05  # rad/s


def answer():
    """What a model says that wants the hand above FARTHEST: thousandths of the image, and depth."""
    local = transform_points(invert(CAMERA_POSE), np.array([FARTHEST]))[0]
    u, v = (project(CAMERA, local) + 0.5) / [CAMERA.width, CAMERA.height] * 1000
    place = {'point': [float(u), float(v)], 'depth': float(local[2])}
    return json.dumps({'status': 'plan', 'anchors': [], 'waypoints': [{**place, 'up': 0.15}]})


@pytest.fixture
def run(tmp_path, own_domain):
    (tmp_path / 'answers.txt').write_text(answer())
    profile = {
        'backend': 'file',
        'model': str(tmp_path / 'answers.txt'),
        'format': 'ours',
        'prompt': '',
        'anchors_prompt': '',
        'retry_prompt': '',
        'retries': 0,
    }
    (tmp_path / 'profile.yaml').write_text(yaml.safe_dump(profile))
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
    words = ('planner:=true', f'model:={tmp_path / "profile.yaml"}', *SLOWLY)
    with viewer_run(tmp_path, port, *words) as running:
        yield running


def test_an_instruction_on_the_page_moves_the_arm_and_stop_stops_it(run, tmp_path):
    probe = run.probe
    states = probe.listen(topics.JOINT_STATES)
    run.wait_ready()

    def speed():
        states.clear()
        probe.wait_for(lambda: states, 'joint states')
        return np.abs(state_from_msg(states[-1]).velocity).max()

    with open_page(run.url, 500, 400) as page:
        page.get_by_role('textbox').first.fill('pick up the red cube')
        page.get_by_role('button', name='Do it').click()
        probe.wait_for(lambda: run.status.state == int(ArmState.MOVING), 'the arm to move', 120.0)
        state = page.get_by_test_id('state')
        probe.wait_for(lambda: 'MOVING' in state.inner_text(), 'MOVING on the page')
        assert probe.wait_for(lambda: speed() > MOVING, 'joints that turn')
        page.get_by_role('button', name='Stop').click()
        probe.wait_for(lambda: 'HALTED' in state.inner_text(), 'HALTED on the page')
        assert run.status.reason == int(HaltReason.STOP_REQUESTED)
        probe.wait_for(lambda: speed() < STANDING, 'joints that stand')
        # Kept for a look where GAE_PICTURES names a folder.
        file = Path(os.environ.get('GAE_PICTURES', tmp_path)) / 'page_stopped.jpg'
        picture(page, file)
        assert file.stat().st_size > 10_000
    assert speed() < STANDING

"""A camera that was bumped is reported, on a real graph; one that was not is not."""

from __future__ import annotations

import numpy as np
import pytest
from graph import graph

from gae_arm.arm_sim.settings import ArmSimSettings
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file
from gae_arm.ros import topics
from gae_arm.ros.transforms import tf_to_msg

BASE = load_arm(arm_file('panda')).base_frame
SETTINGS = ArmSimSettings()
BUMP = np.array([0.01, 0.0, 0.0])


@pytest.fixture(scope='module')
def verdicts(tmp_path_factory, own_domain):
    with graph(tmp_path_factory.mktemp('health'), 'sim.launch.yaml', 'control:=false') as (
        _,
        probe,
    ):
        heard = probe.listen(topics.DIAGNOSTICS)

        def newest():
            every = [s for m in heard for s in m.status if s.name.endswith(': calibration')]
            return {v.key: v.value for v in every[-1].values}.get('health') if every else None

        yield probe, newest


def test_a_bump_of_a_centimetre_is_reported(verdicts):
    probe, newest = verdicts
    probe.wait_for(lambda: newest() == 'GOOD', 'a good verdict', timeout=120.0)
    tf_static = topics.TF_STATIC.publisher(probe.node)
    # The camera stays and what is known of it moves: the same to whoever compares the two.
    wrong = SETTINGS.camera().T_base_camera.copy()
    wrong[:3, 3] += BUMP
    frames = [(BASE, SETTINGS.camera_frame)]
    probe.wait_for(lambda: tf_static.get_subscription_count() >= 2, 'who hears /tf_static')
    tf_static.publish(tf_to_msg(probe.now_ns(), frames, wrong[None]))
    probe.wait_for(lambda: newest() == 'MOVED', 'the warning')

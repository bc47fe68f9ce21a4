"""The truth about a scene survives the wire; a message that does not fit together is refused."""

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2')

from gae_msgs.msg import SceneTruth
from rclpy.serialization import deserialize_message, serialize_message

from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.arm_sim.tasks.truth import observe_truth
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.paths import arm_file
from gae_arm.ros.truth_msgs import truth_from_msg, truth_to_msg


def test_truth_survives_the_wire():
    simulation = TASKS['drawer_put_away'].sample(1).simulate(load_arm(arm_file('panda')))
    simulation.step(200)
    truth = observe_truth(simulation)
    assert truth.joints
    assert truth.touches
    data = serialize_message(truth_to_msg(truth, 12_345_678_901, 'base'))
    msg = deserialize_message(data, SceneTruth)
    again = truth_from_msg(msg)
    assert msg.header.frame_id == 'base'
    assert again.stamp_ns == 12_345_678_901
    assert again.touches == truth.touches
    assert again.speeds == pytest.approx(truth.speeds)
    assert again.joints == pytest.approx(truth.joints)
    assert list(again.poses) == list(truth.poses)
    for name, T in truth.poses.items():
        np.testing.assert_allclose(again.poses[name], T, atol=1e-9)


@pytest.mark.parametrize(
    ('message', 'said'),
    [
        (SceneTruth(objects=['a', 'a']), r"objects has \['a'\] more than once"),
        (SceneTruth(objects=['a']), 'poses has 0 values for 1 objects'),
        (SceneTruth(touches=['a', 'world', 'b']), 'touches are not two and two'),
    ],
)
def test_what_does_not_fit_together_is_refused(message, said):
    with pytest.raises(InvalidValueError, match=said):
        truth_from_msg(message)

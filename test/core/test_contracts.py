"""The contracts refuse what breaks them, with the value in the message."""

import numpy as np
import pytest

from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.instruction import ErrorCode, InstructionResult
from gae_arm.core.motion import ActionChunk, ArmState, ArmStatus, HaltReason, RobotState
from gae_arm.core.plan import Waypoint, WaypointPlan

K = [[300, 0, 160], [0, 300, 120], [0, 0, 1]]


def plan(**changes):
    values = {
        'plan_id': 'p1',
        'stamp_ns': 10,
        'frame_id': 'camera',
        'instruction': 'pick up the cube',
        'waypoints': (Waypoint([0, 0, 0.5]),),
        'expiry_ns': 20,
    }
    return WaypointPlan(**(values | changes))


def chunk(**changes):
    values = {
        'stamp_ns': 5,
        'frame_id': 'base_link',
        'sequence': 0,
        'plan_id': 'p1',
        'cloud_stamp_ns': None,
        'policy': 'spline',
        'times_ns': [10, 20],
        'position': np.zeros((2, 3)),
        'orientation': [[0, 0, 0, 1], [1, 0, 0, 0]],
        'gripper': [0.0, 1.0],
    }
    return ActionChunk(**(values | changes))


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: Waypoint([0, 0]), 'position has shape (2,), expected (3)'),
        (lambda: Waypoint([0, np.nan, 0]), 'position[1] is not finite: nan'),
        (lambda: Waypoint(['a', 0, 0]), "position is not an array of numbers: ['a', 0, 0]"),
        (
            lambda: Waypoint([0, 0, 0], orientation=[0, 0, 0, 2]),
            'orientation is not a unit quaternion (x, y, z, w): [0.0, 0.0, 0.0, 2.0]',
        ),
        (lambda: Waypoint([0, 0, 0], gripper=1.5), 'gripper is 1.5, allowed is 0.0 to 1.0'),
        (lambda: plan(waypoints=()), "plan 'p1' has no waypoints"),
        (lambda: plan(plan_id=''), 'plan_id is empty'),
        (
            lambda: plan(expiry_ns=10),
            "plan 'p1' expires at 10 ns, not after its image (10 ns)",
        ),
        (lambda: chunk(times_ns=[20, 20]), 'times_ns do not increase: [20, 20]'),
        (lambda: chunk(gripper=[0.0, 1.1]), 'gripper leaves 0 to 1: [0.0, 1.1]'),
        (lambda: chunk(position=np.zeros((3, 3))), 'position has shape (3, 3), expected (2, 3)'),
        (
            lambda: RobotState(0, ('a', 'a'), [0, 0], [0, 0], [0, 0]),
            "joint_names has ['a'] more than once: ['a', 'a']",
        ),
        (
            lambda: ArmStatus(0, 9, HaltReason.NONE, ''),
            "state 9 is unknown; there are: {'MOVING': 1, 'HOLDING': 2, 'HALTED': 3}",
        ),
        (
            lambda: ArmStatus(0, ArmState.MOVING, HaltReason.NONE, '', 1.5),
            'speed_scale is 1.5, allowed is 0.0 to 1.0',
        ),
        (lambda: CameraIntrinsics(0, 240, K), 'width is 0, allowed is 1 to 65536'),
        (
            lambda: CameraIntrinsics(320, 240, np.zeros((3, 3))),
            'K has focal lengths 0.0, 0.0, not > 0',
        ),
        (
            lambda: CameraIntrinsics(320, 240, K, 'fisheye'),
            "distortion model 'fisheye' is unknown; there are: "
            "['', 'equidistant', 'plumb_bob', 'rational_polynomial']",
        ),
        (
            lambda: CameraFrame(0, 'c', CameraIntrinsics(320, 240, K), np.zeros((2, 2), np.uint16)),
            'depth has shape (2, 2), intrinsics say (240, 320)',
        ),
        (lambda: InstructionResult(ErrorCode.SUCCESS, plans_used=-1), 'plans_used is -1'),
    ],
)
def test_refusal_carries_the_value(make, message):
    with pytest.raises(InvalidValueError) as caught:
        make()
    assert str(caught.value).startswith(message)


def test_equality_compares_arrays_and_none():
    assert plan() == plan()
    assert plan() != plan(instruction='other')
    assert chunk() == chunk()
    assert chunk() != chunk(gripper=[0.0, 0.5])
    assert Waypoint([0, 0, 0]) != Waypoint([0, 0, 0], gripper=0.0)
    assert plan() != 'a plan'


def test_arrays_are_copies_that_nobody_can_change():
    position = np.zeros(3)
    waypoint = Waypoint(position)
    position[0] = 1.0
    assert waypoint.position[0] == 0.0
    with pytest.raises(ValueError, match='read-only'):
        waypoint.position[0] = 1.0


def test_zero_is_a_value_and_none_is_absent():
    assert Waypoint([0, 0, 0], gripper=0.0).gripper == 0.0
    assert Waypoint([0, 0, 0]).gripper is None


def test_state_selects_joints_in_the_order_asked_for():
    state = RobotState(0, ('a', 'b', 'c'), [1, 2, 3], np.zeros(3), np.zeros(3))
    assert state.select(('c', 'a')).tolist() == [3, 1]
    with pytest.raises(
        InvalidValueError, match=r"no joint \['elbow'\]; there are: \['a', 'b', 'c'\]"
    ):
        state.select(('elbow',))

"""Every contract survives the wire: to a message, serialised, back, and equal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

pytest.importorskip('rclpy', reason='needs ROS 2')

from gae_msgs import msg as gae
from geometry_msgs.msg import Point
from rclpy.serialization import deserialize_message, serialize_message

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.instruction import (
    ErrorCode,
    InstructionFeedback,
    InstructionGoal,
    InstructionResult,
    Stage,
)
from gae_arm.core.motion import ActionChunk, ArmState, ArmStatus, HaltReason, RobotState
from gae_arm.core.plan import ImageAnchor, Waypoint, WaypointPlan
from gae_arm.core.progress import PlanRefusal, PlanRefusedError
from gae_arm.ros import motion_msgs, plan_msgs

# No surrogates and no NUL: neither is text on the wire.
words = st.text(st.characters(exclude_categories=['Cs'], exclude_characters='\0'), max_size=20)
names = words.filter(bool)
numbers = st.floats(allow_nan=False, allow_infinity=False)
openings = st.floats(0, 1)
stamps = st.integers(0, checks.MAX_STAMP)


def vectors(*shape):
    return hnp.arrays(np.float64, shape, elements=numbers)


quaternions = (
    hnp.arrays(np.float64, 4, elements=st.floats(-1, 1))
    .filter(lambda q: np.linalg.norm(q) > 0.1)
    .map(lambda q: q / np.linalg.norm(q))
)
waypoints = st.builds(Waypoint, vectors(3), st.none() | quaternions, st.none() | openings)
anchors = st.builds(ImageAnchor, words, vectors(2))


@st.composite
def plans(draw):
    stamp = draw(st.integers(0, checks.MAX_STAMP - 1))
    return WaypointPlan(
        plan_id=draw(names),
        stamp_ns=stamp,
        frame_id=draw(names),
        instruction=draw(words),
        waypoints=tuple(draw(st.lists(waypoints, min_size=1, max_size=5))),
        expiry_ns=draw(st.integers(stamp + 1, checks.MAX_STAMP)),
        anchors=tuple(draw(st.lists(anchors, max_size=3))),
        planner=draw(words),
        latency_ns=draw(stamps),
        moved=draw(st.integers(0, 3).flatmap(lambda count: vectors(count, 2, 3))),
    )


@st.composite
def chunks(draw):
    times = sorted(draw(st.sets(stamps, min_size=1, max_size=6)))
    n = len(times)
    return ActionChunk(
        stamp_ns=draw(stamps),
        frame_id=draw(names),
        sequence=draw(st.integers(0, 2**63 - 1)),
        plan_id=draw(words),
        cloud_stamp_ns=draw(st.none() | st.integers(1, checks.MAX_STAMP)),
        policy=draw(words),
        times_ns=times,
        position=draw(vectors(n, 3)),
        orientation=[draw(quaternions) for _ in range(n)],
        gripper=[draw(openings) for _ in range(n)],
    )


@st.composite
def states(draw):
    joint_names = tuple(draw(st.lists(names, unique=True, max_size=8)))
    n = len(joint_names)
    return RobotState(draw(stamps), joint_names, *(draw(vectors(n)) for _ in range(3)))


statuses = st.builds(
    ArmStatus, stamps, st.sampled_from(ArmState), st.sampled_from(HaltReason), words, openings
)
goals = st.builds(InstructionGoal, words, st.booleans())
feedbacks = st.builds(InstructionFeedback, st.sampled_from(Stage), openings, st.none() | plans())
results = st.builds(InstructionResult, st.sampled_from(ErrorCode), words, st.integers(0, 2**32 - 1))


def over_the_wire(msg):
    return deserialize_message(serialize_message(msg), type(msg))


@pytest.mark.parametrize(
    ('contracts', 'to_msg', 'from_msg'),
    [
        (waypoints, plan_msgs.waypoint_to_msg, plan_msgs.waypoint_from_msg),
        (plans(), plan_msgs.plan_to_msg, plan_msgs.plan_from_msg),
        (chunks(), motion_msgs.chunk_to_msg, motion_msgs.chunk_from_msg),
        (states(), motion_msgs.state_to_msg, motion_msgs.state_from_msg),
        (statuses, motion_msgs.status_to_msg, motion_msgs.status_from_msg),
        (goals, plan_msgs.goal_to_msg, plan_msgs.goal_from_msg),
        (feedbacks, plan_msgs.feedback_to_msg, plan_msgs.feedback_from_msg),
        (results, plan_msgs.result_to_msg, plan_msgs.result_from_msg),
    ],
    ids=['waypoint', 'plan', 'chunk', 'state', 'status', 'goal', 'feedback', 'result'],
)
@given(data=st.data())
def test_round_trip(data, contracts, to_msg, from_msg):
    contract = data.draw(contracts)
    assert from_msg(over_the_wire(to_msg(contract))) == contract


@pytest.mark.parametrize(
    ('enum', 'constants'),
    [
        (ArmState, 'ArmStatus'),
        (HaltReason, 'ArmStatus'),
        (Stage, 'ExecuteInstruction.Feedback'),
        (ErrorCode, 'ExecuteInstruction.Result'),
    ],
)
def test_enums_and_message_constants_are_the_same(enum, constants):
    from gae_msgs.action import ExecuteInstruction
    from gae_msgs.msg import ArmStatus as ArmStatusMsg

    message = {
        'ArmStatus': ArmStatusMsg,
        'ExecuteInstruction.Feedback': ExecuteInstruction.Feedback,
        'ExecuteInstruction.Result': ExecuteInstruction.Result,
    }[constants]
    assert {m.name: int(m) for m in enum} == {m.name: getattr(message, m.name) for m in enum}


def test_a_bad_waypoint_is_refused_by_its_index():
    msg = plan_msgs.plan_to_msg(
        WaypointPlan('p', 1, 'camera', '', (Waypoint([0, 0, 1]), Waypoint([0, 0, 1])), 2)
    )
    msg.waypoints[1].gripper = 7.0
    with pytest.raises(InvalidValueError) as caught:
        plan_msgs.plan_from_msg(msg)
    assert str(caught.value) == 'waypoint 1: gripper is 7.0, allowed is 0.0 to 1.0'


def test_a_joint_state_without_velocity_and_effort_counts_as_zeros():
    msg = motion_msgs.state_to_msg(RobotState(1, ('a',), [0.5], [1.0], [2.0]))
    msg.velocity = []
    msg.effort = []
    state = motion_msgs.state_from_msg(msg)
    assert state.velocity.tolist() == [0.0]
    assert state.effort.tolist() == [0.0]


def test_tf2_msgs_has_the_type_hash_of_the_official_package():
    """Jazzy's own TFMessage: only with the same hash do both sides talk."""
    import json
    from pathlib import Path

    from ament_index_python.packages import get_package_share_directory

    share = Path(get_package_share_directory('tf2_msgs'))
    hashes = json.loads((share / 'msg' / 'TFMessage.json').read_text())['type_hashes']
    found = {h['type_name']: h['hash_string'] for h in hashes}
    assert found['tf2_msgs/msg/TFMessage'] == (
        'RIHS01_e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087'
    )


def test_places_that_are_not_two_for_each_thing_that_was_moved_are_refused():
    msg = plan_msgs.plan_to_msg(WaypointPlan('p', 1, 'camera', '', (Waypoint([0, 0, 1]),), 2))
    msg.moved = [Point()]
    with pytest.raises(InvalidValueError, match='moved has 1 points'):
        plan_msgs.plan_from_msg(msg)


def test_a_plan_of_too_many_waypoints_is_not_looked_at():
    waypoint = plan_msgs.waypoint_to_msg(Waypoint(np.zeros(3)))
    msg = gae.WaypointPlan(waypoints=[waypoint] * (plan_msgs.MOST_WAYPOINTS + 1))
    with pytest.raises(PlanRefusedError, match='1001 waypoints, at most 1000') as caught:
        plan_msgs.plan_from_msg(msg)
    assert caught.value.reason == PlanRefusal.TOO_MANY_WAYPOINTS

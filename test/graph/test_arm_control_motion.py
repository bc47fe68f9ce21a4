"""arm_control beside the simulated arm: chunks and joint commands move it, stop stops it."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from controlled_arm import ControlledArm
from graph import graph

from gae_arm.core.motion import ArmState, HaltReason
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.trajectory import JointTrajectory
from gae_arm.ros import topics
from gae_arm.ros.motion_msgs import chunk_to_msg
from gae_arm.ros.plan_msgs import plan_to_msg
from gae_arm.ros.stamps import time_from_msg
from gae_arm.ros.trajectory_msgs import trajectory_from_msg, trajectory_to_msg

SECOND = 1_000_000_000


@pytest.fixture(scope='module')
def running(tmp_path_factory, own_domain):
    words = ('sim.launch.yaml', 'camera_rate:=0.0', 'cloud:=false')
    with graph(tmp_path_factory.mktemp('control'), *words) as parts:
        yield ControlledArm(*parts)


@pytest.fixture
def arm(running):
    """The arm, released and standing, with a place to go 15 cm aside."""
    running.call('resume')
    running.wait_status(ArmState.HOLDING, HaltReason.NO_COMMAND, 20.0)
    del running.statuses[:-1]
    running.states.clear()
    running.probe.wait_for(lambda: running.states, 'joint states')
    return running


def aside(arm, by=0.15):
    """A place at the same height, towards the middle of the table."""
    here = arm.pose[:3, 3]
    return here + np.array([0.0, -by if here[1] > 0 else by, 0.0])


def test_chunks_move_the_arm_to_a_pose_and_the_gripper_along(arm):
    goal = aside(arm)
    arm.gripper.clear()
    arm.go(goal, gripper=0.5)
    assert arm.at(goal)
    wanted = arm.arm.gripper.positions(0.5)
    arm.probe.wait_for(lambda: arm.gripper, 'a gripper command')
    np.testing.assert_allclose(arm.gripper[-1].data, wanted)
    fingers = arm.arm.gripper.joints
    arm.probe.wait_for(
        lambda: np.abs(arm.state.select(fingers) - wanted).max() < 2e-3, 'the fingers'
    )


def test_what_is_sent_begins_in_the_past_and_ends_standing(arm):
    arm.commands.clear()
    arm.start_moving(aside(arm))
    arm.probe.wait_for(lambda: len(arm.commands) > 20, 'commands')
    for msg in arm.commands:
        sent = trajectory_from_msg(msg)
        assert sent.joint_names == arm.arm.joints
        assert not sent.velocities[-1].any()
        assert not sent.accelerations[-1].any()
    stamps = np.array([time_from_msg(msg.header.stamp) for msg in arm.commands[-20:]])
    assert (np.diff(stamps) >= 0).all()


def test_where_chunks_end_the_arm_slows_down_and_holds(arm):
    arm.start_moving(aside(arm))
    arm.wait_status(ArmState.HOLDING, HaltReason.NO_COMMAND)
    said = next(s.message for s in arm.statuses if s.reason == HaltReason.CHUNK_STALE)
    age = re.fullmatch(r'the chunk is ([0-9.]+) s old, at most 0.3 s is allowed', said)
    assert age is not None, said
    assert float(age[1]) >= 0.3
    arm.wait_still()
    before = arm.position
    arm.commands.clear()
    arm.probe.spin(0.3)
    assert np.abs(arm.position - before).max() < 0.002
    assert not arm.commands, 'an arm that stands is told nothing'


def test_stop_brakes_at_once_and_latches_until_resume(arm):
    goal = aside(arm, 0.3)
    arm.start_moving(goal, least=0.2)
    answer = arm.call('stop')
    assert answer.success
    assert answer.message == 'the arm brakes and stands until resume'
    assert arm.wait_reason(HaltReason.STOP_REQUESTED) == 'a stop was requested'
    # Whatever comes now moves nothing, not even after resume.
    before = arm.position
    arm.chunks.publish(chunk_to_msg(arm.chunk(goal)))
    arm.joint_command.publish(motion(arm, before + 0.1))
    arm.probe.spin(0.5)
    assert arm.is_status(ArmState.HALTED, HaltReason.STOP_REQUESTED)
    answer = arm.call('resume')
    assert (answer.success, answer.message) == (True, 'resumed')
    arm.wait_status(ArmState.HOLDING, HaltReason.NO_COMMAND)
    arm.probe.spin(0.3)
    assert np.abs(arm.position - before).max() < 0.002
    arm.go(goal)


def test_resume_of_an_arm_that_may_move_says_so(arm):
    answer = arm.call('resume')
    assert (answer.success, answer.message) == (True, 'there was nothing to resume from')


def motion(arm, goal, seconds=1.0, names=None, stamp_ns=0):
    """A joint trajectory with one point."""
    names = arm.arm.joints if names is None else names
    times = [round(seconds * SECOND)]
    return trajectory_to_msg(JointTrajectory(names, stamp_ns, times, [goal]))


def test_a_joint_command_in_any_order_passes_the_governor(arm):
    goal = arm.position + 0.1
    back = slice(None, None, -1)
    arm.joint_command.publish(motion(arm, goal[back], names=arm.arm.joints[back]))
    arm.probe.wait_for(lambda: np.abs(arm.position - goal).max() < 0.005, 'the joints', 10.0)
    arm.wait_status(ArmState.HOLDING, HaltReason.NO_COMMAND)


def test_the_newest_source_is_followed(arm):
    far = arm.position + 0.3
    arm.joint_command.publish(motion(arm, far, seconds=5.0))
    arm.probe.wait_for(lambda: arm.speed() > 0.03, 'the arm to move', 5.0)
    arm.go(arm.pose[:3, 3] + [0.0, 0.0, 0.08])
    assert np.abs(arm.position - far).max() > 0.05


def bad_command(arm, kind):
    """A message that must not move the arm: its topic's publisher, and the message."""
    chunk = arm.chunk(aside(arm))
    now_ns = arm.probe.now_ns()
    replaced = {
        'frame': {'frame_id': 'world'},
        'stale': {'stamp_ns': now_ns - SECOND},
        'late': {'stamp_ns': now_ns - SECOND // 4},
        'clock': {'stamp_ns': now_ns - 100 * SECOND},
        'future': {'stamp_ns': now_ns + 2 * SECOND},
        'plan': {'plan_id': 'another'},
        'jump': {'position': chunk.position + np.array([0.0, 0.0, 0.3])},
    }
    if kind in replaced:
        return arm.chunks, chunk_to_msg(dataclasses.replace(chunk, **replaced[kind]))
    msg = chunk_to_msg(chunk)
    if kind == 'nan':
        msg.poses[3].position.y = float('nan')
    elif kind == 'quaternion':
        msg.poses[0].orientation.w = 7.0
    elif kind == 'empty':
        msg.poses, msg.times, msg.gripper = [], [], []
    elif kind == 'sizes':
        msg.gripper = msg.gripper[:3]
    elif kind == 'times':
        msg.times[5] = msg.times[4]
    elif kind == 'gripper':
        msg.gripper[2] = 1.5
    if kind in ('nan', 'quaternion', 'empty', 'sizes', 'times', 'gripper'):
        return arm.chunks, msg
    motions = {
        'missing joint': lambda: motion(arm, arm.position[:-1], names=arm.arm.joints[:-1]),
        'twice': lambda: twice(arm),
        'infinite': lambda: infinite(arm),
        'joint jump': lambda: motion_from(arm, arm.position + 0.5),
        'old motion': lambda: motion(arm, arm.position, stamp_ns=now_ns - SECOND),
        'no points': lambda: topics.JOINT_COMMAND.type(joint_names=list(arm.arm.joints)),
    }
    return arm.joint_command, motions[kind]()


def twice(arm):
    msg = motion(arm, arm.position)
    msg.joint_names[1] = msg.joint_names[0]
    return msg


def infinite(arm):
    msg = motion(arm, arm.position)
    msg.points[0].positions[2] = float('inf')
    return msg


def motion_from(arm, start):
    return trajectory_to_msg(JointTrajectory(arm.arm.joints, 0, [0, SECOND], [start, start + 0.1]))


@pytest.mark.parametrize(
    ('kind', 'reason', 'message'),
    [
        ('nan', HaltReason.COMMAND_INVALID, 'action_chunk: position[3, 1] is not finite: nan'),
        ('quaternion', HaltReason.COMMAND_INVALID, 'action_chunk: orientation is not a unit quat'),
        ('empty', HaltReason.COMMAND_INVALID, 'action_chunk: the chunk has no actions'),
        (
            'sizes',
            HaltReason.COMMAND_INVALID,
            'action_chunk: gripper has shape (3,), expected (16)',
        ),
        ('times', HaltReason.COMMAND_INVALID, 'action_chunk: times_ns do not increase: ['),
        (
            'gripper',
            HaltReason.COMMAND_INVALID,
            'action_chunk: gripper leaves 0 to 1: [1.0, 1.0, 1.5',
        ),
        ('frame', HaltReason.COMMAND_INVALID, "chunk {} of policy 'line' is in frame 'world', exp"),
        ('stale', HaltReason.CHUNK_STALE, 'the chunk is 1.'),
        ('clock', HaltReason.CLOCK_MISMATCH, 'the chunk is stamped '),
        ('late', HaltReason.COMMAND_INVALID, "chunk {} of policy 'line' was made 0."),
        (
            'plan',
            HaltReason.COMMAND_INVALID,
            "chunk {} of policy 'line' is for plan 'another', the",
        ),
        ('jump', HaltReason.COMMAND_JUMP, "chunk {} of policy 'line' goes on 0.3"),
        (
            'missing joint',
            HaltReason.COMMAND_WRONG_JOINTS,
            "the command is for the joints ['panda_",
        ),
        ('twice', HaltReason.COMMAND_WRONG_JOINTS, "joint_command: joint_names has ['panda_joint1"),
        (
            'infinite',
            HaltReason.COMMAND_INVALID,
            'joint_command: positions[0, 2] is not finite: inf',
        ),
        ('no points', HaltReason.COMMAND_INVALID, 'joint_command: the trajectory has no points'),
        ('joint jump', HaltReason.COMMAND_JUMP, "joint 'panda_joint"),
        ('old motion', HaltReason.CHUNK_STALE, 'the joint command is 1.'),
        ('future', HaltReason.CLOCK_MISMATCH, 'the chunk is stamped '),
    ],
)
def test_a_bad_command_stops_the_arm_and_says_why_and_a_good_one_moves_it(
    arm, kind, reason, message
):
    goal = aside(arm)
    arm.start_moving(goal)
    publisher, msg = bad_command(arm, kind)
    publisher.publish(msg)
    said = arm.wait_reason(reason)
    sequence = msg.sequence if hasattr(msg, 'sequence') else 0
    assert said.removeprefix('given up after 1 s: ').startswith(message.format(sequence))
    arm.start_moving(goal)


def test_chunks_of_a_replaced_plan_are_not_continued(arm):
    now_ns = arm.probe.now_ns()
    plans = [
        WaypointPlan(
            plan_id=f'{name} {now_ns}',
            stamp_ns=now_ns,
            frame_id=arm.arm.base_frame,
            instruction='',
            waypoints=(Waypoint(aside(arm)),),
            expiry_ns=now_ns + seconds * SECOND,
        )
        for name, seconds in (('first', 60), ('second', 4))
    ]
    goal = aside(arm, 0.3)
    arm.plans.publish(plan_to_msg(plans[0]))
    arm.start_moving(goal, plan_id=plans[0].plan_id)
    arm.plans.publish(plan_to_msg(plans[1]))
    said = []
    arm.lead(
        goal,
        lambda: (
            said or (arm.status.reason == HaltReason.COMMAND_INVALID and said.append(arm.status))
        ),
        'the refusal of old chunks',
        plan_id=plans[0].plan_id,
    )
    assert said[0].message.endswith(
        f'{plans[0].plan_id!r}, the current one is {plans[1].plan_id!r}'
    )
    arm.start_moving(goal, plan_id=plans[1].plan_id)
    arm.lead(
        goal,
        lambda: arm.is_status(ArmState.HALTED, HaltReason.PLAN_EXPIRED),
        'the end of the second plan',
        plan_id=plans[1].plan_id,
    )
    assert arm.status.message.startswith('the plan expired 0.')
    # An expired plan binds nobody.
    arm.start_moving(aside(arm))


def test_the_executed_path_is_the_way_of_the_end_effector(arm):
    paths = arm.probe.listen(topics.EXECUTED_PATH)
    goal = aside(arm)
    arm.go(goal)
    arm.probe.wait_for(lambda: paths, 'a path')
    arm.wait_still()
    path = paths[-1]
    assert path.header.frame_id == arm.arm.base_frame
    places = np.array(
        [[p.pose.position.x, p.pose.position.y, p.pose.position.z] for p in path.poses]
    )
    assert len(places) > 3
    assert np.linalg.norm(places[-1] - goal) < 0.03


def test_the_loop_reports_its_health(arm):
    heard = arm.probe.listen(topics.DIAGNOSTICS)

    def health():
        statuses = [s for array in heard for s in array.status]
        return next((s for s in statuses if s.name == 'arm_control: control'), None)

    values = {v.key: v.value for v in arm.probe.wait_for(health, 'diagnostics').values}
    for key in (
        'jitter_p99_ms',
        'tick_p50_ms',
        'state_to_command_p50_ms',
        'chunk_to_command_p50_ms',
    ):
        assert float(values[key]) > 0
    assert int(values['halts_STOP_REQUESTED']) > 0
    assert 'priority' in values['real_time'] or 'SCHED_FIFO' in values['real_time']

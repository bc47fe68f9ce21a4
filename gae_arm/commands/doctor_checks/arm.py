"""The pre-flight check of a real arm: everything that must be well before it may move.

Every finding that is a failure keeps the arm standing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gae_arm.arm_driver.description_check import compare
from gae_arm.arm_driver.settings import DriverSettings, driver_file, load_driver
from gae_arm.commands.doctor_checks.finding import Finding, Level, judge, ok
from gae_arm.core.arm import ArmConfig, load_arm
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason
from gae_arm.core.paths import arm_file

if TYPE_CHECKING:
    from gae_arm.ros.arm_inspection import ArmInspection, Stream

STARTED = 'start it: ros2 launch gae_arm arm.launch.yaml arm:='
FREE_RUN = ('interpolate_from_desired_state', 'open_loop_control')
"""Either of them makes a joint_trajectory_controller go on from what it was told last; the second
one is the first one's name up to Humble."""


def check_arm(name: str, driver: str | None, seconds: float) -> Iterator[Finding]:
    """Look at everything around the arm; yield findings."""
    from gae_arm.ros.arm_inspection import ArmInspection

    settings = load_driver(driver_file(driver or Path(name).stem))
    arm = load_arm(arm_file(name))
    with ArmInspection() as graph:
        status = graph.status()
        if status is None:
            yield Finding(
                Level.FAILURE, 'arm_control', 'it says nothing on arm_status', STARTED + name
            )
            return
        yield from _streams(graph, arm, settings, seconds)
        yield _description(graph, arm, settings)
        yield from _controller(graph, settings)
        yield from _gripper(graph, settings)
        yield from _needs(graph, settings)
        yield _stop(graph, status)


def pass_preflight() -> Finding:
    """Tell arm_control that the check has passed; return what it said."""
    from gae_arm.ros.arm_inspection import ArmInspection

    with ArmInspection() as graph:
        if graph.parameter('arm_control', 'preflight') is False:
            return ok('pre-flight', 'passed; this arm_control was started without waiting for it')
        answer = graph.trigger('preflight_passed')
    return judge(
        'pre-flight',
        answer is not None and answer.success,
        'passed: gae resume lets the arm move' if answer else 'arm_control does not take it',
        'see the log of arm_control',
    )


def _streams(
    graph: ArmInspection, arm: ArmConfig, settings: DriverSettings, seconds: float
) -> Iterator[Finding]:
    """Judge joint states, camera, frames and cloud."""
    from gae_arm.ros import driver_topics, topics

    of_camera = driver_topics.of_camera
    camera = [of_camera(topic, settings.camera) for topic in topics.CAMERA]
    wanted = (driver_topics.JOINT_STATES, *camera, topics.POINTS)
    states, color, depth, info, points = graph.watch(wanted, seconds)
    yield _rate(
        states,
        f'look at /diagnostics of driver_bridge: it makes them of {settings.joint_state_topic} and '
        f'{settings.gripper_state_topic}',
    )
    yield from _joints(states, arm)
    for stream in (color, depth, info):
        yield _rate(
            stream,
            'realsense2_camera: align_depth.enable:=true enable_sync:=true, its namespace is '
            'camera_topics of arm.launch.yaml',
        )
    if depth.newest is not None and color.newest is not None:
        yield _frames(graph, arm, depth)
    yield _rate(points, 'look at /diagnostics of point_cloud: why it uses no images')


def _rate(stream: Stream, advice: str) -> Finding:
    topic = stream.topic
    if not stream.arrivals:
        return Finding(Level.FAILURE, topic.name, 'nothing comes', advice)
    assert topic.max_age is not None
    text = f'{stream.rate:.0f} Hz, age {stream.age * 1e3:.0f} ms'
    if stream.rate < topic.min_rate:
        return Finding(
            Level.FAILURE, topic.name, f'{text}; needed are {topic.min_rate:g} Hz', advice
        )
    return judge(
        topic.name,
        -0.05 <= stream.age <= topic.max_age,
        f'{text}; allowed are -50 ms to {topic.max_age * 1e3:.0f} ms',
        'synchronise the clocks of the machines (chrony), and of the camera',
    )


def _joints(states: Stream, arm: ArmConfig) -> Iterator[Finding]:
    """Judge whether all joints are there, and within the limits."""
    if states.newest is None:
        return
    names = list(states.newest.name)
    missing = sorted({*arm.joints, *arm.gripper.joints} - set(names))
    if missing:
        yield Finding(
            Level.FAILURE, 'joints', f'missing: {missing}; there are: {names}', 'see config/drivers'
        )
        return
    q = np.array([states.newest.position[names.index(joint)] for joint in arm.joints])
    outside = (q < arm.limits.lower) | (q > arm.limits.upper)
    text = ', '.join(f'{j} {x:.2f}' for j, x in zip(arm.joints, q, strict=True))
    yield judge(
        'joints',
        not outside.any(),
        text,
        f'{[j for j, out in zip(arm.joints, outside, strict=True) if out]} outside the limits: '
        'move it by hand or with its own panel',
    )


def _frames(graph: ArmInspection, arm: ArmConfig, depth: Stream) -> Finding:
    """Judge whether the camera's place in the base frame is known."""
    from gae_arm.ros.stamps import time_from_msg

    camera = depth.newest.header.frame_id
    stamp_ns = time_from_msg(depth.newest.header.stamp)
    how = graph.parameter('point_cloud', 'extrinsics')
    if how == 'parameters':
        parent = graph.parameter('point_cloud', 'camera_parent_frame') or arm.base_frame
        found = graph.transform(arm.base_frame, parent, stamp_ns)
        text = f'{camera} stands as calibrated in {parent}'
    else:
        found = graph.transform(arm.base_frame, camera, stamp_ns)
        text = f'{camera} to {arm.base_frame} is on /tf'
    advice = 'gae calibrate finds where the camera stands; give its file as camera:=FILE'
    if isinstance(found, str):
        return Finding(Level.FAILURE, 'frames', found, advice)
    return ok('frames', text)


def _description(graph: ArmInspection, arm: ArmConfig, settings: DriverSettings) -> Finding:
    """Judge whether the driver's URDF is of the arm that the stack computes with."""
    urdf = graph.description()
    if urdf is None:
        return Finding(
            Level.FAILURE, 'robot_description', 'nobody publishes it',
            "start the driver's robot_state_publisher",
        )  # fmt: skip
    found = compare(arm, urdf, settings.joint_prefix)
    text = f'limits within, axes agree within {found.distance * 1e3:.1f} mm'
    return judge(
        'robot_description',
        not found.problems,
        '; '.join(found.problems) or text,
        f'is it this arm? Else correct the limits in {arm.name}.yaml of your own (arm:=FILE)',
    )


def _controller(graph: ArmInspection, settings: DriverSettings) -> Iterator[Finding]:
    """Judge whether the controller runs, goes on from its own state, and hears only us."""
    name = settings.controller
    states = graph.controllers(settings.controller_manager)
    if states is None:
        yield Finding(
            Level.WARNING, 'controller', f'{settings.controller_manager} does not answer',
            'without it nobody can say whether the controller is active',
        )  # fmt: skip
    else:
        state = states.get(name.rpartition('/')[2], f'not there; there are: {sorted(states)}')
        advice = f'ros2 control switch_controllers --activate {name.rpartition("/")[2]}'
        yield judge('controller', state == 'active', f'{name} is {state}', advice)
    values = [graph.parameter(name, parameter) for parameter in FREE_RUN]
    yield judge(
        'controller',
        True in values,
        f'{name}: {FREE_RUN[0]} {values[0]}, {FREE_RUN[1]} {values[1]}',
        f"set {FREE_RUN[0]}: true ({FREE_RUN[1]} up to Humble) in the controller's parameters: "
        'motion is sent in pieces',
    )
    speakers, listeners = graph.ends(settings.trajectory_topic)
    others = [node for node in speakers if not node.endswith('/arm_control')]
    yield judge(
        'commands',
        bool(listeners) and len(speakers) - len(others) == 1 and not others,
        f'{settings.trajectory_topic}: from {speakers}, to {listeners}',
        'arm_control alone must speak there, and the controller listen: end the others',
    )


def _gripper(graph: ArmInspection, settings: DriverSettings) -> Iterator[Finding]:
    """Judge whether somebody takes commands for the gripper."""
    if settings.gripper == 'none':
        yield ok('gripper', 'none')
        return
    action = settings.gripper != 'topic'
    topic = f'{settings.gripper_name}/_action/status' if action else settings.gripper_name
    ends = graph.ends(topic)[0 if action else 1]
    kind = 'action' if action else 'topic'
    yield judge(
        'gripper',
        bool(ends),
        f'{kind} {settings.gripper_name}: {ends or "nobody serves it"}',
        "start the gripper's driver; see gripper in config/drivers",
    )


def _needs(graph: ArmInspection, settings: DriverSettings) -> Iterator[Finding]:
    """Judge the parameters that the driver's other nodes must have."""
    for need in filter(None, settings.needs):
        node, name, wanted = need.split()
        value = graph.parameter(node, name)
        good = str(value).lower() == wanted.lower()
        yield judge('driver', good, f'{node}: {name} is {value}, needed is {wanted}', 'set it')


def _stop(graph: ArmInspection, status: ArmStatus) -> Finding:
    """Try the stop, unless the arm is on its way: then nobody has asked for one."""
    stopped = (ArmState.HALTED, HaltReason.STOP_REQUESTED)
    if status.state == ArmState.MOVING:
        return Finding(
            Level.FAILURE, 'stop', 'not tried: the arm is moving', 'let it come to a stand first'
        )
    answer = graph.trigger('stop')
    if answer is None:
        return Finding(Level.FAILURE, 'stop', 'the service does not answer', 'restart arm_control')
    seen = graph.status_when(lambda s: (s.state, s.reason) == stopped and 'stop' in s.message)
    good = seen is not None and (seen.state, seen.reason) == stopped
    return judge(
        'stop',
        good,
        f'answers, and the arm is {seen.state.name if seen else "silent"}: '
        f'{seen.message if seen else ""}',
        'restart arm_control; keep a hand at the emergency stop of the robot',
    )

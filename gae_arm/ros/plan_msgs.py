"""Waypoint plans and instructions: contracts to messages and back.

`..._from_msg` raise InvalidValueError when what came over the wire breaks the contract.
"""

from __future__ import annotations

import numpy as np
from gae_msgs import msg as gae
from gae_msgs.action import ExecuteInstruction
from geometry_msgs.msg import Point, Quaternion

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.instruction import (
    InstructionFeedback,
    InstructionGoal,
    InstructionResult,
)
from gae_arm.core.plan import ImageAnchor, Waypoint, WaypointPlan
from gae_arm.core.progress import PlanProgress, PlanRefusal, PlanRefusedError
from gae_arm.ros.stamps import duration_to_msg, time_from_msg, time_to_msg

WITHDRAWN = '-withdrawn'
MOST_WAYPOINTS = 1000
"""To look at more, one by one, would keep a node busy for longer than an arm may wait."""


def waypoint_to_msg(waypoint: Waypoint) -> gae.Waypoint:
    """Return the message of a waypoint."""
    x, y, z = waypoint.position.tolist()
    msg = gae.Waypoint(position=Point(x=x, y=y, z=z), gripper=gae.Waypoint.GRIPPER_UNCHANGED)
    if waypoint.orientation is not None:
        x, y, z, w = waypoint.orientation.tolist()
        msg.has_orientation = True
        msg.orientation = Quaternion(x=x, y=y, z=z, w=w)
    if waypoint.gripper is not None:
        msg.gripper = waypoint.gripper
    return msg


def waypoint_from_msg(msg: gae.Waypoint) -> Waypoint:
    """Return the waypoint of a message."""
    p, q = msg.position, msg.orientation
    unchanged = msg.gripper == gae.Waypoint.GRIPPER_UNCHANGED
    return Waypoint(
        position=np.array([p.x, p.y, p.z]),
        orientation=np.array([q.x, q.y, q.z, q.w]) if msg.has_orientation else None,
        gripper=None if unchanged else msg.gripper,
    )


def plan_to_msg(plan: WaypointPlan) -> gae.WaypointPlan:
    """Return the message of a plan."""
    msg = gae.WaypointPlan(
        plan_id=plan.plan_id,
        instruction=plan.instruction,
        waypoints=[waypoint_to_msg(w) for w in plan.waypoints],
        anchors=[
            gae.ImageAnchor(label=a.label, u=float(a.pixel[0]), v=float(a.pixel[1]))
            for a in plan.anchors
        ],
        expiry=time_to_msg(plan.expiry_ns),
        planner=plan.planner,
        latency=duration_to_msg(plan.latency_ns),
        moved=[Point(x=x, y=y, z=z) for x, y, z in plan.moved.reshape(-1, 3).tolist()],
    )
    msg.header.stamp = time_to_msg(plan.stamp_ns)
    msg.header.frame_id = plan.frame_id
    return msg


def plan_from_msg(msg: gae.WaypointPlan) -> WaypointPlan:
    """Return the plan of a message; the error of a bad waypoint says which one.

    More than `MOST_WAYPOINTS` raise PlanRefusedError.
    """
    if len(msg.waypoints) > MOST_WAYPOINTS:
        raise PlanRefusedError(
            PlanRefusal.TOO_MANY_WAYPOINTS,
            f'{len(msg.waypoints)} waypoints, at most {MOST_WAYPOINTS} are looked at',
        )
    if len(msg.moved) % 2 or len(msg.moved) > MOST_WAYPOINTS:
        raise InvalidValueError(f'moved has {len(msg.moved)} points: not two for each thing')
    waypoints = []
    for i, waypoint in enumerate(msg.waypoints):
        try:
            waypoints.append(waypoint_from_msg(waypoint))
        except InvalidValueError as error:
            raise InvalidValueError(f'waypoint {i}: {error}') from error
    return WaypointPlan(
        plan_id=msg.plan_id,
        stamp_ns=time_from_msg(msg.header.stamp),
        frame_id=msg.header.frame_id,
        instruction=msg.instruction,
        waypoints=tuple(waypoints),
        expiry_ns=time_from_msg(msg.expiry),
        anchors=tuple(ImageAnchor(label=a.label, pixel=np.array([a.u, a.v])) for a in msg.anchors),
        planner=msg.planner,
        latency_ns=time_from_msg(msg.latency),
        moved=np.reshape([(p.x, p.y, p.z) for p in msg.moved], (-1, 2, 3)),
    )


def withdrawal(plan: WaypointPlan, now_ns: int) -> gae.WaypointPlan:
    """Return the message that takes a plan back: it has no waypoints, and the arm holds."""
    msg = gae.WaypointPlan(plan_id=plan.plan_id + WITHDRAWN, planner=plan.planner)
    msg.header.frame_id = plan.frame_id
    msg.header.stamp = msg.expiry = time_to_msg(now_ns)
    return msg


def is_withdrawal(msg: gae.WaypointPlan) -> bool:
    """Return whether a message takes the plan before it back."""
    return not msg.waypoints and msg.plan_id.endswith(WITHDRAWN)


def progress_to_msg(progress: PlanProgress) -> gae.PlanProgress:
    """Return the message of a plan's progress."""
    return gae.PlanProgress(
        stamp=time_to_msg(progress.stamp_ns),
        plan_id=progress.plan_id,
        state=int(progress.state),
        reason=int(progress.reason),
        progress=progress.progress,
        waypoint=progress.waypoint,
        message=progress.message,
    )


def progress_from_msg(msg: gae.PlanProgress) -> PlanProgress:
    """Return the progress of a message."""
    return PlanProgress(
        stamp_ns=time_from_msg(msg.stamp),
        plan_id=msg.plan_id,
        state=msg.state,
        reason=msg.reason,
        progress=msg.progress,
        waypoint=msg.waypoint,
        message=msg.message,
    )


def goal_to_msg(goal: InstructionGoal) -> ExecuteInstruction.Goal:
    """Return the message of a goal."""
    return ExecuteInstruction.Goal(
        instruction=goal.instruction, require_approval=goal.require_approval
    )


def goal_from_msg(msg: ExecuteInstruction.Goal) -> InstructionGoal:
    """Return the goal of a message."""
    return InstructionGoal(msg.instruction, msg.require_approval)


def feedback_to_msg(feedback: InstructionFeedback) -> ExecuteInstruction.Feedback:
    """Return the message of a feedback."""
    return ExecuteInstruction.Feedback(
        stage=int(feedback.stage),
        progress=feedback.progress,
        plan=[] if feedback.plan is None else [plan_to_msg(feedback.plan)],
    )


def feedback_from_msg(msg: ExecuteInstruction.Feedback) -> InstructionFeedback:
    """Return the feedback of a message."""
    return InstructionFeedback(
        stage=msg.stage,
        progress=msg.progress,
        plan=plan_from_msg(msg.plan[0]) if msg.plan else None,
    )


def result_to_msg(result: InstructionResult) -> ExecuteInstruction.Result:
    """Return the message of a result."""
    return ExecuteInstruction.Result(
        error_code=int(result.error_code),
        error_msg=result.error_msg,
        plans_used=result.plans_used,
    )


def result_from_msg(msg: ExecuteInstruction.Result) -> InstructionResult:
    """Return the result of a message."""
    return InstructionResult(msg.error_code, msg.error_msg, msg.plans_used)

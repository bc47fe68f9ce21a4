"""Markers for rviz: plan, anchors and arm status, in the arm's base frame."""

from __future__ import annotations

from gae_msgs import msg as gae
from rclpy.node import Node

from gae_arm.core.arm import load_arm
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.marks import Mark
from gae_arm.core.motion import ArmStatus
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.progress import PlanProgress
from gae_arm.core.transform_tree import TransformUnknownError
from gae_arm.ros import parameters, topics
from gae_arm.ros.camera_info_input import CameraInfoInput
from gae_arm.ros.marker_msgs import marks_to_msg
from gae_arm.ros.motion_msgs import status_from_msg
from gae_arm.ros.plan_msgs import is_withdrawal, plan_from_msg, progress_from_msg
from gae_arm.ros.run import run_node
from gae_arm.ros.transform_listener import TransformListener
from gae_arm.viewer import words
from gae_arm.viewer.markers.plan_marks import anchor_marks, plan_marks, status_mark
from gae_arm.viewer.settings import MarkersSettings
from gae_arm.viewer.shown_plan import Camera, show_plan


class PlanMarkersNode(Node):
    """Node `plan_markers`; see docs/reference.md for what it says and hears.

    It publishes when something has changed, at most `rate` times a second; a plan whose frame is
    not known yet is tried again.
    """

    def __init__(self) -> None:
        super().__init__('plan_markers')
        settings = parameters.declare(self, MarkersSettings)
        self._base_frame = load_arm(arm_file(settings.arm)).base_frame
        self._transforms = TransformListener(self, lazy=True)
        self._camera = CameraInfoInput(self)
        self._plan: WaypointPlan | None = None
        self._status: ArmStatus | None = None
        self._progress: PlanProgress | None = None
        self._dirty = True
        self._marks: list[Mark] = []
        self._publisher = topics.MARKERS.publisher(self)
        topics.WAYPOINT_PLAN.subscription(self, self._take_plan)
        topics.ARM_STATUS.subscription(self, self._take_status)
        topics.PLAN_PROGRESS.subscription(self, self._take_progress)
        self.create_timer(1 / settings.rate, self._update)

    def _take_plan(self, msg: gae.WaypointPlan) -> None:
        if is_withdrawal(msg):
            self._plan, self._dirty = None, True
            return
        try:
            self._plan, self._dirty = plan_from_msg(msg), True
        except InvalidValueError as error:
            self.get_logger().error(f'waypoint_plan: {error}')

    def _take_status(self, msg: gae.ArmStatus) -> None:
        try:
            self._status, self._dirty = status_from_msg(msg), True
        except InvalidValueError as error:
            self.get_logger().error(f'arm_status: {error}', throttle_duration_sec=1.0)

    def _take_progress(self, msg: gae.PlanProgress) -> None:
        try:
            self._progress, self._dirty = progress_from_msg(msg), True
        except InvalidValueError as error:
            self.get_logger().error(f'plan_progress: {error}', throttle_duration_sec=1.0)

    def _update(self) -> None:
        if not self._dirty:
            return
        marks, trouble = self._plan_marks()
        line = words.progress_line(self._plan, self._progress)
        marks.append(status_mark(self._status, trouble or line))
        if marks != self._marks:
            self._marks = marks
            self._publisher.publish(marks_to_msg(marks, self._base_frame))

    def _plan_marks(self) -> tuple[list[Mark], str]:
        """Return the marks of the plan, or why there are none."""
        self._dirty = False
        if self._plan is None:
            return [], ''
        info = self._camera.newest()
        camera = None if info is None else Camera(*info)
        self._dirty = bool(self._plan.anchors) and camera is None
        try:
            shown = show_plan(self._plan, self._base_frame, self._transforms.lookup, camera)
        except (TransformUnknownError, InvalidValueError) as error:
            self._dirty = isinstance(error, TransformUnknownError)
            return [], f'the plan cannot be shown: {error}'
        labels = [anchor.label for anchor in shown.plan.anchors]
        return plan_marks(shown.plan) + anchor_marks(labels, shown.anchors), ''


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run_node(PlanMarkersNode, args)

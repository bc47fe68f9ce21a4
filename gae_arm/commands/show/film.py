"""A film of one instruction: what the camera sees, with the plan that is being carried out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from gae_msgs.msg import WaypointPlan as WaypointPlanMsg
from PIL import Image
from sensor_msgs.msg import CameraInfo
from sensor_msgs.msg import Image as ImageMsg

from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.plan import WaypointPlan
from gae_arm.evaluation.caption import LAST_SECONDS, RATE, with_caption, write_outcome
from gae_arm.evaluation.video import open_video
from gae_arm.ros import topics
from gae_arm.ros.cloud_msgs import color_from_msg, intrinsics_from_msg
from gae_arm.ros.observer import Observer
from gae_arm.ros.plan_msgs import is_withdrawal, plan_from_msg
from gae_arm.ros.stamps import time_from_msg
from gae_arm.viewer.plan_on_image import draw_plan

SUPERSAMPLING = 2


class Film:
    """Writes RATE pictures for each second of the camera's time, from its making to `finish`.

    `facts` is what it says below the instruction.
    """

    def __init__(self, observer: Observer, file: Path, instruction: str) -> None:
        self.file, self.facts = file, ''
        self._instruction = instruction
        self._video = open_video(file, RATE)
        self._camera: CameraIntrinsics | None = None
        self._plan: WaypointPlan | None = None
        self._began_ns: int | None = None
        self._count = 0
        self._last: Image.Image | None = None
        self._node = observer.node
        self._asked_ns = observer.now_ns()
        self._subscriptions = [
            topics.CAMERA_INFO.subscription(self._node, self._take_camera),
            topics.WAYPOINT_PLAN.subscription(self._node, self._take_plan),
            topics.COLOR.subscription(self._node, self._take_image),
        ]

    def finish(self, outcome: str, good: bool | None) -> None:
        """Let the last picture stay for a while, with the outcome, and close the file.

        Raises ConfigError if it cannot be written.
        """
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        if self._last is not None:
            write_outcome(self._last, outcome, good)
            for _ in range(round(LAST_SECONDS * RATE)):
                self._video.add(self._last)
        self._video.close()

    def _take_camera(self, msg: CameraInfo) -> None:
        self._camera = intrinsics_from_msg(msg)

    def _take_plan(self, msg: WaypointPlanMsg) -> None:
        if is_withdrawal(msg):
            self._plan = None
            return
        plan = plan_from_msg(msg)
        if plan.stamp_ns >= self._asked_ns:
            # As on the enlarged image.
            anchors = [
                replace(a, pixel=SUPERSAMPLING * (a.pixel + 0.5) - 0.5) for a in plan.anchors
            ]
            self._plan = replace(plan, anchors=tuple(anchors))

    def _take_image(self, msg: ImageMsg) -> None:
        stamp_ns = time_from_msg(msg.header.stamp)
        if self._began_ns is None:
            self._began_ns = stamp_ns
        seconds = (stamp_ns - self._began_ns) * 1e-9
        due = int(seconds * RATE) + 1
        if self._camera is None or due <= self._count:
            return
        facts = f'{seconds:.1f} s  {self.facts}'
        self._last = with_caption(self._picture(color_from_msg(msg)), self._instruction, facts)
        for _ in range(due - self._count):  # More than one where an image was lost.
            self._video.add(self._last)
        self._count = due

    def _picture(self, rgb: np.ndarray) -> Image.Image:
        """Return the image with the plan on it, drawn large and made small: smooth lines."""
        image = Image.fromarray(np.ascontiguousarray(rgb))
        if self._plan is None or self._camera is None:
            return image
        large = image.resize((SUPERSAMPLING * image.width, SUPERSAMPLING * image.height))
        drawn = draw_plan(np.asarray(large), _enlarged(self._camera), self._plan)
        return Image.fromarray(drawn).resize(image.size, Image.Resampling.BOX)


def _enlarged(camera: CameraIntrinsics) -> CameraIntrinsics:
    """Return the intrinsics of the image SUPERSAMPLING times as large; pixel centres are integers.

    The simulated camera has no distortion.
    """
    K = np.diag([SUPERSAMPLING, SUPERSAMPLING, 1.0]) @ camera.K
    K[:2, 2] += (SUPERSAMPLING - 1) / 2
    return CameraIntrinsics(SUPERSAMPLING * camera.width, SUPERSAMPLING * camera.height, K)

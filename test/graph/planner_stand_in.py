"""A node that plays the whole stack for the demo: truth, camera, and an action that ends as told.

It acts on its own thread, so that who talks to it may wait.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from gae_msgs.action import ExecuteInstruction
from gae_msgs.msg import ArmStatus
from rclpy.action import ActionServer
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2

from gae_arm.arm_sim.camera import ideal_intrinsics
from gae_arm.arm_sim.tasks.registry import STAGES
from gae_arm.commands.show.conversation import ACTION
from gae_arm.core.motion import ArmState
from gae_arm.core.truth import Truth
from gae_arm.ros import diagnostics, topics
from gae_arm.ros.camera_msgs import image_to_msg, intrinsics_to_msg
from gae_arm.ros.truth_msgs import truth_to_msg

TABLE = STAGES['playground'].sample(0)
START = Truth(
    0,
    {name: item.T_base_item for name, item in TABLE.items.items()},
    {'orange_button': 0.0},
    dict.fromkeys(TABLE.items, 0.0),
    frozenset(),
)
SIZE = (320, 240)
Feedback = ExecuteInstruction.Feedback


class StandIn(Node):
    """truth: what it says is the case. error: what its action ends with, '' for success.

    heard: the instructions. acts: called while the arm would move.
    """

    def __init__(self) -> None:
        super().__init__('arm_control')
        self.truth, self.error, self.heard = START, '', []
        self.acts = lambda: None
        self._truths = topics.SCENE_TRUTH.publisher(self)
        ready = DiagnosticStatus(level=diagnostics.OK, name='vla_planner: planner')
        self._others = [
            (topics.POINTS.publisher(self), PointCloud2()),
            (topics.ARM_STATUS.publisher(self), ArmStatus(state=int(ArmState.HOLDING))),
            (topics.DIAGNOSTICS.publisher(self), DiagnosticArray(status=[ready])),
        ]
        self._colors = topics.COLOR.publisher(self)
        self._infos = topics.CAMERA_INFO.publisher(self)
        self.create_timer(0.02, self._publish)
        self._server = ActionServer(self, ExecuteInstruction, ACTION, self._execute)

    def _publish(self) -> None:
        now_ns = self.get_clock().now().nanoseconds
        truth = dataclasses.replace(self.truth, stamp_ns=now_ns)
        self._truths.publish(truth_to_msg(truth, now_ns, 'base'))
        image = np.full((*SIZE[::-1], 3), 90, np.uint8)
        self._colors.publish(image_to_msg(image, 'rgb8', now_ns, 'camera'))
        self._infos.publish(intrinsics_to_msg(ideal_intrinsics(*SIZE), now_ns, 'camera'))
        for publisher, msg in self._others:
            publisher.publish(msg)

    def _execute(self, goal):
        self.heard.append(goal.request.instruction)
        for stage in (Feedback.PLAN, Feedback.MOVING):
            goal.publish_feedback(Feedback(stage=stage, progress=0.5))
        self.acts()
        (goal.abort if self.error else goal.succeed)()
        return ExecuteInstruction.Result(
            error_code=int(bool(self.error)), error_msg=self.error, plans_used=1
        )


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """Run one, in a context that somebody else has initialised."""
    node = StandIn()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    try:
        yield node
    finally:
        executor.shutdown()
        thread.join()
        node.destroy_node()

"""The web page of the arm: see what it does and is about to do, stop it, approve plans.

The node's state belongs to the executor's thread. The web server's threads hand clicks over
through a queue and wake the executor. While no page is open next to nothing is heard or drawn.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from gae_msgs import msg as gae
from nav_msgs.msg import Path
from rclpy.client import Client
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription
from rclpy.task import Future
from sensor_msgs.msg import Image, JointState, PointCloud2
from std_msgs.msg import String
from std_srvs.srv import Trigger

from gae_arm.core import geometry
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import GaeError
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.ros import parameters, topics
from gae_arm.ros.camera_info_input import CameraInfoInput
from gae_arm.ros.cloud_msgs import color_from_msg, colored_points_from_msg
from gae_arm.ros.health_input import HealthInput
from gae_arm.ros.marker_msgs import path_from_msg
from gae_arm.ros.motion_msgs import state_from_msg, status_from_msg
from gae_arm.ros.plan_msgs import (
    is_withdrawal,
    plan_from_msg,
    plan_to_msg,
    progress_from_msg,
    progress_to_msg,
)
from gae_arm.ros.run import run_node
from gae_arm.ros.stamps import time_from_msg
from gae_arm.ros.topics import Topic
from gae_arm.ros.transform_listener import TransformListener
from gae_arm.viewer.approval import SUFFIX, approved, rejected
from gae_arm.viewer.settings import ViewerSettings
from gae_arm.viewer.shown_plan import Camera, ShownPlan, show_plan
from gae_arm.viewer.web.facts import Facts, SeenCloud
from gae_arm.viewer.web.page import Page
from gae_arm.viewer.web.server import PageServer

COLOR_LASTS_NS = 2_000_000_000
IMAGE_PERIOD_NS = 400_000_000


@dataclass
class Source:
    """A topic of which only the newest message counts; read when the page is drawn.

    take: called with the message; may raise GaeError. period_ns: shortest time between readings.
    always: heard also while no page is open, so that who sends knows that somebody is there.
    """

    topic: Topic
    take: Callable[[Any], None]
    period_ns: int = 0
    always: bool = False
    newest: bytes | None = None
    next_ns: int = 0
    subscription: Subscription | None = None

    def is_due(self, now_ns: int) -> bool:
        """Return whether it may be read again; also after the clock was set back."""
        return not now_ns < self.next_ns <= now_ns + self.period_ns


class ViewerNode(Node):
    """Node `viewer`; see docs/reference.md for what it says and hears, docs/viewer.md for use."""

    def __init__(self) -> None:
        super().__init__('viewer')
        settings = parameters.declare(self, ViewerSettings)
        arm = load_arm(arm_file(settings.arm))
        self._base_frame = arm.base_frame
        self._facts = Facts()
        self._plan: WaypointPlan | None = None
        self._proposal: WaypointPlan | None = None
        self._color_until_ns = 0
        self._answered: tuple[str, int] | None = None
        self._transforms = TransformListener(self, lazy=True)
        self._camera: CameraInfoInput | None = None
        self._health: HealthInput | None = None
        self._sources = self._make_sources(round(1e9 / settings.cloud_rate))
        for source in self._sources:
            if source.always:
                self._hear(source)
        self._status_topic = self.resolve_topic_name(topics.ARM_STATUS.name)
        self._plans = topics.WAYPOINT_PLAN.publisher(self)
        self._refusals = topics.PLAN_PROGRESS.publisher(self)
        self._instructions = topics.INSTRUCTION.publisher(self)
        self._stop = self.create_client(Trigger, 'stop')
        self._resume = self.create_client(Trigger, 'resume')
        self._clicks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake = self.create_guard_condition(self._run_clicks)
        # Steady: a page must not freeze because simulation time does.
        self._timer = self.create_timer(
            1 / settings.rate, self._draw, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        self._timer.cancel()
        self._server = PageServer(settings.host, settings.port, f'{arm.name} arm')
        self._page = Page(self._server, self, self._base_frame, settings.cloud_points)
        self._server.on_client_connect(lambda _: self._later(self._follow_clients))
        self._server.on_client_disconnect(lambda _: self._later(self._follow_clients))
        self.get_logger().info(f'open {self._server.url} in a browser')

    def close(self) -> None:
        """End the web server."""
        self._server.stop()

    # -- clicks; called in threads of the web server

    def stop(self) -> None:
        """Call the service `stop`."""
        self._later(lambda: self._call(self._stop))

    def resume(self) -> None:
        """Call the service `resume`."""
        self._later(lambda: self._call(self._resume))

    def instruct(self, words: str) -> None:
        """Publish what a person wants done."""
        self._later(lambda: self._instruct(words))

    def approve(self, shown: ShownPlan, waypoints: tuple[Waypoint, ...]) -> None:
        """Publish the proposed plan, with these waypoints, as the plan to carry out."""
        self._later(lambda: self._approve(shown, waypoints))

    def reject(self, shown: ShownPlan) -> None:
        """Say on `plan_progress` that the proposed plan is not wanted."""
        self._later(lambda: self._reject(shown))

    def complain(self, text: str) -> None:
        """Show a sentence on the page."""
        self._later(lambda: self._answer(text))

    def _later(self, work: Callable[[], None]) -> None:
        self._clicks.put(work)
        self._wake.trigger()

    def _run_clicks(self) -> None:
        while not self._clicks.empty():
            self._clicks.get()()

    # -- what the clicks do, in the executor's thread

    def _call(self, client: Client) -> None:
        name = client.srv_name.rsplit('/', 1)[-1]
        if not client.service_is_ready():
            self._answer(f'{name}: nobody offers this service; does arm_control run?')
            return
        self._answer(f'{name}: asked')
        client.call_async(Trigger.Request()).add_done_callback(
            lambda future: self._answer(f'{name}: {_outcome(future)}')
        )

    def _instruct(self, words: str) -> None:
        if not self._instructions.get_subscription_count():
            self._answer(f'nobody hears {words[:60]!r}: does the planner run?')
            return
        self._instructions.publish(String(data=words))
        self._answer(f'asked: {words[:60]}')

    def _approve(self, shown: ShownPlan, waypoints: tuple[Waypoint, ...]) -> None:
        if shown is not self._facts.proposal:
            return  # Answered already, in another browser.
        try:
            plan = approved(shown, waypoints, self._now_ns())
        except GaeError as error:
            self._answer(f'the plan cannot be approved: {error}')
            return
        self._plans.publish(plan_to_msg(plan))
        self._close_proposal(shown, f'approved: {plan.plan_id}')

    def _reject(self, shown: ShownPlan) -> None:
        if shown is self._facts.proposal:
            self._refusals.publish(progress_to_msg(rejected(shown.source, self._now_ns())))
            self._close_proposal(shown, f'rejected: {shown.source.plan_id}')

    def _close_proposal(self, shown: ShownPlan, answer: str) -> None:
        self._answered = (shown.source.plan_id, shown.source.stamp_ns)
        self._proposal = self._facts.proposal = None
        self._answer(answer)

    def _answer(self, text: str) -> None:
        self._facts.answer = text
        self.get_logger().info(text)

    # -- what is heard

    def _make_sources(self, cloud_period_ns: int) -> list[Source]:
        return [
            Source(topics.ROBOT_DESCRIPTION, self._take_description),
            Source(topics.JOINT_STATES, self._take_state),
            Source(topics.POINTS_VIEW, self._take_colored_cloud, cloud_period_ns),
            Source(topics.POINTS, self._take_cloud, cloud_period_ns),
            Source(topics.ARM_STATUS, self._take_status),
            Source(topics.WAYPOINT_PLAN, self._take_plan),
            Source(topics.PROPOSED_PLAN, self._take_proposal, always=True),
            Source(topics.PLAN_PROGRESS, self._take_progress),
            Source(topics.PLANNED_PATH, self._take_guide),
            Source(topics.EXECUTED_PATH, self._take_executed),
            Source(topics.COLOR, self._take_image, IMAGE_PERIOD_NS),
            Source(topics.ANNOTATED_IMAGE, self._take_annotated),
        ]

    def _take_description(self, msg: String) -> None:
        self._facts.urdf = msg.data

    def _take_state(self, msg: JointState) -> None:
        self._facts.state = state_from_msg(msg)

    def _take_colored_cloud(self, msg: PointCloud2) -> None:
        cloud = self._seen(msg)
        if cloud.colors is not None:
            self._facts.cloud = cloud

    def _take_cloud(self, msg: PointCloud2) -> None:
        """Show the cloud without colours where none with colours comes."""
        shown = self._facts.cloud
        if shown is None or shown.colors is None or self._facts.now_ns > self._color_until_ns:
            self._facts.cloud = self._seen(msg)

    def _seen(self, msg: PointCloud2) -> SeenCloud:
        points, colors = colored_points_from_msg(msg)
        seen = np.isfinite(points).all(axis=1)
        points = geometry.transform_points(self._to_base(msg.header), points[seen])
        if colors is not None:
            self._color_until_ns = self._facts.now_ns + COLOR_LASTS_NS
            colors = colors[seen]
        return SeenCloud(time_from_msg(msg.header.stamp), points, colors)

    def _take_image(self, msg: Image) -> None:
        self._facts.camera = color_from_msg(msg)

    def _take_annotated(self, msg: Image) -> None:
        self._facts.annotated = color_from_msg(msg)

    def _take_status(self, msg: gae.ArmStatus) -> None:
        self._facts.status = status_from_msg(msg)

    def _take_plan(self, msg: gae.WaypointPlan) -> None:
        self._plan = None if is_withdrawal(msg) else plan_from_msg(msg)
        self._facts.plan = None

    def _take_proposal(self, msg: gae.WaypointPlan) -> None:
        if is_withdrawal(msg):
            self._proposal = self._facts.proposal = None
            return
        plan = plan_from_msg(msg)
        carried_out = self._plan is not None and self._plan.plan_id == plan.plan_id + SUFFIX
        if (plan.plan_id, plan.stamp_ns) != self._answered and not carried_out:
            self._proposal, self._facts.proposal = plan, None

    def _take_progress(self, msg: gae.PlanProgress) -> None:
        self._facts.progress = progress_from_msg(msg)

    def _take_guide(self, msg: Path) -> None:
        self._facts.guide = geometry.transform_points(self._to_base(msg.header), path_from_msg(msg))

    def _take_executed(self, msg: Path) -> None:
        path = geometry.transform_points(self._to_base(msg.header), path_from_msg(msg))
        self._facts.executed = path

    def _to_base(self, header: Any) -> np.ndarray:
        """Return T_base_message (4, 4); raises TransformUnknownError."""
        if header.frame_id == self._base_frame:
            return np.eye(4)
        stamp_ns = time_from_msg(header.stamp)
        return self._transforms.lookup(self._base_frame, header.frame_id, stamp_ns)

    # -- the page

    def _follow_clients(self) -> None:
        """Hear and draw only while a page is open; what is latched comes again then."""
        if self._server.get_clients() and self._timer.is_canceled():
            for source in self._sources:
                self._hear(source)
            self._camera = CameraInfoInput(self)
            self._health = HealthInput(self)
            self._timer.reset()
        elif not self._server.get_clients() and not self._timer.is_canceled():
            self._timer.cancel()
            for source in self._sources:
                if source.subscription is not None and not source.always:
                    self.destroy_subscription(source.subscription)
                    source.subscription, source.newest = None, None
            if self._camera is not None:
                self._camera.close()
                self._camera = None
            if self._health is not None:
                self._health.close()
                self._health = None

    def _hear(self, source: Source) -> None:
        def take(data: bytes) -> None:
            source.newest = data

        if source.subscription is None:
            source.subscription = source.topic.subscription(self, take, raw=True)

    def _draw(self) -> None:
        now_ns = self._facts.now_ns = self._now_ns()
        for source in self._sources:
            if source.newest is not None and source.is_due(now_ns):
                self._read(source, source.newest, now_ns)
        self._facts.arm_there = self.count_publishers(self._status_topic) > 0
        if self._health is not None:
            self._facts.health = self._health.values
            self._facts.history.note(now_ns, self._health.values)
        self._lift()
        self._page.show(self._facts)

    def _read(self, source: Source, data: bytes, now_ns: int) -> None:
        source.newest = None
        source.next_ns = now_ns + source.period_ns
        try:
            source.take(deserialize_message(data, source.topic.type))
        except GaeError as error:
            self._facts.troubles[source.topic.name] = str(error)
        else:
            self._facts.troubles.pop(source.topic.name, None)

    def _lift(self) -> None:
        """Bring new plans into the base frame; what is not known yet is tried again."""
        facts = self._facts
        if self._plan is not None and facts.plan is None:
            facts.plan = self._shown('plan', self._plan)
        if self._proposal is not None and facts.proposal is None:
            facts.proposal = self._shown('proposed plan', self._proposal)

    def _shown(self, subject: str, plan: WaypointPlan) -> ShownPlan | None:
        self._facts.troubles.pop(subject, None)
        info = self._camera.newest() if self._camera and plan.anchors else None
        camera = None if info is None else Camera(*info)
        try:
            return show_plan(plan, self._base_frame, self._transforms.lookup, camera)
        except GaeError as error:
            self._facts.troubles[subject] = f'cannot be shown: {error}'
            return None

    def _now_ns(self) -> int:
        return self.get_clock().now().nanoseconds


def _outcome(future: Future) -> str:
    response = future.result()
    return f'{"done" if response.success else "refused"}. {response.message}'


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run_node(ViewerNode, args)

"""The camera's depth as the cloud of the workspace, many times a second."""

from __future__ import annotations

import numpy as np
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image

from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file
from gae_arm.point_cloud.pipeline import CloudPipeline, WorkspaceCloud
from gae_arm.point_cloud.robot_mask import RobotMask
from gae_arm.point_cloud.settings import CloudNodeSettings
from gae_arm.point_cloud.warm_up import warm_up
from gae_arm.point_cloud.workspace import WorkspaceSettings
from gae_arm.ros import diagnostics, parameters, topics
from gae_arm.ros.camera_input import CameraInput, CameraInputSettings, CameraView
from gae_arm.ros.cloud_msgs import cloud_to_msg, color_from_msg
from gae_arm.ros.diagnostics import Diagnostics
from gae_arm.ros.run import run_node
from gae_arm.ros.stamps import time_from_msg


class PointCloudNode(Node):
    """Node `point_cloud`; see docs/reference.md for what it says and hears.

    One thread: a frame is worked on as soon as its parts are there, and subscribers are never
    waited for.
    """

    def __init__(self) -> None:
        super().__init__('point_cloud')
        self._settings = parameters.declare(self, CloudNodeSettings)
        workspace = parameters.declare(self, WorkspaceSettings)
        camera = parameters.declare(self, CameraInputSettings)
        arm = load_arm(arm_file(self._settings.arm))
        self._base_frame = arm.base_frame
        self.get_logger().info('preparing the kernels; the first time this takes a minute')
        warm_up()
        masks = self._settings.mask_robot
        self._mask = RobotMask.of_arm(arm, workspace.robot_margin) if masks else None
        self._pipeline = CloudPipeline(workspace, self._mask)
        self._points = topics.POINTS.publisher(self)
        self._view = topics.POINTS_VIEW.publisher(self)
        self._color_subscription: Subscription | None = None
        self._color: Image | None = None
        self._uncolored: WorkspaceCloud | None = None
        self._next_view_ns = 0
        self._seen: dict[str, object] = {}
        self._diagnostics = Diagnostics(self)
        self._load = diagnostics.ProcessLoad()
        self._camera = CameraInput(
            self, camera, self._base_frame, self._make_cloud, needs_state=masks
        )
        self.create_timer(1.0, self._report)
        self.get_logger().info('ready')

    def _make_cloud(self, view: CameraView) -> None:
        T_base_links = None
        if self._mask is not None and view.state is not None:
            names, positions = view.state.joint_names, view.state.position.tolist()
            T_base_links = self._mask.link_transforms(dict(zip(names, positions, strict=True)))
        cloud = self._pipeline.process(view.frame, view.T_base_camera, T_base_links)
        self._points.publish(cloud_to_msg(cloud.points, cloud.stamp_ns, self._base_frame))
        now_ns = self._camera.now_ns()
        self._camera.record.use(now_ns - cloud.stamp_ns)
        self._seen = {
            'points': len(cloud.points),
            'valid_share': cloud.valid / cloud.total,
            'robot_share': cloud.robot / cloud.total,
            'noise_m': cloud.noise,
        }
        if self._color_subscription and now_ns >= self._next_view_ns:
            self._next_view_ns = now_ns + round(1e9 / self._settings.view_rate)
            if self._uncolored is not None:  # Its colours have not come in all this time.
                self._publish_view(self._uncolored, None)
            self._uncolored = cloud
            self._publish_colored()

    def _publish_colored(self) -> None:
        """Publish the cloud for people once the colour image of its time is there.

        The two images of a time come in any order.
        """
        cloud, color = self._uncolored, self._color
        if cloud is None or color is None or time_from_msg(color.header.stamp) != cloud.stamp_ns:
            return
        self._uncolored = None
        self._publish_view(cloud, color_from_msg(color).reshape(-1, 3)[cloud.pixels])

    def _publish_view(self, cloud: WorkspaceCloud, colors: np.ndarray | None) -> None:
        msg = cloud_to_msg(cloud.points, cloud.stamp_ns, self._base_frame, colors)
        self._view.publish(msg)

    def _take_color(self, msg: Image) -> None:
        self._color = msg
        self._publish_colored()

    def _follow_viewers(self) -> None:
        """Hear the colour image only while somebody looks: it is the largest message of all."""
        looking = self._settings.view_rate > 0 and self._view.get_subscription_count() > 0
        if looking and self._color_subscription is None:
            self._color_subscription = topics.COLOR.subscription(self, self._take_color)
        elif not looking and self._color_subscription is not None:
            self.destroy_subscription(self._color_subscription)
            self._color_subscription = self._color = self._uncolored = None

    def _report(self) -> None:
        self._follow_viewers()
        record = self._camera.record
        rate, used, dropped = record.since_last(self._camera.now_ns())
        values = {'rate': rate, 'cpu_cores': self._load.cores(), **self._seen, **record.values()}
        arrivals = self._camera.arrivals.values()
        values |= {k.replace('latency', 'image'): v for k, v in arrivals.items() if k != 'used'}
        if used == 0:
            level, text = diagnostics.STALE, f'no cloud: {record.last_drop or "no images come"}'
        elif dropped:
            level, text = diagnostics.WARN, f'{dropped} frames dropped: {record.last_drop}'
        else:
            level, text = diagnostics.OK, 'running'
        self._diagnostics.publish('cloud', level, text, values)


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run_node(PointCloudNode, args)

"""The whole stack in one process: simulated arm, camera, cloud and arm control, without ROS.

What runs here is what runs on the graph: the same simulation behind the same trajectory controller,
the same cloud pipeline, the same controller with its governor. Only the wires are missing, so
time is simulated time and an episode takes as long as its computation does.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from gae_arm.arm_control.controller import ArmController, ControlOutput
from gae_arm.arm_control.grasp_sites import GraspSites
from gae_arm.arm_control.ik import IkSettings
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.settings import ArmControlSettings
from gae_arm.arm_control.streaming import StreamSettings
from gae_arm.arm_sim.camera import RgbdCamera
from gae_arm.arm_sim.depth_noise import DepthNoise
from gae_arm.arm_sim.driver import ArmDriver
from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.truth import Truth, observe_truth
from gae_arm.core.arm import ArmConfig
from gae_arm.core.camera import CameraFrame
from gae_arm.core.cloud import Cloud
from gae_arm.core.motion import ActionChunk, RobotState
from gae_arm.core.plan import WaypointPlan
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.robot_mask import RobotMask
from gae_arm.point_cloud.workspace import WorkspaceSettings

EPOCH_NS = 10_000_000_000
"""Stamp of the simulation's beginning: stamps of 0 mean "none" on the wire."""


@dataclass(frozen=True)
class CellSettings:
    """What a cell is made of; the defaults are those of the nodes.

    width, height: of the camera's images, pixels. depth_noise: of the camera. shadows: only colour
    images show them; without them a CPU renders three times as fast.
    """

    control: ArmControlSettings = field(default_factory=ArmControlSettings)
    governor: GovernorSettings = field(default_factory=GovernorSettings)
    stream: StreamSettings = field(default_factory=StreamSettings)
    ik: IkSettings = field(default_factory=IkSettings)
    workspace: WorkspaceSettings = field(default_factory=WorkspaceSettings)
    depth_noise: DepthNoise = field(default_factory=DepthNoise)
    width: int = 320
    height: int = 240
    shadows: bool = False


class Cell:
    """One arm at its table; `load` lays out a task, `step` lets a control period pass.

    pixel_noise: m, standard deviation of the error of every depth reading, beside the camera's own.
    lost_points: share of the points of every cloud that are lost.
    Made, used and closed in one thread.
    """

    def __init__(self, arm: ArmConfig, settings: CellSettings | None = None) -> None:
        self.arm = arm
        self.settings = settings or CellSettings()
        self._mask = RobotMask.of_arm(arm, self.settings.workspace.robot_margin)
        self._pipeline = CloudPipeline(self.settings.workspace, self._mask)
        self._camera: RgbdCamera | None = None
        self._opening: float | None = None
        self.pixel_noise = self.lost_points = 0.0

    def __enter__(self) -> Cell:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the camera; again is fine."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def load(self, instance: TaskInstance) -> None:
        """Lay the task out: arm at home, fresh control, the camera where the task has it."""
        s = self.settings
        self.instance = instance
        self._rng = np.random.default_rng([instance.seed, 13])
        self.simulation = instance.simulate(self.arm, s.width, s.height)
        self._driver = ArmDriver(self.simulation, interpolate_from_desired_state=True)
        height = instance.table_height
        control = dataclasses.replace(s.control, table_height=height)
        lower = (*s.governor.workspace_lower[:2], height)
        governor = dataclasses.replace(s.governor, workspace_lower=lower)
        self.controller = ArmController(self.arm, control, governor, s.stream, s.ik)
        self._period_ns = s.governor.step_ns
        self._opening = None
        self._place_camera(self.simulation)

    @property
    def now_ns(self) -> int:
        """Return the node clock's time, nanoseconds."""
        return EPOCH_NS + self.simulation.stamp_ns

    @property
    def latched(self) -> bool:
        """Return whether the arm stands until somebody lets it go on."""
        return self.controller.governor.latched is not None

    @property
    def T_base_camera(self) -> np.ndarray:
        """Return the pose (4, 4) of the camera's optical frame."""
        return self.instance.view.T_base_camera

    def observe(self) -> RobotState:
        """Return the arm's state, stamped with `now_ns`."""
        state = self._driver.observe()
        return RobotState(
            self.now_ns, state.joint_names, state.position, state.velocity, state.effort
        )

    def truth(self) -> Truth:
        """Return what is the case, for judges and demonstrators only."""
        return observe_truth(self.simulation)

    def frame(self, color: bool = True) -> CameraFrame:
        """Return what the camera sees now; color: False leaves the slow half of it out."""
        assert self._camera is not None
        return self._camera.render(self.simulation.snapshot().qpos, self.now_ns, color)

    def cloud(self, frame: CameraFrame | None = None) -> Cloud:
        """Return the workspace cloud of a frame (or of a new one), which the governor sees too."""
        frame = frame or self.frame(color=False)
        if self.pixel_noise:
            frame = dataclasses.replace(frame, depth=self._erring(frame.depth))
        state = self.observe()
        joints = dict(zip(state.joint_names, state.position.tolist(), strict=True))
        links = self._mask.link_transforms(joints)
        made = self._pipeline.process(frame, self.T_base_camera, links)
        points = made.points.copy()
        if self.lost_points:
            points = points[self._rng.random(len(points)) >= self.lost_points]
        cloud = Cloud(made.stamp_ns, self.arm.base_frame, points)
        self.controller.take_cloud(cloud.stamp_ns, cloud.points)
        return cloud

    def _erring(self, depth: np.ndarray) -> np.ndarray:
        """Return a depth image (H, W), uint16 mm, whose readings err by `pixel_noise`."""
        errors = self._rng.standard_normal(depth.shape, np.float32) * (1000 * self.pixel_noise)
        return np.where(depth == 0, 0, np.clip(depth + errors, 1, 65535)).astype(np.uint16)

    def take_plan(self, plan: WaypointPlan) -> None:
        """Tell the controller which plan (in the base frame) the coming chunks carry out."""
        opening = 1.0 if self._opening is None else self._opening
        self.controller.take_plan(plan)
        self.controller.set_sites(plan.plan_id, GraspSites.of(plan, np.eye(4), opening))

    def take_chunk(self, chunk: ActionChunk) -> None:
        """Hand a chunk to the controller."""
        self.controller.take_chunk(chunk, self.now_ns)

    def step(self) -> ControlOutput:
        """Let one control period pass: tick the controller, drive the arm."""
        self.controller.take_joint_state(self.observe())
        output = self.controller.tick(self.now_ns)
        if output.trajectory is not None:
            self._driver.command_trajectory(output.trajectory, self.now_ns)
        if output.gripper is not None and output.gripper != self._opening:
            self._opening = output.gripper
            self._driver.command_gripper(self.arm.gripper.positions(output.gripper))
        step_ns = self.simulation.timestep_ns
        first = self.now_ns + step_ns
        self._driver.advance(range(first, first + self._period_ns, step_ns))
        return output

    def _place_camera(self, simulation: ArmSimulation) -> None:
        s = self.settings
        camera = self.instance.view.camera(s.width, s.height, s.shadows)
        if self._camera is None:
            self._camera = RgbdCamera(simulation.model, camera, s.depth_noise)
        else:
            self._camera.set_model(simulation.model, camera)

"""A simulated arm at rest before a camera, both where they are put: the truth for calibration."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Self

import numpy as np

from gae_arm.arm_sim.camera import CameraSettings, RgbdCamera, add_camera
from gae_arm.arm_sim.model import Modifier, build_model, joint_addresses
from gae_arm.arm_sim.scene import Scene
from gae_arm.core.arm import ArmConfig
from gae_arm.core.camera import CameraFrame
from gae_arm.core.geometry import matrix_to_quaternion
from gae_arm.core.motion import RobotState


class SeenArm:
    """An arm with its scene and a camera of these settings; a context manager.

    modifiers: of the model before it is compiled. No physics: the arm is where it is put, the
    gripper opened.
    """

    def __init__(
        self,
        arm: ArmConfig,
        scene: Scene,
        settings: CameraSettings,
        modifiers: Iterable[Modifier] = (),
    ) -> None:
        self.arm, self.settings = arm, settings
        camera = partial(add_camera, settings=settings)
        self._model, _ = build_model(arm, scene, modifiers=[camera, *modifiers])
        self._joints = joint_addresses(self._model, arm.joints)
        self._fingers = joint_addresses(self._model, arm.gripper.joints)
        self._camera = RgbdCamera(self._model, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._camera.close()

    def T_base_camera(self, positions: np.ndarray) -> np.ndarray:
        """Return where the camera is (4, 4) while the joints are at positions (N,), rad."""
        return self.settings.T_base_camera

    def render(self, positions: np.ndarray, stamp_ns: int = 0) -> CameraFrame:
        """Return what the camera sees while the joints are at positions (N,), rad."""
        qpos = self._model.qpos0.copy()
        qpos[self._joints], qpos[self._fingers] = positions, self.arm.gripper.opened
        T = self.T_base_camera(positions)
        eye = self._model.camera(self.settings.frame_id)
        eye.pos = T[:3, 3]
        # MuJoCo's cameras look along -z with y up.
        eye.quat = np.roll(matrix_to_quaternion(T[:3, :3] @ np.diag([1.0, -1.0, -1.0])), 1)
        return self._camera.render(qpos, stamp_ns)


def state_of(
    arm: ArmConfig, positions: np.ndarray, stamp_ns: int = 0, velocity: float = 0.0
) -> RobotState:
    """Return the joint state at positions (N,), rad, all joints at the same velocity, rad/s."""
    count = len(arm.joints)
    moving = np.full(count, velocity)
    return RobotState(stamp_ns, arm.joints, np.asarray(positions), moving, np.zeros(count))


def positions_near_home(arm: ArmConfig, rng: np.random.Generator, reach: float) -> np.ndarray:
    """Return random joint positions (N,), each up to `reach` rad from home, within the limits."""
    turn = rng.uniform(-reach, reach, len(arm.joints))
    return np.clip(arm.home + turn, arm.limits.lower, arm.limits.upper)

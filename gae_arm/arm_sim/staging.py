"""What the node simulates for a seed: a plain scene, or that of a task with its own camera."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial

from gae_arm.arm_sim.camera import CameraSettings, add_camera
from gae_arm.arm_sim.model import Modifier
from gae_arm.arm_sim.scene import Scene, sample_scene
from gae_arm.arm_sim.settings import ArmSimSettings
from gae_arm.arm_sim.tasks.range_words import ranges_of
from gae_arm.arm_sim.tasks.registry import STAGES


@dataclass(frozen=True)
class Stage:
    """A scene, the camera that sees it, and what is asked for in it: '' in a plain scene."""

    scene: Scene
    camera: CameraSettings
    instruction: str = ''

    @property
    def modifiers(self) -> tuple[Modifier, ...]:
        """Return what adds the camera to a model: see `build_model`."""
        return (partial(add_camera, settings=self.camera),)


def make_stage(settings: ArmSimSettings, seed: int) -> Stage:
    """Return the stage of a seed: that of the task in the settings, if there is one."""
    if not settings.has_task:
        return Stage(sample_scene(seed), settings.camera())
    instance = STAGES[settings.task].sample(seed, ranges_of(settings.ranges))
    camera = instance.view.camera(
        settings.camera_width, settings.camera_height, settings.camera_shadows
    )
    camera = dataclasses.replace(camera, frame_id=settings.camera_frame)
    return Stage(instance.scene, camera, instance.instruction)

"""Make the pictures in docs/images: `.venv/bin/python docs/make_pictures.py`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from gae_arm.arm_sim.camera import RgbdCamera, add_camera
from gae_arm.arm_sim.settings import ArmSimSettings
from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.core.arm import load_arm
from gae_arm.core.geometry import look_at, matrix_to_quaternion
from gae_arm.core.paths import arm_file

FOLDER = Path(__file__).parent / 'images'
ARMS = ('panda', 'ur5', 'xarm7')
EYE, TARGET = (1.35, -0.75, 0.75), (0.3, 0.0, 0.22)
NEAR, FAR = 800, 2400  # millimetres, black to white
SEED = 3


def picture(name: str) -> np.ndarray:
    """Return colour above depth (2 H, W, 3) of one arm at its table."""
    pose = look_at(EYE, TARGET)
    settings = ArmSimSettings(
        camera_width=480,
        camera_height=400,
        camera_xyz=tuple(pose[:3, 3].tolist()),
        camera_xyzw=tuple(matrix_to_quaternion(pose[:3, :3]).tolist()),
    )
    camera = settings.camera()
    simulation = ArmSimulation(
        load_arm(arm_file(name)), SEED, modifiers=[partial(add_camera, settings=camera)]
    )
    with RgbdCamera(simulation.model, camera, settings.noise()) as renderer:
        frame = renderer.render(simulation.snapshot().qpos, 0)
    grey = np.clip((frame.depth.astype(float) - NEAR) / (FAR - NEAR), 0, 1) * (frame.depth > 0)
    depth = np.repeat((grey * 255).astype(np.uint8)[..., None], 3, axis=-1)
    return np.concatenate([frame.color, depth])


if __name__ == '__main__':
    FOLDER.mkdir(exist_ok=True)
    together = np.concatenate([picture(name) for name in ARMS], axis=1)
    Image.fromarray(together).save(FOLDER / 'arms.jpg', quality=88)
    print(FOLDER / 'arms.jpg')

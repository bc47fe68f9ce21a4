"""Make docs/images/cloud*.jpg: `.venv/bin/python docs/make_cloud_pictures.py`.

The chart of costs is made by `./gae bench cloud --plot docs/images/cloud_cost.png`.
"""

from __future__ import annotations

import json
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from gae_arm.arm_sim.camera import RgbdCamera, add_camera
from gae_arm.arm_sim.settings import ArmSimSettings
from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.commands.main import main
from gae_arm.core.arm import load_arm
from gae_arm.core.camera import CameraFrame
from gae_arm.core.geometry import look_at, matrix_to_quaternion
from gae_arm.core.paths import arm_file
from gae_arm.point_cloud import picture
from gae_arm.point_cloud.pipeline import CloudPipeline, WorkspaceCloud
from gae_arm.point_cloud.robot_mask import RobotMask
from gae_arm.point_cloud.sampling import LocalSampler
from gae_arm.point_cloud.workspace import WorkspaceSettings

FOLDER = Path(__file__).parent / 'images'
T_BASE_CAMERA = look_at((1.25, -0.65, 0.75), (0.35, 0.0, 0.15))
SEED = 3
PANEL = (760, 560)
CENTER = (0.5, 0.0, 0.05)
VIEW = picture.perspective(np.array([1.5, -1.0, 0.9]), np.array([0.35, 0, 0.2]), PANEL, 1.5)


def photograph() -> tuple[CameraFrame, dict[str, float]]:
    """Return a noisy RGB-D image of the Panda at its table, and its joint state."""
    settings = ArmSimSettings(
        camera_width=640,
        camera_height=480,
        camera_xyz=tuple(T_BASE_CAMERA[:3, 3].tolist()),
        camera_xyzw=tuple(matrix_to_quaternion(T_BASE_CAMERA[:3, :3]).tolist()),
    )
    camera = settings.camera()
    simulation = ArmSimulation(
        load_arm(arm_file('panda')), SEED, modifiers=[partial(add_camera, settings=camera)]
    )
    with RgbdCamera(simulation.model, camera, settings.noise()) as renderer:
        frame = renderer.render(simulation.snapshot().qpos, 0)
    state = simulation.observe()
    return frame, dict(zip(state.joint_names, state.position.tolist(), strict=True))


def draw_sheet(frame: CameraFrame) -> None:
    """Let `gae cloud` draw the image, from files as a user has them."""
    with tempfile.TemporaryDirectory() as folder:
        rgb, depth, camera = (Path(folder) / name for name in ('c.png', 'd.png', 'c.json'))
        Image.fromarray(frame.color).save(rgb)
        Image.fromarray(frame.depth).save(depth)
        pose = {'intrinsics': frame.intrinsics.K.tolist(), 'extrinsics': T_BASE_CAMERA.tolist()}
        camera.write_text(json.dumps(pose))
        view = ['--view', str(FOLDER / 'cloud.jpg'), '--range', '0.2', '2.0']
        main(['cloud', str(rgb), str(depth), str(camera), *view])


def draw_stages(frame: CameraFrame, positions: dict[str, float]) -> None:
    """Draw the cloud as the camera sees it, without the robot, and the expert's 512 points."""
    mask = RobotMask.of_arm(load_arm(arm_file('panda')))
    settings, links = WorkspaceSettings(range_max=2.0), mask.link_transforms(positions)
    seen = CloudPipeline(settings).process(frame, T_BASE_CAMERA)
    masked = CloudPipeline(settings, mask).process(frame, T_BASE_CAMERA, links)
    local = LocalSampler(512, 0.2).sample(masked.points, CENTER).points
    cloud, colors, sizes = drawable(frame, masked)
    with_local = (
        np.concatenate([cloud, local]),
        np.concatenate([colors // 3, np.tile(np.uint8([[255, 170, 40]]), (512, 1))]),
        np.concatenate([sizes, np.full(512, 0.01)]),
    )
    panels = {
        f'in the workspace: {len(seen.points):,} points': drawable(frame, seen),
        f'without the robot: {len(cloud):,}': (cloud, colors, sizes),
        'what the expert gets: 512 around a pose': with_local,
    }
    page = Image.new('RGB', (3 * PANEL[0], PANEL[1]))
    for i, (title, things) in enumerate(panels.items()):
        panel = picture.draw_cloud(VIEW, *things)
        picture.draw_axes(panel, VIEW, 0.2, np.eye(4))
        picture.label(ImageDraw.Draw(panel), (PANEL[0] - 14, 10), title, anchor='ra', size=20)
        page.paste(panel, (i * PANEL[0], 0))
    page.save(FOLDER / 'cloud_stages.jpg', quality=88)


def drawable(
    frame: CameraFrame, cloud: WorkspaceCloud
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points, colours and footprints."""
    metres = 0.001 * frame.depth.reshape(-1)[cloud.pixels]
    colors = frame.color.reshape(-1, 3)[cloud.pixels]
    return cloud.points, colors, 1.3 * metres / frame.intrinsics.K[0, 0]


if __name__ == '__main__':
    FOLDER.mkdir(exist_ok=True)
    image, joints = photograph()
    draw_sheet(image)
    draw_stages(image, joints)

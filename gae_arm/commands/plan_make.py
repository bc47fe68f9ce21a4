"""Have the planner make a plan of one RGB-D image; no arm, no graph.

RGB, DEPTH and CAMERA are files as `gae cloud` takes them. Without extrinsics the largest plane is
taken for the table, level, below the camera. MODEL is a name in config/planners, a profile of your
own (.yaml), a folder of a model, or a name on the hub.

  gae plan "put the red cube into the bowl" --rgb rgb.png --depth depth.npy --camera camera.json
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from gae_arm.core import geometry
from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import ConfigError
from gae_arm.core.instruction import ErrorCode
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_check import PlanCheckSettings, Reach
from gae_arm.core.plan_transform import plan_in_frame
from gae_arm.core.projection import project
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.planes import find_plane
from gae_arm.point_cloud.rgbd_files import load_rgbd
from gae_arm.point_cloud.workspace import WorkspaceSettings

STAMP_NS = 1_000_000_000
BASE = 'base'
CENTRE = np.array([0.49, 0.0, 0.0])
"""Where the middle of the image is on the table, m, if nobody knows where the camera stands."""
WIDE = 3.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the image, the model, and what is written."""
    add = parser.add_argument
    add('instruction')
    add('--rgb', type=Path, required=True, metavar='F', help='colour image')
    add('--depth', type=Path, required=True, metavar='F', help='depth image')
    add('--camera', type=Path, required=True, metavar='F', help='intrinsics, extrinsics')
    add('--model', default='bundled', metavar='MODEL', help='who plans')
    add('--arm', help='check that this one reaches it: a name in config/arms, or a YAML file')
    add('--table-height', type=float, default=0.0, metavar='M', help='z of the table, base frame')
    add('--view', type=Path, metavar='F', help='draw it on the image and in 3D: .png or .jpg')
    add('--out', type=Path, metavar='F', help='write it as a file for `gae plan send`')
    add('--log', type=Path, metavar='FOLDER', help='write down what was said to the model')


def run(args: argparse.Namespace) -> int:
    """Make the plan, print it, write what was asked for; return 0 only if there is one."""
    from vla_planner.conversation_log import ConversationLog
    from vla_planner.make import make_planner
    from vla_planner.picture import Scene
    from vla_planner.planner import Wish

    frame, T_base_camera = load_rgbd(args.rgb, args.depth, args.camera)
    frame = dataclasses.replace(frame, stamp_ns=STAMP_NS)
    rules = PlanCheckSettings(table_height=args.table_height)
    if T_base_camera is None:
        T_base_camera = level_camera(frame)
        lower, upper = (-WIDE, -WIDE, args.table_height), (WIDE,) * 3
        rules = dataclasses.replace(rules, workspace_lower=lower, workspace_upper=upper)
    console = Console()
    scene = Scene(frame, T_base_camera, BASE)
    log = None if args.log is None else ConversationLog(args.log)
    with console.status(f'loading {args.model}'):
        planner = make_planner(args.model, rules, _reach(args.arm), log)
    with console.status('thinking'):
        thought = planner.think(scene, Wish(args.instruction))
    for note in thought.notes:
        console.print(note, style='yellow')
    if thought.plan is None:
        console.print('the model says that nothing is left to do')
        return 0
    in_base = plan_in_frame(thought.plan, BASE, T_base_camera)
    console.print(_table(thought.plan, in_base, frame))
    console.print(f'{thought.plan.planner} took {thought.plan.latency_ns * 1e-9:.2f} s')
    if args.view is not None:
        from gae_arm.commands.plan_picture import draw_page

        _write(args.view, draw_page(frame, T_base_camera, thought.plan))
    if args.out is not None:
        args.out.write_text(plan_text(in_base))
    return 0


def level_camera(frame: CameraFrame) -> np.ndarray:
    """Return T_base_camera (4, 4) of a camera over the largest plane, which is the table z = 0.

    x points away from the camera; the middle of the image is at `CENTRE`. Raises PlannerError where
    there is no plane.
    """
    everywhere = WorkspaceSettings(crop_min=(-1e3,) * 3, crop_max=(1e3,) * 3)
    plane = find_plane(CloudPipeline(everywhere).process(frame, np.eye(4)).points)
    if plane is None or plane.normal[2] > -0.1:
        from vla_planner.errors import PlannerError

        raise PlannerError(
            ErrorCode.IMAGE_UNAVAILABLE,
            'the camera description has no extrinsics, and no table is seen that would tell what '
            'is level',
        )
    z = plane.normal.astype(np.float64)
    x = np.array([0.0, 0.0, 1.0]) - z[2] * z
    if np.linalg.norm(x) < 0.1:
        x = np.array([0.0, -1.0, 0.0]) - z[1] * -z
    x = x / np.linalg.norm(x)
    R = np.stack([x, np.cross(z, x), z])
    middle = np.array([0.0, 0.0, plane.offset / z[2]])
    return geometry.transform(R, CENTRE - R @ middle)


def plan_text(plan: WaypointPlan) -> str:
    """Return a plan in the base frame as the text of a plan file."""
    waypoints = []
    for waypoint in plan.waypoints:
        one: dict[str, object] = {'position': np.round(waypoint.position, 4).tolist()}
        if waypoint.orientation is not None:
            one['orientation'] = np.round(waypoint.orientation, 5).tolist()
        if waypoint.gripper is not None:
            one['gripper'] = waypoint.gripper
        waypoints.append(one)
    return yaml.safe_dump(
        {'instruction': plan.instruction, 'waypoints': waypoints}, sort_keys=False
    )


def _reach(arm: str | None) -> Reach | None:
    if arm is None:
        return None
    from gae_arm.arm_control.kinematics import Kinematics
    from gae_arm.arm_control.reach import Reach as ArmReach
    from gae_arm.core.arm import load_arm
    from gae_arm.core.paths import arm_file

    return ArmReach(Kinematics(load_arm(arm_file(arm)))).check


def _table(plan: WaypointPlan, in_base: WaypointPlan, frame: CameraFrame) -> Table:
    rests = ', '.join(f'{a.label} at {np.rint(a.pixel).astype(int).tolist()}' for a in plan.anchors)
    table = Table(title=f'rests on {rests or "no anchors"}', title_justify='left')
    for column in ('', 'pixel', 'depth m', 'base x, y, z m', 'gripper', 'turn'):
        table.add_column(column, justify='right')
    pixels = project(frame.intrinsics, np.array([w.position for w in plan.waypoints]))
    for i, (seen, placed) in enumerate(zip(plan.waypoints, in_base.waypoints, strict=True)):
        opening = '' if seen.gripper is None else f'{seen.gripper:g}'
        turn = 'free' if placed.orientation is None else _turn(placed.orientation)
        place = ' '.join(f'{x:7.3f}' for x in placed.position)
        at = ' '.join(f'{x:.0f}' for x in pixels[i])
        table.add_row(str(i), at, f'{seen.position[2]:.3f}', place, opening, turn)
    return table


def _turn(quaternion: np.ndarray) -> str:
    """Return how the fingers lie: the angle of their axis from the base's y, degrees."""
    fingers = geometry.quaternion_to_matrix(quaternion)[:, 1]
    angle = np.degrees(np.arctan2(-fingers[0], fingers[1]))
    return f'{(angle + 90) % 180 - 90:.0f} deg'


def _write(path: Path, image: np.ndarray) -> None:
    from PIL import Image

    try:
        Image.fromarray(image).save(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f'{path} cannot be written: {error}') from error

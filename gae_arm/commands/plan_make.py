"""Have the planner make a plan of one RGB-D image; `gae plan --help` says more."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from gae_arm.commands.plan_answer import Answer
from gae_arm.commands.plan_level import level_camera
from gae_arm.core import geometry
from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import ConfigError
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_check import PlanCheckSettings, Reach
from gae_arm.core.plan_transform import plan_in_frame
from gae_arm.core.projection import project
from gae_arm.point_cloud.rgbd_files import load_rgbd

if TYPE_CHECKING:
    from vla_planner.picture import Scene
    from vla_planner.planner import Thought, VlmPlanner

STAMP_NS = 1_000_000_000
BASE = 'base'
WIDE = 3.0
"""m about the base that waypoints may be away, if nobody knows where the base is."""
NOTHING_LEFT = 3
"""Exit code."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the image, the model, and what is written."""
    add = parser.add_argument
    add('instruction', metavar='INSTRUCTION', help='what shall be done, in plain words')
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
    """Make the plan, print it, write what was asked for; 0 only if there is one."""
    from vla_planner.conversation_log import ConversationLog
    from vla_planner.make import make_planner
    from vla_planner.picture import Scene

    frame, T_base_camera = load_rgbd(args.rgb, args.depth, args.camera)
    frame = dataclasses.replace(frame, stamp_ns=STAMP_NS)
    console = Console()
    T_base_camera, rules = _placed(frame, T_base_camera, args.table_height, console)
    scene = Scene(frame, T_base_camera, BASE)
    log = None if args.log is None else ConversationLog(args.log)
    with console.status(f'loading {args.model}'):
        planner = make_planner(args.model, rules, _reach(args.arm), log)
    thought = _thought(planner, scene, args, console)
    for note in thought.notes:
        console.print(note, style='yellow', markup=False, soft_wrap=True)
    if thought.plan is None:
        return NOTHING_LEFT
    in_base = plan_in_frame(thought.plan, BASE, T_base_camera)
    console.print(_table(thought.plan, in_base, frame))
    console.print(f'{thought.plan.planner} took {thought.plan.latency_ns * 1e-9:.2f} s')
    if args.view is not None:
        from gae_arm.commands.plan_picture import draw_page

        _write(args.view, draw_page(frame, T_base_camera, thought.plan))
    if args.out is not None:
        args.out.write_text(plan_text(in_base))
    return 0


def _placed(
    frame: CameraFrame, T_base_camera: np.ndarray | None, table_height: float, console: Console
) -> tuple[np.ndarray, PlanCheckSettings]:
    """Return where the camera stands, (4, 4), and where waypoints may be above this table."""
    if T_base_camera is not None:
        return T_base_camera, PlanCheckSettings.above(table_height)
    level = level_camera(frame, table_height)
    console.print(str(level), style='yellow', highlight=False, soft_wrap=True)
    lower, upper = (-WIDE, -WIDE, table_height), (WIDE,) * 3
    rules = PlanCheckSettings(
        table_height=table_height, workspace_lower=lower, workspace_upper=upper
    )
    return level.T_base_camera, rules


def _thought(
    planner: VlmPlanner, scene: Scene, args: argparse.Namespace, console: Console
) -> Thought:
    """Return what comes of thinking; where that is no plan, draw what the model has answered."""
    from vla_planner.errors import PlannerError
    from vla_planner.planner import Wish

    answer = Answer()
    wish = Wish(args.instruction, anchored=answer.take_anchors, sketched=answer.take_waypoints)

    def draw(why: str) -> None:
        if args.view is not None:
            _write(args.view, answer.draw(scene.color, args.instruction, why))
            console.print(f'drawn: {args.view}', markup=False, soft_wrap=True)

    try:
        with console.status('thinking'):
            thought = planner.think(scene, wish)
    except PlannerError as error:
        draw(str(error))
        raise
    if thought.plan is None:
        why = _nothing_left(planner)
        console.print(why, style='yellow', markup=False, soft_wrap=True)
        draw(why)
    return thought


def _nothing_left(planner: VlmPlanner) -> str:
    """Return who says that all is done, and what that is worth."""
    from vla_planner.profile import DEFAULT, load_profile

    text = f'{planner.backend.name} says that nothing is left to do in this image'
    if planner.backend.name != load_profile(DEFAULT)[0].model:
        return text
    return (
        f'{text}; the bundled model knows only the things of the simulator: in other images that '
        'is worth nothing'
    )


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

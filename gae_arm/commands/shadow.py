"""Real images in, the arm's doings out as a picture: nothing moves.

  gae shadow --rgbd FOLDER --arm panda                          the bundled planner answers
  gae shadow --rgbd FOLDER --arm panda --answer answer.json     a recorded answer of a model
  gae shadow --rgbd FOLDER --arm panda --answer plan.yaml       a plan written by hand
  gae shadow --rgbd FOLDER --arm panda --ros                    through the real nodes

A scene is NAME_rgb.png, NAME_depth.npy (metres), NAME_camera.json (intrinsics, extrinsics: pose of
the camera in the arm's base frame) and NAME_instruction.txt; docs/shadow.md. The exit code is 0
only if every scene that was asked for would have been carried out.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from rich.console import Console

from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.settings import ArmControlSettings
from gae_arm.core import checks
from gae_arm.core.arm import ArmConfig, load_arm
from gae_arm.core.errors import ConfigError, GaeError
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_transform import plan_in_frame
from gae_arm.shadow.imagined_arm import ImaginedArm, ShadowRun
from gae_arm.shadow.picture import draw_shadow
from gae_arm.shadow.reach_report import graspable_share, waypoint_reach
from gae_arm.shadow.scenes import RgbdScene, load_scene, scene_names
from gae_arm.shadow.surroundings import Surroundings, look
from gae_arm.shadow.thinking import Thinker


class Stage(Protocol):
    """What carries plans out, and tells the time by which they are stamped."""

    def now_ns(self) -> int:
        """Return the time."""

    def run(self, plan: WaypointPlan) -> ShadowRun:
        """Carry a plan out; return what came of it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--rgbd', type=Path, required=True, metavar='FOLDER', help='the scenes')
    parser.add_argument('--arm', default='panda', help='a name in config/arms, or a YAML file')
    parser.add_argument('--scene', action='append', metavar='NAME', help='only this one')
    parser.add_argument('--answer', type=Path, metavar='FILE', help='a recorded answer or plan')
    parser.add_argument('--format', default='ours', help='of the answer: docs/planner_formats.md')
    parser.add_argument('--planner', default='bundled', help='who answers else: config/planners')
    parser.add_argument('--policy', default='spline', help='what carries the plan out')
    parser.add_argument('--instruction', help="instead of the scene's own")
    parser.add_argument(
        '--joints', type=float, nargs='+', metavar='RAD', help='where the arm begins; else at home'
    )
    parser.add_argument(
        '--clear',
        type=float,
        default=0.15,
        metavar='M',
        help='so far around the arm at its start the cloud is taken for the arm that was filmed',
    )
    parser.add_argument(
        '--set',
        action='append',
        default=[],
        metavar='NAME=VALUE',
        help='a number among the parameters of arm_control, such as stop_distance=0.01',
    )
    parser.add_argument('--out', type=Path, default=Path('shadow'), help='folder of the pictures')
    parser.add_argument('--ros', action='store_true', help='through the real nodes')


def run(args: argparse.Namespace) -> int:
    """Do all scenes; return 0 if each would have been carried out."""
    console = Console(soft_wrap=True)
    arm = load_arm(arm_file(args.arm))
    q = arm.home if args.joints is None else checks.array('--joints', args.joints, arm.home.shape)
    if args.ros and (args.set or args.joints):
        raise ConfigError('with --ros, --set and --joints are not possible')
    args.parameters = _parameters(args.set)
    args.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in args.scene or scene_names(args.rgbd):
        scene = load_scene(args.rgbd, name)
        console.print(f'{name}: {args.instruction or scene.instruction}', style='bold')
        try:
            failed += not _shadow(args, console, arm, scene, np.array(q))
        except GaeError as error:
            console.print(f'  {error}', style='red', markup=False)
            failed += 1
    return 1 if failed else 0


def _shadow(
    args: argparse.Namespace, console: Console, arm: ArmConfig, scene: RgbdScene, q: np.ndarray
) -> bool:
    """Do one scene, print and draw what came of it; return whether it would be carried out."""
    around = look(scene, arm, q, args.clear)
    facts = _scene_facts(arm, around)
    plan, result, trouble = None, None, ''
    try:
        with _stage(args, arm, scene, around, q) as stage:
            thinker = Thinker(args.planner, args.answer, args.format)
            asked = _asked(scene, args.instruction)
            plan = thinker.think(asked, arm, around, q, stage.now_ns())
            result = stage.run(plan)
    except GaeError as error:
        trouble = str(error)
    if plan is not None:
        T = np.eye(4) if plan.frame_id == arm.base_frame else scene.T_base_camera
        assert T is not None
        plan = plan_in_frame(plan, arm.base_frame, T)
        facts += _plan_facts(arm, plan, q)
    facts += _run_facts(result) if result is not None else _wrapped(f'not carried out: {trouble}')
    for fact in facts:
        console.print(f'  {fact}', markup=False, highlight=False)
    page = draw_shadow(scene, arm, around, plan, result, facts)
    path = args.out / f'{scene.name}_{arm.name}.png'
    try:
        page.save(path)
    except OSError as error:
        raise ConfigError(f'{path} cannot be written: {error}') from error
    console.print(f'  drawn: {path}')
    return result is not None and result.outcome == 'done'


def _asked(scene: RgbdScene, instruction: str | None) -> RgbdScene:
    if instruction is None:
        return scene
    return RgbdScene(scene.name, scene.frame, scene.T_base_camera, instruction)


@contextmanager
def _stage(
    args: argparse.Namespace,
    arm: ArmConfig,
    scene: RgbdScene,
    around: Surroundings,
    q: np.ndarray,
) -> Iterator[Stage]:
    """Give what carries the plan out: the stack in this process, or its nodes."""
    assert scene.T_base_camera is not None
    if not args.ros:
        T = scene.T_base_camera
        yield ImaginedArm(arm, args.policy, around, T, q, *args.parameters)
        return
    from gae_arm.commands.shadow_ros import real_nodes

    with real_nodes(
        args.rgbd, scene.name, args.arm, arm, args.policy, args.clear, around.table
    ) as nodes:
        yield nodes


def _parameters(words: list[str]) -> tuple[GovernorSettings, ArmControlSettings]:
    """Return the parameters of arm_control with those that were set; raise InvalidValueError."""
    kinds = (GovernorSettings, ArmControlSettings)
    names = [{field.name for field in dataclasses.fields(kind)} for kind in kinds]
    given: list[dict[str, Any]] = [{}, {}]
    for word in words:
        name, _, value = word.partition('=')
        checks.known('parameter', name, sorted(names[0] | names[1]))
        given[0 if name in names[0] else 1][name] = checks.number(name, value)  # type: ignore
    return GovernorSettings(**given[0]), ArmControlSettings(**given[1])


def _scene_facts(arm: ArmConfig, around: Surroundings) -> list[str]:
    share, farthest, tried = graspable_share(arm, around)
    table = 'no table found, taken at 0'
    if around.tilt is not None:
        table = f'table at {around.table:.3f} m, seen {math.degrees(around.tilt):.1f} deg tilted'
    return [
        f'{table}; {len(around.points):,} points, {around.cleared:,} pixels of the arm',
        f'{share:.0%} of {tried} points on the table are in reach from above,',
        f'  95% of them within {farthest:.2f} m of the base axis',
    ]


def _plan_facts(arm: ArmConfig, plan: WaypointPlan, q: np.ndarray) -> list[str]:
    facts = [f'{len(plan.waypoints)} waypoints by {plan.planner}:']
    for i, one in enumerate(waypoint_reach(arm, plan, q)):
        x, y, z = one.position
        said = f'{math.degrees(one.margin):.0f} deg from a joint limit'
        if not one.reached:
            said = f'out of reach by {one.error:.3f} m'
        facts.append(f'  {i}: ({x:.3f}, {y:.3f}, {z:.3f}) m, {one.away:.2f} m away, {said}')
    return facts


def _run_facts(run: ShadowRun) -> list[str]:
    slowed = ', '.join(f'{reason} {seconds:.1f} s' for reason, seconds in run.slowed.items())
    outcome = f'{run.outcome} after {run.seconds:.1f} s of motion; slowed: {slowed or "never"}'
    return _wrapped(outcome) + _wrapped(run.message)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 72)

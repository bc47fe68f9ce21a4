"""Bench of the planner's answers: many of them, most spoiled; none may raise, no bad plan may pass.

Each answer is read, lifted and checked on a made table. What passes is judged anew, by other code.
It ends with an error if anything but a refusal came out.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Iterator
from string import Template

import numpy as np

from gae_arm.commands.benches.made_answers import MAKERS, made_answer, spoiled
from gae_arm.commands.benches.measure import Row, summary
from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.errors import GaeError, InvalidValueError
from gae_arm.core.geometry import quaternion_to_matrix
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_check import Reach
from vla_planner.backends.file import FileBackend
from vla_planner.picture import Picture, Scene, whole
from vla_planner.planner import VlmPlanner, Wish
from vla_planner.profile import Profile
from vla_planner.prompts import Prompts
from vla_planner.sketch import MOST_WAYPOINTS

ANSWERS = 100_000
HEIGHT = 0.85
"""Metres of the camera above the table."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gae bench planner_answers`."""
    parser.add_argument('--answers', type=int, metavar='N', default=ANSWERS, help='how many')


def rows(args: argparse.Namespace) -> Iterator[Row]:
    """Yield what became of the answers; raise GaeError if one came through that must not."""
    tally, seconds, faults = judge(args.seed, args.answers)
    for name, count in sorted(tally.items()):
        yield Row(f'answers: {name}', '', count, count, args.answers)
    yield Row('answers: escaped or wrong', '', len(faults), len(faults), args.answers)
    yield summary('an answer read, lifted and checked', 'ms', [1e3 * s for s in seconds])
    if faults:
        raise GaeError(f'seed {args.seed}: {faults[:3]}')


def judge(seed: int, count: int) -> tuple[Counter[str], list[float], list[str]]:
    """Return what became of `count` answers, how long each took, s, and what should not be."""
    rng = random.Random(seed)
    scene = made_scene()
    picture = whole(scene, 640)
    planners = {name: made_planner(name) for name in MAKERS}
    tally: Counter[str] = Counter()
    seconds, faults = [], []
    for _ in range(count):
        form = rng.choice(list(MAKERS))
        text = spoiled(made_answer(form, rng), rng)
        reader = form if rng.random() < 0.9 else rng.choice(list(MAKERS))
        begun = time.perf_counter()
        try:
            plan = plan_of(planners[reader], text, picture, scene)
        except InvalidValueError:
            tally['refused'] += 1
        except Exception as error:
            faults.append(f'{reader}: {error!r}: {text!r}')
        else:
            tally['absent or done' if plan is None else 'plans'] += 1
            fault = plan and fault_of(plan, scene)
            if fault:
                faults.append(f'{reader}: {fault}: {text!r}')
        seconds.append(time.perf_counter() - begun)
    return tally, seconds, faults


def plan_of(planner: VlmPlanner, text: str, picture: Picture, scene: Scene) -> WaypointPlan | None:
    """Return the plan of an answer; None if it has none to give."""
    sketch = planner.read(planner.formats[1], picture, text)
    if sketch.outcome != 'plan':
        return None
    return planner.plan_of(sketch, picture, scene, Wish('put it there'), 'made')


def fault_of(plan: WaypointPlan, scene: Scene) -> str:
    """Return what is wrong with a plan that passed; '' if nothing is."""
    if not 1 <= len(plan.waypoints) <= MOST_WAYPOINTS:
        return f'{len(plan.waypoints)} waypoints'
    T = scene.T_base_camera
    for i, waypoint in enumerate(plan.waypoints):
        place = T[:3, :3] @ waypoint.position + T[:3, 3]
        if not np.isfinite(place).all() or waypoint.position[2] <= 0:
            return f'waypoint {i} cannot be seen: {waypoint.position}'
        if (np.abs(place[:2]) > 1).any() or not 0.0119 <= place[2] <= 1.5:
            return f'waypoint {i} is outside the workspace: {place}'
        if waypoint.gripper is not None and not 0 <= waypoint.gripper <= 1:
            return f'waypoint {i} has gripper {waypoint.gripper}'
        if waypoint.orientation is not None:
            R = quaternion_to_matrix(waypoint.orientation)
            if not np.allclose(R @ R.T, np.eye(3), atol=1e-6):
                return f'waypoint {i} has orientation {waypoint.orientation}'
    return ''


def made_planner(form: str, reach: Reach | None = None) -> VlmPlanner:
    """Return a planner that reads a format; nothing is asked of its backend."""
    nothing = Template('')
    profile = Profile(backend='file', model='none', format=form, says_done=True)
    backend = FileBackend('none', [])
    return VlmPlanner(profile, Prompts(nothing, nothing, nothing, nothing), backend, reach=reach)


def made_scene(
    width: int = 640, height: int = 480, focal: float = 600.0, enlarged: int = 1
) -> Scene:
    """Return a table seen from straight above, with two boxes on it; some depths are missing.

    enlarged: each pixel becomes so many each way.
    """
    rng = np.random.default_rng(0)
    K = np.array([[focal, 0, width / 2 - 0.5], [0, focal, height / 2 - 0.5], [0, 0, 1]])
    v, u = np.mgrid[:height, :width] / np.array([height, width]).reshape(2, 1, 1)
    depth = np.full((height, width), HEIGHT, np.float32)
    color = np.full((height, width, 3), 120, np.uint8)
    for left, top, tint in ((0.35, 0.4, (200, 40, 40)), (0.6, 0.55, (40, 40, 200))):
        box = (u > left) & (u < left + 0.08) & (v > top) & (v < top + 0.06)
        depth[box], color[box] = HEIGHT - 0.05, tint
    depth[rng.random(depth.shape) < 0.02] = 0.0
    color[::4] += 20
    T = np.array([[0, -1, 0, 0.5], [-1, 0, 0, 0], [0, 0, -1, HEIGHT], [0, 0, 0, 1.0]])
    if enlarged > 1:
        depth = depth.repeat(enlarged, 0).repeat(enlarged, 1)
        color = color.repeat(enlarged, 0).repeat(enlarged, 1)
        K[:2] *= enlarged
        K[:2, 2] += (enlarged - 1) / 2
    camera = CameraIntrinsics(width * enlarged, height * enlarged, K)
    frame = CameraFrame(10**9, 'camera_color_optical_frame', camera, depth, color)
    return Scene(frame, T, 'base')

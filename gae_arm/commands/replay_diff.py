"""`gae replay BAG --diff`: what the bag's nodes were, run again, and what that gives."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gae_arm.commands.results import write_results
from gae_arm.core.arm import ArmConfig, load_arm
from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import ConfigError, GaeError
from gae_arm.core.geometry import transform_points
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import WaypointPlan
from gae_arm.recording.bag_topics import find_topics, parse_remaps
from gae_arm.recording.settings_of import node_parameters, settings_of

if TYPE_CHECKING:
    from gae_arm.recording.bag_reader import Bag
    from gae_arm.recording.rerun.chunks import ChunkRerun
    from gae_arm.recording.rerun.clouds import CloudMaker
    from gae_arm.recording.rerun.plans import Planner

TOLERANCE = 1e-5
PLAN = 'waypoint_plan'
WANTED = (
    'joint_states',
    'camera/color/image_raw',
    'camera/aligned_depth_to_color/image_raw',
    'camera/color/camera_info',
    '/tf',
    '/tf_static',
    'points',
    PLAN,
    'action_chunk',
)

Parameters = Mapping[str, Any]


def diff(bag: Bag, args: argparse.Namespace) -> int:
    """Run again, compare, print, write; return 0 if all that was compared is equal, else 1.

    With another policy or planner, and no tolerance, it is 0: what differs is reported.
    Raises ConfigError where nothing could be compared.
    """
    from gae_arm.recording.rerun import report
    from gae_arm.recording.rerun.memory import BagMemory
    from gae_arm.recording.rerun.rerun import Rerun
    from gae_arm.recording.said import DecodedBag
    from gae_arm.ros.bag_decoding import decode

    said = DecodedBag(bag, decode, WANTED, parse_remaps(args.remap))
    cloud, expert = (node_parameters(bag.parameters, n) for n in ('point_cloud', 'action_expert'))
    arm = load_arm(arm_file(args.arm or expert.get('arm') or cloud.get('arm') or 'panda'))
    recorded = expert.get('policy', 'spline')
    tolerance = TOLERANCE if args.tolerance is None else args.tolerance
    planner, remarks = planner_rerun(arm, node_parameters(bag.parameters, 'vla_planner'), args)
    rerun = Rerun(
        cloud_maker(arm, cloud),
        chunk_rerun(arm, expert, args.policy or recorded),
        planner,
        tolerance,
        BagMemory(round(float(cloud.get('slop', 0.0)) * 1e9), _plan_stamps(bag, args)),
    )
    summaries = rerun.run(said)
    title = f'{args.bag.name}: arm {arm.name}, policy {recorded} recorded'
    title += f', {args.policy} run' if args.policy else ''
    text = [*report.lines(summaries, tolerance), *remarks, *_remarks(bag, said)]
    print(title, *text, sep='\n')
    if args.out is not None:
        report.write_report(args.out, title, text, rerun.findings, rerun.paths)
        print(f'written to {args.out}')
    if args.json is not None:
        write_results(args.json, report.rows(summaries), None)
    if not any(summary.compared for summary in summaries):
        raise ConfigError(f'nothing in {args.bag} could be compared')
    others = args.policy not in (None, recorded) or args.planner is not None
    if others and args.tolerance is None:
        return 0
    unequal = sum(summary.compared - summary.equal for summary in summaries)
    if unequal:
        print(f'{unequal} differ by more than {tolerance:g}', file=sys.stderr)
    return 1 if unequal else 0


def cloud_maker(arm: ArmConfig, parameters: Parameters) -> CloudMaker:
    """Return what makes clouds as a node with these parameters does."""
    from gae_arm.point_cloud.settings import CloudNodeSettings
    from gae_arm.point_cloud.workspace import WorkspaceSettings
    from gae_arm.recording.rerun.clouds import CloudMaker
    from gae_arm.ros.camera_input import CameraInputSettings

    node = settings_of(CloudNodeSettings, parameters)
    camera = settings_of(CameraInputSettings, parameters)
    parent = None
    if camera.extrinsics == 'parameters':
        parent = camera.camera_parent_frame, camera.T_parent_camera()
    workspace = settings_of(WorkspaceSettings, parameters)
    return CloudMaker(arm, workspace, node.mask_robot, parent)


def chunk_rerun(arm: ArmConfig, parameters: Parameters, policy: str) -> ChunkRerun:
    """Return a policy that acts as a node with these parameters has it act."""
    from action_expert.following import PolicySettings
    from action_expert.policies import make_policy
    from gae_arm.core.plan_check import PlanCheckSettings
    from gae_arm.recording.rerun.chunks import ChunkRerun

    settings = settings_of(PolicySettings, parameters)
    return ChunkRerun(
        make_policy(policy, arm, settings), settings_of(PlanCheckSettings, parameters)
    )


def planner_rerun(
    arm: ArmConfig, parameters: Parameters, args: argparse.Namespace
) -> tuple[Planner | None, list[str]]:
    """Return the planner that was recorded, or asked for, and why there is none."""
    from gae_arm.arm_control.kinematics import Kinematics
    from gae_arm.arm_control.reach import Reach
    from gae_arm.core.plan_check import PlanCheckSettings
    from vla_planner.make import make_planner
    from vla_planner.picture import Scene
    from vla_planner.planner import Wish
    from vla_planner.settings import PlannerNodeSettings

    model = args.planner or parameters.get('model')
    if model in (None, 'none'):
        return None, []
    node = settings_of(PlannerNodeSettings, parameters)
    rules = settings_of(PlanCheckSettings, parameters)
    kinematics = Kinematics(arm)
    aside = kinematics.forward(arm.home)
    reach = Reach(kinematics).check if node.check_reach else None
    try:
        planner = make_planner(model, rules, reach, device=node.device)
    except GaeError as error:
        return None, [f'- note: the planner {model!r} is not run: {error}']

    def plan(frame: CameraFrame, T_base_camera: np.ndarray, recorded: WaypointPlan) -> WaypointPlan:
        moved = transform_points(T_base_camera, recorded.moved)
        wish = Wish(recorded.instruction, again=len(moved) > 0, moved=moved, aside=aside)
        thought = planner.think(Scene(frame, T_base_camera, arm.base_frame), wish)
        if thought.plan is None:
            raise GaeError('the planner says that nothing is left to do')
        return thought.plan

    return plan, []


def _plan_stamps(bag: Bag, args: argparse.Namespace) -> set[int]:
    """Return the stamps of the images that plans were made from; reads the whole bag."""
    from gae_arm.recording.said import DecodedBag
    from gae_arm.ros.bag_decoding import decode

    if not find_topics(bag.topics, [PLAN], parse_remaps(args.remap)):
        return set()
    plans = DecodedBag(bag, decode, [PLAN], parse_remaps(args.remap))
    return {said.value.stamp_ns for said in plans}


def _remarks(bag: Bag, said: Any) -> list[str]:
    """Return what the reader of the figures must know."""
    remarks = [f'- note: {problem}' for problem in said.problems()]
    if said.missing:
        remarks.append(f'- note: not in the bag: {", ".join(said.missing)}')
    if not bag.parameters:
        remarks.append(
            '- note: the bag has no parameters of the nodes (`gae record` keeps them): the '
            'defaults are taken'
        )
    return remarks

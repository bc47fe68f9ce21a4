"""Planners that only look, plans that are refused, targets that move."""

import dataclasses

import numpy as np
import pytest

from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.progress import PlanRefusal, PlanRefusedError
from gae_arm.demonstrations.fast_cell import fast_cell
from gae_arm.demonstrations.oracle import PlanNoise
from gae_arm.demonstrations.rollout import Rollout
from gae_arm.demonstrations.workplace import NoPlanError
from gae_arm.evaluation.admission import Admission
from gae_arm.evaluation.disturbances import MoveTarget
from gae_arm.evaluation.planners import PLANNERS, SeeingPlanner

PICK = TASKS['pick_up'].sample(4)
FRAME = CameraFrame(5, 'eye', CameraIntrinsics(4, 3, np.eye(3)), np.ones((3, 4), np.uint16))


def plan(*positions, frame='eye'):
    waypoints = tuple(Waypoint(np.array(p)) for p in positions)
    return WaypointPlan('answer', 5, frame, 'do it', waypoints, 6, planner='seer')


class Seer:
    """Answers with one plan, or with none."""

    name = 'seer'

    def __init__(self, answer):
        self.plan, self.heard = answer, []

    def answer(self, frame, instruction):
        self.heard.append((frame, instruction))
        if self.plan is None:
            raise NoPlanError('nothing to be seen')
        return self.plan


@pytest.fixture
def cell():
    cell = fast_cell('panda')
    cell.pixel_noise = cell.lost_points = 0.0
    cell.load(PICK)
    return cell


@pytest.mark.camera
def test_a_seer_gets_image_and_words_only_and_its_answer_comes_into_the_base_frame(cell):
    seer = Seer(plan([0.0, 0.0, 0.5], [0.1, 0.0, 0.5]))
    planner = SeeingPlanner(seer, PlanNoise(), 0)
    planner.begin(cell)
    got = planner.plan(cell)
    ((frame, words),) = seer.heard
    assert frame.color.shape == (240, 320, 3)
    assert words == PICK.instruction
    T = cell.T_base_camera
    np.testing.assert_allclose(got.waypoints[0].position, T[:3, 3] + 0.5 * T[:3, 2])
    assert got.frame_id == cell.arm.base_frame
    assert got.stamp_ns == cell.now_ns < got.expiry_ns
    assert planner.plan(cell) is None


@pytest.mark.camera
def test_a_planner_without_a_plan_fails_the_trial_and_not_the_campaign(cell):
    seen = []
    planner = SeeingPlanner(Seer(None), PlanNoise(), 0)
    outcome = Rollout(cell, planner, policy=None, watch=seen.append).run()
    assert (outcome.success, outcome.cause, outcome.plans) == (False, 'no plan', 0)
    assert seen == []


def test_all_planners_are_made_the_same_way():
    for name, make in PLANNERS.items():
        assert make(PlanNoise(0.01), 3).name == name


@pytest.mark.parametrize(
    ('position', 'reason'),
    [
        ([0.5, 0.0, PICK.table_height - 0.07], PlanRefusal.THROUGH_TABLE),
        ([1.5, 0.0, 0.3], PlanRefusal.OUTSIDE_WORKSPACE),
        ([0.95, 0.0, 0.3], PlanRefusal.UNREACHABLE),
    ],
)
@pytest.mark.camera
def test_plans_are_refused_as_by_the_node(cell, position, reason):
    admit = Admission(cell.arm, PICK.table_height)
    with pytest.raises(PlanRefusedError) as error:
        admit(cell.observe(), plan(position, frame=cell.arm.base_frame), None)
    assert error.value.reason == reason


@pytest.mark.camera
def test_a_refused_plan_fails_the_trial_with_that_cause(cell):
    answer = plan([1.5, 0.0, 0.3], frame=cell.arm.base_frame)
    planner = SeeingPlanner(Seer(answer), PlanNoise(), 0)
    admit = Admission(cell.arm, PICK.table_height)
    outcome = Rollout(cell, planner, policy=None, admit=admit).run()
    assert (outcome.cause, outcome.path_length < 0.01) == ('refused', True)


@pytest.mark.camera
def test_a_waypoint_next_to_the_table_is_raised_clear_of_it(cell):
    low = plan([0.5, 0.0, PICK.table_height], frame=cell.arm.base_frame)
    raised = Admission(cell.arm, PICK.table_height)(cell.observe(), low, None)
    assert raised.waypoints[0].position[2] == pytest.approx(PICK.table_height + 0.012)


@pytest.mark.camera
def test_a_target_moves_once_when_the_hand_is_near_and_nowhere_into_others(cell):
    name = PICK.targets[0]
    move = MoveTarget(0.05, 1)
    before = cell.truth().poses[name]
    move(cell, cell.truth())
    np.testing.assert_array_equal(cell.truth().poses[name], before)
    hand = cell.simulation.T_base_ee()[:3, 3]
    near = before.copy()
    near[:3, 3] = hand - [0.0, 0.0, 0.1]
    cell.simulation.move_object(name, near)
    move(cell, cell.truth())
    assert move.moved
    there = cell.truth().poses[name][:3, 3]
    np.testing.assert_allclose(np.linalg.norm(there - near[:3, 3]), 0.05)
    for other, item in PICK.items.items():
        if other != name:
            gap = np.linalg.norm((cell.truth().poses[other][:3, 3] - there)[:2])
            assert gap > item.reach + PICK.items[name].reach
    move(cell, cell.truth())
    np.testing.assert_array_equal(cell.truth().poses[name][:3, 3], there)


def test_an_unknown_quantity_in_the_ranges_of_a_trial_is_said():
    from gae_arm.evaluation.trial import Trial

    trial = Trial('pick_up', 1, ranges='held_out light.hue=1')
    with pytest.raises(InvalidValueError, match="quantity of axis 'light' 'hue' is unknown"):
        trial.instance()
    shifted = dataclasses.replace(trial, ranges='held_out', planner='shifted')
    assert len(shifted.instance().distractors) == 2

"""One plan at a time: taken, waited for, carried out, done, replaced, refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from action_expert.carrier import FINISHING_NS, PlanCarrier
from action_expert.policies import make_policy
from gae_arm.core import geometry
from gae_arm.core.arm import load_arm
from gae_arm.core.motion import RobotState
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.plan_check import PlanCheckSettings
from gae_arm.core.progress import PlanRefusal, PlanRefusedError, PlanState
from gae_arm.core.transform_tree import TransformTree

ARM = load_arm(arm_file('panda'))
HOME = np.concatenate([ARM.home, ARM.gripper.opened])
START = 1000 * 10**9
STEP = 50_000_000
CAMERA = 'camera_color_optical_frame'
T_BASE_CAMERA = geometry.look_at((1.15, 0.0, 0.62), (0.42, 0.0, 0.05))


@pytest.fixture
def tree():
    tree = TransformTree()
    tree.add(ARM.base_frame, CAMERA, T_BASE_CAMERA, 0, static=True)
    return tree


@pytest.fixture
def carrier(tree):
    policy = make_policy('ik', ARM)
    return PlanCarrier(policy, PlanCheckSettings(), tree.lookup, None, 500_000_000, START)


def state_at(now_ns, q=HOME):
    zeros = np.zeros(len(HOME))
    return RobotState(now_ns, ARM.joints + ARM.gripper.joints, q, zeros, zeros)


def plan_of(position, plan_id='p', frame=ARM.base_frame, seconds=60):
    waypoint = Waypoint(np.array(position), np.array([1.0, 0.0, 0.0, 0.0]))
    return WaypointPlan(plan_id, START, frame, 'go', (waypoint,), START + seconds * 10**9)


NEAR, FAR = (0.45, 0.05, 0.35), (0.5, -0.2, 0.3)
HERE = (0.45, 0.0, 0.35)


def test_without_a_plan_there_is_nothing_to_do(carrier):
    assert carrier.act(START, state_at(START), None) is None
    assert carrier.plan_id is None


def test_a_plan_becomes_chunks_towards_its_waypoint(carrier):
    carrier.take(plan_of(NEAR), START)
    chunk, progress = carrier.act(START, state_at(START), None)
    assert (chunk.plan_id, progress.plan_id, progress.state) == ('p', 'p', PlanState.FOLLOWING)
    assert 0.01 < chunk.position[-1, 1] - chunk.position[0, 1] <= 0.06


def test_a_plan_in_the_frame_of_the_camera_is_lifted(carrier):
    T = geometry.invert(T_BASE_CAMERA)
    seen = geometry.transform_points(T, np.array([NEAR]))[0]
    carrier.take(
        dataclasses.replace(plan_of(seen, frame=CAMERA), waypoints=(Waypoint(seen),)), START
    )
    carrier.act(START, state_at(START), None)
    assert carrier.plan.frame_id == ARM.base_frame
    assert np.allclose(carrier.plan.waypoints[0].position, NEAR)


def test_a_transform_may_come_late(carrier, tree):
    carrier.take(plan_of(NEAR, frame='table'), START)
    assert carrier.act(START + STEP, state_at(START + STEP), None) is None
    tree.add(ARM.base_frame, 'table', np.eye(4), 0, static=True)
    assert carrier.act(START + 2 * STEP, state_at(START + 2 * STEP), None) is not None


def test_a_frame_that_nobody_knows_is_refused_after_a_while(carrier):
    carrier.take(plan_of(NEAR, frame='nowhere'), START)
    late = START + 500_000_000
    with pytest.raises(PlanRefusedError, match="no transform from 'nowhere'") as caught:
        carrier.act(late, state_at(late), None)
    assert caught.value.reason == PlanRefusal.UNKNOWN_FRAME
    assert carrier.plan_id is None


def test_a_plan_waits_for_the_state_of_the_arm(carrier):
    carrier.take(plan_of(NEAR), START)
    assert carrier.act(START, None, None) is None
    assert carrier.plan_id == 'p'
    assert carrier.act(START + STEP, state_at(START + STEP), None) is not None


def test_bad_places_are_refused_even_before_there_is_a_state(carrier):
    carrier.take(plan_of((0.5, 0.0, -0.2)), START)
    with pytest.raises(PlanRefusedError) as caught:
        carrier.act(START, None, None)
    assert caught.value.reason == PlanRefusal.THROUGH_TABLE


def test_a_refused_plan_takes_the_one_before_with_it(carrier):
    carrier.take(plan_of(NEAR), START)
    assert carrier.act(START, state_at(START), None) is not None
    with pytest.raises(PlanRefusedError):
        carrier.take(plan_of(FAR, 'old', seconds=1), START + 2 * 10**9)
    assert carrier.act(START + 2 * 10**9, state_at(START + 2 * 10**9), None) is None


def test_a_new_plan_replaces_the_one_before(carrier):
    carrier.take(plan_of(NEAR), START)
    carrier.act(START, state_at(START), None)
    carrier.take(plan_of(FAR, 'q'), START + STEP)
    chunk, _ = carrier.act(START + STEP, state_at(START + STEP), None)
    assert chunk.plan_id == 'q'
    assert chunk.position[-1, 1] < 0


def test_the_same_plan_again_changes_nothing(carrier):
    carrier.take(plan_of(NEAR), START)
    carrier.act(START, state_at(START), None)
    guide = carrier.policy.guide
    carrier.take(plan_of(NEAR), START + STEP)
    carrier.act(START + STEP, state_at(START + STEP), None)
    assert carrier.policy.guide is guide


def test_another_plan_of_the_same_name_is_refused(carrier):
    carrier.take(plan_of(NEAR), START)
    with pytest.raises(PlanRefusedError, match="another plan was named 'p' before") as caught:
        carrier.take(plan_of(FAR), START)
    assert caught.value.reason == PlanRefusal.INVALID
    assert carrier.plan_id is None


def test_a_plan_that_expires_on_the_way_is_refused(carrier):
    carrier.take(plan_of(NEAR, seconds=1), START)
    carrier.act(START, state_at(START), None)
    late = START + 1_100_000_000
    with pytest.raises(PlanRefusedError, match=r'the plan expired 0\.100 s ago'):
        carrier.act(late, state_at(late), None)
    assert carrier.plan_id is None


def test_done_ends_with_chunks_that_stay_where_they_are(carrier):
    carrier.take(plan_of(HERE), START)
    now, chunks = START, []
    while (done := carrier.act(now, state_at(now), None)) is not None:
        chunks.append(done)
        now += STEP
    states = [progress.state for _, progress in chunks]
    first = states.index(PlanState.DONE)
    assert set(states[first:]) == {PlanState.DONE}
    assert {len(chunk.times_ns) for chunk, _ in chunks[first:]} == {1}
    assert len(states[first:]) == FINISHING_NS // STEP + 2
    assert carrier.plan_id is None

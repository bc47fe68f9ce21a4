"""The demonstrator: one seed one way, misses on purpose and tries again, follows what is moved."""

import dataclasses

import numpy as np
import pytest

from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.core.motion import ActionChunk, RobotState
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.demonstrations.demonstrator import OVER, Demonstrator, DemonstratorSettings
from gae_arm.demonstrations.fast_cell import fast_cell
from gae_arm.demonstrations.moves import raised
from gae_arm.demonstrations.oracle import is_done
from gae_arm.demonstrations.strays import NARROW, STRAY, Bump, Straying
from gae_arm.demonstrations.variety import MOST, PUSHING, Variety
from gae_arm.demonstrations.ways import Ways

DOWN = (1.0, 0.0, 0.0, 0.0)
NEVER = DemonstratorSettings(miss=0.0, stray=0.0, bump=0.0)


@pytest.fixture(scope='module')
def cell():
    return fast_cell('panda')


def begun(cell, settings=NEVER, seed=0, task='stack_two'):
    cell.load(TASKS[task].sample(3))
    demonstrator = Demonstrator(settings, seed)
    demonstrator.begin(cell)
    return demonstrator


def places(plan):
    return np.array([waypoint.position for waypoint in plan.waypoints])


def test_a_seed_is_one_way_and_another_seed_another_one(cell):
    first, again, other = (places(begun(cell, seed=s).plan(cell)) for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_a_miss_closes_over_the_thing_and_is_followed_by_another_try(cell):
    demonstrator = begun(cell, DemonstratorSettings(miss=1.0))
    missed = demonstrator.plan(cell)
    item = cell.instance.items[cell.instance.steps[0].item]
    top = cell.truth().poses[item.name][2, 3] + item.top
    closing = next(w for w in missed.waypoints if w.gripper == 0.0)
    assert closing.position[2] == pytest.approx(top + OVER)
    assert demonstrator.is_mistaken(missed.plan_id)
    demonstrator.settings = NEVER
    again = demonstrator.plan(cell)
    assert not demonstrator.is_mistaken(again.plan_id)
    assert again.plan_id != missed.plan_id
    assert len(again.waypoints) == 6


def test_a_step_that_does_not_work_is_tried_three_times(cell):
    demonstrator = begun(cell)
    plans = [demonstrator.plan(cell) for _ in range(4)]
    assert [plan is None for plan in plans] == [False, False, False, True]


def test_what_is_moved_before_the_grasp_gets_another_plan(cell):
    demonstrator = begun(cell)
    plan = demonstrator.plan(cell)
    assert demonstrator.revise(cell) is None
    name = cell.instance.steps[0].item
    T = cell.truth().poses[name].copy()
    T[0, 3] += 0.02
    cell.simulation.move_object(name, T)
    revised = demonstrator.revise(cell)
    assert revised.plan_id != plan.plan_id
    grasp = next(w for w in revised.waypoints if w.gripper == 0.0)
    assert np.linalg.norm(grasp.position - T[:3, 3]) < 0.03
    assert demonstrator.revise(cell) is None


def test_a_thing_is_bumped_once_when_the_hand_is_near(cell):
    cell.load(TASKS['stack_two'].sample(3))
    name = cell.instance.steps[0].item
    bump = Bump(np.random.default_rng(0))
    before = cell.truth().poses[name]
    bump(cell, cell.truth())
    np.testing.assert_array_equal(cell.truth().poses[name], before)
    T = before.copy()
    T[:3, 3] = cell.simulation.T_base_ee()[:3, 3] - [0, 0, 0.15]
    cell.simulation.move_object(name, T)
    bump(cell, cell.truth())
    moved = cell.truth().poses[name]
    assert 0.01 < np.linalg.norm((moved - T)[:2, 3]) < 0.04
    bump(cell, cell.truth())
    np.testing.assert_array_equal(cell.truth().poses[name], moved)


class Standing:
    """A policy that holds one place."""

    name = 'standing'

    def __init__(self, position):
        self.position = np.array(position)

    def act(self, robot_state, plan, cloud):
        times = robot_state.stamp_ns + 50_000_000 * np.arange(16)
        return ActionChunk(
            robot_state.stamp_ns,
            'base',
            0,
            plan.plan_id,
            None,
            self.name,
            times,
            np.tile(self.position, (16, 1)),
            np.tile(DOWN, (16, 1)),
            np.ones(16),
        )

    def progress(self):
        raise AssertionError


def strayed(position, share=1.0):
    """How far beside what is meant the commands are, over four seconds."""
    plan = WaypointPlan('p', 1, 'base', '', (Waypoint((0.5, 0, 0.1), DOWN, 0.0),), 10**12)
    policy = Straying(Standing(position), share, np.random.default_rng(1))
    out = []
    for stamp in range(10**9, 5 * 10**9, 60_000_000):
        state = RobotState(stamp, ('j',), np.zeros(1), np.zeros(1), np.zeros(1))
        chunk = policy.act(state, plan, None)
        np.testing.assert_array_equal(policy.meant.position[0], position)
        out.append(np.linalg.norm(chunk.position[0] - position))
    return np.array(out)


def test_commands_stray_smoothly_and_come_back_but_what_is_meant_does_not():
    off = strayed((0.5, 0, 0.4))
    assert STRAY[0] * 0.95 < off.max() < STRAY[1]
    np.testing.assert_allclose(off[[0, -1]], 0, atol=1e-12)
    assert np.abs(np.diff(off)).max() < 0.006
    assert strayed((0.5, 0, 0.4), share=0.0).max() == 0


def test_nothing_strays_near_a_grasp():
    assert strayed((0.5, 0, 0.1 + 0.9 * NARROW)).max() == 0


def test_variety_keeps_within_its_bounds():
    variety = Variety(np.random.default_rng(0))
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    for _ in range(50):
        grasp = variety.grasp(T)
        assert np.abs(grasp[:3, 3]).max() < MOST * 0.006
        assert -0.14 < (np.linalg.inv(T) @ variety.before(T))[2, 3] < -0.06
        assert sorted(variety.order([3, 1, 2])) == [1, 2, 3]
    assert variety.settings(pushes=False) != variety.settings(pushes=False)
    assert all(variety.settings(pushes=True).speed <= PUSHING for _ in range(20))


def test_grasps_that_are_tried_later_lean_more(cell):
    begun(cell)
    T_now, variety = np.diag([1.0, -1.0, -1.0, 1.0]), Variety(np.random.default_rng(0))
    truth, group = cell.truth(), cell.instance.steps[:1]
    ways = Ways(cell.instance, variety).find(group, truth.poses, truth.joints, T_now, opened=True)
    upright = [-way[1].T_base_ee[2, 2] for way in ways]
    assert min(upright[: len(upright) // 10]) > 0.95
    assert 0.7 < min(upright) < 0.9


def test_what_is_held_up_is_not_grasped_again(cell):
    demonstrator = begun(cell, task='pick_up')
    demonstrator.plan(cell)
    truth, lift = cell.truth(), cell.instance.steps[0]
    name, touches = lift.item, frozenset([(lift.item, 'finger'), ('finger', lift.item)])
    up = {**truth.poses, name: raised(truth.poses[name], lift.by)}
    held = dataclasses.replace(truth, touches=touches, poses=up)
    assert is_done(lift, held, demonstrator.began)
    assert not is_done(lift, dataclasses.replace(truth, touches=touches), demonstrator.began)
    assert not is_done(lift, dataclasses.replace(truth, poses=up), demonstrator.began)

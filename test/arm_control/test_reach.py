"""Reachability against brute force: nothing reachable is refused, the nearest pose is nearest."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pinocchio as pin
import pytest
from three_arms import ARMS, kinematics_of, random_positions

from gae_arm.arm_control.kinematics import Kinematics, pose_error
from gae_arm.arm_control.reach import Reach
from gae_arm.core import geometry
from gae_arm.core.errors import InvalidValueError


@lru_cache
def reach_of(name: str) -> Reach:
    return Reach(kinematics_of(name))


def distance(error: np.ndarray) -> float:
    return float(np.hypot(np.linalg.norm(error[:3]), 0.2 * np.linalg.norm(error[3:])))


def brute_force(kinematics: Kinematics, target: np.ndarray) -> float:
    """Least distance found by random search alone: the best of many, then ever smaller steps."""
    limits = kinematics.arm.limits
    random = np.random.default_rng(0)

    def cost(q: np.ndarray) -> float:
        return distance(pose_error(kinematics.evaluate(q)[0], target))

    samples = random.uniform(limits.lower, limits.upper, (3000, kinematics.n))
    best = sorted(samples, key=cost)[:4]
    costs = [cost(q) for q in best]
    for scale in np.geomspace(0.5, 1e-3, 1500):
        for i, q in enumerate(best):
            step = scale * random.normal(size=len(q)) * (random.random(len(q)) < 0.5)
            q_next = np.clip(q + step, limits.lower, limits.upper)
            cost_next = cost(q_next)
            if cost_next < costs[i]:
                best[i], costs[i] = q_next, cost_next
    return min(costs)


@pytest.mark.parametrize('name', ARMS)
def test_the_nearest_pose_is_as_near_as_brute_force_finds(name):
    reach = reach_of(name)
    kinematics = reach.kinematics
    random = np.random.default_rng(3)
    for _ in range(4):
        direction = random.normal(size=3)
        spot = random.uniform(0.9, 1.5) * direction / np.linalg.norm(direction)
        target = geometry.transform(pin.exp3(random.normal(size=3)), spot)
        answer = reach.check(target)
        found = distance(pose_error(answer.nearest, target))
        assert found < brute_force(kinematics, target) + 1e-3
        assert found == pytest.approx(
            np.hypot(answer.position_error, 0.2 * answer.orientation_error)
        )
        assert answer.reachable == (
            answer.position_error < 1e-3 and answer.orientation_error < 1e-2
        )


@pytest.mark.parametrize('name', ARMS)
def test_the_nearest_pose_is_where_its_joint_positions_lead(name):
    reach = reach_of(name)
    limits = reach.kinematics.arm.limits
    target = geometry.transform(np.diag([1.0, -1, -1]), [1.2, 0.4, 0.5])
    answer = reach.check(target)
    assert not answer.reachable
    np.testing.assert_array_equal(reach.kinematics.forward(answer.q), answer.nearest)
    assert (answer.q >= limits.lower).all()
    assert (answer.q <= limits.upper).all()
    again = reach.check(answer.nearest)
    assert again.reachable


@pytest.mark.parametrize('name', ARMS)
def test_what_the_arm_can_do_is_reachable(name):
    reach = reach_of(name)
    for q in random_positions(name, 50):
        answer = reach.check(reach.kinematics.forward(q))
        assert answer.reachable, q.tolist()
        assert answer.position_error < 1e-5


def test_turning_about_the_base_turns_the_answer():
    """The UR5's first joint turns without end here: the nearest pose turns with the target."""
    reach = reach_of('ur5')
    target = geometry.transform(np.diag([1.0, -1, -1]), [1.1, 0.3, 0.6])
    turn = geometry.transform(geometry.rpy_to_matrix(0, 0, 0.7), np.zeros(3))
    here, there = reach.check(target), reach.check(turn @ target)
    assert there.position_error == pytest.approx(here.position_error, abs=1e-4)
    np.testing.assert_allclose(there.nearest[:3, 3], (turn @ here.nearest)[:3, 3], atol=5e-3)


def test_a_pose_reached_only_where_it_is_not_accepted_is_not_reachable():
    kinematics = reach_of('ur5').kinematics
    target = kinematics.forward(kinematics.arm.home)
    above = Reach(kinematics, accept=lambda q: kinematics.frame('forearm_link', q)[2, 3] > 0.3)
    assert above.check(target).reachable
    nowhere = Reach(kinematics, accept=lambda q: bool(kinematics.forward(q)[2, 3] > 0.6))
    answer = nowhere.check(target, q_seed=[0, -1.57, 0.0, -1.57, 0, 0])
    assert not answer.reachable
    assert answer.nearest[2, 3] > 0.6


def test_bad_input_is_refused_with_its_value():
    reach = reach_of('panda')
    with pytest.raises(InvalidValueError, match=r'^T_target\[1, 3\] is not finite: inf$'):
        reach.check(geometry.transform(np.eye(3), [0, np.inf, 0]))
    with pytest.raises(InvalidValueError, match=r'^position_tolerance is 0\.0, allowed is 1e-05'):
        Reach(reach.kinematics, position_tolerance=0.0)

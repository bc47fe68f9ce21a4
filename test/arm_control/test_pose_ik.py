"""Inverse kinematics of poses: round trips over the joint ranges of all three arms."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from three_arms import ARMS, kinematics_of, random_positions

from gae_arm.arm_control.kinematics import pose_error
from gae_arm.arm_control.pose_ik import PoseIk, PoseIkSettings
from gae_arm.core import geometry
from gae_arm.core.errors import InvalidValueError


@lru_cache
def ik_of(name: str) -> PoseIk:
    return PoseIk(kinematics_of(name))


@pytest.mark.parametrize('name', ARMS)
def test_every_pose_of_the_workspace_is_solved(name):
    ik = ik_of(name)
    kinematics = ik.kinematics
    limits = kinematics.arm.limits
    for q in random_positions(name, 150, share=0.9):
        target = kinematics.forward(q)
        solution = ik.solve(kinematics.arm.home, target)
        assert solution.reached, q.tolist()
        assert (solution.q >= limits.lower).all()
        assert (solution.q <= limits.upper).all()
        error = pose_error(kinematics.forward(solution.q), target)
        assert np.linalg.norm(error[:3]) == pytest.approx(solution.position_error, abs=1e-12)
        assert solution.position_error <= 1e-5
        assert np.linalg.norm(error[3:]) == pytest.approx(solution.orientation_error, abs=1e-12)
        assert solution.orientation_error <= 1e-4


@pytest.mark.parametrize('name', ARMS)
def test_from_a_seed_nearby_the_solution_is_nearby(name):
    """No restart, no other branch: also at the joint limits."""
    ik = PoseIk(ik_of(name).kinematics, PoseIkSettings(restarts=0))
    limits = ik.kinematics.arm.limits
    random = np.random.default_rng(1)
    for q in random_positions(name, 100):
        if ik.kinematics.manipulability(q) < 0.01:
            continue
        seed = np.clip(q + random.uniform(-0.05, 0.05, len(q)), limits.lower, limits.upper)
        solution = ik.solve(seed, ik.kinematics.forward(q))
        assert solution.reached
        assert np.abs(solution.q - seed).max() < 0.5


def test_full_turns_are_taken_off_towards_the_seed():
    ik = ik_of('ur5')
    q = np.array([4.0, -1.0, 1.2, -1.0, -1.5, 5.5])
    target = ik.kinematics.forward(q)
    for seed in (q, q - 2 * np.pi * np.array([1, 0, 0, 0, 0, 1])):
        solution = ik.solve(seed, target)
        np.testing.assert_allclose(solution.q, seed, atol=1e-3)
    far = ik.solve([-6.0, -1.0, 1.2, -1.0, -1.5, 6.0], target)
    assert np.abs(far.q - [-6.0, -1.0, 1.2, -1.0, -1.5, 6.0]).max() <= np.pi + 1e-9


@pytest.mark.parametrize('name', ARMS)
def test_a_pose_out_of_reach_is_not_reached(name):
    ik = ik_of(name)
    target = geometry.transform(np.diag([1.0, -1, -1]), [2.0, 0.5, 0.5])
    solution = ik.solve(ik.kinematics.arm.home, target)
    assert not solution.reached
    assert solution.position_error > 0.3


@pytest.mark.parametrize('name', ARMS)
def test_the_same_call_gives_the_same_answer(name):
    ik, again = ik_of(name), PoseIk(ik_of(name).kinematics)
    home = ik.kinematics.arm.home
    target = ik.kinematics.forward(random_positions(name, 1, seed=4, share=0.9)[0])
    assert ik.solve(home, target) == again.solve(home, target)


def test_solutions_that_are_not_accepted_do_not_count():
    ik = ik_of('ur5')
    home = ik.kinematics.arm.home
    target = ik.kinematics.forward(home + 0.2)
    upper = ik.solve(home, target, accept=lambda q: q[2] > 0)
    lower = ik.solve(home, target, accept=lambda q: q[2] < 0)
    assert upper.reached
    assert upper.q[2] > 0
    assert lower.reached
    assert lower.q[2] < 0
    none = ik.solve(home, target, accept=lambda q: False)
    assert not none.reached
    np.testing.assert_array_equal(none.q, home)


def test_bad_input_is_refused_with_its_value():
    ik = ik_of('panda')
    home, T = ik.kinematics.arm.home, ik.kinematics.forward(ik.kinematics.arm.home)
    with pytest.raises(InvalidValueError, match=r'^q has shape \(6,\), expected \(7\)$'):
        ik.solve(np.zeros(6), T)
    with pytest.raises(
        InvalidValueError, match=r'^T_target has shape \(3, 3\), expected \(4, 4\)$'
    ):
        ik.solve(home, np.eye(3))
    with pytest.raises(InvalidValueError, match=r'^restarts is -1, allowed is 0 to 10000$'):
        PoseIkSettings(restarts=-1)
    with pytest.raises(InvalidValueError, match=r'^position_tolerance is 0\.0, allowed is 1e-09'):
        PoseIkSettings(position_tolerance=0.0)

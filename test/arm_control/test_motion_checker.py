"""The checker that judges the governor finds what is wrong, and does not know the governor."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.commands.benches import motion_checker
from gae_arm.commands.benches.motion_checker import MotionChecker, screw_axes
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file
from gae_arm.core.trajectory import JointTrajectory

STEP_NS = 10_000_000
NOW = 10**9
ARM = load_arm(arm_file('ur5'))
SCREWS = screw_axes(ARM)
FAR = np.array([[-9.0] * 3, [9.0] * 3])


def smooth(joint=0, acceleration=4.0, jerk=400.0, start=None, ramps=(1, 0, 0, -1, -1, 0, 0, 1)):
    """A message in which one joint moves there with constant jerk from point to point, and stops.

    The jerk is `jerk` times each of `ramps`, for a step each.
    """
    q = np.tile(ARM.home if start is None else start, (len(ramps) + 1, 1))
    v, a = np.zeros_like(q), np.zeros_like(q)
    h = STEP_NS * 1e-9
    for i, share in enumerate(ramps):
        j = share * jerk
        q[i + 1, joint] = q[i, joint] + h * (v[i, joint] + h * (a[i, joint] / 2 + h * j / 6))
        v[i + 1, joint] = v[i, joint] + h * (a[i, joint] + h * j / 2)
        a[i + 1, joint] = a[i, joint] + h * j
    v[-1], a[-1] = 0, 0
    times = np.arange(len(ramps) + 1) * STEP_NS
    return JointTrajectory(ARM.joints, NOW - STEP_NS, times, q, v, a)


def checker(arm=ARM, box=FAR):
    return MotionChecker(arm, SCREWS, box, STEP_NS // 2)


def found(trajectory, arm=ARM, box=FAR, now_ns=NOW - STEP_NS):
    judge = checker(arm, box)
    judge._last = (trajectory.stamp_ns, trajectory)  # The stream so far is the same motion.
    judge.check(trajectory, now_ns)
    return {kind for kind, count in judge.violations.items() if count}


def limited(**changes):
    n = len(ARM.joints)
    limits = {key: np.full(n, float(value)) for key, value in changes.items()}
    return dataclasses.replace(ARM, limits=dataclasses.replace(ARM.limits, **limits))


def changed(trajectory, key, value, point=3, joint=0):
    array = getattr(trajectory, key).copy()
    array[point, joint] += value
    return dataclasses.replace(trajectory, **{key: array})


def test_a_good_message_breaks_no_rule():
    assert found(smooth()) == set()


@pytest.mark.parametrize(
    ('limits', 'kind'),
    [
        ({'velocity': 0.11}, 'velocity'),
        ({'acceleration': 3.999}, 'acceleration'),
        ({'jerk': 399.9}, 'jerk'),
        ({'velocity': 0.0}, 'velocity'),
    ],
)
def test_a_limit_that_is_passed_by_little_is_found(limits, kind):
    assert kind in found(smooth(), limited(**limits))


@pytest.mark.parametrize('limits', [{'velocity': 0.1201}, {'acceleration': 4.0}, {'jerk': 400.0}])
def test_a_limit_that_is_reached_is_not_passed(limits):
    assert found(smooth(), limited(**limits)) == set()


def bow(velocity, acceleration):
    """Two points of the first joint: the given ones, then both with the other end's sign."""
    q = np.tile(ARM.home, (2, 1))
    v, a = np.zeros_like(q), np.zeros_like(q)
    v[:, 0], a[:, 0] = velocity, acceleration
    h = STEP_NS * 1e-9
    jerk = (a[1, 0] - a[0, 0]) / h
    q[1, 0] += h * (v[0, 0] + h * (a[0, 0] / 2 + h * jerk / 6))
    return JointTrajectory(ARM.joints, NOW, [0, STEP_NS], q, v, a)


def test_a_speed_that_is_too_high_only_between_two_points_is_found():
    # 0.2 rad/s at both points, and 0.2 + 2 * 0.01 / 4 in the middle.
    trajectory = bow([0.2, 0.2], [2.0, -2.0])
    assert 'velocity' in found(trajectory, limited(velocity=0.2049), now_ns=NOW)
    assert 'velocity' not in found(trajectory, limited(velocity=0.2051), now_ns=NOW)


def test_a_position_that_is_passed_only_between_two_points_is_found():
    # The joint turns round inside a step: both points lie below where it has been.
    trajectory = bow([0.01, -0.01], [-2.0, -2.0])
    top = ARM.home[0] + 0.01**2 / (2 * 2.0)
    upper = ARM.limits.upper.copy()
    for margin, kinds in ((1e-5, False), (-1e-5, True)):
        upper[0] = top + margin
        arm = dataclasses.replace(ARM, limits=dataclasses.replace(ARM.limits, upper=upper))
        assert ('position' in found(trajectory, arm, now_ns=NOW)) == kinds


def test_the_end_of_the_range_is_found():
    upper = ARM.limits.upper.copy()
    upper[0] = ARM.home[0] + 1e-4
    arm = dataclasses.replace(ARM, limits=dataclasses.replace(ARM.limits, upper=upper))
    assert 'position' in found(smooth(), arm)


def test_accelerations_that_are_not_those_of_the_positions_are_found():
    assert 'jerk' in found(changed(smooth(), 'accelerations', 0.5))


def test_a_step_in_position_is_found():
    assert {'jerk', 'acceleration', 'velocity'} <= found(changed(smooth(), 'positions', 0.02))


def test_a_message_that_ends_moving_is_found():
    assert 'end' in found(changed(smooth(), 'velocities', 1e-3, point=-1))


def test_a_message_without_its_past_is_found():
    assert 'late' in found(smooth(), now_ns=NOW - STEP_NS - 1)


def test_a_message_that_does_not_go_on_from_the_one_before_is_found():
    judge = checker()
    assert judge.check(smooth(ramps=(0,) * 8), NOW)
    assert not judge.check(smooth(joint=1), NOW + 2)
    assert judge.violations['seam'] > 0


def test_a_stream_that_begins_moving_is_found():
    judge = checker()
    judge.check(smooth(), NOW)
    assert judge.violations['seam'] == 1


def test_wrong_joints_are_found():
    other = dataclasses.replace(smooth(), joint_names=ARM.joints[::-1])
    assert found(other) == {'form'}


def test_the_box_is_checked_with_kinematics_of_its_own():
    kinematics = Kinematics(ARM)
    random = np.random.default_rng(0)
    for _ in range(20):
        q = random.uniform(ARM.limits.lower / 2, ARM.limits.upper / 2)
        place = kinematics.forward(q)[:3, 3]
        held = smooth(start=q, ramps=(0,) * 4)
        inside = np.stack([place - 1e-5, place + 1e-5])
        assert 'box' not in found(held, box=inside)
        assert 'box' in found(held, box=inside + np.array([2e-5, 0, 0]))


def test_the_checker_does_not_know_what_it_checks():
    text = Path(motion_checker.__file__).read_text()
    assert 'arm_control' not in text

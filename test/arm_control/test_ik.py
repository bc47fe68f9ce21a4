"""Differential IK: limits hold in every step, targets are tracked, singularities stay tame."""

from __future__ import annotations

import dataclasses

import numpy as np
import pinocchio as pin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from three_arms import ARMS, kinematics_of, random_positions

from gae_arm.arm_control.ik import DifferentialIk, IkSettings
from gae_arm.arm_control.kinematics import Kinematics, pose_error
from gae_arm.core import geometry
from gae_arm.core.errors import InvalidValueError

DT = 0.01
SINGULAR = {'panda': (3, -0.0698), 'ur5': (4, 0.0), 'xarm7': (5, 0.1)}
"""A joint and an angle that make the arm singular from home: straight elbow, straight wrists."""


def with_limits(name: str, **limits: np.ndarray) -> Kinematics:
    arm = kinematics_of(name).arm
    return Kinematics(dataclasses.replace(arm, limits=dataclasses.replace(arm.limits, **limits)))


def random_pose(random: np.random.Generator) -> np.ndarray:
    turn = random.normal(size=3)
    return geometry.transform(pin.exp3(turn), random.uniform(-1.5, 1.5, 3))


def follow(ik: DifferentialIk, q: np.ndarray, targets: list[np.ndarray]) -> np.ndarray:
    """Joint velocities (T, N) of one tick per target."""
    out = []
    for target in targets:
        out.append(ik.step(q, target, DT).q_dot)
        q = q + DT * out[-1]
    return np.array(out)


@pytest.mark.parametrize('name', ARMS)
@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 100_000), dt=st.floats(1e-3, 0.1), at_limit=st.booleans())
def test_limits_hold_in_every_step(name, seed, dt, at_limit):
    kinematics = kinematics_of(name)
    limits = kinematics.arm.limits
    random = np.random.default_rng(seed)
    q = random_positions(name, 1, seed)[0]
    if at_limit:
        q = np.where(random.random(len(q)) < 0.5, limits.upper, q)
    ik = DifferentialIk(kinematics)
    target, twist = random_pose(random), random.normal(size=6)
    for _ in range(3):
        step = ik.step(q, target, dt, twist)
        assert np.isfinite(step.q_dot).all()
        assert (np.abs(step.q_dot) <= limits.velocity).all()
        q = q + dt * step.q_dot
        assert (q >= limits.lower - 1e-12).all()
        assert (q <= limits.upper + 1e-12).all()
        room = np.where(step.q_dot > 0, limits.upper - q, q - limits.lower)
        braking = step.q_dot**2 / (2 * limits.acceleration)
        assert (braking <= room + 1e-9).all(), 'no room left to brake'


@pytest.mark.parametrize('name', ARMS)
def test_a_joint_outside_its_limits_comes_back(name):
    kinematics = kinematics_of(name)
    arm = kinematics.arm
    q = arm.home.copy()
    q[1] = arm.limits.upper[1] + 0.005
    outward = np.eye(kinematics.n)[1]
    target = kinematics.forward(q + 0.1 * outward)
    step = DifferentialIk(kinematics).step(q, target, DT)
    assert q[1] + DT * step.q_dot[1] == pytest.approx(arm.limits.upper[1], abs=1e-12)
    assert f'{arm.joints[1]} position' in step.limited_by


@pytest.mark.parametrize('name', ARMS)
def test_neighbouring_poses_are_tracked(name):
    """Along random joint motions of up to 0.4 rad/s, and none is lost."""
    kinematics = kinematics_of(name)
    random = np.random.default_rng(0)
    ik = DifferentialIk(kinematics)
    checked = 0
    for start in random_positions(name, 20, share=0.7):
        direction = random.uniform(-1, 1, kinematics.n)
        path = [start + 0.1 * direction * (1 - np.cos(np.pi * i / 50)) for i in range(51)]
        targets = [kinematics.forward(p) for p in path]
        if min(kinematics.manipulability(p) for p in path) < 0.01:
            continue
        q = start
        for target in targets:
            q = q + DT * ik.step(q, target, DT).q_dot
            error = pose_error(kinematics.forward(q), target)
            assert np.linalg.norm(error[:3]) < 2e-4
            assert np.linalg.norm(error[3:]) < 2e-3
        checked += 1
    assert checked > 5


@pytest.mark.parametrize('name', ARMS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_pose_nearby_is_reached_and_held(name, seed):
    kinematics = kinematics_of(name)
    random = np.random.default_rng(seed)
    q, ik = kinematics.arm.home, DifferentialIk(kinematics)
    target = kinematics.forward(q).copy()
    target[:3, 3] += random.uniform(-0.04, 0.04, 3)
    target[:3, :3] = pin.exp3(random.uniform(-0.2, 0.2, 3)) @ target[:3, :3]
    for _ in range(60):
        q = q + DT * ik.step(q, target, DT).q_dot
    step = ik.step(q, target, DT)
    assert step.position_error < 1e-6
    assert step.orientation_error < 1e-5


@pytest.mark.parametrize('speed', [1.0, 100.0])
@pytest.mark.parametrize('name', ARMS)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_target_out_of_reach_does_not_make_the_arm_chatter(name, speed, seed):
    """Drawn out to a stretched, singular pose and beyond. (Without damping the mean is above 1.)"""
    kinematics = kinematics_of(name)
    direction = np.random.default_rng(seed).normal(size=3)
    direction[2] = abs(direction[2])
    direction /= np.linalg.norm(direction)
    T = kinematics.forward(kinematics.arm.home)
    way = [min(1.5, 0.01 * i) for i in range(400)]
    targets = [geometry.transform(T[:3, :3], T[:3, 3] + s * direction) for s in way]
    ik = DifferentialIk(kinematics, IkSettings(linear_speed=speed, angular_speed=3 * speed))
    q_dot = follow(ik, kinematics.arm.home, targets)
    assert np.isfinite(q_dot).all()
    jumps = np.abs(np.diff(q_dot, axis=0)).max(axis=1)
    assert jumps[-150:].mean() < 0.03, 'chatters'


@pytest.mark.parametrize('name', ARMS)
def test_a_singular_configuration_is_left_and_named(name):
    kinematics = kinematics_of(name)
    q = kinematics.arm.home.copy()
    joint, angle = SINGULAR[name]
    q[joint] = angle
    ik = DifferentialIk(kinematics)
    start = kinematics.forward(q)
    step = ik.step(q, start, DT)
    assert 'singularity' in step.limited_by
    assert np.abs(step.q_dot).max() < 1.0
    for axis in range(3):
        target = start.copy()
        target[:3, 3] -= 0.05 * np.eye(3)[axis]
        q_dot = follow(ik, q, [target] * 300)
        assert np.isfinite(q_dot).all()
        end = q + DT * q_dot.sum(0)
        assert np.linalg.norm(kinematics.forward(end)[:3, 3] - target[:3, 3]) < 0.06


def test_limits_of_zero_hold_a_joint():
    arm = kinematics_of('panda').arm
    velocity = arm.limits.velocity.copy()
    velocity[3] = 0.0
    kinematics = with_limits('panda', velocity=velocity)
    target = kinematics.forward(arm.home).copy()
    target[:3, 3] += 0.1
    step = DifferentialIk(kinematics).step(arm.home, target, DT)
    assert step.q_dot[3] == 0.0
    assert np.abs(step.q_dot).max() > 0.1
    assert 'panda_joint4 velocity' in step.limited_by
    still = with_limits('panda', acceleration=np.zeros(7))
    assert np.abs(DifferentialIk(still).step(arm.home, target, DT).q_dot).max() < 1e-12
    settings = IkSettings(linear_speed=0.0, posture_gain=0.0)
    step = DifferentialIk(kinematics_of('panda'), settings).step(arm.home, target, DT)
    assert step.limited_by == ('speed',)
    assert np.abs(step.q_dot).max() < 1e-12


@pytest.mark.parametrize('name', ARMS)
def test_the_correction_keeps_to_its_speed_and_direction(name):
    kinematics = kinematics_of(name)
    home, way = kinematics.arm.home, np.array([0.01, -0.02, 0.004])
    target = kinematics.forward(home).copy()
    target[:3, 3] += way
    settings = IkSettings(linear_speed=0.1, posture_gain=0.0)
    step = DifferentialIk(kinematics, settings).step(home, target, DT)
    expected = np.r_[0.1 * way / np.linalg.norm(way), 0, 0, 0]
    np.testing.assert_allclose(kinematics.jacobian(home) @ step.q_dot, expected, atol=1e-4)
    assert step.limited_by == ('speed',)
    assert step.position_error == pytest.approx(np.linalg.norm(way))
    assert step.manipulability == pytest.approx(kinematics.manipulability(home))


@pytest.mark.parametrize('name', ARMS)
def test_feedforward_takes_the_lag_away(name):
    """A target in steady motion, corrected softly: with its twist given, nothing lags."""
    kinematics = kinematics_of(name)
    velocity = np.array([0.05, 0.1, -0.05])
    T = kinematics.forward(kinematics.arm.home)
    ik = DifferentialIk(kinematics, IkSettings(gain=0.1))
    lag = {}
    for feedforward in (None, np.r_[velocity, 0, 0, 0]):
        q = kinematics.arm.home
        for i in range(100):
            target = geometry.transform(T[:3, :3], T[:3, 3] + i * DT * velocity)
            step = ik.step(q, target, DT, feedforward)
            q = q + DT * step.q_dot
        lag[feedforward is None] = step.position_error
    assert lag[True] == pytest.approx(np.linalg.norm(velocity) * DT / 0.1, rel=0.2)
    assert lag[False] < 0.02 * lag[True]


@pytest.mark.parametrize('name', ['panda', 'xarm7'])
def test_the_spare_joint_goes_home_while_the_end_effector_stays(name):
    kinematics = kinematics_of(name)
    home = kinematics.arm.home
    q, target = home.copy(), kinematics.forward(home)
    free, ik = DifferentialIk(kinematics, IkSettings(posture_gain=0.0)), DifferentialIk(kinematics)
    for _ in range(50):  # along the null space, the end effector held
        null = np.linalg.svd(kinematics.jacobian(q))[2][-1]
        q = q + 0.01 * null * np.sign(null[2])
        q = q + DT * free.step(q, target, DT).q_dot
    away = np.linalg.norm(q - home)
    assert away > 0.3
    for _ in range(500):
        step = ik.step(q, target, DT)
        assert step.position_error < 1e-4
        q = q + DT * step.q_dot
    assert np.linalg.norm(q - home) < 0.4 * away


def test_the_same_step_gives_the_same_answer():
    kinematics = kinematics_of('xarm7')
    ik = DifferentialIk(kinematics)
    random = np.random.default_rng(2)
    q, target = random_positions('xarm7', 1)[0], random_pose(random)
    first = ik.step(q, target, DT)
    ik.step(kinematics.arm.home, random_pose(random), DT)
    assert ik.step(q, target, DT) == first


def test_bad_input_is_refused_with_its_value():
    kinematics = kinematics_of('ur5')
    home, T = kinematics.arm.home, kinematics.forward(kinematics.arm.home)
    ik = DifferentialIk(kinematics)
    with pytest.raises(InvalidValueError, match=r'^q has shape \(7,\), expected \(6\)$'):
        ik.step(np.zeros(7), T, DT)
    with pytest.raises(InvalidValueError, match=r'^T_target\[0, 3\] is not finite: nan$'):
        ik.step(home, geometry.transform(np.eye(3), [np.nan, 0, 0]), DT)
    with pytest.raises(InvalidValueError, match=r'^T_target is not a rotation: '):
        ik.step(home, np.diag([2.0, 1, 1, 1]), DT)
    with pytest.raises(InvalidValueError, match=r'^dt is 0\.0, allowed is 0\.0001 to 1\.0$'):
        ik.step(home, T, 0.0)
    with pytest.raises(InvalidValueError, match=r'^twist_feedforward has shape \(3,\)'):
        ik.step(home, T, DT, [0, 0, 0])
    with pytest.raises(InvalidValueError, match=r'^gain is 1\.5, allowed is 0\.0 to 1\.0$'):
        IkSettings(gain=1.5)
    with pytest.raises(InvalidValueError, match=r'^singular_speed is 0\.0, allowed is 0\.001 to'):
        IkSettings(singular_speed=0.0)

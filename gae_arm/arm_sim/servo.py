"""Joint drives for any arm: gains from its inertia, velocity and effort that saturate.

A drive is a position loop around a velocity loop, as in industrial servo amplifiers:

    velocity wanted = clip(v_set + k (q_set - q), -velocity limit, velocity limit)
    effort          = clip(d (velocity wanted - v) + gravity, -effort limit, effort limit)

Inside the limits this is d k (q_set - q) + d (v_set - v), a PD controller with velocity
feed-forward. Outside, no set point, however far away, drives the joint faster than its limit.
With the joint's inertia M, a natural frequency w and damping ratio 1: d = 2 w M and k = w / 2;
d is larger where that would leave the drive too weak to keep to its velocity.

In MuJoCo these are two actuators on each joint, so that many steps run in C without a callback:
NAME_position, whose control is q_set + v_set / k and whose force is clipped to d * velocity
limit, and NAME_damping, which is -d v. The joint's `actfrcrange` clips their sum with gravity.
Part of d is the damping that the joint has anyway, as its URDF says.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from gae_arm.core.arm import ArmConfig

NATURAL_FREQUENCY = 80.0
# Seconds in which a drive without load gets to its velocity limit with full effort. It tells the
# reflected inertia of motor and gears, which URDFs omit.
RISE_TIME = 0.01
# Share of the velocity limit by which a joint must be off to call for full effort, at most. With
# effort saturated, MuJoCo's integration is explicit: this must not be below timestep / RISE_TIME.
VELOCITY_BAND = 0.2
CONFIGURATIONS = 32


@dataclass(frozen=True)
class Drives:
    """Joints that are driven, and the limits and gains of their drives; arrays are (N,).

    joints: arm joints, then finger joints. lower, upper: rad or m. velocity, effort: limits.
    armature: reflected inertia, kg m^2 or kg. gain: k, 1/s. damping: d, N m s/rad or N s/m.
    """

    joints: tuple[str, ...]
    lower: np.ndarray
    upper: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray
    armature: np.ndarray
    gain: np.ndarray
    damping: np.ndarray

    def control(self, position: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Return the controls (N,) of NAME_position for set points (N,), clipped to the limits."""
        # np.clip takes three times as long for so few numbers.
        position = np.minimum(np.maximum(position, self.lower), self.upper)
        fastest = self.velocity
        return position + np.minimum(np.maximum(velocity, -fastest), fastest) / self.gain


def design_drives(arm: ArmConfig, model: mujoco.MjModel) -> Drives:
    """Return drives for the joints of `model`, which is the arm alone, without armature."""
    limits, gripper = arm.limits, arm.gripper
    joints = arm.joints + gripper.joints
    fingers = np.ones(len(gripper.joints))
    velocity = np.concatenate([limits.velocity, gripper.velocity * fingers])
    effort = np.concatenate([limits.effort, gripper.effort * fingers])
    lower = np.concatenate([limits.lower, np.minimum(gripper.closed, gripper.opened)])
    upper = np.concatenate([limits.upper, np.maximum(gripper.closed, gripper.opened)])
    line = effort / np.maximum(velocity, 1e-3)
    armature = RISE_TIME * line
    inertia = armature + _largest_inertia(model, joints, lower, upper)
    damping = np.maximum(2 * NATURAL_FREQUENCY * inertia, line / VELOCITY_BAND)
    gain = np.full(len(joints), NATURAL_FREQUENCY / 2)
    return Drives(joints, lower, upper, velocity, effort, armature, gain, damping)


def add_drives(spec: mujoco.MjSpec, drives: Drives) -> None:
    """Add the actuators, all NAME_position in order, then all NAME_damping."""
    for j, name in enumerate(drives.joints):
        joint = spec.joint(name)
        joint.range = drives.lower[j], drives.upper[j]
        joint.limited = joint.actfrclimited = mujoco.mjtLimited.mjLIMITED_TRUE
        joint.actfrcrange = np.array([-1, 1]) * max(drives.effort[j], 1e-9)
        joint.actgravcomp = True
        joint.armature = drives.armature[j]
        stiffness = drives.gain[j] * drives.damping[j]
        actuator = _add_actuator(spec, f'{name}_position', name, (0.0, -stiffness, 0.0))
        actuator.gainprm[0] = stiffness
        actuator.forcelimited = mujoco.mjtLimited.mjLIMITED_TRUE
        actuator.forcerange = np.array([-1, 1]) * max(drives.damping[j] * drives.velocity[j], 1e-9)
    for j, name in enumerate(drives.joints):
        own = drives.damping[j] - spec.joint(name).damping[0]
        _add_actuator(spec, f'{name}_damping', name, (0.0, 0.0, -max(own, 0.0)))


def _add_actuator(
    spec: mujoco.MjSpec, name: str, joint: str, bias: tuple[float, float, float]
) -> mujoco.MjsActuator:
    actuator = spec.add_actuator(name=name, target=joint)
    actuator.trntype = mujoco.mjtTrn.mjTRN_JOINT
    actuator.gaintype, actuator.gainprm[0] = mujoco.mjtGain.mjGAIN_FIXED, 0.0
    actuator.biastype, actuator.biasprm[:3] = mujoco.mjtBias.mjBIAS_AFFINE, bias
    return actuator


def _largest_inertia(
    model: mujoco.MjModel, joints: tuple[str, ...], lower: np.ndarray, upper: np.ndarray
) -> np.ndarray:
    """Return the largest M_ii (N,) of the joints over random configurations."""
    rng = np.random.default_rng(0)
    data = mujoco.MjData(model)
    dense = np.zeros((model.nv, model.nv))
    where = [model.joint(name).qposadr[0] for name in joints]
    dofs = [model.joint(name).dofadr[0] for name in joints]
    largest = np.zeros(len(joints))
    for _ in range(CONFIGURATIONS):
        data.qpos[where] = rng.uniform(lower, upper)
        mujoco.mj_forward(model, data)
        mujoco.mj_fullM(model, data, dense)
        largest = np.maximum(largest, np.diag(dense)[dofs])
    return largest

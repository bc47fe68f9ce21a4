"""Straight-line motion of the end effector for tests, by MuJoCo's Jacobians."""

import mujoco
import numpy as np

from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.core.geometry import rpy_to_matrix, transform

CYCLE = 5


def gripper_down(x, y, z, yaw=0.0):
    """Return a pose (4, 4) with the gripper pointing down, its fingers closing along y at yaw 0."""
    return transform(rpy_to_matrix(np.pi, 0, yaw), [x, y, z])


class LineMover:
    """Moves the end effector along straight lines; keeps the commanded joint positions."""

    def __init__(self, sim: ArmSimulation) -> None:
        self.sim = sim
        self._data = mujoco.MjData(sim.model)
        self._body = sim.model.body(sim.arm.end_effector_frame).id
        self._qpos = [sim.model.joint(name).qposadr[0] for name in sim.arm.joints]
        self._dofs = [sim.model.joint(name).dofadr[0] for name in sim.arm.joints]
        self._q = sim.arm.home.copy()

    def move(self, target, seconds) -> None:
        """Go to the pose `target` (4, 4) in about `seconds`, starting and ending at rest."""
        cycles = round(seconds * 1e9 / self.sim.timestep_ns / CYCLE)
        start = self._forward(self._q)
        turn = _rotation_vector(target[:3, :3] @ start[:3, :3].T)
        for i in range(1, cycles + 1):
            s = i / cycles
            s = s**3 * (10 - 15 * s + 6 * s**2)
            rotation = _from_vector(s * turn) @ start[:3, :3]
            goal = transform(rotation, start[:3, 3] + s * (target[:3, 3] - start[:3, 3]))
            q = self._solve(goal)
            dt = CYCLE * self.sim.timestep_ns / 1e9
            velocity = (q - self._q) / dt
            for j in range(1, CYCLE + 1):
                self.sim.command_joints(self._q + velocity * dt * j / CYCLE, velocity)
                self.sim.step()
            self._q = q
        self.sim.command_joints(self._q)

    def _solve(self, goal):
        q = self._q.copy()
        for _ in range(3):
            pose = self._forward(q)
            jacobian = np.zeros((6, self.sim.model.nv))
            mujoco.mj_jacBody(self.sim.model, self._data, jacobian[:3], jacobian[3:], self._body)
            jacobian = jacobian[:, self._dofs]
            error = np.concatenate(
                [goal[:3, 3] - pose[:3, 3], _rotation_vector(goal[:3, :3] @ pose[:3, :3].T)]
            )
            damped = jacobian @ jacobian.T + 1e-6 * np.eye(6)
            q = q + jacobian.T @ np.linalg.solve(damped, error)
        return q

    def _forward(self, q):
        self._data.qpos[self._qpos] = q
        mujoco.mj_kinematics(self.sim.model, self._data)
        mujoco.mj_comPos(self.sim.model, self._data)
        return transform(self._data.xmat[self._body].reshape(3, 3), self._data.xpos[self._body])


def _rotation_vector(rotation):
    quaternion, vector = np.zeros(4), np.zeros(3)
    mujoco.mju_mat2Quat(quaternion, rotation.ravel())
    mujoco.mju_quat2Vel(vector, quaternion, 1.0)
    return vector


def _from_vector(vector):
    quaternion, rotation = np.zeros(4), np.zeros(9)
    angle = np.linalg.norm(vector)
    axis = vector / angle if angle > 0 else np.array([1.0, 0, 0])
    mujoco.mju_axisAngle2Quat(quaternion, axis, angle)
    mujoco.mju_quat2Mat(rotation, quaternion)
    return rotation.reshape(3, 3)

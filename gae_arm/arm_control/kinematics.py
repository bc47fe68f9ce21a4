"""Forward kinematics and Jacobian of an arm: Pinocchio on the arm's URDF.

Joint vectors are in the order of `ArmConfig.joints`. Poses are T_base_ee, the end effector frame
in the base frame that the arm's YAML file names.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import numpy.typing as npt
import pinocchio as pin

from gae_arm.core import checks, geometry
from gae_arm.core.arm import ArmConfig
from gae_arm.core.urdf import load_urdf, with_absolute_meshes


class Kinematics:
    """Kinematics of one arm; not for two threads at once (Pinocchio's data is reused).

    arm: the arm's description. urdf: its URDF, meshes by absolute path. model: Pinocchio's model of
    the whole URDF, gripper included; joints that are neither the arm's nor the gripper's stay at
    their neutral position. n: number N of arm joints. revolute: bool (N,), which of them turn.
    arm_joints: indices in `model` of the arm's joints; gripper_joints: of those behind the last.
    Raises ConfigError as `load_urdf` does.
    """

    def __init__(self, arm: ArmConfig) -> None:
        self.arm = arm
        self.n = len(arm.joints)
        self.urdf = with_absolute_meshes(load_urdf(arm))
        self.model = pin.buildModelFromXML(_without_continuous_joints(self.urdf), True)
        self._data = self.model.createData()
        self.arm_joints = tuple(self.model.getJointId(name) for name in arm.joints)
        last = self.arm_joints[-1]
        self.gripper_joints = tuple(j for j in self.model.subtrees[last] if j != last)
        joints = [self.model.joints[j] for j in self.arm_joints]
        self.revolute = np.array([joint.shortname().startswith('JointModelR') for joint in joints])
        self._q_index = np.array([joint.idx_q for joint in joints])
        self._v_index = np.array([joint.idx_v for joint in joints])
        self._positions = pin.neutral(self.model)
        self._opening, self._opened = np.nan, self._positions
        self._frames = {
            frame.name: i
            for i, frame in enumerate(self.model.frames)
            if frame.type == pin.FrameType.BODY
        }
        self._ee = self._frames[arm.end_effector_frame]
        # Nothing that moves carries the base: one transform for good.
        pin.framesForwardKinematics(self.model, self._data, self._positions)
        T_root_base = self._data.oMf[self._frames[arm.base_frame]].homogeneous
        self.T_base_root: np.ndarray = geometry.invert(T_root_base)
        self._R_base_root = np.ascontiguousarray(self.T_base_root[:3, :3])

    def forward(self, q: npt.ArrayLike) -> np.ndarray:
        """Return T_base_ee (4, 4) at joint positions q (N,), rad."""
        return self.evaluate(self.checked(q))[0]

    def jacobian(self, q: npt.ArrayLike) -> np.ndarray:
        """Return J (6, N) with [v; w] = J dq/dt.

        v: linear velocity of the end effector frame's origin, m/s; w: its angular velocity, rad/s;
        both with components along the axes of the base frame.
        """
        return self.evaluate(self.checked(q))[1]

    def manipulability(self, q: npt.ArrayLike) -> float:
        """Return sqrt(det(J J^T)), 0 in a singular configuration (Yoshikawa 1985)."""
        return float(np.prod(np.linalg.svd(self.jacobian(q), compute_uv=False)))

    def frame(self, name: str, q: npt.ArrayLike, opening: float = 1.0) -> np.ndarray:
        """Return T_base_frame (4, 4) of any link; opening: the gripper's, 0.0 closed to 1.0 open.

        Raises InvalidValueError with the links that there are for an unknown name.
        """
        frame = self._frames[checks.known('frame', name, self._frames)]
        pin.forwardKinematics(self.model, self._data, self.positions(self.checked(q), opening))
        placement = pin.updateFramePlacement(self.model, self._data, frame)
        return self.T_base_root @ placement.homogeneous

    def evaluate(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return T_base_ee (4, 4) and the Jacobian (6, N) at q (N,), which is not checked."""
        self._positions[self._q_index] = q
        J = pin.computeFrameJacobian(
            self.model, self._data, self._positions, self._ee, pin.LOCAL_WORLD_ALIGNED
        )
        T = self.T_base_root @ self._data.oMf[self._ee].homogeneous
        rows = self._R_base_root @ J[:, self._v_index].reshape(2, 3, self.n)
        return T, rows.reshape(6, self.n)

    def positions(self, q: np.ndarray, opening: float) -> np.ndarray:
        """Return the configuration of `model`: arm at q (N,), not checked, gripper at an opening.

        A finger joint that mimics another one has no position of its own there.
        """
        if opening != self._opening:
            self._opened = self._at(opening)
            self._opening = opening
        out = self._opened.copy()
        out[self._q_index] = q
        return out

    def _at(self, opening: float) -> np.ndarray:
        """Return the configuration of `model` with the gripper at an opening."""
        out = self._positions.copy()
        gripper = self.arm.gripper
        for name, position in zip(gripper.joints, gripper.positions(opening), strict=True):
            joint = self.model.joints[self.model.getJointId(name)]
            if joint.shortname() != 'JointModelMimic':
                out[joint.idx_q] = position
        return out

    def checked(self, q: npt.ArrayLike) -> np.ndarray:
        """Return q as float64 (N,); raise InvalidValueError for another shape or NaN."""
        return checks.array('q', q, (self.n,))


def pose_error(T: np.ndarray, T_target: np.ndarray) -> np.ndarray:
    """Return [dp; r] (6,): the displacement, m, and rotation vector, rad, that take T to T_target.

    Both in the frame that the poses are given in: p_target = p + dp, R_target = exp(r) R.
    """
    out = np.empty(6)
    out[:3] = T_target[:3, 3] - T[:3, 3]
    out[3:] = pin.log3(T_target[:3, :3] @ T[:3, :3].T)
    return out


def _without_continuous_joints(urdf: str) -> str:
    """Make continuous joints revolute: Pinocchio would give them two numbers, cosine and sine."""
    robot = ET.fromstring(urdf)
    for joint in robot.iter('joint'):
        if joint.get('type') == 'continuous':
            joint.set('type', 'revolute')
            for limit in joint.findall('limit'):
                joint.remove(limit)
            # Pinocchio's parser knows no infinity; the limits that count are the arm's own.
            ET.SubElement(joint, 'limit', lower='-1e9', upper='1e9', effort='0', velocity='0')
    return ET.tostring(robot, encoding='unicode')

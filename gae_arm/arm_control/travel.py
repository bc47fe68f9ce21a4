"""How far points of the arm move per radian of a joint, at most, in every configuration.

With these bounds a distance measured at joint positions p says something about others: none that
depends on the joints with bounds B, m/rad, is smaller at q by more than sum_i B_i |q_i - p_i|.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pinocchio as pin

from gae_arm.arm_control.convex import ConvexPiece
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.core import geometry

OPENINGS = np.linspace(0.0, 1.0, 11)


class Travel:
    """Bounds for P pieces and the N joints of one arm, float64 (P, N), m/rad.

    seen_from_base: of a piece's corners, as a joint before it turns. seen_from_tip: of the corners
    of a piece as seen from what is behind a joint after it. Both 0 for other joints.
    """

    def __init__(self, kinematics: Kinematics, pieces: Sequence[ConvexPiece]) -> None:
        joints = kinematics.arm_joints
        placements = [kinematics.model.jointPlacements[j].translation for j in joints]
        steps = [float(np.linalg.norm(p)) for p in placements]
        corners = _corners(kinematics, pieces)
        count = kinematics.n
        self.seen_from_base = np.zeros((len(pieces), count))
        self.seen_from_tip = np.zeros((len(pieces), count))
        for p, (carrier, spots) in enumerate(corners):
            length = float(np.linalg.norm(spots, axis=1).max())
            for i in range(carrier, -1, -1):
                self.seen_from_base[p, i] = length
                length += steps[i]
            if carrier + 1 < count:
                length = float(np.linalg.norm(spots - placements[carrier + 1], axis=1).max())
                for i in range(carrier + 1, count):
                    length += steps[i] if i > carrier + 1 else 0.0
                    self.seen_from_tip[p, i] = length

    def between(self, first: int, second: int) -> np.ndarray:
        """Return (N,), m/rad, by which the distance of two pieces changes at most."""
        outward = np.minimum(self.seen_from_base[second], self.seen_from_tip[first])
        inward = np.minimum(self.seen_from_base[first], self.seen_from_tip[second])
        return np.maximum(outward, inward)

    def of_height(self, piece: int, axis: np.ndarray) -> np.ndarray:
        """Return (N,), m/rad, by which a piece's height changes at most.

        axis: of the first joint, unit (3,), base frame: about an upright one no height changes.
        """
        out = self.seen_from_base[piece].copy()
        out[0] *= float(np.linalg.norm(axis[:2]))
        return out


def _corners(kinematics: Kinematics, pieces: Sequence[ConvexPiece]) -> list[tuple[int, np.ndarray]]:
    """Return for each piece the arm joint that carries it (-1: none) and its corners (V, 3).

    They are in that joint's frame, those of the gripper at several openings; in the frame of the
    first joint's parent for a piece that no joint of the arm carries.
    """
    model, data = kinematics.model, kinematics.model.createData()
    joints = list(kinematics.arm_joints)
    home = kinematics.arm.home
    out = []
    for piece in pieces:
        behind = piece.joint in kinematics.gripper_joints
        carrier = len(joints) - 1 if behind else -1
        if piece.joint in joints:
            carrier = joints.index(piece.joint)
        frame = joints[carrier] if carrier >= 0 else model.parents[joints[0]]
        spots = []
        for opening in OPENINGS if behind else OPENINGS[:1]:
            pin.forwardKinematics(model, data, kinematics.positions(home, opening))
            T = (data.oMi[frame].inverse() * data.oMi[piece.joint]).homogeneous
            spots.append(geometry.transform_points(T, piece.triangles.reshape(-1, 3)))
        out.append((carrier, np.concatenate(spots)))
    return out

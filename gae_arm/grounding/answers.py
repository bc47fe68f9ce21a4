"""From what the hand has to do to an answer about a picture: anchors are what the camera sees."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_sim.ray_kernel import GROUND
from gae_arm.core.lesson import Answer
from gae_arm.grounding.keyframes import Keyframes

MIN_PIXELS = 10
"""An object of which fewer pixels are seen is not asked for."""
MAX_OFF = 0.03
"""Metres, level: what is seen at an anchor is so near to where the hand goes."""


class Sight:
    """What a picture shows where.

    points: float64 (H, W, 3), metres, base frame. label: int16 (H, W). T_base_camera: (4, 4).
    """

    def __init__(
        self, depth: np.ndarray, label: np.ndarray, K: np.ndarray, T_base_camera: np.ndarray
    ) -> None:
        height, width = depth.shape
        u, v = np.meshgrid(np.arange(width), np.arange(height))
        x, y = (u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1]
        seen = np.stack([x * depth, y * depth, depth], -1)
        self.points = seen @ T_base_camera[:3, :3].T + T_base_camera[:3, 3]
        self.label = label
        right = T_base_camera[:3, 0] * [1, 1, 0]
        self.rightward = right / np.linalg.norm(right)
        """Unit vector (3,), level: to the right in the picture."""
        self._size = np.bincount(label[label >= 0].ravel(), minlength=int(label.max()) + 2)

    def sees(self, label: int) -> bool:
        """Return whether enough of an object is seen to speak of it."""
        return bool(label < len(self._size) and self._size[label] >= MIN_PIXELS)

    def nearest(self, label: int, place: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the pixel (2,) of an object, and its point (3,), levelly nearest to a place (3,).

        label: of the object; negative: of whatever there is. None if nothing is seen within
        MAX_OFF.
        """
        v, u = np.nonzero(self.label == label if label >= 0 else self.label >= GROUND)
        if not len(v):
            return None
        points = self.points[v, u]
        off = np.hypot(*(points[:, :2] - place[:2]).T)
        best = int(off.argmin())
        if off[best] > MAX_OFF:
            return None
        return np.array([u[best], v[best]], dtype=np.float64), points[best]

    def angle(self, direction: np.ndarray) -> float:
        """Return the angle of a level direction (3,) from `rightward`, -pi/2 to pi/2 rad."""
        leftward_up = np.array([-self.rightward[1], self.rightward[0]])
        angle = np.arctan2(direction[:2] @ leftward_up, direction[:2] @ self.rightward[:2])
        return float((angle + np.pi / 2) % np.pi - np.pi / 2)


def answer(keyframes: Keyframes, sight: Sight, labels: dict[str, int]) -> Answer | None:
    """Return keyframes as an answer; None if an anchor is hidden. labels: of items, by name."""
    anchors = [keyframes.first] + ([keyframes.second] if keyframes.second else [])
    numbers = tuple(labels.get(name, -1) for name, _ in anchors)
    found = [sight.nearest(n, p) for n, (_, p) in zip(numbers, anchors, strict=True)]
    seen = [pair for pair in found if pair is not None]
    if len(seen) < len(anchors) or not sight.sees(numbers[0]):
        return None
    return Answer(
        'plan',
        np.array([pixel for pixel, _ in seen]),
        np.array([point for _, point in seen]),
        numbers,
        sight.angle(keyframes.closing),
        keyframes.points,
        keyframes.gripper,
    )

"""Where the end effector has been: the last poses, as one message shows them."""

from __future__ import annotations

import numpy as np

from gae_arm.core.geometry import matrix_to_quaternion

LEAST_WAY = 0.001
"""m, rad: nearer poses are the same place."""


class ExecutedPath:
    """The last `length` poses, at most one every `interval_ns`.

    stamps_ns: int64 (K,). position: float64 (K, 3), m. orientation: (K, 4), x, y, z, w.
    """

    def __init__(self, length: int, interval_ns: int) -> None:
        self._length, self._interval_ns = length, interval_ns
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.stamps_ns = np.zeros(0, np.int64)
        self.position, self.orientation = np.zeros((0, 3)), np.zeros((0, 4))

    def due(self, now_ns: int) -> bool:
        """Return whether the next pose may be added."""
        return not len(self.stamps_ns) or abs(now_ns - self.stamps_ns[-1]) >= self._interval_ns

    def add(self, stamp_ns: int, T_base_ee: np.ndarray) -> bool:
        """Add a pose (4, 4), unless it is where the last one was; return whether it is."""
        place, turn = T_base_ee[:3, 3], matrix_to_quaternion(T_base_ee[:3, :3])
        if len(self.stamps_ns):
            moved = np.linalg.norm(place - self.position[-1])
            turned = 2 * np.sqrt(max(0.0, 1.0 - abs(turn @ self.orientation[-1])) * 2)
            if max(moved, turned) < LEAST_WAY:
                return False
        keep = slice(-self._length, None)
        self.stamps_ns = np.append(self.stamps_ns, stamp_ns)[keep]
        self.position = np.vstack([self.position, place])[keep]
        self.orientation = np.vstack([self.orientation, turn])[keep]
        return True

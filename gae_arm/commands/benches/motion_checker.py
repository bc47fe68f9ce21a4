"""Checks trajectories against an arm's limits as a controller would execute them.

It knows messages, limits and the URDF, and nothing of how the messages came about: what leaves the
governor is judged here by other code than the governor's.

A controller interpolates between points: with cubic polynomials through positions and velocities,
or with quintic ones through accelerations as well. Both are built from the message and examined.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.arm import ArmConfig
from gae_arm.core.jit import kernel
from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.trajectory import JointTrajectory
from gae_arm.core.urdf import load_urdf

TOLERANCE = 1e-6
"""rad, m, and relative to a limit: a jerk is a third difference of rounded positions."""
SAMPLES = 4
OUTSIDE = 0.01
"""m further out that a motion may lead which begins outside the box."""


@kernel
def _cubic(q: np.ndarray, v: np.ndarray, T: float) -> np.ndarray:
    """Return the coefficients (6,), lowest first, of the cubic with these (2,) at its ends."""
    slope = (q[1] - q[0]) / T
    c = (3 * slope - 2 * v[0] - v[1]) / T
    return np.array([q[0], v[0], c, (v[0] + v[1] - 2 * slope) / (T * T), 0.0, 0.0])


@kernel
def _quintic(q: np.ndarray, v: np.ndarray, a: np.ndarray, T: float) -> np.ndarray:
    """Return the coefficients (6,), lowest first, of the quintic with these (2,) at its ends."""
    # What is missing at the end after the start's own parabola, each scaled to a position.
    x = q[1] - q[0] - v[0] * T - a[0] * T * T / 2
    y = (v[1] - v[0] - a[0] * T) * T
    z = (a[1] - a[0]) * T * T
    e, f, g = 10 * x - 4 * y + z / 2, -15 * x + 7 * y - z, 6 * x - 3 * y + z / 2
    return np.array([q[0], v[0], a[0] / 2, e / T**3, f / T**4, g / T**5])


@kernel
def _moments(c: np.ndarray, T: float) -> np.ndarray:
    """Return times in [0, T]: evenly spaced, and where a cubic's speed or position turns."""
    out = np.zeros(SAMPLES + 4)
    out[: SAMPLES + 1] = np.arange(SAMPLES + 1) * (T / SAMPLES)
    if c[3] != 0:
        out[SAMPLES + 1] = -c[2] / (3 * c[3])
    root = c[2] * c[2] - 3 * c[3] * c[1]
    if root >= 0:
        far = -(c[2] + np.copysign(np.sqrt(root), c[2]))
        if far != 0:
            out[SAMPLES + 2] = c[1] / far
        if c[3] != 0:
            out[SAMPLES + 3] = far / (3 * c[3])
    return np.minimum(np.maximum(out, 0.0), T)


@kernel
def _examine(c: np.ndarray, T: float, limit: np.ndarray, worst: np.ndarray) -> None:
    """Raise `worst` (4,) to the excess of position, velocity, acceleration, jerk over (5,)."""
    for t in _moments(c, T):
        p = c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * (c[4] + t * c[5]))))
        v = c[1] + t * (2 * c[2] + t * (3 * c[3] + t * (4 * c[4] + t * 5 * c[5])))
        a = 2 * c[2] + t * (6 * c[3] + t * (12 * c[4] + t * 20 * c[5]))
        j = 6 * c[3] + t * (24 * c[4] + t * 60 * c[5])
        worst[0] = max(worst[0], p - limit[1], limit[0] - p)
        for k, value in ((1, v), (2, a), (3, j)):
            top = limit[k + 1]
            worst[k] = max(worst[k], (abs(value) - top) / (top if top > 0 else 1.0))


@kernel
def worst_excess(
    t: np.ndarray, q: np.ndarray, v: np.ndarray, a: np.ndarray, limits: np.ndarray
) -> np.ndarray:
    """Return (4,): the largest excess of position (rad), velocity, acceleration, jerk (relative).

    t: (L,), s. q, v, a: (L, N). limits: (5, N): lower, upper, velocity, acceleration, jerk. An
    acceleration that steps from one segment to the next is a jerk without bound.
    """
    worst = np.full(4, -np.inf)
    for j in range(q.shape[1]):
        limit = np.ascontiguousarray(limits[:, j])
        before = a[0, j]
        for i in range(len(t) - 1):
            T = t[i + 1] - t[i]
            pair = slice(i, i + 2)
            cubic = _cubic(q[pair, j], v[pair, j], T)
            _examine(cubic, T, limit, worst)
            _examine(_quintic(q[pair, j], v[pair, j], a[pair, j], T), T, limit, worst)
            if abs(2 * cubic[2] - before) > 1e-6 * max(limit[3], 1.0):
                worst[3] = np.inf
            before = 2 * cubic[2] + 6 * cubic[3] * T
    return worst


@kernel
def _sample(t: np.ndarray, q: np.ndarray, v: np.ndarray, at: float, out: np.ndarray) -> None:
    """Write position, velocity, acceleration (3, N) of the cubics at time `at`, s."""
    last = len(t) - 1
    for j in range(q.shape[1]):
        if at >= t[last]:
            out[0, j], out[1, j], out[2, j] = q[last, j], 0.0, 0.0
            continue
        i = max(int(np.searchsorted(t, at, side='right')) - 1, 0)
        c = _cubic(q[i : i + 2, j], v[i : i + 2, j], t[i + 1] - t[i])
        x = at - t[i]
        out[0, j] = c[0] + x * (c[1] + x * (c[2] + x * c[3]))
        out[1, j] = c[1] + x * (2 * c[2] + x * 3 * c[3])
        out[2, j] = 2 * c[2] + 6 * x * c[3]


@kernel
def _outermost(
    t: np.ndarray, q: np.ndarray, v: np.ndarray, screws: np.ndarray, box: np.ndarray
) -> float:
    """Return how far the end effector leaves the box (2, 3) at most, m, at points and between."""
    worst = -np.inf
    joints = np.empty(q.shape[1])
    c = np.empty((q.shape[1], 6))
    for i in range(len(t) - 1):
        T = t[i + 1] - t[i]
        for j in range(q.shape[1]):
            c[j] = _cubic(q[i : i + 2, j], v[i : i + 2, j], T)
        for k in range(SAMPLES):
            x = T * k / SAMPLES
            for j in range(q.shape[1]):
                joints[j] = c[j, 0] + x * (c[j, 1] + x * (c[j, 2] + x * c[j, 3]))
            place = _end_effector(joints, screws)
            for n in range(3):
                worst = max(worst, box[0, n] - place[n], place[n] - box[1, n])
    return worst


@kernel
def _end_effector(q: np.ndarray, screws: np.ndarray) -> np.ndarray:
    """Return the end effector's position (3,): the product of exponentials of (N + 1, 2, 3).

    Row i: unit axis and a point on it of joint i at q = 0; last row: the end effector there.
    """
    p = screws[len(q), 1].copy()
    for i in range(len(q) - 1, -1, -1):
        (a, b, c), point = screws[i, 0], screws[i, 1]
        x, y, z = p - point
        cosine, sine = np.cos(q[i]), np.sin(q[i])
        along = (a * x + b * y + c * z) * (1 - cosine)
        p[0] = x * cosine + (b * z - c * y) * sine + a * along + point[0]
        p[1] = y * cosine + (c * x - a * z) * sine + b * along + point[1]
        p[2] = z * cosine + (a * y - b * x) * sine + c * along + point[2]
    return p


def screw_axes(arm: ArmConfig) -> np.ndarray:
    """Return axes and points (N + 1, 2, 3) for `_end_effector`, found by turning joint by joint."""
    tree = KinematicTree(load_urdf(arm))
    zero = dict.fromkeys(tree.joints, 0.0)

    def pose(joint: str | None) -> np.ndarray:
        turned = zero if joint is None else {**zero, joint: np.pi / 2}
        links = tree.link_transforms(turned, arm.base_frame)
        return links[tree.links.index(arm.end_effector_frame)]

    out = np.zeros((len(arm.joints) + 1, 2, 3))
    out[-1, 1] = pose(None)[:3, 3]
    for i, joint in enumerate(arm.joints):
        T = pose(joint) @ geometry.invert(pose(None))
        out[i, 0] = geometry.matrix_to_rotation_vector(T[:3, :3]) / (np.pi / 2)
        out[i, 1] = np.linalg.lstsq(np.eye(3) - T[:3, :3], T[:3, 3], rcond=None)[0]
    return out


class MotionChecker:
    """Judges one stream of trajectories, each of which replaces the rest of the one before.

    arm: whose limits are kept. screws: `screw_axes(arm)`. box: (2, 3), m, lower and upper corner
    for the end effector in the base frame. grace_ns: how late a message may be taken over.
    violations: how often each rule was broken.
    """

    def __init__(self, arm: ArmConfig, screws: np.ndarray, box: np.ndarray, grace_ns: int) -> None:
        limits = arm.limits
        self._joints = arm.joints
        self._limits = np.stack(
            [limits.lower, limits.upper, limits.velocity, limits.acceleration, limits.jerk]
        )
        self._screws, self._walls = screws, np.asarray(box, np.float64)
        self._box = self._walls
        self._grace_ns = grace_ns
        self._last: tuple[int, JointTrajectory] | None = None
        self.violations: Counter[str] = Counter()
        self.trajectories = 0

    def restart(self, position: np.ndarray) -> None:
        """Take the next trajectory as a new stream: it must begin standing at position (N,), rad.

        If that is outside the box, the way back into it is allowed, and nothing further out.
        """
        self._last = None
        place = _end_effector(np.asarray(position, np.float64), self._screws)
        self._box = np.stack(
            [
                np.minimum(self._walls[0], place - OUTSIDE),
                np.maximum(self._walls[1], place + OUTSIDE),
            ]
        )

    def move_clock(self, by_ns: int) -> None:
        """Give the stream other times: the clock has jumped."""
        if self._last is not None:
            self._last = self._last[0] + by_ns, self._last[1]

    def check(self, trajectory: JointTrajectory, now_ns: int) -> bool:
        """Examine a trajectory that is sent now; return whether it breaks no rule."""
        before = self.violations.total()
        self.trajectories += 1
        arrays = trajectory.derivatives
        if trajectory.joint_names != self._joints or len(arrays) != 3:
            self.violations['form'] += 1
            return False
        q, v, a = arrays
        t = trajectory.times_ns * 1e-9
        worst = worst_excess(t, q, v, a, self._limits)
        for kind, excess in zip(
            ('position', 'velocity', 'acceleration', 'jerk'), worst, strict=True
        ):
            self.violations[kind] += not excess <= TOLERANCE
        self.violations['box'] += not _outermost(t, q, v, self._screws, self._box) <= TOLERANCE
        self.violations['end'] += bool(v[-1].any() or a[-1].any())
        self._check_seam(trajectory, now_ns)
        self._last = trajectory.stamp_ns, trajectory
        return self.violations.total() == before

    def position(self, at_ns: int) -> np.ndarray:
        """Return where the joints (N,) are told to be at a time."""
        assert self._last is not None
        return state_at(*self._last, at_ns)[0]

    def _check_seam(self, trajectory: JointTrajectory, now_ns: int) -> None:
        """Compare with what is being executed, at the times when a controller may take over."""
        new = trajectory.stamp_ns, trajectory
        self.violations['late'] += not new[0] <= now_ns
        if self._last is None:
            _, v, a = trajectory.derivatives
            self.violations['seam'] += bool(v[:2].any() or a[:2].any())
            return
        scale = np.concatenate([np.ones_like(self._limits[:1]), self._limits[2:4]])
        for at_ns in (now_ns, now_ns + self._grace_ns):
            gap = np.abs(state_at(*new, at_ns) - state_at(*self._last, at_ns))
            self.violations['seam'] += not (gap / np.maximum(scale, 1.0)).max() <= TOLERANCE


def state_at(start_ns: int, trajectory: JointTrajectory, at_ns: int) -> np.ndarray:
    """Return position, velocity, acceleration (3, N) of a trajectory at a time."""
    q, v, _ = trajectory.derivatives
    out = np.empty((3, q.shape[1]))
    _sample(trajectory.times_ns * 1e-9, q, v, (at_ns - start_ns) * 1e-9, out)
    return out

"""What the network is told: guidance ahead, waypoints, state and local points, in one local frame.

The local frame belongs to the motion and to gravity, never to a robot: its origin is the waypoint
that the hand is heading for (the `aim`), z is up, x lies level along the fingers of the hand there.
Seen in it, a grasp looks the same wherever on the table it is and whichever arm comes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from action_expert.guide import Guide, GuideWaypoints
from gae_arm.core import end_effector, geometry
from gae_arm.core.jit import kernel, read_only

GUIDANCE, WAYPOINTS, POINTS = 8, 3, 512
"""Rows of what the network is told."""
EVERY = 2
"""Of the points, which are in no order, so many make one that goes to the network by itself, as in
training; all of them are in its relief."""
GUIDANCE_COLUMNS, WAYPOINT_COLUMNS, STATE_COLUMNS = 11, 13, 14
AROUND_AIM, AROUND_HAND = 0.13, 0.07
"""m: points that are farther from the aim, and from the hand, are not local."""
FEWEST_POINTS = 8
"""Fewer show nothing: the network is told that there is no cloud."""
EXTENT = 5e-3
"""m: points that are all nearer together show nothing either."""
RAISED, RAISED_SHARE = 0.008, 0.75
"""m above the lowest tenth, and the share of the points that is taken from there: a table is most
of what a camera sees and says least."""
DESCENT, STEEP = 0.035, 0.7
"""m: a waypoint so much lower than the one before is where the hand is heading for; after fingers
have moved only if so large a share of the way leads down: a press, and not a pull."""
CELL, CELLS = 0.01, 24
"""m and cells: the grid of `relief`."""
GOLDEN = 0.6180339887498949
NEAR = 0.05
"""m: distances are told as asinh(d / NEAR): in proportion when near, by order when far."""


@dataclass(frozen=True, eq=False)
class Condition:
    """One input of the network; poses in the local frame, lengths m, times s.

    T_base_local: float64 (4, 4). aim: index of the waypoint that it belongs to.
    guidance: float32 (8, 11), guide poses over the coming chunk: place, 6D rotation, opening,
        whether the plan said the orientation.
    waypoints: float32 (3, 13), the ones before the aim, at it and after it: place, 6D rotation,
        opening, whether something is touched, seconds until then, whether the plan said the
        orientation.
    state: float32 (14,), the hand: place, 6D rotation, opening, opening asked for, whether the
        fingers are awaited, seconds to the aim, share of the chunk that is motion.
    hand: float32 (3, 4), the hand's pose: rotation and place.
    points: float32 (512, 3), local frame; zeros where nothing is seen. seen: 1.0 or 0.0.
    """

    T_base_local: np.ndarray
    aim: int
    guidance: np.ndarray
    waypoints: np.ndarray
    state: np.ndarray
    hand: np.ndarray
    points: np.ndarray
    seen: float

    def inputs(self) -> dict[str, np.ndarray]:
        """Return the network's inputs, float32, with a first axis of length 1; see `relief`."""
        keys = ('guidance', 'waypoints', 'state', 'hand')
        out = {key: getattr(self, key)[None] for key in keys}
        out['points'] = np.ascontiguousarray(self.points[None, ::EVERY])
        seen = np.array([self.seen], np.float32)
        return {**out, 'seen': seen, 'relief': relief(self.points[None])}


@dataclass(frozen=True, eq=False)
class Moment:
    """Where on its guide the arm is. All times are the guide's.

    times: (H,), s, of the actions of the coming chunk. T_base_ee: (4, 4). opening: measured.
    next_waypoint: index. awaiting: whether the arm stands and waits for the fingers. given: bool
    (K,), whose waypoints' orientations the plan said.
    """

    guide: Guide
    times: np.ndarray
    T_base_ee: np.ndarray
    opening: float
    next_waypoint: int
    awaiting: bool
    given: np.ndarray


def condition(moment: Moment, points: np.ndarray | None) -> Condition:
    """Return what the network is told. points: float32 (N, 3), base frame; None: no cloud."""
    guide, poses = moment.guide, moment.guide.waypoints.poses
    aim = find_aim(guide.waypoints, moment.next_waypoint)
    T_base_local = local_frame(poses[aim])
    T_local_base = geometry.invert(T_base_local)
    T_local_hand = T_local_base @ moment.T_base_ee
    chosen, seen = _local_points(points, T_base_local, moment.T_base_ee[:3, 3])
    return Condition(
        T_base_local=T_base_local,
        aim=aim,
        guidance=_guidance(moment, T_local_base),
        waypoints=_waypoints(moment, T_local_base, aim),
        state=_state(moment, T_local_hand, aim),
        hand=T_local_hand[:3].astype(np.float32),
        points=chosen,
        seen=seen,
    )


def warm_up() -> None:
    """Have the kernel compiled or loaded: that takes longer than a chunk may."""
    points, place = np.zeros((1, 3), np.float32), np.eye(4)[:3, 3]
    _crop(read_only(points), place, AROUND_AIM, place, AROUND_HAND, np.empty_like(points))


def find_aim(waypoints: GuideWaypoints, k: int) -> int:
    """Return the waypoint that the hand is heading for, from waypoint k on.

    From over a thing down to it, or from behind it to where it is touched; but where the way turns
    about a corner, that first: from there something is pushed, which is seen there.
    """
    poses, touches = waypoints.poses, waypoints.touches
    while k + 1 < len(poses) and not is_around(waypoints, k + 1):
        way = poses[k + 1, :3, 3] - poses[k, :3, 3]
        steep = -way[2] > STEEP * np.linalg.norm(way)
        down = -way[2] >= DESCENT and (steep or not touches[k])
        if not down and (touches[k] or not touches[k + 1]):
            break
        k += 1
    return k


def is_around(waypoints: GuideWaypoints, k: int) -> bool:
    """Return whether a waypoint was added to lead around the corner at the one before it."""
    if k == 0 or waypoints.touches[k - 1 : k + 1].any():
        return False
    return bool(waypoints.sources[k] == waypoints.sources[k - 1])


def local_frame(T_base_aim: np.ndarray) -> np.ndarray:
    """Return T_base_local (4, 4) of an aim: upright, x level along the fingers."""
    rotation = T_base_aim[:3, :3]
    along = rotation[:, end_effector.FINGERS].copy()
    if np.hypot(*along[:2]) < 0.5:  # Fingers that open upwards: across the approach.
        along = np.cross([0.0, 0.0, 1.0], rotation[:, end_effector.APPROACH])
    along[2] = 0.0
    x = along / max(float(np.linalg.norm(along)), 1e-9)
    z = np.array([0.0, 0.0, 1.0])
    return geometry.transform(np.stack([x, np.cross(z, x), z], axis=1), T_base_aim[:3, 3])


def told(T: np.ndarray) -> np.ndarray:
    """Return poses (..., 4, 4) as the network is told them, (..., 9): place and 6D rotation.

    6D: the first two columns (Zhou et al. 2019, "On the continuity of rotation representations").
    """
    columns = np.concatenate([T[..., :3, 0], T[..., :3, 1]], axis=-1)
    return np.concatenate([np.arcsinh(T[..., :3, 3] / NEAR), columns], axis=-1)


def relief(points: np.ndarray) -> np.ndarray:
    """Return points (B, N, 3) seen from above, float32 (B, 2 * 24 * 24).

    On a grid of 1 cm around the aim: the height of the highest point of each cell over the aim, in
    units of 5 cm, 0 where there is none; then where there is one.
    """
    batch = len(points)
    cells = np.floor(points[..., :2] / CELL).astype(np.int64) + CELLS // 2
    inside = ((cells >= 0) & (cells < CELLS)).all(axis=-1)
    rows = (np.arange(batch)[:, None] * CELLS + cells[..., 0]) * CELLS + cells[..., 1]
    highest = np.full(batch * CELLS * CELLS, -np.inf, np.float32)
    np.maximum.at(highest, rows[inside], points[..., 2][inside])
    heights = highest.reshape(batch, -1)
    there = np.isfinite(heights)
    scaled = np.clip(np.where(there, heights, 0.0) / 0.05, -3.0, 3.0)
    return np.concatenate([scaled, there], axis=1).astype(np.float32)


def _guidance(moment: Moment, T_local_base: np.ndarray) -> np.ndarray:
    step = len(moment.times) // GUIDANCE
    times = moment.times[step - 1 :: step][:GUIDANCE]
    guide = moment.guide
    after = np.searchsorted(guide.arrivals, times - 1e-9)
    given = moment.given[np.minimum(after, len(moment.given) - 1)]
    poses = told(T_local_base @ guide.sample(times))
    return np.column_stack([poses, guide.openings(times), given]).astype(np.float32)


def _waypoints(moment: Moment, T_local_base: np.ndarray, aim: int) -> np.ndarray:
    guide, waypoints = moment.guide, moment.guide.waypoints
    k = np.clip([aim - 1, aim, aim + 1], 0, len(waypoints.poses) - 1)
    arrivals = guide.arrivals[k]
    openings = guide.openings(arrivals + 1e6 * (k == len(guide.arrivals) - 1))
    openings = np.where(np.isnan(waypoints.gripper[k]), openings, waypoints.gripper[k])
    until = np.arcsinh(arrivals - moment.times[0])
    poses = told(T_local_base @ waypoints.poses[k])
    rows = np.column_stack([poses, openings, waypoints.touches[k], until, moment.given[k]])
    return rows.astype(np.float32)


def _state(moment: Moment, T_local_hand: np.ndarray, aim: int) -> np.ndarray:
    guide, times = moment.guide, moment.times
    span = max(float(times[-1] - times[0]), 0.0)
    rest = [
        moment.opening,
        float(guide.openings(times[:1])[0]),
        float(moment.awaiting),
        float(np.arcsinh(guide.arrivals[aim] - times[0])),
        span,
    ]
    return np.concatenate([told(T_local_hand), rest]).astype(np.float32)


def _local_points(
    points: np.ndarray | None, T_base_local: np.ndarray, hand: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return 512 local points (512, 3), local frame, and 1.0; zeros and 0.0 if there are none."""
    nothing = np.zeros((POINTS, 3), np.float32), 0.0
    if points is None or len(points) < FEWEST_POINTS:
        return nothing
    near = np.empty(points.shape, np.float32)
    count = _crop(read_only(points), T_base_local[:3, 3], AROUND_AIM, hand, AROUND_HAND, near)
    if count < FEWEST_POINTS:
        return nothing
    near = near[:count]
    if np.ptp(near, axis=0).max() < EXTENT:
        return nothing
    level = np.partition(near[:, 2], count // 10)[count // 10] + np.float32(RAISED)
    above = near[:, 2] > level
    raised, rest = near[above], near[~above]
    wanted = round(POINTS * RAISED_SHARE) if len(raised) >= FEWEST_POINTS else 0
    parts = [_spread(raised, wanted), _spread(rest, POINTS - wanted)]
    chosen = np.concatenate(parts).astype(np.float64)
    local = (chosen - T_base_local[:3, 3]) @ T_base_local[:3, :3]
    return local.astype(np.float32), 1.0


def _spread(points: np.ndarray, count: int) -> np.ndarray:
    """Return `count` of the points, spread evenly over all of them; repeated where too few.

    Golden-ratio steps: no pattern of the image's rows shows up in them.
    """
    shares = (np.arange(count) * GOLDEN) % 1.0
    return points[(shares * len(points)).astype(np.int64)]


@kernel
def _crop(
    points: np.ndarray,
    a: np.ndarray,
    a_reach: float,
    b: np.ndarray,
    b_reach: float,
    out: np.ndarray,
) -> int:
    """Write the points near a or near b to `out`; return how many; those not finite are left."""
    n = 0
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        one = (x - a[0]) ** 2 + (y - a[1]) ** 2 + (z - a[2]) ** 2
        other = (x - b[0]) ** 2 + (y - b[1]) ** 2 + (z - b[2]) ** 2
        if one < a_reach * a_reach or other < b_reach * b_reach:
            out[n, 0], out[n, 1], out[n, 2] = x, y, z
            n += 1
    return n

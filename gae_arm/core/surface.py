"""What the cloud shows near a point: single objects, how they lie, from where to grasp them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.core import end_effector
from gae_arm.core.jit import kernel, read_only

CELL = 0.012
"""m: points in cells of this edge that touch each other belong to one object."""
ENOUGH_POINTS = 25_000
"""Of a cloud of several times as many, every third, fifth ... point is taken."""
FEWEST_POINTS = 8
"""Fewer show nothing."""
LOCAL, PATCH = 0.05, 0.02
"""m around a grasp: what the fingers enclose; what shows the surface."""
FLAT, EXTENDED = 0.002, 0.004
"""m: standard deviations across and along a patch that shows a surface."""
LEVEL = 0.26
"""rad: a surface that is tilted less counts as level."""
ROUND, ALIKE = 1.06, 1.15
"""Ratios of widths: up to which a thing is round, and two sides are equally good to grasp."""
RECTANGLE = 1.2
"""Ratio of the areas of the largest and the smallest rectangle around what has edges."""
ANGLES = np.arange(0.0, np.pi, np.pi / 72)
SIDE = 10
"""Steps of ANGLES on either side within which there is but one side to grasp."""


def objects(
    points: np.ndarray, centre: np.ndarray, reach: float, lowest: float
) -> list[np.ndarray]:
    """Return the points (N, 3) of each object that lies, whole, within `reach` of a place.

    points: float32 (M, 3), base frame. centre: (3,). reach: m, in x and in y. Objects are what is
    connected above the height `lowest`, m (Euclidean clustering, Rusu 2009, on a grid); what goes
    on beyond `reach` is none, since its extent is unknown.
    """
    local = _some_around(points, centre, reach, lowest)
    if len(local) < FEWEST_POINTS:
        return []
    labels = _groups(local)
    away = np.abs(local[:, :2] - centre[:2]).max(axis=1)
    parts = (labels == i for i in range(1, labels.max() + 1))
    return [
        local[part]
        for part in parts
        if part.sum() >= FEWEST_POINTS and away[part].max() < reach - CELL
    ]


def things(points: np.ndarray, place: np.ndarray, reach: float, lowest: float) -> list[np.ndarray]:
    """Return the points, float64 (N, 3), of each thing, the nearest to a place first.

    points: float32 (M, 3), base frame. place: (3,). reach: m, in x and in y; lowest: m, as of
    `objects`; a thing is here what is connected, whole or not.
    """
    local = _some_around(points, place, reach, lowest)
    if not len(local):
        return []
    labels, away = _groups(local), np.linalg.norm(local - place, axis=1)
    order = np.argsort(away)
    _, first = np.unique(labels[order], return_index=True)
    return [local[labels == labels[order[i]]] for i in np.sort(first)]


def _groups(points: np.ndarray) -> np.ndarray:
    """Return the number, from 1 on, of the group that each point (N, 3) is connected with."""
    cells = ((points - points.min(axis=0)) / CELL).astype(np.int64) + 1
    grid = np.zeros(cells.max(axis=0) + 2, dtype=np.int32)
    grid[tuple(cells.T)] = -1
    _label(grid)
    return grid[tuple(cells.T)]


def around(
    points: np.ndarray, place: np.ndarray, reach: float, lowest: float = -np.inf, every: int = 1
) -> np.ndarray:
    """Return the points, float32 (M, 3), that are higher than `lowest` and near a place (2,), (3,).

    points: float32 (N, 3), base frame, of which each `every`-th counts. reach: m, in x and in y.
    """
    out = np.empty((len(points) // every + 1, 3), dtype=np.float32)
    x, y = float(place[0]), float(place[1])
    return out[: _crop(read_only(points), every, x, y, float(reach), float(lowest), out)]


def _some_around(points: np.ndarray, place: np.ndarray, reach: float, lowest: float) -> np.ndarray:
    """Return such points, float64; of a very large cloud a share."""
    # An odd step does not take the same columns of every row of an image.
    every = 1 + len(points) // (2 * ENOUGH_POINTS) * 2
    return around(points, place, reach, lowest, every).astype(np.float64)


@kernel
def _crop(points, every, x, y, reach, lowest, out):  # type: ignore
    """Write which of every `every`-th point are near (x, y) and high to `out`; return how many."""
    x, y = np.float32(x), np.float32(y)
    reach, lowest = np.float32(reach), np.float32(lowest)
    n = 0
    for i in range(0, len(points), every):
        a, b, c = points[i, 0], points[i, 1], points[i, 2]
        if c > lowest and abs(a - x) < reach and abs(b - y) < reach:
            out[n, 0], out[n, 1], out[n, 2] = a, b, c
            n += 1
    return n


def warm_up() -> None:
    """Have the kernels compiled or loaded: seconds, which no policy may take when it acts."""
    around(np.zeros((1, 3), np.float32), np.zeros(3), 1.0)
    _label(np.zeros((3, 3, 3), dtype=np.int32))


@kernel
def _label(grid: np.ndarray) -> int:
    """Give each connected group of cells, -1 before, a number from 1 on; return how many there are.

    grid: int32 (X, Y, Z), 0 or -1, whose outermost cells are 0. Neighbours touch at a corner.
    """
    stack = np.empty((grid.size, 3), dtype=np.int64)
    count = 0
    for x in range(grid.shape[0]):
        for y in range(grid.shape[1]):
            for z in range(grid.shape[2]):
                if grid[x, y, z] != -1:
                    continue
                count += 1
                grid[x, y, z] = count
                stack[0] = x, y, z
                size = 1
                while size > 0:
                    size -= 1
                    i, j, k = stack[size]
                    for n in range(27):
                        a, b, c = i + n // 9 - 1, j + n // 3 % 3 - 1, k + n % 3 - 1
                        if grid[a, b, c] == -1:
                            grid[a, b, c] = count
                            stack[size] = a, b, c
                            size += 1
    return count


def middle(points: np.ndarray) -> np.ndarray:
    """Return the middle (3,) of the extents of an object's points (N, 3).

    Not their mean: a camera sees the near side with more points.
    """
    low, high = np.percentile(points, (2, 98), axis=0)
    return (low + high) / 2


def grasp_rotation_at(
    points: np.ndarray,
    position: np.ndarray,
    present: np.ndarray,
    lowest: float,
    most_tilt: float,
) -> np.ndarray:
    """Return R_base_ee (3, 3) with which to grasp what the cloud shows at a position.

    points: float32 (M, 3), base frame. position: (3,), of the grasp. present: R_base_ee (3, 3),
    from which the nearest of all good ones is taken. lowest: m, height of what counts as table.
    The approach is against the surface's normal, at most `most_tilt` rad from straight down, else
    straight down; the fingers close on the narrow side. Where nothing is seen, the gripper is
    turned down as it is.
    """
    local = _some_around(points, position, LOCAL, lowest)
    local = local[np.linalg.norm(local[:, :2] - position[:2], axis=1) < LOCAL]
    if len(local) < FEWEST_POINTS:
        return end_effector.turned_to(end_effector.DOWN, present)
    direction = -_normal(local, position, most_tilt)
    turned = end_effector.turned_to(direction, present)
    fingers = _narrow(local @ turned[:, :2])
    if fingers is None:
        return turned
    rotation = end_effector.grasp_rotation(direction, turned[:, :2] @ fingers)
    return end_effector.nearest_grasp(rotation, present)


def _normal(local: np.ndarray, position: np.ndarray, most_tilt: float) -> np.ndarray:
    """Return the upward unit normal (3,) of the top at a position; straight up where unclear."""
    up = -end_effector.DOWN
    patch = local[np.linalg.norm(local[:, :2] - position[:2], axis=1) < PATCH]
    if len(patch) < FEWEST_POINTS:
        return up
    patch = patch[patch[:, 2] > np.percentile(patch[:, 2], 95) - PATCH]
    if len(patch) < FEWEST_POINTS:  # Stray readings high above all else.
        return up
    centred = patch - patch.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    along, across = sizes[1:] / np.sqrt(len(patch))
    normal = axes[2] * np.sign(axes[2] @ up)
    tilt = np.arccos(np.clip(normal @ up, -1.0, 1.0))
    if across > FLAT or along < EXTENDED or not LEVEL < tilt <= most_tilt:
        return up
    return normal


@dataclass(frozen=True)
class Rectangle:
    """An outline from above: centre (2,), unit direction of its first side (2,), sides (2,), m."""

    centre: np.ndarray
    direction: np.ndarray
    sides: np.ndarray


def outline(flat: np.ndarray) -> Rectangle | None:
    """Return the smallest rectangle around points (N, 2), m, seen from above.

    None where others are hardly larger, as around what is round.
    """
    if len(flat) < FEWEST_POINTS:
        return None
    directions = np.stack([np.cos(ANGLES), np.sin(ANGLES)])
    low, high = np.percentile(flat @ directions, (0.5, 99.5), axis=0)
    across = (np.arange(len(ANGLES)) + len(ANGLES) // 2) % len(ANGLES)
    areas = (high - low) * (high - low)[across]
    best = int(areas.argmin())
    if areas.max() < RECTANGLE * areas[best]:
        return None
    both = np.array([best, across[best]])
    centre = directions[:, both] @ ((low + high)[both] / 2)
    return Rectangle(centre, directions[:, best], (high - low)[both])


def _narrow(flat: np.ndarray) -> np.ndarray | None:
    """Return the unit direction (2,) across which points (N, 2) are narrowest; None: round.

    Of sides that are alike, as a square has two and a hexagon three, the one nearest to the second
    axis: the fingers' present one.
    """
    directions = np.stack([np.cos(ANGLES), np.sin(ANGLES)])
    low, high = np.percentile(flat @ directions, (2, 98), axis=0)
    widths = high - low
    if widths.max() < ROUND * widths.min():
        return None
    near = [np.roll(widths, step) for step in range(-SIDE, SIDE + 1)]
    good = (widths == np.min(near, axis=0)) & (widths < ALIKE * widths.min())
    return directions[:, int(np.where(good, np.abs(directions[1]), -1.0).argmax())]

"""Distance from a robot's convex pieces to a cloud of points: exact, signed, compiled.

Branch and bound: the box around each joint's pieces bounds the distance of a block of points, and
of each point, from below; only the few that could be nearer than the best so far are measured
against faces.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from gae_arm.core.jit import kernel

MOST_CELLS = 200
"""Along an edge of the grid in which neighbours are counted."""
FIRST_LOOK = 0.002
"""m: pairs whose bounds are so much above the least are measured before all others."""
BLOCK = 8
"""Successive points that are bounded together: worth it where they lie near each other."""


class Pieces(NamedTuple):
    """J bodies of convex pieces as flat arrays; faces in their body's frame, metres.

    corners: float64 (F, 3, 3). normals: float64 (F, 3), unit, outward. offsets: float64 (F,),
    normal . p of the face's plane. spheres: float64 (F, 4), x, y, z, radius, around each face.
    first_face: int64 (P + 1,); piece i has the faces
    first_face[i] to first_face[i + 1]. first_piece: int64 (J + 1,), likewise pieces of body j.
    low, high: float64 (J, 3), the body's box.
    """

    corners: np.ndarray
    normals: np.ndarray
    offsets: np.ndarray
    spheres: np.ndarray
    first_face: np.ndarray
    first_piece: np.ndarray
    low: np.ndarray
    high: np.ndarray


def pack(bodies: list[list[np.ndarray]]) -> Pieces:
    """Return pieces for `nearest`: for every body the triangles (F, 3, 3) of its pieces."""
    faces = [_spread(triangles.tobytes()) for body in bodies for triangles in body]
    corners = np.concatenate(faces) if faces else np.empty((0, 3, 3))
    normals = _normals(corners)
    centers = corners.mean(axis=1)
    radii = np.linalg.norm(corners - centers[:, None], axis=2).max(axis=1)
    return Pieces(
        corners=corners,
        normals=normals,
        offsets=np.einsum('ij,ij->i', normals, corners[:, 0]),
        spheres=np.column_stack([centers, radii]),
        first_face=np.cumsum([0, *(len(f) for f in faces)]),
        first_piece=np.cumsum([0, *(len(body) for body in bodies)]),
        low=np.array([np.concatenate(body).min((0, 1)) for body in bodies]).reshape(-1, 3),
        high=np.array([np.concatenate(body).max((0, 1)) for body in bodies]).reshape(-1, 3),
    )


def _normals(triangles: np.ndarray) -> np.ndarray:
    """Return the unit normals (F, 3) of triangles (F, 3, 3)."""
    out = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    return out / np.linalg.norm(out, axis=1, keepdims=True)


@lru_cache(maxsize=256)
def _spread(surface: bytes) -> np.ndarray:
    """Return the faces (F, 3, 3) of a piece so that the first few look in all directions.

    Each is the one whose normal is furthest from those before: for a point that is far from the
    piece, one of the first planes already says so.
    """
    triangles = np.frombuffer(surface).reshape(-1, 3, 3)
    normals, order = _normals(triangles), [0]
    alike = normals @ normals[0]
    while len(order) < len(triangles):
        alike[order[-1]] = np.inf
        order.append(int(alike.argmin()))
        alike = np.maximum(alike, normals @ normals[order[-1]])
    return triangles[order]


@kernel
def obstacle_points(points: np.ndarray, spheres: np.ndarray, floor: float) -> np.ndarray:
    """Return float64 (K, 3): the finite points (N, 3) above `floor` and outside the spheres.

    spheres: float64 (G, 4), x, y, z, radius. All metres, one frame.
    """
    out = np.empty((len(points), 3))
    count = 0
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        if not (np.isfinite(x) and np.isfinite(y) and np.isfinite(z) and z > floor):
            continue
        obstacle = True
        for j in range(len(spheres)):
            dx, dy, dz = x - spheres[j, 0], y - spheres[j, 1], z - spheres[j, 2]
            if dx * dx + dy * dy + dz * dz <= spheres[j, 3] * spheres[j, 3]:
                obstacle = False
                break
        if obstacle:
            out[count, 0], out[count, 1], out[count, 2] = x, y, z
            count += 1
    return out[:count].copy()


@kernel
def divided(points: np.ndarray, spheres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return float64 (K, 3), (N - K, 3): the points (N, 3) inside some of the spheres, the others.

    spheres: float64 (G, 4), as in `obstacle_points`.
    """
    within, without = np.empty((len(points), 3)), np.empty((len(points), 3))
    count = 0
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        inside = False
        for j in range(len(spheres)):
            dx, dy, dz = x - spheres[j, 0], y - spheres[j, 1], z - spheres[j, 2]
            inside = inside or dx * dx + dy * dy + dz * dz <= spheres[j, 3] * spheres[j, 3]
        if inside:
            within[count, 0], within[count, 1], within[count, 2] = x, y, z
            count += 1
        else:
            k = i - count
            without[k, 0], without[k, 1], without[k, 2] = x, y, z
    return within[:count].copy(), without[: len(points) - count].copy()


@kernel
def without_strays(points: np.ndarray, radius: float, least: int) -> np.ndarray:
    """Return float64 (K, 3): the points (N, 3) that have company: `least` others about them.

    They come in the order of their cells, so that successive ones are near each other.
    Counted are the points in the cube of 3 x 3 x 3 cells of edge `radius`, m, around the point's
    own: all within `radius` of it, and some up to 3.5 times as far.
    """
    if len(points) == 0 or least <= 0:
        return points.copy()
    low = np.array([points[:, a].min() for a in range(3)])
    high = np.array([points[:, a].max() for a in range(3)])
    # Far-off points must not make the grid as large as memory.
    edge = max(radius, (high - low).max() / MOST_CELLS)
    nx, ny, nz = [int((high[a] - low[a]) / edge) + 3 for a in range(3)]
    counts = np.zeros((nx, ny, nz), np.int32)
    cells = np.empty((len(points), 3), np.int64)
    for i in range(len(points)):
        for a in range(3):
            cells[i, a] = int((points[i, a] - low[a]) / edge) + 1
        counts[cells[i, 0], cells[i, 1], cells[i, 2]] += 1
    out = np.empty_like(points)
    kept = 0
    for i in _grid_order(cells, max(nx, ny, nz)):
        x, y, z = cells[i]
        if _more(counts, x, y, z, least):
            out[kept] = points[i]
            kept += 1
    return out[:kept].copy()


@kernel
def _more(counts: np.ndarray, x: int, y: int, z: int, least: int) -> bool:
    """Return whether more than `least` points are in and around a cell."""
    if counts[x, y, z] > least:
        return True
    total = 0
    for i in range(x - 1, x + 2):
        for j in range(y - 1, y + 2):
            for k in range(z - 1, z + 2):
                total += int(counts[i, j, k])
    return total > least


@kernel
def _grid_order(cells: np.ndarray, most: int) -> np.ndarray:
    """Return the indices (N,) of cells (N, 3), 0 to most - 1, by x, then y, then z.

    A radix sort: stable, one pass for each axis.
    """
    order, sorted_ = np.arange(len(cells)), np.empty(len(cells), np.int64)
    for axis in (2, 1, 0):
        first = np.zeros(most + 1, np.int64)
        for i in range(len(cells)):
            first[cells[i, axis] + 1] += 1
        for cell in range(most):
            first[cell + 1] += first[cell]
        for point in order:
            cell = int(cells[point, axis])
            sorted_[first[cell]] = point
            first[cell] += 1
        order, sorted_ = sorted_, order
    return order


@kernel
def nearest(
    pieces: Pieces, transforms: np.ndarray, points: np.ndarray, within: float
) -> tuple[float, int, int, float, float, float]:
    """Return distance, m, piece, point and x, y, z of the spot on the piece nearest to the point.

    transforms: float64 (J, 4, 4), from each body's frame to the points'. points: float64 (N, 3),
    finite, in any order, fastest where successive ones are near each other. The spot is in its
    body's frame. The distance is negative for a point inside a piece: as deep as the nearest face
    is. Without bodies or points nearer than `within`, m, it is infinite and both indices are -1:
    who wants to know no more than that gets it sooner.
    """
    bodies, blocks = len(transforms), _blocks(points)
    bound = np.empty((bodies, len(blocks)))
    least = within
    for j in range(bodies):
        for b in range(len(blocks)):
            x, y, z = _inside(transforms[j], blocks[b])
            bound[j, b] = _box_distance(pieces.low[j], pieces.high[j], x, y, z) - blocks[b, 3]
            least = min(least, bound[j, b])
    best = within, -1, -1, np.nan, np.nan, np.nan
    # The most promising pairs first: after them, few others need a closer look.
    ahead = FIRST_LOOK
    while least < best[0]:
        look = least + ahead
        for j in range(bodies):
            for b in range(len(blocks)):
                if bound[j, b] < min(look, best[0]):
                    best = _to_block(pieces, j, transforms[j], points, b, best)
                    bound[j, b] = np.inf
        least, ahead = look, 2.0 * ahead
    return best if best[1] >= 0 else (np.inf, -1, -1, np.nan, np.nan, np.nan)


@kernel
def _blocks(points: np.ndarray) -> np.ndarray:
    """Return float64 (B, 4), x, y, z, radius: spheres around each `BLOCK` successive points."""
    out = np.empty(((len(points) + BLOCK - 1) // BLOCK, 4))
    for b in range(len(out)):
        first, last = b * BLOCK, min((b + 1) * BLOCK, len(points))
        for a in range(3):
            low = high = points[first, a]
            for i in range(first + 1, last):
                low, high = min(low, points[i, a]), max(high, points[i, a])
            out[b, a] = (low + high) / 2
        square = 0.0
        for i in range(first, last):
            dx, dy, dz = (
                points[i, 0] - out[b, 0],
                points[i, 1] - out[b, 1],
                points[i, 2] - out[b, 2],
            )
            square = max(square, _dot(dx, dy, dz, dx, dy, dz))
        out[b, 3] = np.sqrt(square)
    return out


@kernel
def _to_block(
    pieces: Pieces,
    body: int,
    T: np.ndarray,
    points: np.ndarray,
    block: int,
    best: tuple[float, int, int, float, float, float],
) -> tuple[float, int, int, float, float, float]:
    """Return what `nearest` does, of a body and a block of points, or `best` if that is nearer."""
    for i in range(block * BLOCK, min((block + 1) * BLOCK, len(points))):
        x, y, z = _inside(T, points[i])
        if _box_distance(pieces.low[body], pieces.high[body], x, y, z) < best[0]:
            distance, piece, sx, sy, sz = _to_body(pieces, body, x, y, z, best[0])
            if distance < best[0]:
                best = distance, piece, i, sx, sy, sz
    return best


@kernel
def _to_body(
    pieces: Pieces, body: int, x: float, y: float, z: float, best: float
) -> tuple[float, int, float, float, float]:
    """Return distance, piece and spot of the nearest piece of a body, if nearer than `best`."""
    piece, sx, sy, sz = -1, np.nan, np.nan, np.nan
    for k in range(pieces.first_piece[body], pieces.first_piece[body + 1]):
        first, last = pieces.first_face[k], pieces.first_face[k + 1]
        height, top = -np.inf, -1
        for f in range(first, last):
            h = _height(pieces, f, x, y, z)
            if h > height:
                height, top = h, f
                if height >= best:
                    break
        if height >= best:
            continue
        if height <= 0.0:
            best, piece = height, k
            sx = x - height * pieces.normals[top, 0]
            sy = y - height * pieces.normals[top, 1]
            sz = z - height * pieces.normals[top, 2]
            continue
        for f in range(first, last):
            h = _height(pieces, f, x, y, z)
            if 0.0 < h < best and _near(pieces.spheres[f], x, y, z, best):
                a, b, c = _on_triangle(pieces.corners[f], x, y, z)
                distance = np.sqrt((a - x) ** 2 + (b - y) ** 2 + (c - z) ** 2)
                if distance < best:
                    best, piece, sx, sy, sz = distance, k, a, b, c
    return best, piece, sx, sy, sz


@kernel
def _near(sphere: np.ndarray, x: float, y: float, z: float, best: float) -> bool:
    """Return whether a point is nearer than `best` to something in a sphere, or might be."""
    dx, dy, dz, reach = x - sphere[0], y - sphere[1], z - sphere[2], best + sphere[3]
    return _dot(dx, dy, dz, dx, dy, dz) < reach * reach


@kernel
def _height(pieces: Pieces, f: int, x: float, y: float, z: float) -> float:
    """Return how far a point is above the plane of a face, m."""
    n = pieces.normals[f]
    return n[0] * x + n[1] * y + n[2] * z - pieces.offsets[f]


@kernel
def _inside(T: np.ndarray, p: np.ndarray) -> tuple[float, float, float]:
    """Return a point (3 or more,) in the frame from which T (4, 4), rigid, maps."""
    x, y, z = p[0] - T[0, 3], p[1] - T[1, 3], p[2] - T[2, 3]
    return (
        T[0, 0] * x + T[1, 0] * y + T[2, 0] * z,
        T[0, 1] * x + T[1, 1] * y + T[2, 1] * z,
        T[0, 2] * x + T[1, 2] * y + T[2, 2] * z,
    )


@kernel
def _box_distance(low: np.ndarray, high: np.ndarray, x: float, y: float, z: float) -> float:
    """Return the distance to a box, negative inside: a bound for all that the box encloses."""
    dx = max(low[0] - x, x - high[0])
    dy = max(low[1] - y, y - high[1])
    dz = max(low[2] - z, z - high[2])
    deepest = max(dx, dy, dz)
    if deepest <= 0.0:
        return deepest
    return np.sqrt(max(dx, 0.0) ** 2 + max(dy, 0.0) ** 2 + max(dz, 0.0) ** 2)


@kernel
def _on_triangle(corners: np.ndarray, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Return the spot on a triangle (3, 3) nearest to a point."""
    a = corners[0]
    ux, uy, uz = corners[1, 0] - a[0], corners[1, 1] - a[1], corners[1, 2] - a[2]
    vx, vy, vz = corners[2, 0] - a[0], corners[2, 1] - a[1], corners[2, 2] - a[2]
    px, py, pz = x - a[0], y - a[1], z - a[2]
    uu, uv, vv = (
        _dot(ux, uy, uz, ux, uy, uz),
        _dot(ux, uy, uz, vx, vy, vz),
        _dot(vx, vy, vz, vx, vy, vz),
    )
    up, vp = _dot(ux, uy, uz, px, py, pz), _dot(vx, vy, vz, px, py, pz)
    s, t = _weights(uu, uv, vv, up, vp)
    return a[0] + s * ux + t * vx, a[1] + s * uy + t * vy, a[2] + s * uz + t * vz


@kernel
def _weights(uu: float, uv: float, vv: float, up: float, vp: float) -> tuple[float, float]:
    """Return s, t >= 0, s + t <= 1 of the spot a + s u + t v nearest to a + p."""
    determinant = uu * vv - uv * uv
    s, t = vv * up - uv * vp, uu * vp - uv * up
    if s >= 0.0 and t >= 0.0 and s + t <= determinant:
        return s / determinant, t / determinant
    # Outside: the nearest of the three edges' nearest spots.
    best_s, best_t = min(max(up / uu, 0.0), 1.0), 0.0
    least = best_s * best_s * uu - 2.0 * best_s * up
    t = min(max(vp / vv, 0.0), 1.0)
    cost = t * t * vv - 2.0 * t * vp
    if cost < least:
        best_s, best_t, least = 0.0, t, cost
    t = min(max((uu - uv - up + vp) / (uu - 2.0 * uv + vv), 0.0), 1.0)
    s = 1.0 - t
    cost = s * s * uu + 2.0 * s * t * uv + t * t * vv - 2.0 * (s * up + t * vp)
    if cost < least:
        best_s, best_t = s, t
    return best_s, best_t


@kernel
def _dot(ax: float, ay: float, az: float, bx: float, by: float, bz: float) -> float:
    return ax * bx + ay * by + az * bz

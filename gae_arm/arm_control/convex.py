"""A robot's collision geometry as convex pieces that enclose it.

Distances between convex shapes are exact, signed and fast (GJK and EPA in coal); between triangle
meshes they are slow and blind to what is inside. So each mesh becomes the hull of its vertices, or,
where one hull would fill a hollow, the hulls of a few parts of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import coal
import numpy as np
import pinocchio as pin

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.core.collision_geometry import box, cylinder, sphere
from gae_arm.core.errors import ConfigError

MOST_PIECES = 4
LEAST_GAIN = 0.03
"""A cut must take at least this share of the whole hull's volume away."""
CUTS = (0.25, 0.5, 0.75)
"""Where cuts are tried along each axis, as shares of the extent."""
CELLS = 20
"""Cuts are chosen on a copy of the mesh with its corners merged on a grid this fine."""


@dataclass(frozen=True, eq=False)
class ConvexPiece:
    """A convex polyhedron carried by a joint.

    link: the link it is part of. joint: index in Pinocchio's model of the joint that carries it, 0
    if none does. shape: coal's polyhedron. triangles: float64 (F, 3, 3), its faces, corners
    counter-clockwise seen from outside. Both in the joint's frame, metres.
    """

    link: str
    joint: int
    shape: coal.Convex
    triangles: np.ndarray


_known: dict[tuple[str, ...], tuple[ConvexPiece, ...]] = {}
"""By URDF and joints: reading the meshes of an arm takes 0.1 s."""


def convex_pieces(kinematics: Kinematics) -> tuple[ConvexPiece, ...]:
    """Return the convex pieces of all collision geometry in the URDF, in its order.

    Raises ConfigError with the link whose geometry has no volume or no known kind.
    """
    key = (kinematics.urdf, *kinematics.model.names)
    if key not in _known:
        _known[key] = tuple(_pieces(kinematics))
    return _known[key]


def _pieces(kinematics: Kinematics) -> list[ConvexPiece]:
    model = kinematics.model
    geometry = pin.buildGeomFromUrdfString(model, kinematics.urdf, pin.GeometryType.COLLISION)
    pieces = []
    for item in geometry.geometryObjects:
        link = model.frames[item.parentFrame].name
        corners = _triangles(item.geometry, link).reshape(-1, 3)
        placement = item.placement
        triangles = (corners @ placement.rotation.T + placement.translation).reshape(-1, 3, 3)
        try:
            parts = _parts(triangles.tobytes())
        except ValueError as error:
            raise ConfigError(f'collision geometry of link {link!r}: {error}') from error
        pieces += [ConvexPiece(link, item.parentJoint, *part) for part in parts]
    return pieces


@lru_cache(maxsize=256)
def _parts(triangles: bytes) -> list[tuple[coal.Convex, np.ndarray]]:
    """Return the polyhedra of a surface and their faces; the same mesh is not taken apart twice."""
    shapes = decompose(np.frombuffer(triangles).reshape(-1, 3, 3))
    return [(shape, faces(shape)) for shape in shapes]


def decompose(
    triangles: np.ndarray, most_pieces: int = MOST_PIECES, least_gain: float = LEAST_GAIN
) -> list[coal.Convex]:
    """Return 1 to most_pieces convex polyhedra that together enclose a surface (T, 3, 3).

    Greedy: as long as it pays, the axis-parallel cut that lowers the volume of the hulls most.
    Raises ValueError for a surface without volume.
    """
    coarse = _merged(triangles)
    whole = _rough_volume(coarse)
    if whole == 0.0:
        raise ValueError(f'{len(triangles)} triangles that enclose no volume')
    parts = [(triangles, coarse, _best_cut(coarse))]
    while len(parts) < most_pieces:
        i = int(np.argmax([best.gain for _, _, best in parts]))
        fine, coarse, best = parts[i]
        if best.gain <= least_gain * whole:
            break
        halves = zip(cut(fine, best.axis, best.at), cut(coarse, best.axis, best.at), strict=True)
        parts[i : i + 1] = [(f, c, _best_cut(c)) for f, c in halves]
    return [hull(fine.reshape(-1, 3)) for fine, _, _ in parts]


def hull(points: np.ndarray) -> coal.Convex:
    """Return the convex hull of points (P, 3); raise ValueError if they lie in a plane."""
    points = np.unique(points, axis=0)
    extents = np.linalg.svd(points - points.mean(0), compute_uv=False)
    # Flat points end the whole process in qhull: a segmentation fault, no exception.
    if len(points) < 4 or not extents[-1] > 1e-6 * extents[0]:
        raise ValueError(f'{len(points)} points that enclose no volume')
    vector = coal.StdVec_Vec3s()
    vector.extend(list(points))
    return coal.ConvexBase.convexHull(vector, True, 'Qt')


def faces(shape: coal.Convex) -> np.ndarray:
    """Return a polyhedron's triangles (F, 3, 3), counter-clockwise seen from outside."""
    corners = np.array(shape.points())
    polygons = (shape.polygons(i) for i in range(shape.num_polygons))
    triangles = corners[np.array([(p[0], p[1], p[2]) for p in polygons])]
    # qhull leaves the order of corners open.
    normal = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    inward = np.einsum('ij,ij->i', normal, triangles[:, 0] - corners.mean(0)) < 0.0
    triangles[inward] = triangles[inward, ::-1]
    return triangles


def cut(triangles: np.ndarray, axis: int, at: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the parts of triangles (T, 3, 3) with coordinate `axis` below and above `at`."""
    mirror = np.ones(3)
    mirror[axis] = -1.0
    below = _below(triangles, axis, at)
    return below, _below(triangles * mirror, axis, -at) * mirror


def _below(triangles: np.ndarray, axis: int, at: float) -> np.ndarray:
    height = triangles[:, :, axis] - at
    inside = height <= 0.0
    count = inside.sum(1)
    parts = [triangles[count == 3]]
    for corners_inside in (1, 2):
        chosen = count == corners_inside
        lone = np.argmax(inside[chosen] == (corners_inside == 1), axis=1)
        turn = (lone[:, None] + [0, 1, 2]) % 3
        a, b, c = np.moveaxis(np.take_along_axis(triangles[chosen], turn[..., None], 1), 1, 0)
        h = np.take_along_axis(height[chosen], turn, 1)
        ab = a + (b - a) * (h[:, 0] / (h[:, 0] - h[:, 1]))[:, None]
        ac = a + (c - a) * (h[:, 0] / (h[:, 0] - h[:, 2]))[:, None]
        if corners_inside == 1:
            parts.append(np.stack([a, ab, ac], 1))
        else:
            parts += [np.stack([ab, b, c], 1), np.stack([ab, c, ac], 1)]
    return np.concatenate(parts)


class _Cut(NamedTuple):
    """A plane `axis` = `at` (metres) and by how much it lowers the volume, m^3."""

    gain: float
    axis: int
    at: float


def _best_cut(triangles: np.ndarray) -> _Cut:
    whole = _rough_volume(triangles)
    low, high = triangles.min((0, 1)), triangles.max((0, 1))
    best = _Cut(0.0, 0, 0.0)
    for axis in range(3):
        for at in low[axis] + np.array(CUTS) * (high[axis] - low[axis]):
            volumes = [_rough_volume(half) for half in cut(triangles, axis, at)]
            gain = whole - sum(volumes)
            if gain > best.gain and min(volumes) > 0.0:
                best = _Cut(gain, axis, float(at))
    return best


def _merged(triangles: np.ndarray) -> np.ndarray:
    """Return a coarse copy: corners in one cell of a grid become one of them."""
    corners = triangles.reshape(-1, 3)
    low = corners.min(0)
    size = np.maximum(corners.max(0) - low, 1e-9) / CELLS
    keys = np.floor((corners - low) / size).astype(np.int64) @ [1, 4096, 4096**2]
    _, first, cell = np.unique(keys, return_index=True, return_inverse=True)
    a, b, c = cell.reshape(-1, 3).T
    kept = (a != b) & (b != c) & (c != a)
    return corners[first][np.stack([a, b, c], -1)[kept]]


def _rough_volume(triangles: np.ndarray) -> float:
    """Return the volume of the hull of the outermost corners in some directions; 0 if flat."""
    points = triangles.reshape(-1, 3)
    if len(points) < 4:
        return 0.0
    # Not `@`: on a busy machine BLAS's threads make this ten times slower.
    outermost = np.unique(np.argmax(np.einsum('dk,pk->dp', _DIRECTIONS, points), axis=1))
    try:
        return float(hull(points[outermost]).computeVolume())
    except ValueError:
        return 0.0


def _fibonacci_sphere(count: int) -> np.ndarray:
    """Return evenly spread unit vectors (count, 3)."""
    i = np.arange(count) + 0.5
    z, turn = 1.0 - 2.0 * i / count, np.pi * (1.0 + 5.0**0.5) * i
    return np.stack([np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z], -1)


_DIRECTIONS = _fibonacci_sphere(48)


def _triangles(shape: coal.CollisionGeometry, link: str) -> np.ndarray:
    """Return the triangles (T, 3, 3) of one of coal's shapes; round ones from outside."""
    if isinstance(shape, coal.BVHModelBase):
        indices = (shape.tri_indices(i) for i in range(shape.num_tris))
        return np.array(shape.vertices())[np.array([(t[0], t[1], t[2]) for t in indices])]
    if isinstance(shape, coal.Box):
        return box(list(2.0 * shape.halfSide))
    if isinstance(shape, coal.Cylinder):
        return cylinder(shape.radius, 2.0 * shape.halfLength)
    if isinstance(shape, coal.Sphere):
        return sphere(shape.radius)
    raise ConfigError(
        f'collision geometry of link {link!r} is a {type(shape).__name__}; there are: mesh, box, '
        'cylinder, sphere'
    )

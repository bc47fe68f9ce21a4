"""Triangles with shared corners: round where the surface is round, sharp at its edges.

A browser computes one normal per corner. If every triangle has corners of its own the robot looks
faceted; if all corners at one place are shared, its edges look molten.
"""

from __future__ import annotations

import numpy as np

CREASE = np.radians(35.0)
RESOLUTION = 1e-5  # m: corners nearer than this are one


def smooth_mesh(triangles: np.ndarray, crease: float = CREASE) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices float32 (V, 3) and faces uint32 (T, 3) of triangles (T, 3, 3), metres.

    Two triangles share the corners of a common edge if their normals differ by less than
    `crease`, rad. Triangles without area are left out.
    """
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    area = np.linalg.norm(normals, axis=1)
    keep = area > RESOLUTION**2
    triangles, normals = triangles[keep], normals[keep] / area[keep, None]
    corners = triangles.reshape(-1, 3)
    cells = np.round(corners / RESOLUTION).astype(np.int64)
    place = np.unique(cells, axis=0, return_inverse=True)[1]
    group = _joined(place.reshape(-1, 3), normals, np.cos(crease))
    first, faces = np.unique(group, return_index=True, return_inverse=True)[1:]
    return corners[first].astype(np.float32), faces.reshape(-1, 3).astype(np.uint32)


def _joined(place: np.ndarray, normals: np.ndarray, limit: float) -> np.ndarray:
    """Return for each corner (3 T,) a number that is the same for corners to be shared.

    place: (T, 3), number of the place of each corner.
    """
    count = len(place)
    edges = np.concatenate([place[:, [a, b]] for a, b in ((0, 1), (1, 2), (2, 0))])
    corners = np.arange(3 * count).reshape(-1, 3)
    ends = np.concatenate([corners[:, [a, b]] for a, b in ((0, 1), (1, 2), (2, 0))])
    turned = edges[:, 0] > edges[:, 1]
    edges[turned], ends[turned] = edges[turned][:, ::-1], ends[turned][:, ::-1]
    order = np.lexsort(edges.T)
    same = (edges[order[1:]] == edges[order[:-1]]).all(axis=1)
    one, other = ends[order[1:]][same], ends[order[:-1]][same]
    bend = (normals[one[:, 0] // 3] * normals[other[:, 0] // 3]).sum(axis=1)
    smooth = bend > limit
    return _components(3 * count, one[smooth].reshape(-1), other[smooth].reshape(-1))


def _components(count: int, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the smallest number in each connected set of 0 .. count - 1 with these links."""
    label = np.arange(count)
    while (label[one] != label[other]).any():
        low = np.minimum(label[one], label[other])
        np.minimum.at(label, one, low)
        np.minimum.at(label, other, low)
    return label

"""Which pixels show the robot itself: the collision geometry of its links, grown by a margin.

Each link becomes a small voxel grid in its own frame, filled once: solid inside, and everything
within the margin of its surface. A frame then only looks up the pixels in the rectangle of the
image where a link can appear. Against spheres or capsules this follows the true shape to a voxel
or two, needs no fit that can fail, and costs the same whatever the shape.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gae_arm.core import checks, geometry
from gae_arm.core.arm import ArmConfig
from gae_arm.core.collision_geometry import collision_triangles
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.jit import kernel
from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.urdf import load_urdf
from gae_arm.point_cloud.rays import RayTable

MAX_CELLS = 1 << 26
SPACING = 0.25


class RobotMask:
    """The volumes of all links of a robot that have collision geometry.

    urdf: text of the URDF. base: link whose frame the points are in; '' is the root link.
    margin: metres around the surface that count as robot. cell: edge of the voxels, metres.
    defaults: positions of joints that a joint state may lack, such as the gripper's.

    All points within `margin` of the collision geometry are in the mask, and none that is farther
    than margin + 2.5 cells (voxel diagonals on both ends, and sampling).
    links: names, in the order of all per-link arrays.
    """

    def __init__(
        self,
        urdf: str,
        base: str = '',
        margin: float = 0.02,
        cell: float = 0.005,
        defaults: Mapping[str, float] | None = None,
    ) -> None:
        self.margin = checks.number('margin', margin, 0.0, 0.5)
        self.cell = checks.number('cell', cell, 1e-4, 0.1)
        self._tree = KinematicTree(urdf)
        self._base = checks.known('base link', base, self._tree.links) if base else base
        self._defaults = dict(defaults or {})
        triangles = collision_triangles(urdf)
        if not triangles:
            raise ConfigError('the URDF has no collision geometry to mask the robot with')
        self.links = tuple(triangles)
        self._rows = [self._tree.links.index(link) for link in self.links]
        grids = [_volume(link, triangles[link], self.margin, self.cell) for link in self.links]
        self._origin = np.array([origin for origin, _ in grids])
        self._counts = np.array([grid.shape for _, grid in grids], np.int64)
        self._starts = np.cumsum([0] + [grid.size for _, grid in grids])[:-1]
        self._cells = np.concatenate([grid.reshape(-1) for _, grid in grids])

    @classmethod
    def of_arm(cls, arm: ArmConfig, margin: float = 0.02, cell: float = 0.005) -> RobotMask:
        """Make the mask of an arm in its base frame; unknown fingers are taken as opened."""
        opened = dict(zip(arm.gripper.joints, arm.gripper.opened.tolist(), strict=True))
        return cls(load_urdf(arm), arm.base_frame, margin, cell, opened)

    def link_transforms(self, positions: Mapping[str, float]) -> np.ndarray:
        """Return T_base_link (L, 4, 4) of `links` at these joint positions, rad or m.

        Raises InvalidValueError with the names of missing joints, and for a position not finite.
        """
        merged = {**self._defaults, **positions}
        for name in self._tree.joints:
            checks.number(f'position of {name}', merged.get(name, 0.0))
        return self._tree.link_transforms(merged, self._base)[self._rows]

    def contains(self, points: np.ndarray, T_base_links: np.ndarray) -> np.ndarray:
        """Return bool (N,): which of the points (N, 3), base frame, metres, are in the mask."""
        A, b = self._cells_of(T_base_links, np.eye(4))
        out = np.zeros(len(points), np.bool_)
        contiguous = np.ascontiguousarray(points, np.float32)
        _contains(contiguous, A, b, self._counts, self._starts, self._cells, out)
        return out

    def clear(
        self,
        depth: np.ndarray,
        keep: np.ndarray,
        rays: RayTable,
        scale: np.float32,
        T_base_camera: np.ndarray,
        T_base_links: np.ndarray,
    ) -> int:
        """Set `keep`, uint8 (H, W), to 0 where the robot is seen; return how many pixels.

        depth: (H, W), read-only, `scale` metres per unit; pixels that `keep` has are valid.
        """
        A, b = self._cells_of(T_base_links, T_base_camera)
        T_camera_links = geometry.invert(T_base_camera) @ T_base_links
        windows = np.empty((len(A), 4), np.int64)
        size = self._counts * self.cell
        _find_windows(rays.columns, rays.rows, T_camera_links, self._origin, size, windows)
        grids = self._counts, self._starts, self._cells
        return _clear(depth, keep, rays.x, rays.y, scale, A, b, windows, *grids)

    def _cells_of(self, T_base_links: np.ndarray, T_base_x: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return A (L, 3, 3), b (L, 3), float32: cell = A @ p_x + b, rounded down."""
        if T_base_links.shape != (len(self.links), 4, 4):
            raise InvalidValueError(
                f'T_base_links has shape {T_base_links.shape}, expected {(len(self.links), 4, 4)}'
            )
        T = geometry.invert(T_base_links) @ T_base_x
        b = (T[:, :3, 3] - self._origin) / self.cell
        return (T[:, :3, :3] / self.cell).astype(np.float32), b.astype(np.float32)


def _volume(
    link: str, triangles: np.ndarray, margin: float, cell: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower corner (3,) of a link's grid, metres, and the grid, uint8 (X, Y, Z)."""
    radius = margin + cell * (np.sqrt(3) / 2 + SPACING)
    low = triangles.min((0, 1)) - radius - 2 * cell
    high = triangles.max((0, 1)) + radius + 2 * cell
    counts = np.ceil((high - low) / cell).astype(np.int64)
    if counts.prod() > MAX_CELLS:
        raise ConfigError(
            f'link {link!r} spans {(high - low).round(3).tolist()} m, {counts.prod()} cells of '
            f'{cell} m; at most {MAX_CELLS}: use larger cells or check the scale of its mesh'
        )
    grid = np.zeros(counts, np.uint8)
    _mark_surface(*_lattices((triangles - low) / cell), radius / cell, grid)
    _fill_inside(grid)
    return low, grid


def _lattices(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where to sample triangles (T, 3, 3), in cells, densely enough.

    First float64 (T, 3, 3): the corner opposite to the longest side, and the two sides from it.
    Then int64 (T, 2): into how many steps of at most SPACING each of these is divided. Any point
    of a triangle is less than SPACING away from a sample.
    """
    rows = np.arange(len(triangles))
    opposite = np.roll(triangles, -1, 1) - np.roll(triangles, -2, 1)
    first = np.linalg.norm(opposite, axis=-1).argmax(1)
    corner = triangles[rows, first]
    sides = np.stack([triangles[rows, (first + k) % 3] - corner for k in (1, 2)], 1)
    steps = np.ceil(np.linalg.norm(sides, axis=-1) / SPACING).astype(np.int64)
    return np.concatenate([corner[:, None], sides], 1), np.maximum(steps, 1)


@kernel
def _mark_surface(lattices, steps, radius, grid):  # type: ignore
    """Set all cells whose centre is within `radius` of a triangle; everything in cells."""
    reach = int(np.ceil(radius)) + 1
    for i in range(len(lattices)):
        a, ab, ac = lattices[i, 0], lattices[i, 1], lattices[i, 2]
        n, m = steps[i, 0], steps[i, 1]
        for j in range(n + 1):
            for k in range(m + 1):
                s, t = j / n, k / m
                t = min(t, 1 - s)
                x = a[0] + s * ab[0] + t * ac[0]
                y = a[1] + s * ab[1] + t * ac[1]
                z = a[2] + s * ab[2] + t * ac[2]
                _mark_ball(x, y, z, radius, reach, grid)
                if t < k / m:
                    break


@kernel
def _mark_ball(x, y, z, radius, reach, grid):  # type: ignore
    for a in range(int(x) - reach, int(x) + reach + 1):
        dx = (a + 0.5 - x) ** 2
        for b in range(int(y) - reach, int(y) + reach + 1):
            rest = radius * radius - dx - (b + 0.5 - y) ** 2
            if rest >= 0:
                half = np.sqrt(rest)
                first = max(int(np.ceil(z - half - 0.5)), 0)
                last = min(int(np.floor(z + half - 0.5)), grid.shape[2] - 1)
                if 0 <= a < grid.shape[0] and 0 <= b < grid.shape[1]:
                    grid[a, b, first : last + 1] = 1


@kernel
def _fill_inside(grid):  # type: ignore
    """Set all cells that cannot be reached from the grid's corner (0, 0, 0) around set cells."""
    nx, ny, nz = grid.shape
    stack = np.empty((grid.size, 3), np.int32)
    stack[0] = 0
    grid[0, 0, 0] = 2
    n = 1
    while n:
        n -= 1
        a, b, c = stack[n]
        for da, db, dc in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)):
            i, j, k = a + da, b + db, c + dc
            if 0 <= i < nx and 0 <= j < ny and 0 <= k < nz and grid[i, j, k] == 0:
                grid[i, j, k] = 2
                stack[n, 0], stack[n, 1], stack[n, 2] = i, j, k
                n += 1
    flat = grid.reshape(-1)
    for i in range(flat.size):
        flat[i] = flat[i] != 2


@kernel
def _find_windows(columns, rows, T_camera_links, origin, size, windows):  # type: ignore
    """Write int64 (L, 4), [row from, to, column from, to): where each link's grid can be seen.

    columns, rows: bounds of the rays, see RayTable. A grid that reaches behind the camera can be
    seen anywhere, one that lies behind it nowhere.
    """
    for i in range(len(windows)):
        T = T_camera_links[i]
        low, high = np.full(3, np.inf), np.full(3, -np.inf)
        for corner in range(8):
            x = origin[i, 0] + (corner & 1) * size[i, 0]
            y = origin[i, 1] + (corner >> 1 & 1) * size[i, 1]
            z = origin[i, 2] + (corner >> 2) * size[i, 2]
            depth = T[2, 0] * x + T[2, 1] * y + T[2, 2] * z + T[2, 3]
            scale = 1 / depth
            a = (T[0, 0] * x + T[0, 1] * y + T[0, 2] * z + T[0, 3]) * scale
            b = (T[1, 0] * x + T[1, 1] * y + T[1, 2] * z + T[1, 3]) * scale
            low[0], low[1], low[2] = min(low[0], a), min(low[1], b), min(low[2], depth)
            high[0], high[1], high[2] = max(high[0], a), max(high[1], b), max(high[2], depth)
        if low[2] <= 0:
            low[:2], high[:2] = -np.inf, np.inf
        if high[2] <= 0:
            low[:2], high[:2] = np.inf, -np.inf
        windows[i, 0], windows[i, 1] = _span(rows, low[1], high[1])
        windows[i, 2], windows[i, 3] = _span(columns, low[0], high[0])


@kernel
def _span(bounds, low, high):  # type: ignore
    """Return from the first to behind the last interval of (2, N) that overlaps [low, high]."""
    first, last = bounds.shape[1], 0
    for i in range(bounds.shape[1]):
        if bounds[0, i] <= high and bounds[1, i] >= low:
            first, last = min(first, i), i + 1
    return first, last


@kernel
def _clear(depth, keep, x, y, scale, A, b, windows, counts, starts, cells):  # type: ignore
    cleared = 0
    index = np.empty(depth.shape[1], np.int32)
    for i in range(len(A)):
        first, last = windows[i, 2], windows[i, 3]
        if first < last:
            for v in range(windows[i, 0], windows[i, 1]):
                rays = x[v, first:last], y[v, first:last]
                out = keep[v, first:last]
                if _find_cells(
                    depth[v, first:last], rays, out, scale, A[i], b[i], counts[i], index
                ):
                    cleared += _clear_row(out, index, cells, starts[i])
    return cleared


@kernel
def _find_cells(depth, rays, keep, scale, M, o, n, index):  # type: ignore
    """Write the cell of each kept pixel, -1 outside of the grid; return how many are in it.

    Without a branch, so that it is SIMD.
    """
    x, y = rays
    m00, m01, m02, o0 = M[0, 0], M[0, 1], M[0, 2], o[0]
    m10, m11, m12, o1 = M[1, 0], M[1, 1], M[1, 2], o[1]
    m20, m21, m22, o2 = M[2, 0], M[2, 1], M[2, 2], o[2]
    n0, n1, n2 = np.int32(n[0]), np.int32(n[1]), np.int32(n[2])
    found = np.int32(0)
    for u in range(len(depth)):
        z = scale * np.float32(depth[u])
        a = z * (m00 * x[u] + m01 * y[u] + m02) + o0
        b = z * (m10 * x[u] + m11 * y[u] + m12) + o1
        c = z * (m20 * x[u] + m21 * y[u] + m22) + o2
        inside = (a >= 0) & (a < n0) & (b >= 0) & (b < n1) & (c >= 0) & (c < n2) & (keep[u] != 0)
        cell = (np.int32(a) * n1 + np.int32(b)) * n2 + np.int32(c)
        index[u] = cell if inside else np.int32(-1)
        found += np.int32(inside)
    return found


@kernel
def _clear_row(keep, index, cells, start):  # type: ignore
    cleared = 0
    for u in range(len(keep)):
        if index[u] >= 0 and cells[start + index[u]]:
            keep[u] = 0
            cleared += 1
    return cleared


@kernel
def _contains(points, A, offsets, counts, starts, cells, out):  # type: ignore
    for i in range(len(A)):
        M, o, n = A[i], offsets[i], counts[i]
        for j in range(len(points)):
            x, y, z = points[j, 0], points[j, 1], points[j, 2]
            a = M[0, 0] * x + M[0, 1] * y + M[0, 2] * z + o[0]
            b = M[1, 0] * x + M[1, 1] * y + M[1, 2] * z + o[1]
            c = M[2, 0] * x + M[2, 1] * y + M[2, 2] * z + o[2]
            if 0 <= a < n[0] and 0 <= b < n[1] and 0 <= c < n[2]:
                cell = (np.int64(a) * n[1] + np.int64(b)) * n[2] + np.int64(c)
                out[j] |= cells[starts[i] + cell] != 0

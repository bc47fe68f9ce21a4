"""Exactly N local points around a pose, spread evenly: what the expert sees.

Farthest-point sampling (Gonzalez 1985, "Clustering to minimize the maximum intercluster distance")
starts at one point and takes the one farthest from all taken so far, again and again. Done naively
each step visits every point. Here the points in the sphere are first thinned to voxels much finer
than the spacing of the samples, and put in blocks of neighbours; a step visits only the blocks
that the new sample is nearest to. Among the thinned points the choice is exactly the naive one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.jit import kernel

VOXELS_PER_SPACING = 3
MAX_VOXELS = 192
CANDIDATES_PER_SAMPLE = 16
BLOCK = 128


@dataclass(frozen=True, eq=False)
class LocalCloud:
    """N points around a centre.

    points: float32 (N, 3), metres, in the frame of the cloud. distinct: how many of them, from the
    first, are different measurements; the rest repeats some of these at random, which a network
    that pools over points does not notice. With distinct = 0 nothing is near, and all N points
    are the centre itself: finite, but no measurement.
    """

    points: np.ndarray
    distinct: int


class LocalSampler:
    """Draws N points within `radius` metres of a centre; keeps its buffers, one per thread.

    count: N >= 1. seed: of the first point and the repetitions; the same cloud, centre and seed
    give the same sample.
    """

    def __init__(self, count: int = 512, radius: float = 0.2, seed: int = 0) -> None:
        self.count = checks.integer('count', count, 1, 1 << 16)
        self.radius = checks.number('radius', radius, 1e-3, 10.0)
        self.seed = checks.integer('seed', seed, 0, 2**63 - 1)
        # N points packed hexagonally on a disc lie this far apart, over the disc's radius.
        spacing = np.sqrt(2 * np.pi / np.sqrt(3) / self.count)
        self._voxels = min(int(np.ceil(2 * VOXELS_PER_SPACING / spacing)), MAX_VOXELS)
        self._taken = np.zeros(self._voxels**3, np.uint8)

    def sample(self, points: np.ndarray, center: npt.ArrayLike) -> LocalCloud:
        """Return N of the points (M, 3), M >= 0, metres, finite, around center (3,)."""
        cloud = np.ascontiguousarray(points, np.float32).view()
        if cloud.ndim != 2 or cloud.shape[1] != 3:
            raise InvalidValueError(f'points has shape {cloud.shape}, expected (N, 3)')
        cloud.flags.writeable = False
        middle = checks.array('center', center, (3,)).astype(np.float32)
        local = cloud[self._candidates(cloud, middle)]
        random = np.random.default_rng(self.seed)
        distinct = min(self.count, len(local))
        if distinct == 0:
            return LocalCloud(np.tile(middle, (self.count, 1)), 0)
        if distinct == len(local):
            again = random.integers(distinct, size=self.count - distinct)
            return LocalCloud(np.concatenate([local, local[again]]), distinct)
        return LocalCloud(
            farthest_points(local, self.count, int(random.integers(len(local)))), distinct
        )

    def _candidates(self, cloud: np.ndarray, center: np.ndarray) -> np.ndarray:
        """Return the indices of the points to choose from: thinned, but not below N."""
        index = np.empty(len(cloud), np.int32)
        radius = np.float32(self.radius)
        thinned, near = _thin_sphere(cloud, center, radius, self._voxels, self._taken, index)
        if thinned < self.count and thinned < near:
            # All are in a few voxels: what is near is small, and even a share of it is dense.
            share = max(near // (CANDIDATES_PER_SAMPLE * self.count), 1)
            thinned = _share_of_sphere(cloud, center, radius, share, index)
        return index[:thinned]


def farthest_points(points: np.ndarray, count: int, first: int) -> np.ndarray:
    """Return `count` of the points, float32 (M, 3), finite, M >= count, beginning with `first`."""
    low = points.min(0)
    extent = max(float((points.max(0) - low).max()), 1e-9)
    order = _space_order(points, low, np.float32(15 / extent))
    sorted_points = np.ascontiguousarray(points[order].T)
    chosen = np.empty(count, np.int64)
    _farthest(sorted_points, int(np.flatnonzero(order == first)[0]), chosen)
    return np.ascontiguousarray(sorted_points[:, chosen].T)


@kernel
def _thin_sphere(cloud, center, radius, voxels, taken, index):  # type: ignore
    """Write the index of the first point in every voxel of the sphere; return (how many, near).

    near: points in the sphere. taken: uint8 (voxels**3,), all zero before and after.
    """
    inverse = np.float32(voxels) / (2 * radius)
    top = voxels - 1
    n, near = 0, 0
    for i in range(len(cloud)):
        x, y, z = cloud[i, 0] - center[0], cloud[i, 1] - center[1], cloud[i, 2] - center[2]
        if x * x + y * y + z * z <= radius * radius:
            near += 1
            cell = _voxel(x, y, z, radius, inverse, top)
            index[n] = i
            n += taken[cell] == 0
            taken[cell] = 1
    for i in range(n):
        p = cloud[index[i]]
        x, y, z = p[0] - center[0], p[1] - center[1], p[2] - center[2]
        taken[_voxel(x, y, z, radius, inverse, top)] = 0
    return n, near


@kernel
def _voxel(x, y, z, radius, inverse, top):  # type: ignore
    a = min(np.int64((x + radius) * inverse), top)
    b = min(np.int64((y + radius) * inverse), top)
    c = min(np.int64((z + radius) * inverse), top)
    return (a * (top + 1) + b) * (top + 1) + c


@kernel
def _share_of_sphere(cloud, center, radius, share, index):  # type: ignore
    """Write the index of every share-th point in the sphere; return how many."""
    near = 0
    for i in range(len(cloud)):
        x, y, z = cloud[i, 0] - center[0], cloud[i, 1] - center[1], cloud[i, 2] - center[2]
        if x * x + y * y + z * z <= radius * radius:
            if near % share == 0:
                index[near // share] = i
            near += 1
    return (near + share - 1) // share


@kernel
def _space_order(points, low, scale):  # type: ignore
    """Return the order, int64 (N,), in which points follow a Morton curve of 16**3 cells.

    low: (3,), lower corner of the cells. scale, float32: cells per metre.
    """
    codes = np.empty(len(points), np.int64)
    starts = np.zeros(16**3 + 1, np.int64)
    for i in range(len(points)):
        code = np.int64(0)
        for axis in range(3):
            v = np.int64((points[i, axis] - low[axis]) * scale)
            # Spread the four bits out: abcd to a00b00c00d.
            v = (v | v << 4) & 0xC3
            v = (v | v << 2) & 0x249
            code |= v << axis
        codes[i] = code
        starts[code + 1] += 1
    for cell in range(16**3):
        starts[cell + 1] += starts[cell]
    order = np.empty(len(points), np.int64)
    for i in range(len(points)):
        order[starts[codes[i]]] = i
        starts[codes[i]] += 1
    return order


@kernel
def _farthest(points, first, chosen):  # type: ignore
    """Write the indices of the farthest points among points (3, N), float32, sorted in space.

    A block is BLOCK consecutive points. far[b] is its largest squared distance to the chosen
    points; a new one whose distance to the block's box is larger leaves the block as it is.
    Distances are compared as the integers of their bits, which order alike for numbers >= 0 and
    let the compiler use SIMD.
    """
    blocks = (points.shape[1] + BLOCK - 1) // BLOCK
    low, high = _boxes(points, blocks)
    distance = np.full(points.shape[1], np.float32(np.inf))
    far, to_box = np.full(blocks, np.float32(np.inf)), np.empty(blocks, np.float32)
    bits, far_bits = distance.view(np.int32), far.view(np.int32)
    new = first
    for k in range(len(chosen)):
        chosen[k] = new
        x, y, z = points[0, new], points[1, new], points[2, new]
        _box_distances(x, y, z, low, high, to_box)
        best, block = np.int32(-1), 0
        for b in range(blocks):
            if to_box[b] < far[b]:
                far_bits[b] = _visit(points, distance, bits, x, y, z, b * BLOCK)
            if far_bits[b] > best:
                best, block = far_bits[b], b
        for i in range(block * BLOCK, min((block + 1) * BLOCK, len(bits))):
            if bits[i] == best:
                new = i
                break


@kernel
def _boxes(points, blocks):  # type: ignore
    low, high = np.empty((3, blocks), np.float32), np.empty((3, blocks), np.float32)
    for b in range(blocks):
        for axis in range(3):
            smallest, largest = np.float32(np.inf), np.float32(-np.inf)
            for i in range(b * BLOCK, min((b + 1) * BLOCK, points.shape[1])):
                smallest, largest = min(smallest, points[axis, i]), max(largest, points[axis, i])
            low[axis, b], high[axis, b] = smallest, largest
    return low, high


@kernel
def _box_distances(x, y, z, low, high, out):  # type: ignore
    """Write the squared distances of a point to boxes (3, B), 0 inside."""
    zero = np.float32(0)
    low_x, low_y, low_z = low[0], low[1], low[2]
    high_x, high_y, high_z = high[0], high[1], high[2]
    for b in range(len(out)):
        dx = max(max(low_x[b] - x, x - high_x[b]), zero)
        dy = max(max(low_y[b] - y, y - high_y[b]), zero)
        dz = max(max(low_z[b] - z, z - high_z[b]), zero)
        out[b] = dx * dx + dy * dy + dz * dz


@kernel
def _visit(points, distance, bits, x, y, z, start):  # type: ignore
    """Bring a block's distances up to date; return the bits of the largest."""
    stop = min(start + BLOCK, len(distance))
    px, py, pz = points[0, start:stop], points[1, start:stop], points[2, start:stop]
    d, d_bits = distance[start:stop], bits[start:stop]
    for i in range(len(d)):
        dx, dy, dz = px[i] - x, py[i] - y, pz[i] - z
        d[i] = min(dx * dx + dy * dy + dz * dz, d[i])
    best = np.int32(-1)
    for i in range(len(d_bits)):
        best = max(best, d_bits[i])
    return best

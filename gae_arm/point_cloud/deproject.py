"""Compiled kernels between the depth image and the cloud.

The crop box is brought to the pixels once (`depth_windows`: from which to which depth a pixel's
ray lies inside of the box), so that a frame needs two comparisons a pixel before anything is
deprojected (`select_pixels`). Only what is left becomes points (`gather_points`).

Depth images are (H, W), uint16 millimetres or float32 metres, read-only: numba compiles one more
version for writable arrays. Tables are float32. `R`, `t`: rotation (3, 3) and translation (3,) of
T_base_camera, float32.
"""

from __future__ import annotations

import numpy as np

from gae_arm.core.jit import kernel


@kernel
def depth_windows(x, y, R, t, low, high, range_min, range_max, near, far):  # type: ignore
    """Write the depths (H, W), metres, at which each pixel's ray enters and leaves a box.

    x, y: rays (H, W). low, high: corners (3,) of the box, base frame, metres, may be infinite.
    near > far where the ray misses the box; near = inf for a NaN ray. Slab method: Kay and Kajiya
    1986, "Ray tracing complex scenes".
    """
    one, nothing = np.float32(1), np.float32(np.inf)
    r00, r01, r02 = R[0, 0], R[0, 1], R[0, 2]
    r10, r11, r12 = R[1, 0], R[1, 1], R[1, 2]
    r20, r21, r22 = R[2, 0], R[2, 1], R[2, 2]
    low0, low1, low2 = low[0] - t[0], low[1] - t[1], low[2] - t[2]
    high0, high1, high2 = high[0] - t[0], high[1] - t[1], high[2] - t[2]
    for v in range(x.shape[0]):
        x_row, y_row, near_row, far_row = x[v], y[v], near[v], far[v]
        for u in range(x_row.shape[0]):
            a, b = x_row[u], y_row[u]
            i0 = one / (r00 * a + r01 * b + r02)
            i1 = one / (r10 * a + r11 * b + r12)
            i2 = one / (r20 * a + r21 * b + r22)
            n0, f0 = min(low0 * i0, high0 * i0), max(low0 * i0, high0 * i0)
            n1, f1 = min(low1 * i1, high1 * i1), max(low1 * i1, high1 * i1)
            n2, f2 = min(low2 * i2, high2 * i2), max(low2 * i2, high2 * i2)
            enter = max(max(n0, n1), max(n2, range_min))
            near_row[u] = enter if a == a and b == b else nothing
            far_row[u] = min(min(f0, f1), min(f2, range_max))


@kernel
def to_millimetres(near, far):  # type: ignore
    """Return depth windows (H, W) in whole millimetres, uint16, that lie within those in metres."""
    near_mm, far_mm = np.empty(near.shape, np.uint16), np.empty(far.shape, np.uint16)
    for v in range(near.shape[0]):
        for u in range(near.shape[1]):
            a, b = np.ceil(near[v, u] * np.float32(1000)), np.floor(far[v, u] * np.float32(1000))
            some = a <= b and b >= 1 and a <= 65535
            near_mm[v, u] = np.uint16(max(a, np.float32(1))) if some else np.uint16(65535)
            far_mm[v, u] = np.uint16(min(b, np.float32(65535))) if some else np.uint16(0)
    return near_mm, far_mm


@kernel
def select_pixels(depth, near, far, edge_ratio, far_away, keep):  # type: ignore
    """Write into `keep`, uint8 (H, W), which pixels are in the box and on no edge; count readings.

    near, far: (H, W), in the depth's type and unit. edge_ratio, float32: a pixel is dropped when a
    neighbour (left, right, up, down) has a depth below edge_ratio times its own. Flying pixels
    always lie behind the object whose outline they smear, so the object keeps all of its pixels.
    0 turns that off. far_away: largest finite value of the depth's type, stands for a neighbour
    without a reading.
    Returns the number of pixels with a reading (> 0, finite), wherever they are.
    """
    height, width = depth.shape
    valid = 0
    for v in range(height):
        row, above, below = depth[v], depth[max(v - 1, 0)], depth[min(v + 1, height - 1)]
        near_row, far_row, out = near[v], far[v], keep[v]
        count = 0
        for u in range(width):
            d = row[u]
            count += (d > 0) & (d <= far_away)
            a, b = above[u], below[u]
            nearest = min(a if a > 0 else far_away, b if b > 0 else far_away)
            inside = (d >= near_row[u]) & (d <= far_row[u])
            out[u] = inside & (np.float32(d) * edge_ratio <= np.float32(nearest))
        valid += count
        left, right = row[:-1], row[1:]
        out_left, out_right = out[:-1], out[1:]
        for u in range(width - 1):
            a, b = left[u], right[u]
            b = b if b > 0 else far_away
            out_left[u] &= np.float32(a) * edge_ratio <= np.float32(b)
        for u in range(width - 1):
            a, b = left[u], right[u]
            a = a if a > 0 else far_away
            out_right[u] &= np.float32(b) * edge_ratio <= np.float32(a)
    return valid


@kernel
def gather_points(depth, keep, x, y, R, t, scale, points, pixels):  # type: ignore
    """Deproject the kept pixels into the base frame; return how many.

    scale, float32: metres per unit of depth. Writes points, float32 (>= n, 3), and pixels, int32
    (>= n,): the row-major index of each point's pixel.
    """
    r00, r01, r02 = R[0, 0], R[0, 1], R[0, 2]
    r10, r11, r12 = R[1, 0], R[1, 1], R[1, 2]
    r20, r21, r22 = R[2, 0], R[2, 1], R[2, 2]
    width = depth.shape[1]
    n = 0
    for v in range(depth.shape[0]):
        depth_row, keep_row, x_row, y_row = depth[v], keep[v], x[v], y[v]
        for u in range(width):
            if keep_row[u]:
                z, a, b = scale * np.float32(depth_row[u]), x_row[u], y_row[u]
                points[n, 0] = z * (r00 * a + r01 * b + r02) + t[0]
                points[n, 1] = z * (r10 * a + r11 * b + r12) + t[1]
                points[n, 2] = z * (r20 * a + r21 * b + r22) + t[2]
                pixels[n] = v * width + u
                n += 1
    return n


@kernel
def thin_to_voxels(points, pixels, n, low, inverse, counts, bits):  # type: ignore
    """Keep the first of the first n points in every voxel, in place; return how many are left.

    low: corner (3,) of the grid, base frame, metres. inverse, float32: voxels per metre. counts:
    int64 (3,) voxels along x, y, z. bits: uint8 (>= product / 8,), all zero before and after.
    """
    left = 0
    for i in range(n):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        cell = _cell(x, y, z, low, inverse, counts)
        bit = np.uint8(1) << np.uint8(cell & np.uint64(7))
        # Without a branch: whether a voxel is taken is as good as random.
        byte = bits[cell >> np.uint64(3)]
        bits[cell >> np.uint64(3)] = byte | bit
        points[left, 0], points[left, 1], points[left, 2] = x, y, z
        pixels[left] = pixels[i]
        left += (byte & bit) == 0
    for i in range(left):
        bits[
            _cell(points[i, 0], points[i, 1], points[i, 2], low, inverse, counts) >> np.uint64(3)
        ] = 0
    return left


@kernel
def remove_below(points, pixels, n, normal, height):  # type: ignore
    """Keep those of the first n points with normal @ p > height, in place; return how many."""
    left = 0
    for i in range(n):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        if normal[0] * x + normal[1] * y + normal[2] * z > height:
            points[left, 0], points[left, 1], points[left, 2] = x, y, z
            pixels[left] = pixels[i]
            left += 1
    return left


@kernel
def _cell(x, y, z, low, inverse, counts):  # type: ignore
    a = np.uint64(min(max(np.int64((x - low[0]) * inverse), 0), counts[0] - 1))
    b = np.uint64(min(max(np.int64((y - low[1]) * inverse), 0), counts[1] - 1))
    c = np.uint64(min(max(np.int64((z - low[2]) * inverse), 0), counts[2] - 1))
    return (a * np.uint64(counts[1]) + b) * np.uint64(counts[2]) + c

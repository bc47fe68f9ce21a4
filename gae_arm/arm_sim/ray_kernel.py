"""The inner loops of the ray caster. Scalars, not arrays, go between them: twice as fast."""

from __future__ import annotations

import numpy as np

from gae_arm.core.jit import kernel

PART_COLUMNS = 21
"""Of a part: kind, centre (3), rotation (9, row by row), half extents (3), RGB (3), texture, and
the radius of its bounding sphere."""
BOX, CYLINDER, SPHERE = 0, 1, 2
SKY, GROUND = -2, -1
"""Labels of pixels that show no object: nothing, or table and floor."""
EPSILON, FAR = 1e-4, 1e9
"""Metres: nothing is hit nearer; nothing is hit."""
TILE = 16
"""Pixels; which objects may be seen is found for squares of the image."""


@kernel
def _to_box(
    px: float, py: float, pz: float, dx: float, dy: float, dz: float, a: float, b: float, c: float
) -> tuple[float, int]:
    """Return how far a ray in a box's frame goes to it, and the face: 0, 1, 2 across x, y, z."""
    ix = 1.0 / dx if abs(dx) > 1e-12 else 1e12
    iy = 1.0 / dy if abs(dy) > 1e-12 else 1e12
    iz = 1.0 / dz if abs(dz) > 1e-12 else 1e12
    x, y, z = abs(ix) * a, abs(iy) * b, abs(iz) * c
    near_x, near_y, near_z = -px * ix - x, -py * iy - y, -pz * iz - z
    near = max(near_x, near_y, near_z)
    if near <= EPSILON or near > min(x - px * ix, y - py * iy, z - pz * iz):
        return FAR, 0
    return near, (0 if near == near_x else 1 if near == near_y else 2)


@kernel
def _to_cylinder(
    px: float, py: float, pz: float, dx: float, dy: float, dz: float, radius: float, half: float
) -> tuple[float, int]:
    """Return how far a ray in a cylinder's frame goes to it, and 0 for its side, 2 for a cap."""
    best, face = FAR, 0
    qa, qb = dx * dx + dy * dy, px * dx + py * dy
    root = qb * qb - qa * (px * px + py * py - radius * radius)
    if root < 0.0:
        return FAR, 0
    if qa > 1e-12:
        t = (-qb - np.sqrt(root)) / qa
        if t > EPSILON and abs(pz + t * dz) <= half:
            best = t
    if abs(dz) > 1e-12:
        t = ((half if dz < 0.0 else -half) - pz) / dz
        x, y = px + t * dx, py + t * dy
        if EPSILON < t < best and x * x + y * y <= radius * radius:
            best, face = t, 2
    return best, face


@kernel
def _to_sphere(
    px: float, py: float, pz: float, dx: float, dy: float, dz: float, radius: float
) -> tuple[float, int]:
    """Return how far a ray goes to a sphere, and 0."""
    b = px * dx + py * dy + pz * dz
    root = b * b - (px * px + py * py + pz * pz - radius * radius)
    if root <= 0.0:
        return FAR, 0
    t = -b - np.sqrt(root)
    return (t if t > EPSILON else FAR), 0


@kernel
def _hit(
    parts: np.ndarray, i: int, ox: float, oy: float, oz: float, rx: float, ry: float, rz: float
) -> tuple[float, int]:
    """Return how far a ray goes to part i, FAR if it misses, and the face that it meets.

    ox, oy, oz: from the part's centre to the ray's origin. rx, ry, rz: direction of the ray.
    """
    px = parts[i, 4] * ox + parts[i, 7] * oy + parts[i, 10] * oz
    py = parts[i, 5] * ox + parts[i, 8] * oy + parts[i, 11] * oz
    pz = parts[i, 6] * ox + parts[i, 9] * oy + parts[i, 12] * oz
    dx = parts[i, 4] * rx + parts[i, 7] * ry + parts[i, 10] * rz
    dy = parts[i, 5] * rx + parts[i, 8] * ry + parts[i, 11] * rz
    dz = parts[i, 6] * rx + parts[i, 9] * ry + parts[i, 12] * rz
    if parts[i, 0] == BOX:
        return _to_box(px, py, pz, dx, dy, dz, parts[i, 13], parts[i, 14], parts[i, 15])
    if parts[i, 0] == CYLINDER:
        return _to_cylinder(px, py, pz, dx, dy, dz, parts[i, 13], parts[i, 15])
    return _to_sphere(px, py, pz, dx, dy, dz, parts[i, 13])


@kernel
def _first(
    parts: np.ndarray, start: int, end: int,
    ox: float, oy: float, oz: float, dx: float, dy: float, dz: float, limit: float,
) -> tuple[float, int, int]:  # fmt: skip
    """Return (distance, part, face) of what a ray meets first of some parts; part -1 if nothing."""
    best, found, side = limit, -1, 0
    for i in range(start, end):
        x, y, z = ox - parts[i, 1], oy - parts[i, 2], oz - parts[i, 3]
        radius = parts[i, 20]
        b = x * dx + y * dy + z * dz
        root = b * b - (x * x + y * y + z * z - radius * radius)
        if root > 0.0 and radius - b > 0.0 and -b - radius < best:
            t, face = _hit(parts, i, x, y, z, dx, dy, dz)
            if t < best:
                best, found, side = t, i, face
    return best, found, side


@kernel
def _in_shadow(
    parts: np.ndarray, ends: np.ndarray, beams: np.ndarray, light: np.ndarray,
    x: float, y: float, z: float,
) -> bool:  # fmt: skip
    """Return whether any object stands between a point and the light.

    beams: float64 (M, 4), bounding spheres along the axes at the end of `light`, of which the third
    points to the light.
    """
    a = light[19] * x + light[20] * y + light[21] * z
    b = light[22] * x + light[23] * y + light[24] * z
    c = light[25] * x + light[26] * y + light[27] * z
    for m in range(len(ends)):
        across, up, radius = a - beams[m, 0], b - beams[m, 1], beams[m, 3]
        if across * across + up * up < radius * radius and c < beams[m, 2] + radius:
            start = ends[m - 1] if m else 0
            _, i, _ = _first(parts, start, ends[m], x, y, z, light[25], light[26], light[27], FAR)
            if i >= 0:
                return True
    return False


@kernel
def _normal(
    parts: np.ndarray, i: int, face: int,
    x: float, y: float, z: float, dx: float, dy: float, dz: float,
) -> tuple[float, float, float]:  # fmt: skip
    """Return the outward normal of part i at a place in its frame, base frame.

    x, y, z: shares of its half extents. dx, dy, dz: direction of the ray that meets it there.
    """
    if parts[i, 0] == BOX or face == 2:
        x = 1.0 if face == 0 else 0.0
        y = 1.0 if face == 1 else 0.0
        z = 1.0 if face == 2 else 0.0
        ahead = parts[i, 4 + face] * dx + parts[i, 7 + face] * dy + parts[i, 10 + face] * dz
        if ahead > 0.0:
            x, y, z = -x, -y, -z
    elif parts[i, 0] == CYLINDER:
        z = 0.0
    return (
        parts[i, 4] * x + parts[i, 5] * y + parts[i, 6] * z,
        parts[i, 7] * x + parts[i, 8] * y + parts[i, 9] * z,
        parts[i, 10] * x + parts[i, 11] * y + parts[i, 12] * z,
    )


@kernel
def _grey(textures: np.ndarray, index: int, u: float, v: float) -> float:
    """Return the grey, 0 to 1, of a texture that repeats with period 1."""
    side = textures.shape[1]
    column, row = int((u - np.floor(u)) * side), int((v - np.floor(v)) * side)
    return textures[index, row % side, column % side] / 255.0


@kernel
def _surface(
    parts: np.ndarray, i: int, face: int, x: float, y: float, z: float, textures: np.ndarray
) -> float:
    """Return the grey of part i at a place in its frame, shares of its half extents."""
    index = int(parts[i, 19])
    if index == 0:
        return 1.0
    u, v = x, y
    if parts[i, 0] == BOX:
        if face == 0:
            u, v = y, z
        elif face == 1:
            u, v = x, z
    elif face != 2:
        u, v = np.arctan2(y, x) / np.pi, z
    return _grey(textures, index, 0.5 * u + 0.5, 0.5 * v + 0.5)


@kernel
def _ground(
    ground: np.ndarray, textures: np.ndarray,
    ox: float, oy: float, oz: float, dx: float, dy: float, dz: float,
) -> tuple[float, float, int]:  # fmt: skip
    """Return (distance, grey, index of its colour) of table or floor; FAR if a ray meets none."""
    if dz > -1e-9:
        return FAR, 1.0, 8
    t = (ground[4] - oz) / dz
    x, y = ox + t * dx, oy + t * dy
    if t > 0.0 and ground[0] <= x <= ground[1] and ground[2] <= y <= ground[3]:
        index = int(ground[14])
        if index == 0:
            return t, 1.0, 5
        c, s = np.cos(ground[16]), np.sin(ground[16])
        u, v = (c * x - s * y) * ground[15], (s * x + c * y) * ground[15]
        return t, _grey(textures, index, u, v), 5
    return (ground[17] - oz) / dz, 1.0, 8


@kernel
def _shade(
    parts: np.ndarray, ends: np.ndarray, beams: np.ndarray, ground: np.ndarray,
    light: np.ndarray, textures: np.ndarray, near: np.ndarray, count: int,
    ox: float, oy: float, oz: float, dx: float, dy: float, dz: float,
) -> tuple[float, int, float, float, float]:  # fmt: skip
    """Return (distance, label, red, green, blue) of what a ray sees.

    near, count: the first `count` are the objects that it may meet.
    """
    best, grey, first = _ground(ground, textures, ox, oy, oz, dx, dy, dz)
    part, owner, face = -1, GROUND, 0
    for n in range(count):
        m = near[n]
        start = ends[m - 1] if m else 0
        t, i, side = _first(parts, start, ends[m], ox, oy, oz, dx, dy, dz, best)
        if i >= 0:
            best, part, owner, face = t, i, m, side
    if part < 0 and best == FAR:
        glow = 0.9 + 0.2 * dz
        return 0.0, SKY, ground[11] * glow, ground[12] * glow, ground[13] * glow
    x, y, z = ox + best * dx, oy + best * dy, oz + best * dz
    nx, ny, nz = 0.0, 0.0, 1.0
    red, green, blue = ground[first], ground[first + 1], ground[first + 2]
    if part >= 0:
        px, py, pz = x - parts[part, 1], y - parts[part, 2], z - parts[part, 3]
        a = parts[part, 4] * px + parts[part, 7] * py + parts[part, 10] * pz
        b = parts[part, 5] * px + parts[part, 8] * py + parts[part, 11] * pz
        c = parts[part, 6] * px + parts[part, 9] * py + parts[part, 12] * pz
        a, b, c = a / parts[part, 13], b / parts[part, 14], c / parts[part, 15]
        nx, ny, nz = _normal(parts, part, face, a, b, c, dx, dy, dz)
        grey = _surface(parts, part, face, a, b, c, textures)
        red, green, blue = parts[part, 16], parts[part, 17], parts[part, 18]
    key = max(nx * light[0] + ny * light[1] + nz * light[2], 0.0)
    fill = max(nx * light[3] + ny * light[4] + nz * light[5], 0.0)
    head = max(-nx * dx - ny * dy - nz * dz, 0.0)
    if key > 0.0 and light[18] > 0.0:
        lift = 1e-3
        if _in_shadow(parts, ends, beams, light, x + lift * nx, y + lift * ny, z + lift * nz):
            key = 0.0
    red *= grey * (light[12] + light[6] * key + light[9] * fill + light[15] * head)
    green *= grey * (light[13] + light[7] * key + light[10] * fill + light[16] * head)
    blue *= grey * (light[14] + light[8] * key + light[11] * fill + light[17] * head)
    return best, owner, red, green, blue


@kernel
def _ray(T: np.ndarray, focal: np.ndarray, u: float, v: float) -> tuple[float, float, float, float]:
    """Return the unit ray of pixel (u, v) in the base frame, and its share along the axis."""
    x, y = (u - focal[2]) / focal[0], (v - focal[3]) / focal[1]
    ahead = 1.0 / np.sqrt(x * x + y * y + 1.0)
    x, y = x * ahead, y * ahead
    return (
        T[0, 0] * x + T[0, 1] * y + T[0, 2] * ahead,
        T[1, 0] * x + T[1, 1] * y + T[1, 2] * ahead,
        T[2, 0] * x + T[2, 1] * y + T[2, 2] * ahead,
        ahead,
    )


@kernel
def _tile(number: int, height: int, width: int) -> tuple[int, int, int, int]:
    """Return (top, bottom, left, right) of a tile of an image."""
    across = -(-width // TILE)
    top, left = number // across * TILE, number % across * TILE
    return top, min(top + TILE, height), left, min(left + TILE, width)


@kernel
def _in_tile(
    rects: np.ndarray, left: int, right: int, top: int, bottom: int, near: np.ndarray
) -> int:
    """Write which objects a tile of the image may show; return how many."""
    count = 0
    for m in range(len(rects)):
        across = rects[m, 0] < right and rects[m, 1] >= left
        if across and rects[m, 2] < bottom and rects[m, 3] >= top:
            near[count] = m
            count += 1
    return count


@kernel
def _at_edge(label: np.ndarray, u: int, v: int) -> bool:
    """Return whether a pixel shows another object than one of its four neighbours."""
    height, width = label.shape
    here = label[v, u]
    return (
        (u + 1 < width and label[v, u + 1] != here)
        or (v + 1 < height and label[v + 1, u] != here)
        or (u > 0 and label[v, u - 1] != here)
        or (v > 0 and label[v - 1, u] != here)
    )


@kernel
def draw_kernel(
    parts: np.ndarray,
    ends: np.ndarray,
    rects: np.ndarray,
    beams: np.ndarray,
    ground: np.ndarray,
    light: np.ndarray,
    textures: np.ndarray,
    focal: np.ndarray,
    T: np.ndarray,
    rgb: np.ndarray,
    depth: np.ndarray,
    label: np.ndarray,
) -> None:
    """Draw into rgb, depth and label, tile by tile; then edges again, at four more points.

    rects: (M, 4), columns and rows of the image that an object may cover. beams: see _in_shadow.
    """
    height, width = depth.shape
    colors = np.empty((height, width, 3))
    near = np.empty(len(ends), np.int64)
    ox, oy, oz = T[0, 3], T[1, 3], T[2, 3]
    for again in range(2):
        for tile in range(-(-height // TILE) * -(-width // TILE)):
            top, bottom, left, right = _tile(tile, height, width)
            count = _in_tile(rects, left, right, top, bottom, near)
            for v in range(top, bottom):
                for u in range(left, right):
                    if again and not _at_edge(label, u, v):
                        continue
                    for k in range(4 if again else 1):
                        du, dv = 0.5 * (k & 1) - 0.25, 0.5 * (k >> 1) - 0.25
                        if not again:
                            du, dv = 0.0, 0.0
                        dx, dy, dz, ahead = _ray(T, focal, u + du, v + dv)
                        t, owner, red, green, blue = _shade(
                            parts, ends, beams, ground, light, textures, near, count,
                            ox, oy, oz, dx, dy, dz,
                        )  # fmt: skip
                        if again:
                            colors[v, u, 0] += red
                            colors[v, u, 1] += green
                            colors[v, u, 2] += blue
                        else:
                            colors[v, u, 0], colors[v, u, 1], colors[v, u, 2] = red, green, blue
                            depth[v, u], label[v, u] = t * ahead, owner
    for v in range(height):
        for u in range(width):
            scale = 51.0 if _at_edge(label, u, v) else 255.0
            for k in range(3):
                rgb[v, u, k] = np.uint8(min(255.0, max(0.0, colors[v, u, k] * scale + 0.5)))


@kernel
def depth_kernel(
    parts: np.ndarray,
    ends: np.ndarray,
    rects: np.ndarray,
    ground: np.ndarray,
    focal: np.ndarray,
    T: np.ndarray,
    depth: np.ndarray,
    label: np.ndarray,
) -> None:
    """Write only depth and label, tile by tile, one ray a pixel. rects: see `draw_kernel`.

    ground: (6,), the table's edges and the height of its top, the floor's height.
    """
    height, width = depth.shape
    near = np.empty(len(ends), np.int64)
    ox, oy, oz = T[0, 3], T[1, 3], T[2, 3]
    for tile in range(-(-height // TILE) * -(-width // TILE)):
        top, bottom, left, right = _tile(tile, height, width)
        count = _in_tile(rects, left, right, top, bottom, near)
        for v in range(top, bottom):
            for u in range(left, right):
                dx, dy, dz, ahead = _ray(T, focal, u, v)
                best, owner = FAR, SKY
                if dz < -1e-9:
                    best, owner = (ground[4] - oz) / dz, GROUND
                    x, y = ox + best * dx, oy + best * dy
                    if not (ground[0] <= x <= ground[1] and ground[2] <= y <= ground[3]):
                        best = (ground[5] - oz) / dz
                for n in range(count):
                    m = near[n]
                    start = ends[m - 1] if m else 0
                    t, i, _ = _first(parts, start, ends[m], ox, oy, oz, dx, dy, dz, best)
                    if i >= 0:
                        best, owner = t, m
                depth[v, u] = 0.0 if owner == SKY else best * ahead
                label[v, u] = owner

"""A robot's geometry as triangles: meshes read from disk, primitives tessellated."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.collada import collada_triangles
from gae_arm.core.errors import ConfigError
from gae_arm.core.kinematic_tree import numbers, origin, parse
from gae_arm.core.urdf import resolve_uri

STL_TRIANGLE = np.dtype([('normal', '<f4', 3), ('corners', '<f4', (3, 3)), ('color', '<u2')])
SEGMENTS = 48


def collision_triangles(urdf: str) -> dict[str, np.ndarray]:
    """Return, for every link that has collision geometry, its triangles in the link's frame.

    Each float64 (T, 3, 3): T triangles, 3 corners, metres. Raises ConfigError with the file or the
    value for a mesh that cannot be read and for a geometry that is not in the URDF standard.
    """
    return _triangles(urdf, 'collision')


def visual_triangles(urdf: str) -> dict[str, np.ndarray]:
    """Return the same of what the links look like.

    Collision meshes are often convex hulls: of the Panda's, half the surface is 3 mm and more
    outside of the robot's.
    """
    return _triangles(urdf, 'visual')


def _triangles(urdf: str, kind: str) -> dict[str, np.ndarray]:
    out = {}
    for link in parse(urdf).findall('link'):
        parts = [_placed(element) for element in link.findall(kind)]
        if parts:
            out[link.get('name', '')] = np.concatenate(parts)
    return out


def read_mesh(path: Path) -> np.ndarray:
    """Return the triangles (T, 3, 3) of an STL or OBJ (own units) or COLLADA file (metres)."""
    readers = {'.stl': _stl, '.obj': _obj, '.dae': collada_triangles}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ConfigError(f'mesh {path} is not one of {list(readers)}')
    try:
        triangles = reader(path.read_bytes())
    except (OSError, ValueError, IndexError) as error:
        raise ConfigError(f'mesh {path} cannot be read: {error}') from error
    if not len(triangles) or not np.isfinite(triangles).all():
        raise ConfigError(f'mesh {path} has {len(triangles)} triangles, or some not finite')
    return triangles


def box(size: list[float]) -> np.ndarray:
    """Return the 12 triangles of a box of these edge lengths around the origin."""
    corners = np.array(np.meshgrid(*[(-s / 2, s / 2) for s in size], indexing='ij')).reshape(3, 8).T
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return np.array([corners[[a, b, c]] for q in quads for a, b, c in (q[:3], (*q[2:], q[0]))])


def cylinder(radius: float, length: float) -> np.ndarray:
    """Return a cylinder along z around the origin as a prism that encloses it."""
    profile = [(0.0, -length / 2), (radius, -length / 2), (radius, length / 2), (0.0, length / 2)]
    return _revolve(profile)


def sphere(radius: float) -> np.ndarray:
    """Return a sphere around the origin as a polyhedron that encloses it."""
    grown = radius / np.cos(np.pi / SEGMENTS)
    angles = np.linspace(-np.pi / 2, np.pi / 2, SEGMENTS // 2 + 1)
    return _revolve([(grown * np.cos(a), grown * np.sin(a)) for a in angles])


def _revolve(profile: list[tuple[float, float]]) -> np.ndarray:
    """Turn a profile of (distance from z, z) around z; the faces touch the circle from outside."""
    around = np.linspace(0, 2 * np.pi, SEGMENTS + 1)
    ring = np.stack([np.cos(around), np.sin(around)], -1) / np.cos(np.pi / SEGMENTS)
    rows = np.array([[(*(r * c), z) for c in ring] for r, z in profile])
    a, b, c, d = rows[:-1, :-1], rows[:-1, 1:], rows[1:, 1:], rows[1:, :-1]
    both = np.stack([np.stack([a, b, c], -2), np.stack([a, c, d], -2)]).reshape(-1, 3, 3)
    area = np.linalg.norm(np.cross(both[:, 1] - both[:, 0], both[:, 2] - both[:, 0]), axis=-1)
    return both[area > 0]


def _placed(element: ET.Element) -> np.ndarray:
    shape = element.find('geometry/*')
    if shape is None:
        raise ConfigError(f'a <{element.tag}> without geometry: {ET.tostring(element).decode()}')
    triangles = _shape(shape)
    return geometry.transform_points(origin(element), triangles.reshape(-1, 3)).reshape(-1, 3, 3)


def _shape(shape: ET.Element) -> np.ndarray:
    if shape.tag == 'mesh':
        scale = numbers(shape.get('scale', '1 1 1'), 3)
        return read_mesh(resolve_uri(shape.get('filename', ''))) * scale
    if shape.tag == 'box':
        return box(numbers(shape.get('size', ''), 3))
    if shape.tag == 'cylinder':
        return cylinder(*numbers(f'{shape.get("radius")} {shape.get("length")}', 2))
    if shape.tag == 'sphere':
        return sphere(*numbers(f'{shape.get("radius")}', 1))
    raise ConfigError(f'geometry <{shape.tag}>; there are: mesh, box, cylinder, sphere')


def _stl(data: bytes) -> np.ndarray:
    count = int.from_bytes(data[80:84], 'little')
    if len(data) == 84 + count * STL_TRIANGLE.itemsize:
        return np.frombuffer(data, STL_TRIANGLE, offset=84)['corners'].astype(np.float64)
    words = [line.split() for line in data.decode('ascii').splitlines()]
    return np.array([w[1:4] for w in words if w[:1] == ['vertex']], np.float64).reshape(-1, 3, 3)


def _obj(data: bytes) -> np.ndarray:
    words = [line.split() for line in data.decode('utf-8').splitlines()]
    vertices = np.array([w[1:4] for w in words if w[:1] == ['v']], np.float64)
    out = []
    for face in (w[1:] for w in words if w[:1] == ['f']):
        corners = [int(corner.split('/')[0]) for corner in face]
        fan = vertices[[i - 1 if i > 0 else i for i in corners]]
        out += [fan[[0, k, k + 1]] for k in range(1, len(fan) - 1)]
    return np.array(out).reshape(-1, 3, 3)

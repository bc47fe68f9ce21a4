"""The triangles of a COLLADA (.dae) file, the format of most robots' visual meshes.

Read are triangles, polylists and polygons of all nodes of the scene, with their transforms and the
file's unit; not controllers, splines or instances of other files. As rviz does, the up axis is
ignored: meshes of robots are in the axes of their link (COLLADA 1.4.1 specification, chapter 5).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np

from gae_arm.core.geometry import rotation_vector_to_matrix, transform

FACES = ('triangles', 'polylist', 'polygons')


def collada_triangles(data: bytes) -> np.ndarray:
    """Return the triangles (T, 3, 3), metres; raise ValueError for a file that is none.

    Faces of more than three corners become fans.
    """
    try:
        return _scene_triangles(ET.fromstring(data))
    except ET.ParseError as error:
        raise ValueError(f'not COLLADA: {error}') from error
    except (KeyError, StopIteration) as error:
        raise ValueError(f'the COLLADA file lacks {error!r}') from error


def _scene_triangles(root: ET.Element) -> np.ndarray:
    for element in root.iter():
        element.tag = element.tag.rpartition('}')[2]
    by_id = {f'#{e.get("id")}': e for e in root.iter() if e.get('id')}
    meshes = {key: _mesh(e, by_id) for key, e in by_id.items() if e.tag == 'geometry'}
    unit = root.find('asset/unit')
    scale = float(unit.get('meter', '1')) if unit is not None else 1.0
    scene = root.find('scene/instance_visual_scene')
    if scene is None or scene.get('url', '') not in by_id:
        raise ValueError('the COLLADA file has no scene')
    placed: list[np.ndarray] = []
    for node in by_id[scene.get('url', '')].findall('node'):
        _add_node(node, np.diag([scale, scale, scale, 1.0]), by_id, meshes, placed)
    return np.concatenate(placed) if placed else np.zeros((0, 3, 3))


def _add_node(
    node: ET.Element,
    T_root_parent: np.ndarray,
    by_id: dict[str, ET.Element],
    meshes: dict[str, np.ndarray],
    out: list[np.ndarray],
) -> None:
    """Append what the node and its children show."""
    T = T_root_parent @ _node_transform(node)
    for instance in node.findall('instance_geometry'):
        triangles = meshes[instance.get('url', '')]
        out.append(triangles @ T[:3, :3].T + T[:3, 3])
    children = [by_id[e.get('url', '')] for e in node.findall('instance_node')]
    for child in (*node.findall('node'), *children):
        _add_node(child, T, by_id, meshes, out)


def _node_transform(node: ET.Element) -> np.ndarray:
    """Return the product of the node's transforms, which apply from the last to the first."""
    T = np.eye(4)
    for element in node:
        if element.tag == 'matrix':
            T = T @ _numbers(element).reshape(4, 4)
        elif element.tag == 'translate':
            T = T @ transform(np.eye(3), _numbers(element))
        elif element.tag == 'rotate':
            x, y, z, degrees = _numbers(element)
            axis = np.array([x, y, z]) / np.linalg.norm([x, y, z])
            T = T @ transform(rotation_vector_to_matrix(axis * np.radians(degrees)), np.zeros(3))
        elif element.tag == 'scale':
            T = T @ np.diag([*_numbers(element), 1.0])
    return T


def _mesh(geometry: ET.Element, by_id: dict[str, ET.Element]) -> np.ndarray:
    """Return the triangles of a <geometry> in its own frame and unit."""
    mesh = geometry.find('mesh')
    faces = [] if mesh is None else [e for e in mesh if e.tag in FACES]
    parts = [_faces(element, by_id) for element in faces]
    return np.concatenate(parts) if parts else np.zeros((0, 3, 3))


def _faces(faces: ET.Element, by_id: dict[str, ET.Element]) -> np.ndarray:
    inputs = {e.get('semantic'): e for e in faces.findall('input')}
    vertex = inputs['VERTEX']
    stride = 1 + max(int(e.get('offset', 0)) for e in faces.findall('input'))
    positions = _positions(by_id[vertex.get('source', '')], by_id)
    rows = [_numbers(p)[int(vertex.get('offset', 0)) :: stride] for p in faces.findall('p')]
    corners = np.concatenate([*rows, np.zeros(0)]).astype(np.int64)
    vcount = faces.find('vcount')
    if faces.tag == 'polygons':
        counts = np.array([len(row) for row in rows], np.int64)
    elif vcount is not None:
        counts = _numbers(vcount).astype(np.int64)
    else:
        counts = np.full(len(corners) // 3, 3)
    return positions[corners[_fans(counts)]]


def _fans(counts: np.ndarray) -> np.ndarray:
    """Return (T, 3): indices of corners of the triangles of faces with these numbers of corners."""
    start = np.cumsum(counts) - counts
    first = np.repeat(start, counts - 2)
    step = np.arange(len(first)) - np.repeat(np.cumsum(counts - 2) - (counts - 2), counts - 2)
    return np.stack([first, first + step + 1, first + step + 2], -1)


def _positions(vertices: ET.Element, by_id: dict[str, ET.Element]) -> np.ndarray:
    """Return the points (V, 3) behind a <vertices> element."""
    position = next(e for e in vertices.findall('input') if e.get('semantic') == 'POSITION')
    source = by_id[position.get('source', '')]
    array, accessor = source.find('float_array'), source.find('technique_common/accessor')
    if array is None or accessor is None:
        raise ValueError(f'source {position.get("source")!r} has no array of positions')
    return _numbers(array).reshape(-1, int(accessor.get('stride', '3')))[:, :3]


def _numbers(element: ET.Element) -> np.ndarray:
    return np.array((element.text or '').split(), np.float64)

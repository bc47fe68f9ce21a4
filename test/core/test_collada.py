"""COLLADA meshes: what the file's nodes, units and faces make of its numbers."""

import numpy as np
import pytest

from gae_arm.core.arm import load_arm
from gae_arm.core.collada import collada_triangles
from gae_arm.core.collision_geometry import collision_triangles, read_mesh, visual_triangles
from gae_arm.core.errors import ConfigError
from gae_arm.core.paths import arm_file
from gae_arm.core.urdf import load_urdf

FILE = """<?xml version="1.0"?>
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
  <asset><unit name="millimeter" meter="0.001"/><up_axis>Y_UP</up_axis></asset>
  <library_geometries><geometry id="shape"><mesh>
    <source id="points">
      <float_array id="array" count="15">0 0 0  1 0 0  1 1 0  0 1 0  0 0 1</float_array>
      <technique_common><accessor source="#array" count="5" stride="3"/></technique_common>
    </source>
    <vertices id="vertices"><input semantic="POSITION" source="#points"/></vertices>
    {faces}
  </mesh></geometry></library_geometries>
  <library_visual_scenes><visual_scene id="all">
    <node id="outer"><translate>0 0 10</translate>
      <node id="inner"><rotate>0 0 1 90</rotate><scale>2 2 2</scale>
        <instance_geometry url="#shape"/></node>
    </node>
    <node id="light"><matrix>1 0 0 5 0 1 0 5 0 0 1 5 0 0 0 1</matrix></node>
  </visual_scene></library_visual_scenes>
  <scene><instance_visual_scene url="#all"/></scene>
</COLLADA>"""
VERTEX = '<input semantic="VERTEX" source="#vertices" offset="0"/>'
NORMAL = '<input semantic="NORMAL" source="#points" offset="1"/>'
TRIANGLE = f'<triangles count="1">{VERTEX}{NORMAL}<p>0 4 1 4 2 4</p></triangles>'


def triangles(faces):
    return collada_triangles(FILE.format(faces=faces).encode())


def test_nodes_turn_scale_and_move_and_units_become_metres():
    expected = np.array([[[0, 0, 10], [0, 2, 10], [-2, 2, 10]]]) / 1000
    np.testing.assert_allclose(triangles(TRIANGLE), expected, atol=1e-15)


def test_polygons_become_fans():
    square = '<p>0 1 2 3</p>'
    lists = f'<polylist count="2">{VERTEX}<vcount>4 3</vcount><p>0 1 2 3 0 1 4</p></polylist>'
    fan = triangles(lists)
    assert fan.shape == (3, 3, 3)
    np.testing.assert_array_equal(fan[:2], triangles(f'<polygons>{VERTEX}{square}</polygons>'))
    np.testing.assert_array_equal(fan[:1], triangles(TRIANGLE))
    np.testing.assert_array_equal(fan[0, 0], fan[1, 0])
    np.testing.assert_array_equal(fan[0, 2], fan[1, 1])


def test_several_groups_of_faces_and_none():
    assert len(triangles(TRIANGLE + TRIANGLE)) == 2
    assert triangles('').shape == (0, 3, 3)


@pytest.mark.parametrize(
    ('data', 'message'),
    [
        (b'solid', 'not COLLADA: '),
        (b'<COLLADA/>', 'the COLLADA file has no scene'),
        (FILE.format(faces=TRIANGLE).replace('url="#shape"', 'url="#no"').encode(), "'#no'"),
        (FILE.format(faces=TRIANGLE).replace('POSITION', 'COLOR').encode(), 'lacks StopIteration'),
    ],
)
def test_broken_files(tmp_path, data, message):
    with pytest.raises(ValueError, match=message):
        collada_triangles(data)
    path = tmp_path / 'part.dae'
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=r'part\.dae cannot be read: .*') as caught:
        read_mesh(path)
    assert str(path) in str(caught.value)


def test_what_the_panda_looks_like_fills_what_collides():
    urdf = load_urdf(load_arm(arm_file('panda')))
    looks, collides = visual_triangles(urdf), collision_triangles(urdf)
    assert list(looks) == list(collides)
    for link, corners in looks.items():
        size, hull = (np.ptp(t.reshape(-1, 3), axis=0) for t in (corners, collides[link]))
        np.testing.assert_allclose(size, hull, atol=0.007)

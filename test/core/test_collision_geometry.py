"""Collision geometry as triangles: volumes and areas of primitives, both mesh formats."""

import numpy as np
import pytest

from gae_arm.core.arm import load_arm
from gae_arm.core.collision_geometry import box, collision_triangles, cylinder, read_mesh, sphere
from gae_arm.core.errors import ConfigError
from gae_arm.core.paths import arm_file
from gae_arm.core.urdf import load_urdf

TRIANGLE = np.array([[[0.0, 0, 0], [1, 0, 0], [0, 2, 0]]])


def volume(triangles):
    """Signed volume, by the divergence theorem: positive if all faces look outwards."""
    a, b, c = np.moveaxis(triangles, 1, 0)
    return np.einsum('ij,ij', a, np.cross(b, c)) / 6


def test_primitives_are_closed_and_enclose_the_true_shape():
    assert abs(volume(box([0.1, 0.2, 0.3]))) == pytest.approx(0.006)
    round_ones = {np.pi * 0.25 * 2: cylinder(0.5, 2.0), np.pi / 6: sphere(0.5)}
    for true, triangles in round_ones.items():
        assert true < abs(volume(triangles)) < 1.01 * true
    assert np.linalg.norm(sphere(0.5).mean(1), axis=-1).min() >= 0.5


@pytest.mark.parametrize('name', ['panda', 'ur5', 'xarm7'])
def test_every_arm_has_it(name):
    triangles = collision_triangles(load_urdf(load_arm(arm_file(name))))
    assert len(triangles) >= 9
    spans = [np.ptp(t.reshape(-1, 3), axis=0).max() for t in triangles.values()]
    assert 0.005 < min(spans) < max(spans) < 1.0


def test_origin_and_scale_are_applied(tmp_path):
    obj(tmp_path / 't.obj')
    urdf = f"""<robot name="r"><link name="a"><collision><origin xyz="0 0 1" rpy="0 0 {np.pi / 2}"/>
      <geometry><mesh filename="{tmp_path}/t.obj" scale="2 3 1"/></geometry></collision></link>
      <link name="empty"/></robot>"""
    triangles = collision_triangles(urdf)
    assert list(triangles) == ['a']
    expected = [[[0, 0, 1], [0, 2, 1], [-6, 0, 1]]]
    np.testing.assert_allclose(triangles['a'], expected, atol=1e-12)


def obj(path):
    path.write_text('# made\nv 0 0 0\nv 1 0 0\nv 0 2 0\nvt 0 0\nf 1/1/1 2/1/1 -1/1/1\n')


def binary_stl(path):
    row = np.zeros(1, [('n', '<f4', 3), ('c', '<f4', (3, 3)), ('a', '<u2')])
    row['c'] = TRIANGLE
    path.write_bytes(b'solid but binary'.ljust(80) + (1).to_bytes(4, 'little') + row.tobytes())


def text_stl(path):
    corners = '\n'.join(f'vertex {x} {y} {z}' for x, y, z in TRIANGLE[0])
    path.write_text(
        f'solid s\nfacet normal 0 0 1\nouter loop\n{corners}\nendloop\nendfacet\nendsolid s\n'
    )


@pytest.mark.parametrize(
    ('write', 'name'), [(obj, 't.obj'), (binary_stl, 't.stl'), (text_stl, 't.STL')]
)
def test_mesh_formats(tmp_path, write, name):
    write(tmp_path / name)
    np.testing.assert_array_equal(read_mesh(tmp_path / name), TRIANGLE)


def test_polygons_become_fans(tmp_path):
    path = tmp_path / 'quad.obj'
    path.write_text('v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1 2 3 4\n')
    assert read_mesh(path).shape == (2, 3, 3)


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('a.ply', b'', r"a.ply is not one of \['.stl', '.obj'"),
        ('a.stl', b'\x00' * 100, 'has 0 triangles'),
        ('a.stl', b'\xff' * 100, 'cannot be read'),
        ('a.obj', b'v 0 0 0\nf 1 2 3\n', 'cannot be read'),
        ('a.obj', b'v 0 0 nan\nf 1 1 1\n', 'not finite'),
    ],
)
def test_bad_meshes(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read_mesh(tmp_path / name)


def test_a_missing_mesh():
    with pytest.raises(ConfigError, match=r'mesh /nowhere/a.stl cannot be read'):
        collision_triangles(urdf_of('<mesh filename="/nowhere/a.stl"/>'))


@pytest.mark.parametrize(
    ('shape', 'message'),
    [
        ('<cone radius="1"/>', 'geometry <cone>; there are: mesh, box, cylinder, sphere'),
        ('<box size="1 2"/>', "'1 2' in the URDF is not 3 numbers"),
        ('<cylinder radius="1"/>', "'1 None' in the URDF is not 2 numbers"),
        ('', 'a <collision> without geometry'),
    ],
)
def test_bad_shapes(shape, message):
    with pytest.raises(ConfigError, match=message):
        collision_triangles(urdf_of(shape))


def urdf_of(shape):
    return (
        f'<robot><link name="a"><collision><geometry>{shape}</geometry></collision></link></robot>'
    )

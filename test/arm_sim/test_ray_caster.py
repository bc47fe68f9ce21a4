"""The ray caster draws what is there: against formulas, and against MuJoCo's pictures."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gae_arm.arm_sim.camera import ideal_intrinsics
from gae_arm.arm_sim.ray_caster import cast_depth
from gae_arm.arm_sim.ray_kernel import GROUND, SKY
from gae_arm.arm_sim.ray_scene import background, draw_scene, rows_in_place
from gae_arm.arm_sim.scene import Part, Scene, SceneObject, sample_scene
from gae_arm.core.geometry import look_at, matrix_to_quaternion, rpy_to_matrix
from gae_arm.core.projection import deproject, project

CAMERA = ideal_intrinsics(65, 49)
ABOVE = look_at((0.5, 0.0, 0.8), (0.5, 0.0, 0.0), up=(1, 0, 0))
SLANTED = look_at((1.1, 0.1, 0.6), (0.42, 0.0, 0.05))
RED = np.array([0.8, 0.1, 0.1])


def alone(
    part: Part, position: tuple[float, float, float], turn: np.ndarray | None = None
) -> Scene:
    quaternion = matrix_to_quaternion(np.eye(3) if turn is None else turn)
    return Scene((SceneObject('it', (part,), position=np.array(position), orientation=quaternion),))


@pytest.mark.parametrize(
    ('part', 'top'),
    [
        (Part('sphere', np.array([0.05]), RED), 0.05),
        (Part('box', np.array([0.10, 0.10, 0.06]), RED), 0.03),
        (Part('cylinder', np.array([0.05, 0.08]), RED), 0.04),
    ],
)
def test_the_middle_of_the_picture_sees_the_top(part, top):
    drawing = draw_scene(alone(part, (0.5, 0.0, 0.1)), CAMERA, ABOVE)
    assert drawing.label[24, 32] == 0
    assert drawing.depth[24, 32] == pytest.approx(0.8 - 0.1 - top, abs=1e-6)
    assert drawing.rgb[24, 32, 0] > 2 * drawing.rgb[24, 32, 1]


def test_what_is_left_is_table_floor_and_sky():
    up = look_at((0.5, 0.0, 0.8), (1.5, 0.0, 0.9))
    drawing = draw_scene(Scene(), CAMERA, up)
    assert set(np.unique(drawing.label)) == {SKY, GROUND}
    assert (drawing.depth[drawing.label == SKY] == 0).all()
    v, u = np.nonzero(drawing.label == GROUND)
    points = deproject(CAMERA, np.stack([u, v], -1), drawing.depth[v, u])
    heights = (points @ up[:3, :3].T + up[:3, 3])[:, 2]
    assert np.minimum(np.abs(heights), np.abs(heights + 0.74)).max() < 1e-5


@settings(max_examples=25, deadline=None)
@given(
    shape=st.sampled_from(['box', 'cylinder', 'sphere']),
    place=st.tuples(st.floats(0.35, 0.6), st.floats(-0.15, 0.15), st.floats(0.1, 0.2)),
    angles=st.tuples(*[st.floats(-3, 3)] * 3),
)
def test_every_pixel_of_a_shape_is_on_its_surface(shape, place, angles):
    size = {'box': (0.10, 0.06, 0.14), 'cylinder': (0.04, 0.12), 'sphere': (0.06,)}[shape]
    turn = rpy_to_matrix(*angles)
    drawing = draw_scene(alone(Part(shape, np.array(size), RED), place, turn), CAMERA, SLANTED)
    v, u = np.nonzero(drawing.label == 0)
    assert len(v) > 10
    seen = deproject(CAMERA, np.stack([u, v], -1), drawing.depth[v, u])
    local = (seen @ SLANTED[:3, :3].T + SLANTED[:3, 3] - place) @ turn
    if shape == 'sphere':
        off = np.linalg.norm(local, axis=1) - 0.06
    elif shape == 'box':
        off = (np.abs(local) - np.array(size) / 2).max(axis=1)
    else:
        off = np.maximum(np.hypot(*local.T[:2]) - 0.04, np.abs(local[:, 2]) - 0.06)
    assert np.abs(off).max() < 1e-5


def test_the_nearer_of_two_hides_the_other_and_casts_its_shadow():
    ball = Part('sphere', np.array([0.04]), RED)
    low = SceneObject('low', (ball,), position=np.array([0.5, 0.0, 0.04]))
    high = SceneObject('high', (ball,), position=np.array([0.5, 0.0, 0.4]))
    drawing = draw_scene(Scene((low, high)), CAMERA, ABOVE)
    assert drawing.label[24, 32] == 1
    dark = draw_scene(Scene((high,)), CAMERA, ABOVE).rgb.astype(int)
    light = draw_scene(Scene((high,)), CAMERA, ABOVE, shadows=False).rgb.astype(int)
    assert (light - dark).max() > 60
    assert (light - dark).min() >= 0


def test_a_sliding_object_is_drawn_where_it_starts():
    part = Part('box', np.array([0.04, 0.04, 0.04]), RED)
    still = SceneObject('it', (part,), position=np.array([0.45, 0.0, 0.02]))
    slid = dataclasses.replace(
        still,
        motion='slide',
        axis=np.array([1.0, 0, 0]),
        travel=np.array([0.0, 0.1]),
        start=0.1,
    )
    there = dataclasses.replace(still, position=np.array([0.55, 0.0, 0.02]))
    moved, wanted = (draw_scene(Scene((one,)), CAMERA, SLANTED) for one in (slid, there))
    assert np.array_equal(moved.label, wanted.label)
    assert np.array_equal(moved.rgb, wanted.rgb)


def test_objects_behind_the_camera_are_not_seen():
    ball = Part('sphere', np.array([0.04]), RED)
    behind = SceneObject('it', (ball,), position=np.array([0.5, 0.0, 1.2]))
    assert (draw_scene(Scene((behind,)), CAMERA, ABOVE).label == GROUND).all()


@pytest.mark.camera
def test_pictures_agree_with_those_of_mujoco():
    mujoco = pytest.importorskip('mujoco')
    from gae_arm.arm_sim.camera import CameraSettings, RgbdCamera, add_camera
    from gae_arm.arm_sim.world import add_scene, add_world

    camera, scene = ideal_intrinsics(320, 240), sample_scene(3)
    settings_ = CameraSettings(camera, SLANTED, depth_unit='m', shadows=False)
    spec = mujoco.MjSpec()
    add_world(spec, scene.surroundings)
    add_scene(spec, scene)
    add_camera(spec, settings_)
    model = spec.compile()
    data = mujoco.MjData(model)
    with RgbdCamera(model, settings_) as eye:
        theirs = eye.render(data.qpos, 0)
    ours = draw_scene(scene, camera, SLANTED, shadows=False)
    off = np.abs(ours.depth - theirs.depth)
    seen = ours.label >= 0
    assert (off[seen] < 0.002).mean() > 0.93  # The rest are pixels at the edges of objects.
    assert np.quantile(off[(ours.label == GROUND) & (ours.depth < 1.5)], 0.98) < 0.002
    difference = np.abs(ours.rgb[seen].astype(int) - theirs.color[seen].astype(int))
    assert np.median(difference) < 12


def test_labels_are_where_the_objects_project_to():
    scene = sample_scene(5)
    drawing = draw_scene(scene, ideal_intrinsics(320, 240), SLANTED)
    for label, item in enumerate(scene.objects):
        v, u = np.nonzero(drawing.label == label)
        middle = (item.position - SLANTED[:3, 3]) @ SLANTED[:3, :3]
        pixel = project(ideal_intrinsics(320, 240), middle)
        assert np.hypot(u.mean() - pixel[0], v.mean() - pixel[1]) < 12


def test_depth_alone_is_that_of_the_picture():
    scene = sample_scene(3)
    drawing = draw_scene(scene, CAMERA, SLANTED)
    rows = [rows_in_place(item) for item in scene.objects]
    around = background(scene.surroundings)
    depth, label = cast_depth(
        np.concatenate(rows),
        np.array([len(row) for row in rows]),
        around.table,
        around.floor_height,
        CAMERA,
        SLANTED,
    )
    np.testing.assert_allclose(depth, drawing.depth, atol=1e-6)
    np.testing.assert_array_equal(label, drawing.label)

"""The simulated camera obeys its intrinsics to a fraction of a pixel, and ends quietly."""

import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import mujoco
import numpy as np
import pytest

from gae_arm.arm_sim.camera import CameraSettings, RgbdCamera, add_camera, ideal_intrinsics
from gae_arm.arm_sim.depth_noise import DepthNoise
from gae_arm.arm_sim.offscreen_gl import choose_gl_backend
from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.core import geometry
from gae_arm.core.arm import load_arm
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.errors import InvalidValueError, MissingDependencyError
from gae_arm.core.paths import arm_file

pytestmark = pytest.mark.camera

BOX, PLANE, SPHERE = (
    mujoco.mjtGeom.mjGEOM_BOX,
    mujoco.mjtGeom.mjGEOM_PLANE,
    mujoco.mjtGeom.mjGEOM_SPHERE,
)
ABOVE = geometry.look_at((0.0, -0.001, 1.0), (0.0, 0.0, 0.0), (0, 1, 0))
OBLIQUE = geometry.look_at((0.3, -1.1, 0.9), (0.1, 0.05, 0.02), (0.7, 0.1, 1.0))
ODD = CameraIntrinsics(160, 121, np.array([[133.0, 0, 71.3], [0, 151.0, 66.6], [0, 0, 1]]))


def settings(intrinsics=None, T_base_camera=ABOVE, **changes):
    return CameraSettings(intrinsics or ideal_intrinsics(160, 120), T_base_camera, **changes)


def model(camera, *geoms, free=False):
    """Return a model of a grey ground at z = 0, these geoms on one body, and the camera."""
    spec = mujoco.MjSpec()
    spec.worldbody.add_light(pos=[0, 0, 3])
    spec.worldbody.add_geom(type=PLANE, size=[20, 20, 0.1], rgba=[0.6, 0.6, 0.6, 1])
    body = spec.worldbody.add_body()
    if free:
        body.add_freejoint()
    for geom in geoms or [{'type': SPHERE, 'size': [0.01, 0, 0], 'pos': [0, 0, -1]}]:
        body.add_geom(**{'rgba': [1, 0, 0, 1], **geom})
    add_camera(spec, camera)
    return spec.compile()


def picture(camera, *geoms, noise=None):
    scene = model(camera, *geoms)
    with RgbdCamera(scene, camera, noise) as eye:
        return eye.render(np.zeros(0), 7)


def rays(intrinsics):
    """Return the direction (H, W, 3), z = 1, of each pixel's centre in the optical frame."""
    u, v = np.meshgrid(np.arange(intrinsics.width), np.arange(intrinsics.height))
    K = intrinsics.K
    x, y = (u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1]
    return np.stack([x, y, np.ones_like(x)], -1)


def red(color):
    return color[..., 0] > 2.0 * color[..., 1]


# --- geometry -----------------------------------------------------------------------------------


@pytest.mark.parametrize('intrinsics', [ideal_intrinsics(160, 120), ODD], ids=['ideal', 'odd'])
@pytest.mark.parametrize('pose', [ABOVE, OBLIQUE], ids=['above', 'oblique'])
def test_depth_is_where_each_pixels_ray_meets_the_ground(intrinsics, pose):
    frame = picture(settings(intrinsics, pose, depth_unit='m'))
    z = -pose[2, 3] / (rays(intrinsics) @ pose[:3, :3].T)[..., 2]
    expected = np.where((z > 0) & (z < 10), z, 0)
    # A tenth of a pixel would be a hundred times as much on the oblique ground.
    np.testing.assert_allclose(frame.depth, expected, rtol=1e-5)


@pytest.mark.parametrize('intrinsics', [ideal_intrinsics(160, 120), ODD], ids=['ideal', 'odd'])
def test_colour_shows_a_sphere_where_it_projects(intrinsics):
    center = np.array([0.12, -0.07, 0.05])
    camera = settings(intrinsics, OBLIQUE, shadows=False)
    frame = picture(camera, {'type': SPHERE, 'size': [0.06, 0, 0], 'pos': center})
    x, y, z = geometry.invert(OBLIQUE)[:3] @ [*center, 1]
    expected = intrinsics.K[:2] @ [x / z, y / z, 1]
    v, u = np.nonzero(red(frame.color))
    np.testing.assert_allclose([u.mean(), v.mean()], expected, atol=0.2)


def test_colour_and_depth_are_of_the_same_pixels():
    box = {'type': BOX, 'size': [0.2, 0.1, 0.05], 'pos': [0.1, 0.1, 0.05]}
    frame = picture(settings(ODD, shadows=False, depth_unit='m'), box)
    nearer = frame.depth < 0.95
    assert nearer.sum() > 1000
    np.testing.assert_array_equal(red(frame.color), nearer)


def test_right_and_down_in_the_image():
    east = {'type': SPHERE, 'size': [0.03, 0, 0], 'pos': [0.2, 0.1, 0.03]}
    v, u = np.nonzero(red(picture(settings(), east).color))
    assert u.mean() > 90
    assert v.mean() < 50


def test_a_moved_body_is_seen_where_it_is():
    camera = settings(shadows=False)
    scene = model(camera, {'type': SPHERE, 'size': [0.05, 0, 0]}, free=True)
    with RgbdCamera(scene, camera) as eye:
        left, right = (
            np.nonzero(red(eye.render(np.array([x, 0, 0.05, 1, 0, 0, 0]), 0).color))[1].mean()
            for x in (-0.2, 0.2)
        )
    assert (left + right) / 2 == pytest.approx(79.5, abs=0.2)
    assert right - left == pytest.approx(0.4 / 0.95 * camera.intrinsics.K[0, 0], rel=0.02)


# --- depth alone --------------------------------------------------------------------------------


@pytest.mark.parametrize('seed', [1, 2, 3])
def test_depth_alone_is_the_same_bit_by_bit(seed):
    instance = TASKS['drawer_put_away'].sample(seed)
    simulation = instance.simulate(load_arm(arm_file('panda')), 160, 120)
    with RgbdCamera(simulation.model, instance.view.camera(160, 120, shadows=False)) as eye:
        for q in np.random.default_rng(seed).uniform(-0.5, 0.5, (4, len(simulation.arm.joints))):
            simulation.command_joints(simulation.arm.home + q)
            simulation.step(100)
            qpos = simulation.snapshot().qpos
            both, alone = eye.render(qpos, 1), eye.render(qpos, 1, color=False)
            assert alone.color is None
            np.testing.assert_array_equal(alone.depth, both.depth)


def test_depth_alone_sees_what_stands_fast_elsewhere_after_another_layout():
    camera = settings(depth_unit='m')
    scene = model(camera, {'type': BOX, 'size': [0.1, 0.1, 0.1]})
    with RgbdCamera(scene, camera) as eye:
        before = eye.render(np.zeros(0), 1, color=False).depth
        scene.body(1).pos = [0.2, 0.0, 0.05]
        after = eye.render(np.zeros(0), 1, color=False).depth
        np.testing.assert_array_equal(after, eye.render(np.zeros(0), 1).depth)
    assert (before != after).any()


# --- frames -------------------------------------------------------------------------------------


def test_a_frame_in_millimetres_and_metres():
    camera = settings(ODD, OBLIQUE, frame_id='eye')
    millimetres = picture(camera)
    metres = picture(settings(ODD, OBLIQUE, frame_id='eye', depth_unit='m'))
    assert (millimetres.stamp_ns, millimetres.frame_id) == (7, 'eye')
    assert millimetres.intrinsics is camera.intrinsics
    assert millimetres.depth.dtype == np.uint16
    assert metres.depth.dtype == np.float32
    np.testing.assert_array_equal(millimetres.depth, np.rint(metres.depth * 1000))
    for image in (millimetres.color, millimetres.depth, metres.depth):
        assert image.flags.c_contiguous


def test_nothing_is_seen_before_near_and_beyond_far():
    box = {'type': BOX, 'size': [0.1, 0.1, 0.1], 'pos': [0, 0, 0.1]}
    beyond = picture(settings(depth_unit='m', far=0.9), box)
    assert beyond.depth[60, 80] == pytest.approx(0.8, abs=1e-4)
    assert beyond.depth[0, 0] == 0
    before = picture(settings(depth_unit='m', near=0.9), box)
    assert before.depth[60, 80] == pytest.approx(1.0, abs=1e-4)
    assert not red(before.color).any()


def test_shadows_darken_the_ground():
    plate = {'type': BOX, 'size': [0.1, 0.1, 0.01], 'pos': [0.0, 0.0, 0.4]}
    shaded = picture(settings(T_base_camera=OBLIQUE), plate)
    plain = picture(settings(T_base_camera=OBLIQUE, shadows=False), plate)
    darker = plain.color.astype(int) - shaded.color > 20
    assert 100 < darker.any(axis=-1).sum() < 8000
    np.testing.assert_array_equal(plain.depth, shaded.depth)


def test_depth_errors_are_the_noises_and_the_same_for_the_same_seed():
    camera = settings(depth_unit='m')
    clean, noisy, again = (
        picture(camera, noise=n) for n in (None, DepthNoise(seed=3), DepthNoise(seed=3))
    )
    np.testing.assert_array_equal(noisy.depth, again.depth)
    noise = DepthNoise(seed=3)
    expected = noise.apply(clean.depth, camera.intrinsics.K[0, 0], noise.generator())
    np.testing.assert_array_equal(noisy.depth, expected)
    assert (noisy.depth != clean.depth).any()


def test_another_model_and_another_camera_beside_it():
    camera = settings(shadows=False)
    empty, full = model(camera), model(camera, {'type': SPHERE, 'size': [0.1, 0, 0]})
    with RgbdCamera(empty, camera) as eye, RgbdCamera(full, camera) as other:
        assert not red(eye.render(np.zeros(0), 0).color).any()
        eye.set_model(full)
        seen = eye.render(np.zeros(0), 0)
        assert red(seen.color).any()
        assert seen == other.render(np.zeros(0), 0)


def test_an_ideal_camera_sees_its_field_of_view():
    k = ideal_intrinsics(320, 240, np.pi / 2)
    np.testing.assert_allclose(k.K, [[160, 0, 159.5], [0, 160, 119.5], [0, 0, 1]])


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: ideal_intrinsics(0, 120), 'width is 0, allowed is 1 to 65536'),
        (lambda: settings(ideal_intrinsics(8, 4097)), 'height is 4097, allowed is 1 to 4096'),
        (lambda: settings(far=0.05), 'far is 0.05, not beyond near 0.05'),
        (lambda: settings(near=0.0), 'near is 0.0, allowed is 0.001 to 65.0'),
        (lambda: settings(far=70), 'far is 70.0, allowed is 0.001 to 65.0'),
        (lambda: settings(frame_id=''), 'frame_id is empty'),
        (
            lambda: settings(depth_unit='cm'),
            "depth_unit 'cm' is unknown; there are: ['m', 'mm']",
        ),
        (
            lambda: settings(T_base_camera=2 * np.eye(4)),
            'T_base_camera has last row [0.0, 0.0, 0.0, 2.0], expected [0, 0, 0, 1]',
        ),
        (
            lambda: settings(CameraIntrinsics(8, 8, np.eye(3), 'plumb_bob', [0.1, 0, 0, 0])),
            'the simulated camera has neither distortion nor skew, but K is [[1.0, 0.0, 0.0], '
            '[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], distortion [0.1, 0.0, 0.0, 0.0]',
        ),
        (
            lambda: RgbdCamera(model(settings()), settings(frame_id='other')),
            "no camera 'other' in the model; there are: ['camera_color_optical_frame']",
        ),
    ],
)
def test_what_makes_no_camera_is_refused(call, message):
    with pytest.raises(InvalidValueError) as error:
        call()
    assert str(error.value) == message


def test_positions_of_another_model_are_refused():
    camera = settings()
    with (
        RgbdCamera(model(camera), camera) as eye,
        pytest.raises(InvalidValueError, match=r'qpos has shape \(3,\), expected \(0\)'),
    ):
        eye.render(np.zeros(3), 0)


# --- threads, backends, exit --------------------------------------------------------------------


def test_it_belongs_to_its_thread():
    camera = settings()
    scene = model(camera)
    frames, errors = [], []
    with RgbdCamera(scene, camera) as mine:

        def work():
            try:
                with RgbdCamera(scene, camera) as own:
                    frames.append(own.render(np.zeros(0), 0))
                mine.render(np.zeros(0), 0)
            except RuntimeError as error:
                errors.append(str(error))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        frames.append(mine.render(np.zeros(0), 0))
    assert errors == ['an OpenGL context is used in a thread that did not make it']
    assert frames[0] == frames[1]


def test_closed_is_closed():
    camera = settings()
    eye = RgbdCamera(model(camera), camera)
    eye.close()
    eye.close()
    with pytest.raises(RuntimeError, match='the OpenGL context is closed'):
        eye.render(np.zeros(0), 0)


def test_the_named_backend_is_taken_and_an_unnamed_one_is_tried(monkeypatch):
    monkeypatch.setenv('MUJOCO_GL', 'OSMesa')
    assert choose_gl_backend() == 'osmesa'
    monkeypatch.setenv('MUJOCO_GL', 'glfw')
    monkeypatch.setenv('PYOPENGL_PLATFORM', 'no such platform')
    with pytest.raises(MissingDependencyError) as error:
        choose_gl_backend()
    message = str(error.value)
    assert message.startswith('no offscreen OpenGL (egl: ImportError: Cannot use EGL')
    assert message.endswith('; install one: sudo apt install libegl1 (or libosmesa6)')


def test_osmesa_is_the_way_out_where_egl_fails(monkeypatch):
    monkeypatch.setenv('MUJOCO_GL', '')
    monkeypatch.setenv('PYOPENGL_PLATFORM', 'osmesa')
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        try:
            assert choose_gl_backend() == 'osmesa'
        except MissingDependencyError:
            pytest.skip('no OSMesa on this machine')
    assert os.environ['MUJOCO_GL'] == 'osmesa'
    message = str(caught[0].message)
    assert message.startswith('EGL does not work here (ImportError: Cannot use EGL')
    assert message.endswith('; rendering with OSMesa. For EGL: sudo apt install libegl1')


SCRIPT = """
import threading
import mujoco, numpy as np
from gae_arm.arm_sim.camera import CameraSettings, RgbdCamera, add_camera, ideal_intrinsics
settings = CameraSettings(ideal_intrinsics(16, 12), np.eye(4))
spec = mujoco.MjSpec()
spec.worldbody.add_geom(size=[0.1, 0.1, 0.1])
add_camera(spec, settings)
def work():
    global camera
    camera = RgbdCamera(spec.compile(), settings)
    camera.render(np.zeros(0), 0)
    print('rendered')
{how}
"""


@pytest.mark.parametrize(
    'how',
    ['work()', 't = threading.Thread(target=work); t.start(); t.join()'],
    ids=['main', 'thread'],
)
def test_a_camera_left_open_ends_quietly(how):
    done = subprocess.run(
        [sys.executable, '-c', SCRIPT.format(how=how)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, 'rendered\n', '')

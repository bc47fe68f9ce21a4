"""The simulated depth errors follow the laws of a stereo camera, and can be switched off."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gae_arm.arm_sim.depth_noise import DepthNoise
from gae_arm.core.errors import InvalidValueError

FX = 466.0
ONLY_NOISE = {'occlusion': False, 'edge_dropout': 0.0, 'hole_share': 0.0}
NOTHING = {'subpixel_std': 0.0, 'disparity_step': 0.0, **ONLY_NOISE}


def plane(distance, shape=(480, 640)):
    return np.full(shape, distance, np.float32)


def apply(depth, fx=FX, **settings):
    noise = DepthNoise(**settings)
    return noise.apply(depth, fx, noise.generator())


def box_before_wall(near=0.8, far=1.5):
    depth = plane(far, (120, 160))
    depth[40:80, 60:100] = near
    return depth


@pytest.mark.parametrize('distance', [0.5, 1.0, 2.0])
@pytest.mark.parametrize('fx', [233.0, 466.0])
def test_the_error_on_a_plane_grows_with_the_square_of_distance(distance, fx):
    out = apply(plane(distance), fx)
    seen = out[out > 0]
    assert len(seen) > 0.98 * out.size
    assert seen.std() == pytest.approx(distance**2 * 0.08 / (fx * 0.05), rel=0.15)
    assert seen.mean() == pytest.approx(distance, rel=0.005)


def test_neighbours_err_alike_and_far_pixels_do_not():
    error = apply(plane(1.0), **ONLY_NOISE, disparity_step=0.0) - 1.0
    for axis in (0, 1):
        e = np.moveaxis(error, axis, 1)
        near, far = (np.corrcoef(e[:, :-n].ravel(), e[:, n:].ravel())[0, 1] for n in (1, 8))
        assert near > 0.8
        assert abs(far) < 0.05


def test_all_pixels_err_equally():
    noise = DepthNoise(**ONLY_NOISE, disparity_step=0.0)
    rng = noise.generator()
    frames = np.stack([noise.apply(plane(1.0, (31, 42)), FX, rng) for _ in range(500)])
    assert frames.std(axis=0) == pytest.approx(0.08 / (FX * 0.05), rel=0.2)
    assert np.abs(np.corrcoef(frames[0].ravel(), frames[1].ravel())[0, 1]) < 0.2


def test_disparity_comes_in_steps():
    out = apply(plane(1.0), **ONLY_NOISE)
    steps = FX * 0.05 / out.astype(float) * 32
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
    assert len(np.unique(out)) > 10


def test_a_nearer_surface_hides_what_is_left_of_it():
    depth = box_before_wall()
    out = apply(depth, **{**NOTHING, 'occlusion': True})
    lost = out == 0
    width = FX * 0.05 * (1 / 0.8 - 1 / 1.5)
    assert not lost[:40].any()
    assert not lost[40:80, 60:].any()
    assert (lost[40:80, :60].sum(axis=1) == np.ceil(width - 1)).all()
    assert lost[40:80, 59].all()


def test_edges_lose_pixels_and_only_edges():
    depth = box_before_wall()
    out = apply(depth, **{**NOTHING, 'edge_dropout': 0.5})
    edge = np.zeros(depth.shape, bool)
    edge[39:81, 59:101] = True
    edge[41:79, 61:99] = False
    assert 0.3 < (out[edge] == 0).mean() < 0.6
    assert (out[~edge] > 0).all()


def test_a_slanted_plane_has_no_edges():
    slanted = np.broadcast_to(np.linspace(1.0, 0.6, 120, dtype=np.float32)[:, None], (120, 160))
    out = apply(slanted.copy(), **{**NOTHING, 'edge_dropout': 1.0, 'occlusion': True})
    assert (out > 0).all()


@pytest.mark.parametrize(('share', 'radius'), [(0.002, 1.0), (0.02, 3.0), (0.1, 6.0)])
def test_holes_cover_their_share(share, radius):
    noise = DepthNoise(**{**NOTHING, 'hole_share': share, 'hole_radius': radius})
    rng = noise.generator()
    lost = np.mean([(noise.apply(plane(1.0), FX, rng) == 0).mean() for _ in range(10)])
    assert lost == pytest.approx(share, rel=0.15)


@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)),
    st.floats(0.5, 2000.0),
)
def test_any_image_gives_a_valid_one(depth, fx):
    out = apply(depth, fx, hole_share=0.1)
    assert out.shape == depth.shape
    assert ((out == 0) | ((out >= 0.2) & (out <= 10.0))).all()
    assert (out[~(depth > 0)] == 0).all()


def test_what_is_too_near_too_far_or_no_depth_is_invalid():
    depth = np.array([[0.0, np.nan, np.inf, -1.0, 0.19, 0.21, 9.9, 10.1]], np.float32)
    out = apply(depth, **NOTHING)
    np.testing.assert_allclose(out, [[0, 0, 0, 0, 0, 0.21, 9.9, 0]], rtol=1e-6)
    assert np.isfinite(apply(depth)).all()


def test_without_errors_the_depth_stays():
    depth = box_before_wall()
    np.testing.assert_allclose(apply(depth, **NOTHING), depth, rtol=1e-6)


def test_switched_off_it_is_exact():
    depth = np.array([[0.0, np.nan, np.inf, 1.2345678, 50.0]], np.float32)
    out = apply(depth, enabled=False)
    np.testing.assert_array_equal(out, depth)
    assert out is not depth


def test_the_same_seed_makes_the_same_errors():
    depth = box_before_wall()
    np.testing.assert_array_equal(apply(depth, seed=7), apply(depth, seed=7))
    assert (apply(depth, seed=7) != apply(depth, seed=8)).any()


def test_the_input_is_left_alone():
    depth = box_before_wall()
    depth.flags.writeable = False
    assert apply(depth).dtype == np.float32


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'baseline': 0.0}, 'baseline is 0.0, allowed is 0.001 to 10.0'),
        ({'subpixel_std': -0.1}, 'subpixel_std is -0.1, allowed is 0.0 to inf'),
        ({'edge_dropout': 1.5}, 'edge_dropout is 1.5, allowed is 0.0 to 1.0'),
        ({'max_range': 0.1}, 'max_range is 0.1, not above min_range 0.2'),
        ({'hole_radius': np.nan}, 'hole_radius is not finite: nan'),
        ({'seed': -1}, 'seed is -1, allowed is 0 to 9223372036854775807'),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(InvalidValueError) as error:
        DepthNoise(**settings)
    assert str(error.value) == message


def test_other_images_are_refused():
    with pytest.raises(InvalidValueError, match=r'depth is uint16 \(2, 3\), expected float32'):
        apply(np.ones((2, 3), np.uint16))

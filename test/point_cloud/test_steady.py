"""Depth that errs from pixel to pixel becomes steady; depth that does not is left alone."""

import dataclasses

import numpy as np
import pytest
from scenes import EVERYWHERE, T_BASE_CAMERA, frame, random_pose

from gae_arm.arm_sim.depth_noise import DepthNoise
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.steady import FRAMES, SteadyDepth

SCALES = {np.uint16: 1.0, np.float32: 0.001}


def box_on_a_table(shape=(120, 160)):
    """Return depth in millimetres, float: a slope, and a box that stands 50 mm out of it."""
    depth = np.linspace(1100, 900, shape[0])[:, None] * np.ones(shape)
    depth[40:80, 60:110] -= 50
    return depth


def erring(depth, noise_mm, random, kind=np.uint16):
    image = (depth + noise_mm * random.standard_normal(depth.shape)) * SCALES[kind]
    image = np.round(image).astype(kind) if kind is np.uint16 else image.astype(kind)
    image.flags.writeable = False
    return image


def unit(kind):
    return np.float32(0.001 / SCALES[kind])


@pytest.mark.parametrize('kind', [np.uint16, np.float32])
@pytest.mark.parametrize(('noise', 'once', 'later'), [(10, 5.5, 2.5), (30, 14, 8), (100, 40, 20)])
def test_errors_shrink_at_once_and_further_with_time(noise, once, later, kind):
    random, truth, steady = np.random.default_rng(1), box_on_a_table(), SteadyDepth(0.004)
    errors = []
    for _ in range(FRAMES):
        out = steady.apply(erring(truth, noise, random, kind), unit(kind))
        assert out.dtype == kind
        seen = out > 0
        errors.append(np.sqrt(np.mean((out[seen] / SCALES[kind] - truth[seen]) ** 2)))
    assert errors[0] < once
    assert errors[-1] < later
    assert steady.noise == pytest.approx(0.001 * noise, rel=0.15)


def test_with_large_errors_what_appears_is_seen_once_some_frames_agree():
    random, steady = np.random.default_rng(7), SteadyDepth(0.004)

    def seen(depth):
        return steady.apply(erring(depth, 100, random), unit(np.uint16)) > 0

    empty = np.full((120, 160), 1500.0)
    assert np.mean([seen(empty) for _ in range(FRAMES)]) > 0.9
    appeared = empty.copy()
    appeared[40:80, 60:110] = 900
    inside = [seen(appeared)[45:75, 65:105].mean() for _ in range(FRAMES)]
    assert inside[0] < 0.1
    assert inside[FRAMES // 2] > 0.9


def test_a_good_camera_is_left_alone():
    truth = (0.001 * box_on_a_table((240, 320))).astype(np.float32)
    camera, steady = DepthNoise(), SteadyDepth(0.004)
    random = camera.generator()
    for _ in range(3):
        seen = np.round(1000 * camera.apply(truth, 233.0, random)).astype(np.uint16)
        assert steady.apply(seen, np.float32(0.001)) is seen
    assert steady.noise < 0.003


def test_what_moves_is_seen_at_once_where_it_came_to_and_where_it_left():
    random, steady = np.random.default_rng(2), SteadyDepth(0.004)
    before, after = box_on_a_table(), np.roll(box_on_a_table(), 30, axis=1)
    for _ in range(FRAMES):
        steady.apply(erring(before, 10, random), np.float32(0.001))
    out = steady.apply(erring(after, 10, random), np.float32(0.001))
    changed = np.abs(after - before) > 40
    assert np.median(np.abs(out - after)[changed]) < 6
    assert np.mean(np.abs(out - after)[changed] > 25) < 0.05


def test_pixels_without_a_reading_stay_so_and_count_for_no_neighbour():
    random, steady = np.random.default_rng(3), SteadyDepth(0.004)
    for _ in range(4):
        seen = erring(box_on_a_table(), 10, random).copy()
        seen[::7, ::5] = 0
        out = steady.apply(seen, np.float32(0.001))
    np.testing.assert_array_equal(out == 0, seen == 0)
    assert np.percentile(np.abs(out - box_on_a_table())[out > 0], 95) < 12


@pytest.mark.parametrize('nothing', [0, np.nan, np.inf])
def test_an_image_without_readings_has_no_noise(nothing):
    seen, steady = np.full((48, 64), nothing, np.float32), SteadyDepth(0.004)
    assert steady.apply(seen, np.float32(1)) is seen
    assert np.isnan(steady.noise)


def test_single_readings_that_are_missing_do_no_harm():
    seen = erring(box_on_a_table(), 10, np.random.default_rng(4), np.float32).copy()
    seen[3, 4], seen[5, 6] = np.nan, np.inf
    out = SteadyDepth(0.004).apply(seen, np.float32(1))
    assert np.isnan(out[3, 4])
    assert np.isinf(out[5, 6])
    assert np.isfinite(out).sum() == seen.size - 2


def test_never_means_never():
    seen, steady = erring(box_on_a_table(), 50, np.random.default_rng(5)), SteadyDepth(0.0)
    assert steady.apply(seen, np.float32(0.001)) is seen


def test_a_camera_that_moves_starts_anew():
    random, settings = np.random.default_rng(6), dataclasses.replace(EVERYWHERE, smooth_from=0.004)
    pipeline, moved = CloudPipeline(settings), random_pose()
    for _ in range(5):
        pipeline.process(frame(erring(box_on_a_table(), 10, random)), T_BASE_CAMERA)
    image = frame(erring(box_on_a_table() + 5, 10, random))
    points = pipeline.process(image, moved).points.copy()
    np.testing.assert_array_equal(points, CloudPipeline(settings).process(image, moved).points)
    assert pipeline.process(image, moved).noise == pytest.approx(0.01, rel=0.2)

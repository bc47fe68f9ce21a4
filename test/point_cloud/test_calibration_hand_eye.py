"""Hand-eye calibration against known truth: exact, noisy, with wrong views, and degenerate."""

import dataclasses

import numpy as np
import pytest
from calibration_rig import VGA, made_views, random_pose, random_view
from hypothesis import given, settings
from hypothesis import strategies as st

from gae_arm.commands.benches.board_rig import apart
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.geometry import adjoint, invert, rotation_vector_to_matrix, transform
from gae_arm.point_cloud.calibration.board import sighting
from gae_arm.point_cloud.calibration.hand_eye import (
    SOLVERS,
    CalibrationError,
    HandEyeSettings,
    calibrate,
)
from gae_arm.point_cloud.calibration.pose_fit import MODES, Views

modes = pytest.mark.parametrize('mode', MODES)
ALONG_Z = np.array([0.0, 0.0, 1.0])


@given(st.integers(0, 2**32 - 1), st.sampled_from(MODES))
@settings(max_examples=10, deadline=None)
def test_exact_views_give_the_exact_pose(seed, mode):
    X, Y, hands, seen = made_views(mode, seed, count=8, pixel=0.0, shift=0.0, turn=0.0)
    result = calibrate(mode, hands, seen)
    np.testing.assert_allclose(result.T_parent_camera, X, atol=2e-6)
    np.testing.assert_allclose(result.T_other_board, Y, atol=2e-6)
    assert result.inliers.all()
    assert result.position_residuals.max() < 1e-5
    assert result.board_scale == pytest.approx(1, abs=1e-5)


@modes
def test_twenty_noisy_views_give_the_camera_to_two_millimetres_and_a_third_of_a_degree(mode):
    """Corners to 0.1 px, hands to 0.3 mm and 0.03 degrees along each axis."""
    noise = {'pixel': 0.1, 'shift': 0.0003, 'turn': np.radians(0.03)}
    for seed in range(10):
        X, _, hands, seen = made_views(mode, seed, **noise)
        distance, angle = apart(X, calibrate(mode, hands, seen).T_parent_camera)
        assert distance < 2
        assert angle < 0.3


@modes
def test_deviations_are_those_of_the_errors(mode):
    squares = []
    for seed in range(25):
        X, _, hands, seen = made_views(mode, seed)
        result = calibrate(mode, hands, seen)
        distance, angle = apart(X, result.T_parent_camera)
        deviations = [1e3 * result.position_deviation, np.degrees(result.rotation_deviation)]
        squares.append((np.array([distance, angle]) / deviations) ** 2)
        assert 0.6 < result.noise < 1.5
    assert (np.mean(squares, axis=0) > 0.4).all()
    assert (np.mean(squares, axis=0) < 1.8).all()


@modes
def test_refinement_beats_every_closed_form_solver(mode):
    wins = dict.fromkeys(SOLVERS, 0)
    for seed in range(5):
        _, _, hands, seen = made_views(mode, seed)
        result = calibrate(mode, hands, seen)
        assert set(result.solvers) == set(SOLVERS)
        for name, (position, _) in result.solvers.items():
            wins[name] += result.position_rms < position
    assert min(wins.values()) >= 4


@modes
def test_wrong_views_are_named_and_do_no_harm(mode):
    X, _, hands, seen = made_views(mode, 3)
    for i, (shift, turn) in {2: (0.03, 0.0), 9: (0.0, 0.1), 15: (0.2, 1.0)}.items():
        hands[i] = hands[i] @ random_pose(np.random.default_rng(i), shift, turn)
    result = calibrate(mode, hands, seen)
    assert np.flatnonzero(~result.inliers).tolist() == [2, 9, 15]
    assert apart(X, result.T_parent_camera)[0] < 4
    without = [i for i in range(20) if i not in (2, 9, 15)]
    clean = calibrate(mode, hands[without], [seen[i] for i in without])
    assert apart(clean.T_parent_camera, result.T_parent_camera)[0] < 0.05


@modes
def test_the_camera_moves_along_with_the_base(mode):
    _, _, hands, seen = made_views(mode, 4)
    T = random_pose(np.random.default_rng(5), 1.0, 1.0)
    before = calibrate(mode, hands, seen).T_parent_camera
    after = calibrate(mode, T @ hands, seen).T_parent_camera
    expected = T @ before if mode == 'eye-to-hand' else before
    np.testing.assert_allclose(after, expected, atol=1e-6)


@modes
def test_a_board_printed_too_small_is_noticed(mode):
    _, _, hands, seen = made_views(mode, 6, count=25)
    stated = [sighting(s.pixels, s.points * 1.02, VGA) for s in seen]
    result = calibrate(mode, hands, stated)
    assert result.board_scale == pytest.approx(1 / 1.02, abs=5 * result.board_scale_deviation)
    assert result.board_scale_deviation < 0.003


def test_poses_can_be_any_number_of_views_in_any_order():
    _, _, hands, seen = made_views('eye-to-hand', 7)
    order = np.random.default_rng(0).permutation(20)
    one = calibrate('eye-to-hand', hands, seen)
    other = calibrate('eye-to-hand', hands[order], [seen[i] for i in order])
    np.testing.assert_allclose(one.T_parent_camera, other.T_parent_camera, atol=1e-7)
    np.testing.assert_allclose(one.position_residuals[order], other.position_residuals, atol=1e-7)


# -- what is refused


def test_too_few_views():
    _, _, hands, seen = made_views('eye-to-hand', 0, count=5)
    with pytest.raises(CalibrationError) as caught:
        calibrate('eye-to-hand', hands, seen)
    assert str(caught.value) == ('5 views of the board, at least 6 are needed; 15 to 25 are good')


@modes
def test_views_without_rotation(mode):
    rng = np.random.default_rng(0)
    first = random_view(rng)
    views = [transform(first[:3, :3], first[:3, 3] + rng.normal(0, 0.05, 3)) for _ in range(12)]
    _, _, hands, seen = made_views(mode, 0, views=views)
    with pytest.raises(CalibrationError, match=r'^the hand turns by 0\.\d degrees .* by 0\.\d '):
        calibrate(mode, hands, seen)


def test_rotation_about_one_axis_names_the_axis():
    rng = np.random.default_rng(0)
    turns = [rotation_vector_to_matrix(ALONG_Z * a) for a in rng.uniform(-0.6, 0.6, 12)]
    views = [transform(R, [*rng.uniform(-0.1, 0.1, 2), rng.uniform(0.5, 0.7)]) for R in turns]
    _, _, hands, seen = made_views('eye-to-hand', 1, views=views, turn=0.0)
    # The hand turns about the camera's z axis as it lies in the base: X is the truth's.
    X = made_views('eye-to-hand', 1, views=views, turn=0.0)[0]
    with pytest.raises(CalibrationError) as caught:
        calibrate('eye-to-hand', hands, seen)
    axis = np.round(X[:3, 2], 2) + 0.0
    message = str(caught.value)
    assert str(axis.tolist()) in message or str((-axis + 0.0).tolist()) in message
    assert message.endswith(
        "in the base's frame, but by 0.0 about any other, at least 6.0 are needed: tilt it in more "
        'directions, by 20 to 40 degrees'
    )


@modes
def test_poses_of_another_recording(mode):
    _, _, _, seen = made_views(mode, 0)
    _, _, hands, _ = made_views(mode, 1)
    with pytest.raises(CalibrationError, match=r'^the views contradict each other: half of them'):
        calibrate(mode, hands, seen)


def test_the_wrong_mode():
    _, _, hands, seen = made_views('eye-to-hand', 2)
    with pytest.raises(CalibrationError, match=r'^the views contradict each other: half of them'):
        calibrate('eye-in-hand', hands, seen)


def test_wrong_input():
    _, _, hands, seen = made_views('eye-to-hand', 0, count=6)
    with pytest.raises(InvalidValueError) as caught:
        calibrate('head-in-hand', hands, seen)
    assert str(caught.value) == (
        "mode 'head-in-hand' is unknown; there are: ['eye-in-hand', 'eye-to-hand']"
    )
    with pytest.raises(InvalidValueError, match=r'T_base_link has shape \(6, 4, 4\), expected'):
        calibrate('eye-to-hand', hands, seen[:5])
    with pytest.raises(InvalidValueError, match='position_noise is -1'):
        HandEyeSettings(position_noise=-1.0)


# -- the noise model


@modes
def test_noise_of_the_hand_reaches_the_board_through_the_adjoint(mode):
    """The information of a residual is the inverse covariance of what noise makes of it."""
    rng = np.random.default_rng(0)
    X, Y, hands, seen = made_views(mode, 0, count=1, pixel=0.0, shift=0.0, turn=0.0)
    spread = np.array([1e-3, 2e-3, 3e-3, 1e-2, 2e-2, 3e-2]) / 10
    views = Views(
        mode,
        hands,
        np.array([s.T_camera_board for s in seen]),
        np.full((1, 6, 6), np.eye(6) * 1e-16),
        np.diag(spread**2),
    )
    twists = rng.normal(0, spread, (4000, 6))
    noisy = hands @ transform(rotation_vector_to_matrix(twists[:, 3:]), twists[:, :3])
    many = dataclasses.replace(
        views,
        T_base_link=noisy,
        T_camera_board=np.repeat(views.T_camera_board, len(noisy), 0),
    )
    scaled = many.residuals(X, Y) @ np.linalg.cholesky(views.information(X, Y)[0])
    np.testing.assert_allclose(np.cov(scaled.T), np.eye(6), atol=0.12)


@modes
def test_residuals_are_linear_in_the_unknowns(mode):
    X, Y, hands, seen = made_views(mode, 0, count=3, pixel=0.0, shift=0.0, turn=0.0)
    views = Views(
        mode, hands, np.array([s.T_camera_board for s in seen]), np.zeros((3, 6, 6)), np.eye(6)
    )
    for k in range(6):
        twist = np.zeros(6)
        twist[k] = 1e-6
        moved = X @ transform(rotation_vector_to_matrix(twist[3:]), twist[:3])
        change = (views.residuals(moved, Y) - views.residuals(X, Y)) / 1e-6
        expected = -adjoint(invert(views.predict(X, Y)))[:, :, k]
        np.testing.assert_allclose(change, expected, atol=1e-4)

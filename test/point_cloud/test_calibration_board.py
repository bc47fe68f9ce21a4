"""Boards: what is found in an image, how exactly, and what is refused."""

import dataclasses
import re
import zlib

import cv2
import numpy as np
import pytest
from calibration_rig import APRILTAG, CHARUCO, VGA, random_view, warped
from hypothesis import given, settings
from hypothesis import strategies as st

from gae_arm.commands.benches.board_rig import apart
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.geometry import rotation_vector_to_matrix, transform, transform_points
from gae_arm.core.projection import project
from gae_arm.point_cloud.calibration.board import Board, BoardNotSeenError, find_board, sighting
from gae_arm.point_cloud.calibration.board_sheet import save_sheet

FRONT = transform(rotation_vector_to_matrix([0.3, -0.2, 0.1]), [0.02, -0.01, 0.55])
LENSES = {
    'none': VGA,
    'plumb_bob': dataclasses.replace(
        VGA, distortion_model='plumb_bob', distortion=[0.11, -0.21, 0.001, -0.002, 0.05]
    ),
    'equidistant': dataclasses.replace(
        VGA, distortion_model='equidistant', distortion=[0.02, -0.01, 0.003, -0.001]
    ),
}


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(LENSES)))
@settings(max_examples=40, deadline=None)
def test_exact_corners_give_the_exact_pose_through_any_lens(seed, lens):
    T = random_view(np.random.default_rng(seed))
    pixels = project(LENSES[lens], transform_points(T, CHARUCO.corners))
    seen = sighting(pixels, CHARUCO.corners, LENSES[lens])
    np.testing.assert_allclose(seen.T_camera_board, T, atol=1e-6)
    assert seen.error < 1e-4


@pytest.mark.parametrize(('board', 'pixels'), [(CHARUCO, 0.12), (APRILTAG, 0.25)])
def test_boards_are_found_in_grainy_images(board, pixels):
    rng = np.random.default_rng(0)
    for T in (random_view(rng) for _ in range(5)):
        seen = find_board(board, warped(board, T, VGA, rng), VGA)
        assert len(seen.pixels) >= 0.7 * len(board.corners)
        assert seen.error < pixels
        distance, angle = apart(T, seen.T_camera_board)
        assert distance < 1.5
        assert angle < 0.5


def test_a_colour_image_gives_the_same():
    gray = warped(CHARUCO, FRONT, VGA)
    color = find_board(CHARUCO, np.repeat(gray[..., None], 3, -1), VGA)
    assert color == find_board(CHARUCO, gray, VGA)
    assert len(color.pixels) == 24


def test_half_a_board_is_enough():
    image = warped(CHARUCO, FRONT, VGA)
    image[:, 330:] = 128
    seen = find_board(CHARUCO, image, VGA)
    assert 8 <= len(seen.pixels) < 24
    assert max(apart(FRONT, seen.T_camera_board)) < 1.5


def test_one_misplaced_corner_is_left_out():
    pixels = project(VGA, transform_points(FRONT, CHARUCO.corners))
    pixels += np.random.default_rng(0).normal(0, 0.05, pixels.shape)
    pixels[7] += [2.0, -1.0]
    seen = sighting(pixels, CHARUCO.corners, VGA)
    assert len(seen.pixels) == 23
    assert not (seen.points == CHARUCO.corners[7]).all(-1).any()
    assert max(apart(FRONT, seen.T_camera_board)) < 0.3


def test_information_predicts_the_spread_of_the_pose():
    rng = np.random.default_rng(0)
    exact = project(VGA, transform_points(FRONT, CHARUCO.corners))
    information = sighting(exact, CHARUCO.corners, VGA).information
    noise, distances = 0.1, []
    for _ in range(200):
        pixels = exact + rng.normal(0, noise, exact.shape)
        T = sighting(pixels, CHARUCO.corners, VGA).T_camera_board
        D = np.linalg.inv(FRONT) @ T
        twist = np.concatenate([D[:3, 3], cv2.Rodrigues(D[:3, :3])[0][:, 0]])
        distances.append(twist @ information @ twist / noise**2)
    # Chi-squared with 6 degrees of freedom: mean 6, standard deviation of 200 means 0.25.
    assert np.mean(distances) == pytest.approx(6, abs=1)


def test_an_image_without_the_board():
    blank = np.full((480, 640), 200, np.uint8)
    for board, corners in ((CHARUCO, 24), (APRILTAG, 96)):
        with pytest.raises(BoardNotSeenError) as caught:
            find_board(board, blank, VGA)
        assert str(caught.value) == (
            f'0 of the {corners} corners of the {board.kind} board found, at least 8 are needed'
        )


def test_corners_on_one_line_are_refused():
    long = dataclasses.replace(CHARUCO, columns=12, rows=2)
    T = transform(np.eye(3), [0, 0, 0.8])
    with pytest.raises(BoardNotSeenError, match='all 11 corners found lie on one line'):
        find_board(long, warped(long, T, VGA), VGA)


def test_an_image_of_another_camera_is_refused():
    with pytest.raises(InvalidValueError) as caught:
        find_board(CHARUCO, np.zeros((240, 320), np.uint8), VGA)
    assert str(caught.value) == 'image is uint8 (240, 320), expected uint8 of 640x480 pixels'


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'kind': 'chess'}, "board 'chess' is unknown; there are: ['apriltag', 'charuco']"),
        ({'columns': 1}, 'columns is 1, allowed is 2 to 100'),
        ({'marker': 0.04}, 'marker 0.04 is not below square 0.036'),
        ({'square': float('nan')}, 'square is not finite: nan'),
        (
            {'columns': 20, 'rows': 20},
            "the board needs 200 markers, dictionary '5x5_100' has 100",
        ),
    ],
)
def test_what_is_no_board(changes, message):
    with pytest.raises(InvalidValueError) as caught:
        dataclasses.replace(CHARUCO, **changes)
    assert str(caught.value) == message


def test_dictionaries_go_by_opencvs_names():
    with pytest.raises(InvalidValueError, match=r"'6x6' is unknown; there are: .*'6x6_250'"):
        dataclasses.replace(CHARUCO, dictionary='6x6')


# -- on paper


@pytest.mark.parametrize('board', [CHARUCO, APRILTAG], ids=lambda b: b.kind)
def test_the_pdf_prints_the_board_at_its_size(tmp_path, board):
    path = tmp_path / 'board.pdf'
    assert save_sheet(path, board) == 'A4'
    data = path.read_bytes()
    points = 72 / 0.0254
    page = np.float64(re.search(rb'/MediaBox \[0 0 (\S+) (\S+)\]', data).groups())
    np.testing.assert_allclose(page / points, [0.297, 0.210], atol=1e-6)
    width, height, left, bottom = np.float64(
        re.search(rb'q (\S+) 0 0 (\S+) (\S+) (\S+) cm', data).groups()
    )
    np.testing.assert_allclose(np.array([width, height]) / points, board.size, atol=1e-6)
    np.testing.assert_allclose([2 * left + width, 2 * bottom + height], page, atol=1e-3)
    assert data[int(re.search(rb'startxref\n(\d+)', data).group(1)) :].startswith(b'xref')
    np.testing.assert_array_equal(pdf_image(data), board.image(432 if board is CHARUCO else 480))


def pdf_image(data: bytes) -> np.ndarray:
    size = re.search(rb'/Width (\d+) /Height (\d+) .*?/Length (\d+) >>\nstream\n', data, re.DOTALL)
    columns, rows, length = map(int, size.groups())
    bits = np.frombuffer(zlib.decompress(data[size.end() : size.end() + length]), np.uint8)
    return 255 * np.unpackbits(bits.reshape(rows, -1), axis=1)[:, :columns]


def test_the_png_says_its_resolution_and_shows_the_board(tmp_path):
    path = tmp_path / 'board.png'
    save_sheet(path, CHARUCO)
    data = path.read_bytes()
    at = data.index(b'pHYs')
    density = int.from_bytes(data[at + 4 : at + 8], 'big')
    assert data[at + 12] == 1  # the unit is the metre
    assert int.from_bytes(data[at + 13 : at + 17], 'big') == zlib.crc32(data[at : at + 13])
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_allclose(np.array(image.shape) / density, [0.210, 0.297], atol=1e-4)
    small = cv2.resize(image, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    K = np.array([[1000, 0, small.shape[1] / 2], [0, 1000, small.shape[0] / 2], [0, 0, 1]])
    paper = CameraIntrinsics(small.shape[1], small.shape[0], K)
    seen = find_board(CHARUCO, small, paper)
    # Seen through a made camera: a square's width in pixels over the focal length is its angle.
    assert seen.T_camera_board[2, 3] == pytest.approx(1000 / (density / 4), rel=1e-3)


def test_large_boards_need_large_paper(tmp_path):
    board = dataclasses.replace(CHARUCO, columns=9, rows=7)
    assert save_sheet(tmp_path / 'board.pdf', board) == 'A3'
    upright = Board('charuco', 5, 7, 0.036, 0.027, '5x5_100')
    assert save_sheet(tmp_path / 'upright.pdf', upright) == 'A4'
    with pytest.raises(InvalidValueError) as caught:
        save_sheet(tmp_path / 'board.pdf', dataclasses.replace(CHARUCO, square=0.2))
    assert str(caught.value) == "the board is 1400 x 1000 mm and fits on none of ['A4', 'A3', 'A2']"


def test_sheets_are_pdf_or_png(tmp_path):
    with pytest.raises(InvalidValueError, match=r"the suffix is '\.svg'; there are: \.pdf, \.png"):
        save_sheet(tmp_path / 'board.svg', CHARUCO)

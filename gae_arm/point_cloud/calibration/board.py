"""Calibration boards, and where one stands in an image.

The frame of a board: origin in the centre of its printed area, x right, y down, z into the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from gae_arm.core import checks
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.errors import GaeError, InvalidValueError
from gae_arm.core.geometry import transform, transform_points
from gae_arm.core.projection import pixel_rays, project

DICTIONARIES = {
    name.removeprefix('DICT_').lower(): value
    for name, value in vars(cv2.aruco).items()
    if name.startswith('DICT_')
}
MIN_CORNERS = 8
MIN_SPREAD = 0.4
# A corner that misses by more than this many times the typical one, and pixels, was not found well.
OUTLIER, OUTLIER_PIXELS = 5.0, 0.2
# Corners are looked for in an enlarged image: markers of 20 pixels are found that are missed else,
# and corners are 0.05 pixels off instead of 0.09 (ChArUco), 0.14 instead of 0.20 (tags).
ENLARGED = 2


class BoardNotSeenError(GaeError):
    """An image does not show enough of the board to say where it stands."""


@dataclass(frozen=True, eq=False)
class Board(checks.Contract):
    """A flat board of markers.

    kind: 'charuco' (a chessboard with a marker in every white square; its inner corners are used)
        or 'apriltag' (a grid of tags; the corners of the tags are used).
    columns, rows: squares, or tags, along x and y.
    square: metres, from one square, or tag, to the next. marker: edge of a marker, metres.
    dictionary: OpenCV's name of the markers without DICT_, in lower case, such as '5x5_100'.
    """

    kind: str
    columns: int
    rows: int
    square: float
    marker: float
    dictionary: str

    def __post_init__(self) -> None:
        """Validate; there must be enough markers in the dictionary."""
        set_ = object.__setattr__
        checks.known('board', self.kind, DEFAULTS)
        checks.known('dictionary', self.dictionary, DICTIONARIES)
        for key in ('columns', 'rows'):
            set_(self, key, checks.integer(key, getattr(self, key), 2, 100))
        set_(self, 'square', checks.number('square', self.square, 1e-3, 1.0))
        set_(self, 'marker', checks.number('marker', self.marker, 1e-3, 1.0))
        if self.marker >= self.square:
            raise InvalidValueError(f'marker {self.marker} is not below square {self.square}')
        count = self.columns * self.rows
        needed, there = (
            count // 2 if self.kind == 'charuco' else count,
            len(self._markers.bytesList),
        )
        if needed > there:
            raise InvalidValueError(
                f'the board needs {needed} markers, dictionary {self.dictionary!r} has {there}'
            )

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the printed area, metres."""
        last = self.square if self.kind == 'charuco' else self.marker
        return (self.columns - 1) * self.square + last, (self.rows - 1) * self.square + last

    @property
    def corners(self) -> np.ndarray:
        """All corners that can be found, float64 (C, 3), board frame, metres."""
        centre = np.array([*self.size, 0]) / 2
        if self.kind == 'charuco':
            return np.asarray(self._charuco.getChessboardCorners(), np.float64) - centre
        return np.asarray(self._grid.getObjPoints(), np.float64).reshape(-1, 3) - centre

    def image(self, pixels_per_square: int) -> np.ndarray:
        """Return the printed area, uint8 (H, W), without a margin.

        An AprilTag grid needs a white margin of a few millimetres around it to be found.
        """
        shape = [round(length / self.square * pixels_per_square) for length in self.size]
        board = self._charuco if self.kind == 'charuco' else self._grid
        return np.asarray(board.generateImage(shape, marginSize=0, borderBits=1))

    @property
    def _markers(self) -> cv2.aruco.Dictionary:
        return cv2.aruco.getPredefinedDictionary(DICTIONARIES[self.dictionary])

    @property
    def _charuco(self) -> cv2.aruco.CharucoBoard:
        shape = (self.columns, self.rows)
        return cv2.aruco.CharucoBoard(shape, self.square, self.marker, self._markers)

    @property
    def _grid(self) -> cv2.aruco.GridBoard:
        shape, gap = (self.columns, self.rows), self.square - self.marker
        return cv2.aruco.GridBoard(shape, self.marker, gap, self._markers)


# Both fit on A4.
DEFAULTS = {
    'charuco': {
        'columns': 7,
        'rows': 5,
        'square': 0.036,
        'marker': 0.027,
        'dictionary': '5x5_100',
    },
    'apriltag': {
        'columns': 6,
        'rows': 4,
        'square': 0.040,
        'marker': 0.030,
        'dictionary': 'apriltag_36h11',
    },
}


@dataclass(frozen=True, eq=False)
class BoardSighting(checks.Contract):
    """A board as one image shows it.

    T_camera_board: (4, 4), of the optical frame.
    pixels: float64 (N, 2), corners found. points: float64 (N, 3), the same, board frame, metres.
    error: root mean square of the reprojection errors along u and v, pixels.
    information: float64 (6, 6), of the twist (v, w) in the board's frame, for corners that are
        known to 1 pixel along u and v; its inverse times that variance is the pose's covariance.
    """

    T_camera_board: np.ndarray
    pixels: np.ndarray
    points: np.ndarray
    error: float
    information: np.ndarray


def find_board(board: Board, image: np.ndarray, intrinsics: CameraIntrinsics) -> BoardSighting:
    """Return where the board stands.

    image: uint8 (H, W) or RGB (H, W, 3), of the camera with these intrinsics. Raises
    BoardNotSeenError with what was found, InvalidValueError for another image.
    """
    if image.dtype != np.uint8 or image.shape[:2] != (intrinsics.height, intrinsics.width):
        raise InvalidValueError(
            f'image is {image.dtype} {image.shape}, expected uint8 of '
            f'{intrinsics.width}x{intrinsics.height} pixels'
        )
    gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    pixels, points = _find_corners(board, gray)
    _check_spread(board, points)
    return sighting(pixels, points, intrinsics)


def sighting(pixels: np.ndarray, points: np.ndarray, intrinsics: CameraIntrinsics) -> BoardSighting:
    """Return where a board stands of which the corners `points` are seen at `pixels`.

    pixels: (N, 2). points: (N, 3), board frame, metres, z = 0.
    Collins and Bartoli 2014, "Infinitesimal plane-based pose estimation", then least squares.
    Of the two poses that a flat board can have, the one with the smaller error is taken. Corners
    that miss by much more than the others are left out.
    """
    found = _pose(pixels, points, intrinsics)
    misses = np.linalg.norm(_misses(found, pixels, points, intrinsics), axis=-1)
    good = misses <= max(OUTLIER * float(np.median(misses)), OUTLIER_PIXELS)
    if good.sum() >= MIN_CORNERS and not good.all():
        pixels, points = pixels[good], points[good]
        found = _pose(pixels, points, intrinsics)
    errors = _misses(found, pixels, points, intrinsics)
    J = _pixel_jacobian(found, points, intrinsics.K)
    return BoardSighting(found, pixels, points, float(np.sqrt(np.mean(errors**2))), J.T @ J)


def _pose(pixels: np.ndarray, points: np.ndarray, intrinsics: CameraIntrinsics) -> np.ndarray:
    rays = pixel_rays(intrinsics, pixels)
    if not np.isfinite(rays).all():
        raise BoardNotSeenError('corners lie where the lens model sees nothing')
    camera = (np.eye(3), None)
    _, rotations, shifts, _ = cv2.solvePnPGeneric(points, rays, *camera, flags=cv2.SOLVEPNP_IPPE)
    rotation, shift = cv2.solvePnPRefineLM(points, rays, *camera, rotations[0], shifts[0])
    return transform(cv2.Rodrigues(rotation)[0], shift[:, 0])


def _misses(
    T_camera_board: np.ndarray, pixels: np.ndarray, points: np.ndarray, intrinsics: CameraIntrinsics
) -> np.ndarray:
    """Return the reprojection errors (N, 2), pixels."""
    return project(intrinsics, transform_points(T_camera_board, points)) - pixels


def _find_corners(board: Board, gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (N, 2) and points (N, 3) of the corners that the image shows."""
    large = cv2.resize(gray, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    find = _charuco_corners if board.kind == 'charuco' else _tag_corners
    pixels, rows = find(board, large)
    if len(rows) < MIN_CORNERS:
        raise BoardNotSeenError(
            f'{len(rows)} of the {len(board.corners)} corners of the {board.kind} board found, '
            f'at least {MIN_CORNERS} are needed'
        )
    # Pixel (0, 0) is the centre of the first pixel, of the enlarged image too.
    return (pixels + 0.5) / ENLARGED - 0.5, board.corners[rows]


def _charuco_corners(board: Board, gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (N, 2) and rows (N,) in `board.corners` of the inner corners found."""
    parameters = cv2.aruco.CharucoParameters()
    parameters.tryRefineMarkers = True
    detector = cv2.aruco.CharucoDetector(board._charuco, parameters, _marker_parameters())
    pixels, rows, _, _ = detector.detectBoard(gray)
    if pixels is None or rows is None:
        return np.zeros((0, 2)), np.zeros(0, np.int64)
    return np.asarray(pixels, np.float64).reshape(-1, 2), np.asarray(rows, np.int64).reshape(-1)


def _tag_corners(board: Board, gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (N, 2) and rows (N,) in `board.corners` of the corners of all tags found."""
    parameters = _marker_parameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    # With OpenCV's 0.3 bits the window shrinks to 3 pixels for small tags.
    parameters.relativeCornerRefinmentWinSize = 1.0
    detector = cv2.aruco.ArucoDetector(board._markers, parameters)
    tags, ids, _ = detector.detectMarkers(gray)
    known = {} if ids is None else dict(zip(np.asarray(ids).reshape(-1), tags, strict=True))
    known = {i: tag for i, tag in known.items() if i < board.columns * board.rows}
    pixels = np.array([*known.values()], np.float64).reshape(-1, 2)
    return pixels, np.array([4 * i + k for i in known for k in range(4)], np.int64)


def _marker_parameters() -> cv2.aruco.DetectorParameters:
    parameters = cv2.aruco.DetectorParameters()
    parameters.adaptiveThreshWinSizeStep = 4
    return parameters


def _check_spread(board: Board, points: np.ndarray) -> None:
    """Refuse corners that lie on one line: the board could turn about it."""
    spread = np.linalg.svd(points[:, :2] - points[:, :2].mean(0), compute_uv=False)
    if spread[1] < MIN_SPREAD * board.marker * np.sqrt(len(points)):
        raise BoardNotSeenError(f'all {len(points)} corners found lie on one line')


def _pixel_jacobian(T_camera_board: np.ndarray, points: np.ndarray, K: np.ndarray) -> np.ndarray:
    """Return (2 N, 6): pixels by the twist (v, w) of T_camera_board in the board's frame."""
    x, y, z = transform_points(T_camera_board, points).T
    zero = np.zeros_like(z)
    by_seen = np.stack([1 / z, zero, -x / z**2, zero, 1 / z, -y / z**2], -1).reshape(-1, 2, 3)
    a, b, c = points.T
    minus_cross = np.stack([zero, c, -b, -c, zero, a, b, -a, zero], -1).reshape(-1, 3, 3)
    by_twist = np.concatenate([np.broadcast_to(np.eye(3), minus_cross.shape), minus_cross], -1)
    return (K[:2, :2] @ by_seen @ T_camera_board[:3, :3] @ by_twist).reshape(-1, 6)

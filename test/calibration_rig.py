"""Views of a calibration board whose poses are known: made, or warped pictures of it."""

import cv2
import numpy as np

from gae_arm.commands.benches.board_rig import BOARD as CHARUCO
from gae_arm.commands.benches.board_rig import INTRINSICS as VGA
from gae_arm.commands.benches.board_rig import grainy
from gae_arm.commands.benches.seen_arm import state_of
from gae_arm.core.arm import load_arm
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.geometry import invert, rotation_vector_to_matrix, transform
from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.paths import arm_file
from gae_arm.core.projection import project
from gae_arm.core.urdf import load_urdf
from gae_arm.point_cloud.calibration.board import DEFAULTS, Board, sighting

PANDA = load_arm(arm_file('panda'))
LINK = PANDA.end_effector_frame
TREE = KinematicTree(load_urdf(PANDA))
APRILTAG = Board(kind='apriltag', **DEFAULTS['apriltag'])


def random_pose(rng, shift, turn):
    return transform(rotation_vector_to_matrix(rng.normal(0, turn, 3)), rng.normal(0, shift, 3))


def random_view(rng, near=0.45, far=0.75, tilt=0.6):
    """T_camera_board of a board that faces the camera, tilted by up to `tilt` radians."""
    axis = rng.normal(size=3) * [1, 1, 0.5]
    turn = axis / np.linalg.norm(axis) * rng.uniform(0.1, tilt)
    place = [rng.uniform(-0.1, 0.1), rng.uniform(-0.08, 0.08), rng.uniform(near, far)]
    return transform(rotation_vector_to_matrix(turn), place)


def made_views(mode, seed, count=20, pixel=0.1, shift=0.0005, turn=0.0009, views=None):
    """Truth X and Y, noisy hands T_base_link (N, 4, 4), and sightings with noise in pixels."""
    rng = np.random.default_rng(seed)
    X, Y = random_pose(rng, 0.5, 1.0), random_pose(rng, 0.2, 1.0)
    hands, sightings = [], []
    for T_camera_board in [random_view(rng) for _ in range(count)] if views is None else views:
        hand = Y @ invert(X @ T_camera_board)
        hand = invert(hand) if mode == 'eye-to-hand' else hand
        seen = CHARUCO.corners @ T_camera_board[:3, :3].T + T_camera_board[:3, 3]
        pixels = project(VGA, seen) + rng.normal(0, pixel, (len(seen), 2))
        sightings.append(sighting(pixels, CHARUCO.corners, VGA))
        hands.append(hand @ random_pose(rng, shift, turn))
    return X, Y, np.array(hands), sightings


def warped(board: Board, T_camera_board, intrinsics: CameraIntrinsics, rng=None) -> np.ndarray:
    """The image of a board on white paper before grey, without distortion: an exact homography."""
    per_square, over = 96, 3
    texture = np.pad(board.image(per_square), per_square // 2, constant_values=255)
    pitch = board.square / per_square
    corner = -np.array(board.size) / 2 - per_square // 2 * pitch + pitch / 2
    plane = np.array([[pitch, 0, corner[0]], [0, pitch, corner[1]], [0, 0, 1]])
    H = intrinsics.K @ T_camera_board[:3, [0, 1, 3]] @ plane
    finer = np.array([[over, 0, (over - 1) / 2], [0, over, (over - 1) / 2], [0, 0, 1]])
    size = (intrinsics.width * over, intrinsics.height * over)
    image = cv2.warpPerspective(texture, finer @ H, size, flags=cv2.INTER_AREA, borderValue=128)
    image = cv2.resize(image, (intrinsics.width, intrinsics.height), interpolation=cv2.INTER_AREA)
    return image if rng is None else grainy(image, rng)


def state(positions, stamp_ns=0, velocity=0.0):
    return state_of(PANDA, positions, stamp_ns, velocity)


def hand_pose(positions):
    opened = dict(zip(PANDA.gripper.joints, PANDA.gripper.opened, strict=True))
    T = TREE.link_transforms({**opened, **dict(zip(PANDA.joints, positions, strict=True))})
    links = list(TREE.links)
    return invert(T[links.index(PANDA.base_frame)]) @ T[links.index(LINK)]

"""A Panda with a board and a camera whose poses are known: made views, and rendered ones."""

import dataclasses
from functools import partial
from pathlib import Path

import cv2
import mujoco
import numpy as np

from gae_arm.arm_sim.camera import CameraSettings, RgbdCamera, add_camera, ideal_intrinsics
from gae_arm.arm_sim.model import build_model, joint_addresses
from gae_arm.arm_sim.scene import Scene, sample_scene
from gae_arm.core.arm import load_arm
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.geometry import (
    invert,
    look_at,
    matrix_to_quaternion,
    matrix_to_rotation_vector,
    rotation_vector_to_matrix,
    transform,
)
from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.motion import RobotState
from gae_arm.core.projection import project
from gae_arm.core.urdf import load_urdf
from gae_arm.point_cloud.calibration.board import DEFAULTS, Board, sighting

PANDA = load_arm(Path(__file__).parents[1] / 'config' / 'arms' / 'panda.yaml')
LINK = PANDA.end_effector_frame
TREE = KinematicTree(load_urdf(PANDA))
CHARUCO, APRILTAG = (Board(kind=kind, **values) for kind, values in DEFAULTS.items())
VGA = ideal_intrinsics(640, 480)


def random_pose(rng, shift, turn):
    return transform(rotation_vector_to_matrix(rng.normal(0, turn, 3)), rng.normal(0, shift, 3))


def apart(T, other):
    """Distance, millimetres, and angle, degrees, between two poses."""
    D = invert(T) @ other
    turn = np.linalg.norm(matrix_to_rotation_vector(D[:3, :3]))
    return 1e3 * np.linalg.norm(D[:3, 3]), np.degrees(turn)


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


def grainy(image, rng):
    """What a small lens and a noisy sensor make of an image."""
    blurred = cv2.GaussianBlur(image, (0, 0), 0.6)
    return np.clip(blurred + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


def state(positions, stamp_ns=0, velocity=0.0):
    q = np.asarray(positions)
    return RobotState(stamp_ns, PANDA.joints, q, np.full(len(q), velocity), np.zeros(len(q)))


def hand_pose(positions):
    opened = dict(zip(PANDA.gripper.joints, PANDA.gripper.opened, strict=True))
    T = TREE.link_transforms({**opened, **dict(zip(PANDA.joints, positions, strict=True))})
    links = list(TREE.links)
    return invert(T[links.index(PANDA.base_frame)]) @ T[links.index(LINK)]


class Rig:
    """A simulated Panda with a camera, and a board if asked for.

    Eye-to-hand: the camera stands, the board is at the hand. Eye-in-hand: the other way round.
    """

    def __init__(self, mode=None, intrinsics=VGA, T_camera=None, noise=None):
        self.mode = mode
        in_hand = mode == 'eye-in-hand'
        if T_camera is None:
            T_camera = T_LINK_CAMERA if in_hand else look_at((1.15, 0.1, 0.75), (0.45, 0, 0.5))
        self.T_camera = T_camera
        self.settings = CameraSettings(intrinsics, self.T_camera, shadows=False)
        modifiers = [partial(add_camera, settings=self.settings)]
        if mode is not None:
            self.T_board = T_BASE_BOARD if in_hand else T_LINK_BOARD
            body = None if in_hand else LINK
            modifiers.append(partial(add_board, board=CHARUCO, body=body, T=self.T_board))
        scene = Scene() if mode else sample_scene(0)
        self.model, _ = build_model(PANDA, scene, modifiers=modifiers)
        self._arm = joint_addresses(self.model, PANDA.joints)
        self._fingers = joint_addresses(self.model, PANDA.gripper.joints)
        self._camera = RgbdCamera(self.model, self.settings, noise)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._camera.close()

    def T_base_camera(self, positions):
        return hand_pose(positions) @ self.T_camera if self.mode == 'eye-in-hand' else self.T_camera

    def T_camera_board(self, positions):
        hand = hand_pose(positions)
        T_base_board = self.T_board if self.mode == 'eye-in-hand' else hand @ self.T_board
        return invert(self.T_base_camera(positions)) @ T_base_board

    def render(self, positions, stamp_ns=0):
        qpos = self.model.qpos0.copy()
        qpos[self._arm], qpos[self._fingers] = positions, PANDA.gripper.opened
        camera = self.model.camera(self.settings.frame_id)
        T = self.T_base_camera(positions)
        camera.pos = T[:3, 3]
        camera.quat = np.roll(matrix_to_quaternion(T[:3, :3] @ np.diag([1, -1, -1])), 1)
        return self._camera.render(qpos, stamp_ns)

    def good_positions(self, rng, count):
        """Joint positions at which the whole board is well seen."""
        out = []
        while len(out) < count:
            q = np.clip(
                PANDA.home + rng.uniform(-0.6, 0.6, 7), PANDA.limits.lower, PANDA.limits.upper
            )
            T = self.T_camera_board(q)
            pixels = project(self.settings.intrinsics, CHARUCO.corners @ T[:3, :3].T + T[:3, 3])
            inside = ((pixels > 20) & (pixels < [620, 460])).all()
            if inside and T[2, 2] > np.cos(0.8) and 0.3 < T[2, 3] < 0.8:
                out.append(q)
        return out

    def recordable(self, positions, rng, stamp_ns):
        """A grainy frame, and the joint state with encoder and calibration errors of 0.02 deg."""
        frame = self.render(positions, stamp_ns)
        frame = dataclasses.replace(frame, color=grainy(frame.color, rng))
        return frame, state(positions + rng.normal(0, np.radians(0.02), 7), stamp_ns)


# Before the hand, facing away from the arm; flat on the table; and looking along the fingers.
T_LINK_BOARD = transform(np.array([[0, 0, -1], [-1, 0, 0], [0, 1, 0]]), [0.06, 0.01, -0.03])
T_BASE_BOARD = transform(np.diag([1.0, -1.0, -1.0]), [0.5, 0.02, 0.005])
T_LINK_CAMERA = transform(
    rotation_vector_to_matrix([0, 0, 0.3]) @ rotation_vector_to_matrix([0.1, -0.2, 0]),
    [0.07, 0.01, -0.06],
)


def add_board(spec, board, body, T):
    """Add a thin board with the printed face up (along -z of its frame) and a white margin."""
    margin = 48
    image = np.pad(board.image(2 * margin), margin, constant_values=255)
    height, width = image.shape
    texture = spec.add_texture(
        name='board', type=mujoco.mjtTexture.mjTEXTURE_2D, width=width, height=height, nchannel=3
    )
    texture.data = np.repeat(image[..., None], 3, -1).tobytes()
    material = spec.add_material(name='board', specular=0, shininess=0)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = 'board'
    size = np.array(board.size) + board.square
    corners = np.array([[x, y, z] for z in (0, 1) for y in (-0.5, 0.5) for x in (-0.5, 0.5)])
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    faces = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
    mesh = spec.add_mesh(name='board')
    mesh.uservert = (corners * [*size, 0.004]).reshape(-1)
    mesh.userface = mesh.userfacetexcoord = faces.reshape(-1)
    mesh.usertexcoord = (corners[:, :2] + 0.5).reshape(-1)
    parent = spec.worldbody if body is None else spec.body(body)
    item = parent.add_body(name='board', pos=T[:3, 3])
    item.quat = np.roll(matrix_to_quaternion(T[:3, :3]), 1)
    item.add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname='board',
        material='board',
        contype=0,
        conaffinity=0,
    )

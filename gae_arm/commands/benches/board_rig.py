"""A simulated Panda with a calibration board and a camera, whose poses are known."""

from __future__ import annotations

import dataclasses
from functools import partial

import cv2
import mujoco
import numpy as np

from gae_arm.arm_sim.camera import CameraSettings, ideal_intrinsics
from gae_arm.arm_sim.scene import Scene
from gae_arm.commands.benches.seen_arm import SeenArm, positions_near_home, state_of
from gae_arm.core.arm import load_arm
from gae_arm.core.camera import CameraFrame
from gae_arm.core.geometry import (
    invert,
    look_at,
    matrix_to_quaternion,
    matrix_to_rotation_vector,
    rotation_vector_to_matrix,
    transform,
    transform_points,
)
from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.motion import RobotState
from gae_arm.core.paths import arm_file
from gae_arm.core.projection import project
from gae_arm.core.urdf import load_urdf
from gae_arm.point_cloud.calibration.board import DEFAULTS, Board
from gae_arm.point_cloud.calibration.pose_fit import EYE_TO_HAND

INTRINSICS = ideal_intrinsics(640, 480)
BOARD = Board(kind='charuco', **DEFAULTS['charuco'])  # type: ignore[arg-type]
JOINT_NOISE = np.radians(0.02)
BLUR, GRAIN = 0.6, 3.0
MARGIN, MAX_TILT, NEAR, FAR = 20, 0.8, 0.3, 0.8

# Before the hand, facing away from the arm; flat on the table; and looking along the fingers.
T_LINK_BOARD = transform(np.array([[0, 0, -1], [-1, 0, 0], [0, 1, 0]]), [0.06, 0.01, -0.03])
T_BASE_BOARD = transform(np.diag([1.0, -1.0, -1.0]), [0.5, 0.02, 0.005])
T_LINK_CAMERA = transform(
    rotation_vector_to_matrix([0, 0, 0.3]) @ rotation_vector_to_matrix([0.1, -0.2, 0]),
    [0.07, 0.01, -0.06],
)
T_BASE_CAMERA = look_at((1.15, 0.1, 0.75), (0.45, 0, 0.5))


class BoardRig(SeenArm):
    """Eye-to-hand: the camera stands, the board is at the hand. Eye-in-hand: the other way round.

    T_camera, T_board: (4, 4), what a calibration should find; in the base or the hand's link.
    """

    def __init__(self, mode: str) -> None:
        arm = load_arm(arm_file('panda'))
        self._in_hand = mode != EYE_TO_HAND
        self.T_camera = T_LINK_CAMERA if self._in_hand else T_BASE_CAMERA
        self.T_board = T_BASE_BOARD if self._in_hand else T_LINK_BOARD
        body = None if self._in_hand else arm.end_effector_frame
        board = partial(add_board, board=BOARD, body=body, T=self.T_board)
        settings = CameraSettings(INTRINSICS, self.T_camera, shadows=False)
        super().__init__(arm, Scene(), settings, [board])
        self._tree = KinematicTree(load_urdf(arm))
        self._link = self._tree.links.index(arm.end_effector_frame)

    def hand_pose(self, positions: np.ndarray) -> np.ndarray:
        """Return T_base_link (4, 4) of the end effector."""
        gripper = self.arm.gripper
        joints = dict(zip(gripper.joints, gripper.opened.tolist(), strict=True))
        joints.update(zip(self.arm.joints, np.asarray(positions).tolist(), strict=True))
        return self._tree.link_transforms(joints, self.arm.base_frame)[self._link]

    def T_base_camera(self, positions: np.ndarray) -> np.ndarray:
        """Return where the camera is (4, 4)."""
        return self.hand_pose(positions) @ self.T_camera if self._in_hand else self.T_camera

    def T_camera_board(self, positions: np.ndarray) -> np.ndarray:
        """Return where the board is seen (4, 4)."""
        board = self.T_board if self._in_hand else self.hand_pose(positions) @ self.T_board
        return invert(self.T_base_camera(positions)) @ board

    def good_positions(self, rng: np.random.Generator, count: int) -> list[np.ndarray]:
        """Return random joint positions at which the whole board is well seen."""
        out: list[np.ndarray] = []
        while len(out) < count:
            q = positions_near_home(self.arm, rng, 0.6)
            T = self.T_camera_board(q)
            pixels = project(INTRINSICS, transform_points(T, BOARD.corners))
            size = np.array([INTRINSICS.width, INTRINSICS.height])
            inside = ((pixels > MARGIN) & (pixels < size - MARGIN)).all()
            if inside and T[2, 2] > np.cos(MAX_TILT) and NEAR < T[2, 3] < FAR:
                out.append(q)
        return out

    def record(
        self, positions: np.ndarray, rng: np.random.Generator, stamp_ns: int = 0
    ) -> tuple[CameraFrame, RobotState]:
        """Return a grainy frame, and a joint state that is off by JOINT_NOISE, rad (1 sigma)."""
        frame = self.render(positions, stamp_ns)
        assert frame.color is not None
        frame = dataclasses.replace(frame, color=grainy(frame.color, rng))
        noise = rng.normal(0, JOINT_NOISE, len(positions))
        return frame, state_of(self.arm, positions + noise, stamp_ns)


def grainy(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return what a small lens and a noisy sensor make of an image, uint8."""
    blurred = cv2.GaussianBlur(image, (0, 0), BLUR)
    return np.clip(blurred + rng.normal(0, GRAIN, image.shape), 0, 255).astype(np.uint8)


def apart(T: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Return distance, millimetres, and angle, degrees, between two poses (4, 4)."""
    D = invert(T) @ other
    turn = float(np.linalg.norm(matrix_to_rotation_vector(D[:3, :3])))
    return 1e3 * float(np.linalg.norm(D[:3, 3])), float(np.degrees(turn))


def add_board(spec: mujoco.MjSpec, board: Board, body: str | None, T: np.ndarray) -> None:
    """Add a thin board with the printed face up (along -z of its frame) and a white margin.

    body: that carries it, None for the world. T: (4, 4), of the board in it.
    """
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
    kind, material = mujoco.mjtGeom.mjGEOM_MESH, _printed(spec, board)
    item.add_geom(type=kind, meshname='board', material=material, contype=0, conaffinity=0)


def _printed(spec: mujoco.MjSpec, board: Board) -> str:
    """Add the board's picture as a material and return its name."""
    margin = 48
    image = np.pad(board.image(2 * margin), margin, constant_values=255)
    height, width = image.shape
    kind = mujoco.mjtTexture.mjTEXTURE_2D
    texture = spec.add_texture(name='board', type=kind, width=width, height=height, nchannel=3)
    texture.data = np.repeat(image[..., None], 3, -1).tobytes()
    material = spec.add_material(name='board', specular=0, shininess=0)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = 'board'
    return 'board'

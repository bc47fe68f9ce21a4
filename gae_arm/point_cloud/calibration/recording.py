"""Recorded views on disk: a folder with `recording.yaml` and one PNG image per view.

    format: 1
    camera:
      frame: camera_color_optical_frame
      width: 640
      height: 480
      K: [615.0, 0, 319.5, 0, 615.0, 239.5, 0, 0, 1]
      distortion_model: plumb_bob
      distortion: [0, 0, 0, 0, 0]
    board: {kind: charuco, columns: 7, rows: 5, square: 0.036, marker: 0.027, dictionary: 5x5_100}
    views:
    - image: '000.png'
      stamp_ns: 1730000000000000000
      joints: {panda_joint1: 0.1, panda_joint2: -0.3}

`board` may be absent; joints are rad or m and hold at least those between base and hand.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from gae_arm.core import checks
from gae_arm.core.arm import ArmConfig
from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.motion import RobotState
from gae_arm.core.urdf import load_urdf
from gae_arm.point_cloud.calibration.board import Board

FILE, FORMAT = 'recording.yaml', 1
MAX_STAMP_DIFFERENCE_NS = 50_000_000
MAX_JOINT_SPEED = 0.01


@dataclass(frozen=True, eq=False)
class View(checks.Contract):
    """One image and the joints at that time.

    image: path of the PNG. stamp_ns: of the exposure, node clock. joints: positions, rad or m.
    """

    image: Path
    stamp_ns: int
    joints: dict[str, float]

    def __post_init__(self) -> None:
        """Validate."""
        checks.stamp('stamp_ns', self.stamp_ns)
        for name, value in self.joints.items():
            checks.number(f'joint {name}', value)

    def read(self) -> np.ndarray:
        """Return the image, uint8 (H, W, 3) RGB; raise ConfigError if there is none."""
        image = cv2.imread(str(self.image), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise ConfigError(f'{self.image} is missing or no image')
        return np.asarray(image, np.uint8)


@dataclass(frozen=True, eq=False)
class Recording(checks.Contract):
    """Views of one camera; board: None where the recording does not say."""

    camera_frame: str
    intrinsics: CameraIntrinsics
    board: Board | None
    views: tuple[View, ...]


class RecordingWriter:
    """Writes a recording view by view; every view is safe on disk when `add` returns.

    Raises ConfigError if the folder already holds a recording.
    """

    def __init__(
        self, folder: Path, camera_frame: str, intrinsics: CameraIntrinsics, board: Board | None
    ) -> None:
        if (folder / FILE).exists():
            raise ConfigError(f'{folder} already holds a recording; choose another folder')
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.recording = Recording(camera_frame, intrinsics, board, ())

    def add(self, frame: CameraFrame, state: RobotState) -> View:
        """Write one view.

        Raises InvalidValueError if the frame has no colour, is of another camera, is not of the
        time of the joint state, or if the arm moves.
        """
        color = self._checked_color(frame, state)
        joints = dict(zip(state.joint_names, state.position.tolist(), strict=True))
        image = self._folder / f'{len(self.recording.views):03d}.png'
        view = View(image, frame.stamp_ns, joints)
        if not cv2.imwrite(str(image), cv2.cvtColor(color, cv2.COLOR_RGB2BGR)):
            raise ConfigError(f'{image} cannot be written')
        views = (*self.recording.views, view)
        self.recording = dataclasses.replace(self.recording, views=views)
        text = yaml.safe_dump(_to_dict(self.recording), sort_keys=False, default_flow_style=None)
        (self._folder / FILE).write_text(text)
        return view

    def _checked_color(self, frame: CameraFrame, state: RobotState) -> np.ndarray:
        if frame.color is None:
            raise InvalidValueError(f'the frame of {frame.frame_id!r} has no colour image')
        if (frame.frame_id, frame.intrinsics) != (
            self.recording.camera_frame,
            self.recording.intrinsics,
        ):
            raise InvalidValueError(
                f'the frame is of {frame.frame_id!r} with K {frame.intrinsics.K.tolist()}, the '
                f'recording of {self.recording.camera_frame!r} with K '
                f'{self.recording.intrinsics.K.tolist()}'
            )
        difference = abs(frame.stamp_ns - state.stamp_ns)
        if difference > MAX_STAMP_DIFFERENCE_NS:
            raise InvalidValueError(
                f'image and joint state are {difference / 1e9:.3f} s apart, at most '
                f'{MAX_STAMP_DIFFERENCE_NS / 1e9:.3f} s are allowed'
            )
        fastest = int(np.argmax(np.abs(state.velocity)))
        if abs(state.velocity[fastest]) > MAX_JOINT_SPEED:
            raise InvalidValueError(
                f'the arm moves: {state.joint_names[fastest]} at {state.velocity[fastest]:.3f}, '
                f'at most {MAX_JOINT_SPEED} is allowed'
            )
        return frame.color


def load_recording(folder: Path) -> Recording:
    """Read a recording; raise ConfigError with the file and the reason."""
    path = folder / FILE
    try:
        data = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f'{path} cannot be read: {error}') from error
    try:
        return _from_dict(folder, data)
    except InvalidValueError as error:
        raise ConfigError(f'{path}: {error}') from error
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f'{path}: not a recording: {error!r} is missing or malformed') from error


def hand_poses(arm: ArmConfig, link: str, views: Sequence[View]) -> np.ndarray:
    """Return T_base_link (N, 4, 4) of the views; fingers that were not recorded count as opened.

    Raises InvalidValueError for an unknown link and for missing joints, with those that there are.
    """
    tree = KinematicTree(load_urdf(arm))
    row = tree.links.index(checks.known('link', link, tree.links))
    opened = dict(zip(arm.gripper.joints, arm.gripper.opened.tolist(), strict=True))
    poses = [tree.link_transforms({**opened, **v.joints}, arm.base_frame)[row] for v in views]
    return np.array(poses).reshape(-1, 4, 4)


def _to_dict(recording: Recording) -> dict[str, Any]:
    k = recording.intrinsics
    camera = {
        'frame': recording.camera_frame,
        'width': k.width,
        'height': k.height,
        'K': k.K.reshape(-1).tolist(),
        'distortion_model': k.distortion_model,
        'distortion': k.distortion.tolist(),
    }
    board = {} if recording.board is None else {'board': dataclasses.asdict(recording.board)}
    views = [
        {'image': v.image.name, 'stamp_ns': v.stamp_ns, 'joints': v.joints} for v in recording.views
    ]
    return {'format': FORMAT, 'camera': camera, **board, 'views': views}


def _from_dict(folder: Path, data: dict[str, Any]) -> Recording:
    if data['format'] != FORMAT:
        raise InvalidValueError(f'format is {data["format"]!r}, this program reads {FORMAT}')
    camera = dict(data['camera'])
    frame = checks.text('camera frame', camera.pop('frame'), allow_empty=False)
    K = checks.array('K', camera.pop('K'), (9,)).reshape(3, 3)
    board = Board(**data['board']) if 'board' in data else None
    views = tuple(View(**{**view, 'image': folder / view['image']}) for view in data['views'])
    return Recording(frame, CameraIntrinsics(K=K, **camera), board, views)

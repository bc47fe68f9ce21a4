"""Where the camera stands, as a file: ROS parameters for every node that takes a camera's pose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from gae_arm.core import checks
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.geometry import matrix_to_quaternion, quaternion_to_matrix, rigid, transform

KEYS = ('camera_parent_frame', 'camera_frame', 'camera_xyz', 'camera_xyzw')


@dataclass(frozen=True, eq=False)
class Extrinsics(checks.Contract):
    """The pose of a camera.

    parent_frame: the arm's base frame, or the link that carries the camera.
    camera_frame: the optical frame (z forward, x right, y down).
    T_parent_camera: float64 (4, 4).
    """

    parent_frame: str
    camera_frame: str
    T_parent_camera: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze the array."""
        for key in ('parent_frame', 'camera_frame'):
            checks.text(key, getattr(self, key), allow_empty=False)
        T = rigid('T_parent_camera', self.T_parent_camera)
        object.__setattr__(self, 'T_parent_camera', T)

    def parameters(self) -> dict[str, object]:
        """Return the parameters of KEYS: metres, unit quaternion (x, y, z, w)."""
        xyzw = matrix_to_quaternion(self.T_parent_camera[:3, :3])
        pose = (self.T_parent_camera[:3, 3], xyzw)
        numbers = [[round(float(x), 9) for x in value] for value in pose]
        values: tuple[object, ...] = ('parameters', self.parent_frame, self.camera_frame, *numbers)
        return dict(zip(('extrinsics', *KEYS), values, strict=True))


def save_extrinsics(path: Path, extrinsics: Extrinsics, comments: tuple[str, ...] = ()) -> None:
    """Write a ROS 2 parameters file for all nodes, with comment lines above.

    It also tells them to take the pose from their parameters and not from /tf.
    """
    parameters = {'extrinsics': 'parameters', **extrinsics.parameters()}
    data = {'/**': {'ros__parameters': parameters}}
    text = yaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=100)
    path.write_text(''.join(f'# {line}\n' for line in comments) + text)


def load_extrinsics(path: Path) -> Extrinsics:
    """Read such a file; raise ConfigError with the file and the reason."""
    try:
        values = yaml.safe_load(path.read_text())['/**']['ros__parameters']
        parent, camera, xyz, xyzw = (values[key] for key in KEYS)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f'{path} cannot be read: {error}') from error
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: expected parameters {list(KEYS)} below '/**: ros__parameters'"
        ) from error
    try:
        rotation = quaternion_to_matrix(checks.quaternion('camera_xyzw', xyzw, (4,)))
        T_parent_camera = transform(rotation, checks.array('camera_xyz', xyz, (3,)))
        return Extrinsics(parent, camera, T_parent_camera)
    except InvalidValueError as error:
        raise ConfigError(f'{path}: {error}') from error

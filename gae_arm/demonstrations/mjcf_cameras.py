"""Where cameras and the robot's base stand, read from the MuJoCo model in a recording's attributes.

The text alone is read: its meshes are on the recorder's machine, so that MuJoCo cannot load it.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.camera import CameraIntrinsics
from gae_arm.core.errors import InvalidValueError

FOVY = 45.0
FLIP = np.diag([1.0, -1.0, -1.0, 1.0])
BASE = 'robot0_base'


@dataclass(frozen=True)
class ModelView:
    """What a model says of the world.

    T_world_base: (4, 4), of the robot's base, or None. fovy: vertical view of each camera, degrees.
    T_world_camera: (4, 4), optical frame of each camera that stands still.
    """

    T_world_base: np.ndarray | None
    fovy: dict[str, float]
    T_world_camera: dict[str, np.ndarray]

    def intrinsics(self, camera: str, width: int, height: int) -> CameraIntrinsics | None:
        """Return the intrinsics of an image of a camera; None for a camera that is not there."""
        if camera not in self.fovy:
            return None
        f = height / 2 / math.tan(math.radians(self.fovy[camera]) / 2)
        K = [[f, 0, (width - 1) / 2], [0, f, (height - 1) / 2], [0, 0, 1]]
        return CameraIntrinsics(width, height, np.array(K))

    def T_base_camera(self, camera: str) -> np.ndarray | None:
        """Return the pose (4, 4) of a camera that stands still; None where it is not known."""
        if self.T_world_base is None or camera not in self.T_world_camera:
            return None
        return geometry.invert(self.T_world_base) @ self.T_world_camera[camera]


def read_model(text: str) -> ModelView:
    """Read an MJCF text; InvalidValueError where it is none."""
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise InvalidValueError(f'the model is no XML: {error}') from error
    world = root.find('worldbody')
    if world is None:
        raise InvalidValueError('the model has no worldbody')
    fovy = {c.get('name', ''): float(c.get('fovy', FOVY)) for c in root.iter('camera')}
    still = {c.get('name', ''): _pose(c) @ FLIP for c in world.findall('camera') if _plain(c)}
    base = next((body for body in world.findall('body') if body.get('name') == BASE), None)
    return ModelView(None if base is None else _pose(base), fovy, still)


def _plain(camera: ET.Element) -> bool:
    """Tell whether the pose is given as position and quaternion, and nothing moves it."""
    return camera.get('mode', 'fixed') == 'fixed' and not {*camera.attrib} & {
        'euler',
        'axisangle',
        'xyaxes',
        'zaxis',
    }


def _pose(element: ET.Element) -> np.ndarray:
    position = [float(v) for v in element.get('pos', '0 0 0').split()]
    w, x, y, z = (float(v) for v in element.get('quat', '1 0 0 0').split())
    return geometry.transform(geometry.quaternion_to_matrix([x, y, z, w]), position)

"""Parameters of the point-cloud node, beside those of the workspace."""

from __future__ import annotations

from dataclasses import dataclass

from gae_arm.core.settings import Settings, setting


@dataclass(frozen=True)
class CloudNodeSettings(Settings):
    """Parameters of the node `point_cloud`; names, ranges and descriptions as ROS shows them."""

    arm: str = setting('panda', 'arm: a name in config/arms, or a YAML file')
    extrinsics: str = setting(
        'tf', 'where the pose of the camera comes from', choices=('tf', 'parameters')
    )
    camera_xyz: tuple[float, ...] = setting(
        (0.0, 0.0, 0.0), 'extrinsics: position of the camera in the base frame, m', length=3
    )
    camera_xyzw: tuple[float, ...] = setting(
        (0.0, 0.0, 0.0, 1.0),
        'extrinsics: orientation (x, y, z, w) of its optical frame in the base frame',
        length=4,
    )
    slop: float = setting(
        0.0, 'difference of stamps within which images belong together, s', low=0.0, high=0.5
    )
    max_age: float = setting(
        0.25, 'older images and joint states than this are refused, s', low=0.001, high=10.0
    )
    mask_robot: bool = setting(True, 'remove the points of the robot itself')
    view_rate: float = setting(
        2.0, 'clouds a second, in colour, on points/view; 0 = none', low=0.0, high=30.0
    )

"""Parameters of the point-cloud node, beside those of its camera and of the workspace."""

from __future__ import annotations

from dataclasses import dataclass

from gae_arm.core.settings import Settings, setting


@dataclass(frozen=True)
class CloudNodeSettings(Settings):
    """Parameters of the node `point_cloud`; names, ranges and descriptions as ROS shows them."""

    arm: str = setting('panda', 'arm: a name in config/arms, or a YAML file')
    mask_robot: bool = setting(True, 'remove the points of the robot itself')
    view_rate: float = setting(
        2.0, 'clouds a second, in colour, on points/view; 0 = none', low=0.0, high=30.0
    )

"""What config/rviz/gae.rviz shows."""

from __future__ import annotations

from typing import Any

import yaml

from gae_arm.core.paths import share_folder

CONFIG = yaml.safe_load((share_folder() / 'config/rviz/gae.rviz').read_text())
DISPLAYS: list[dict[str, Any]] = CONFIG['Visualization Manager']['Displays']
TYPES = {
    'RobotModel': 'std_msgs/msg/String',
    'PointCloud2': 'sensor_msgs/msg/PointCloud2',
    'MarkerArray': 'visualization_msgs/msg/MarkerArray',
    'Path': 'nav_msgs/msg/Path',
    'Image': 'sensor_msgs/msg/Image',
}
NO_TOPIC = {'Grid', 'TF'}


def kind(display: dict[str, Any]) -> str:
    """The class of a display."""
    return display['Class'].removeprefix('rviz_default_plugins/')


def topic_of(display: dict[str, Any]) -> dict[str, Any]:
    """The topic of a display, with its QoS."""
    return display.get('Topic') or display['Description Topic']


SHOWN = [display for display in DISPLAYS if kind(display) not in NO_TOPIC]

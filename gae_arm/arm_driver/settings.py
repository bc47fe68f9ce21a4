"""How one driver speaks: its topics, joints and gripper, as `config/drivers/NAME.yaml` says.

The file is a ROS parameter file of the node `driver_bridge`; `gae doctor --arm` reads the same one.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.paths import share_folder
from gae_arm.core.settings import Settings, setting

GRIPPERS = ('gripper_command', 'parallel_gripper_command', 'topic', 'none')


@dataclass(frozen=True)
class DriverSettings(Settings):
    """The dialect of a driver. Names are those on the graph, from its root."""

    arm: str = setting('panda', 'arm: a name in config/arms, or a YAML file')
    joint_prefix: str = setting('', "what the driver puts before the arm's joint names")
    joint_state_topic: str = setting('/joint_states', 'where the driver says joint states')
    gripper_state_topic: str = setting(
        '/joint_states', "where the gripper's driver does; may be the same"
    )
    arm_alone: bool = setting(
        False,
        'joint states of the arm come without other joints; those with others are repeated by a '
        'joint_state_publisher, later, with a new stamp, and are not used',
    )
    joint_state_rate: float = setting(
        125.0, 'joint states a second that are passed on at most', low=50.0, high=500.0
    )
    controller: str = setting('joint_trajectory_controller', 'the joint_trajectory_controller')
    controller_manager: str = setting('/controller_manager', 'who runs it')
    camera: str = setting('/camera/camera', 'namespace of the topics of realsense2_camera')
    gripper: str = setting(
        'gripper_command',
        'how the gripper is commanded: the actions of control_msgs, a topic of positions '
        '(Float64MultiArray), or not at all',
        choices=GRIPPERS,
    )
    gripper_name: str = setting('/gripper_controller/gripper_cmd', 'of that action or topic')
    gripper_joint: str = setting('', 'the joint that says how far it is open; empty: nothing says')
    gripper_closed: float = setting(0.0, "the gripper's position when closed, m or rad")
    gripper_opened: float = setting(0.04, "the gripper's position when open, m or rad")
    gripper_effort: float = setting(
        20.0, 'with which it closes, N or what its driver takes', low=0.0, high=1e4
    )
    gripper_step: float = setting(
        0.05, 'smallest change of the opening that makes a new goal', low=1e-3, high=1.0
    )
    needs: tuple[str, ...] = setting(
        ('',), "parameters that the driver's nodes must have: 'NODE PARAMETER VALUE'"
    )

    def __post_init__(self) -> None:
        """Check every field and how they fit together."""
        super().__post_init__()
        if self.gripper_closed == self.gripper_opened:
            raise InvalidValueError(
                f'gripper_closed and gripper_opened are the same: {self.gripper_closed}'
            )
        for need in filter(None, self.needs):
            if len(need.split()) != 3:
                raise InvalidValueError(f"needs has {need!r}, expected 'NODE PARAMETER VALUE'")

    @property
    def trajectory_topic(self) -> str:
        """Where the controller takes trajectories."""
        return f'{self.controller}/joint_trajectory'

    def opening(self, position: float) -> float:
        """Return the opening, 0.0 closed to 1.0 open, of a position of the gripper's joint."""
        share = (position - self.gripper_closed) / (self.gripper_opened - self.gripper_closed)
        return float(min(max(share, 0.0), 1.0))

    def position(self, opening: float) -> float:
        """Return the position, m or rad, that is commanded for an opening."""
        return self.gripper_closed + opening * (self.gripper_opened - self.gripper_closed)


def driver_file(name: str) -> Path:
    """Return the YAML file of a driver: a name in `config/drivers`, or a path to your own."""
    if name.endswith(('.yaml', '.yml')):
        return Path(name)
    return share_folder() / 'config' / 'drivers' / f'{name}.yaml'


def load_driver(path: Path) -> DriverSettings:
    """Read a driver's file; raise ConfigError with the file and the reason."""
    try:
        data = yaml.safe_load(path.read_text(encoding='utf-8'))
    except FileNotFoundError as error:
        there = sorted(p.stem for p in path.parent.glob('*.yaml'))
        raise ConfigError(f'no driver file {path}; in that folder there are: {there}') from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f'{path} cannot be read: {error}') from error
    try:
        return DriverSettings(**_parameters(data))
    except InvalidValueError as error:
        raise ConfigError(f'{path}: {error}') from error


def _parameters(data: Any) -> dict[str, Any]:
    """Return the parameters of a ROS parameter file that is for all nodes."""
    node = data.get('/**') if isinstance(data, dict) else None
    values = node.get('ros__parameters') if isinstance(node, dict) else None
    if not isinstance(values, dict):
        raise InvalidValueError("it has no '/**: {ros__parameters: {...}}'")
    known = [field.name for field in dataclasses.fields(DriverSettings)]
    unknown = sorted(map(str, set(values) - set(known)))
    if unknown:
        raise InvalidValueError(f'unknown parameters {unknown}; there are: {known}')
    return values

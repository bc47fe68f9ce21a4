"""A plan written by hand, as YAML; docs/plans.md explains the keys."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gae_arm.core import checks, geometry
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.plan import Waypoint, WaypointPlan

KEYS = ('instruction', 'frame', 'expiry', 'waypoints')
WAYPOINT_KEYS = ('position', 'orientation', 'rpy', 'gripper')
GRIPPER_WORDS = {'open': 1.0, 'close': 0.0}
PLANNER = 'file'


@dataclass(frozen=True, eq=False)
class PlanFile(checks.Contract):
    """What a plan file says.

    instruction: in words. frame: of the waypoints; '' for the base of whichever arm carries it
    out. expiry: s, from when it is sent. waypoints: at least one.
    """

    instruction: str
    frame: str
    expiry: float
    waypoints: tuple[Waypoint, ...]

    def __post_init__(self) -> None:
        """Validate."""
        checks.text('instruction', self.instruction)
        checks.text('frame', self.frame)
        object.__setattr__(self, 'expiry', checks.number('expiry', self.expiry, 1e-3, 86_400.0))
        object.__setattr__(self, 'waypoints', tuple(self.waypoints))
        if not self.waypoints:
            raise InvalidValueError('waypoints is empty')

    def plan(self, plan_id: str, stamp_ns: int, base_frame: str) -> WaypointPlan:
        """Return the plan as of `stamp_ns`, node clock; base_frame: of the arm."""
        return WaypointPlan(
            plan_id=plan_id,
            stamp_ns=stamp_ns,
            frame_id=self.frame or base_frame,
            instruction=self.instruction,
            waypoints=self.waypoints,
            expiry_ns=stamp_ns + round(self.expiry * 1e9),
            planner=PLANNER,
        )


def load_plan(path: Path) -> PlanFile:
    """Read a plan file; raise ConfigError with the file, the key and the value."""
    try:
        data = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f'{path} cannot be read: {error}') from error
    try:
        return _plan(data)
    except InvalidValueError as error:
        raise ConfigError(f'{path}: {error}') from error


def _plan(data: Any) -> PlanFile:
    _check_keys('the plan', data, KEYS, ('waypoints',))
    waypoints = data['waypoints']
    if not isinstance(waypoints, list):
        raise InvalidValueError(f'waypoints is not a list: {waypoints!r}')
    return PlanFile(
        instruction=data.get('instruction', ''),
        frame=data.get('frame', ''),
        expiry=_number('expiry', data.get('expiry', 60.0)),
        waypoints=tuple(_waypoint(i, item) for i, item in enumerate(waypoints)),
    )


def _waypoint(i: int, data: Any) -> Waypoint:
    _check_keys(f'waypoint {i}', data, WAYPOINT_KEYS, ('position',))
    try:
        waypoint = Waypoint(
            position=_numbers('position', data['position'], 3), gripper=_opening(data)
        )
        if 'orientation' in data and 'rpy' in data:
            raise InvalidValueError('both orientation and rpy are given, one is enough')
        if 'orientation' in data:
            quaternion = _numbers('orientation', data['orientation'], 4)
            return dataclasses.replace(waypoint, orientation=quaternion)
        if 'rpy' in data:
            rotation = geometry.rpy_to_matrix(*_numbers('rpy', data['rpy'], 3))
            return dataclasses.replace(
                waypoint, orientation=geometry.matrix_to_quaternion(rotation)
            )
    except InvalidValueError as error:
        raise InvalidValueError(f'waypoint {i}: {error}') from error
    return waypoint


def _opening(data: dict[str, Any]) -> float | None:
    """Return the opening that a waypoint asks for, None if it leaves the gripper as it is."""
    value = data.get('gripper')
    if value is None:
        return None
    if isinstance(value, str):
        return GRIPPER_WORDS[checks.known('gripper', value, GRIPPER_WORDS)]
    return _number('gripper', value)


def _numbers(key: str, value: Any, length: int) -> Any:
    if not isinstance(value, list):
        raise InvalidValueError(f'{key} is not a list: {value!r}')
    return checks.array(key, [_number(f'{key}[{k}]', x) for k, x in enumerate(value)], (length,))


def _number(key: str, value: Any) -> float:
    if isinstance(value, (bool, str)):
        raise InvalidValueError(f'{key} is not a number: {value!r}')
    return checks.number(key, value)


def _check_keys(where: str, data: Any, keys: tuple[str, ...], needed: tuple[str, ...]) -> None:
    if not isinstance(data, dict):
        raise InvalidValueError(f'{where} is not a mapping: {data!r}')
    unknown = sorted(map(str, set(data) - set(keys)))
    if unknown:
        raise InvalidValueError(f'unknown keys {unknown} in {where}; there are: {list(keys)}')
    missing = [key for key in needed if key not in data]
    if missing:
        raise InvalidValueError(f'{where} has no {missing}')

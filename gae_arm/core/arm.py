"""One arm, as `config/arms/NAME.yaml` describes it: joints, limits, frames, gripper.

The same description serves simulation, kinematics, governor, viewer and drivers.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from gae_arm.core import checks
from gae_arm.core.errors import ConfigError, InvalidValueError

LIMIT_KEYS = ('lower', 'upper', 'velocity', 'acceleration', 'jerk', 'effort')


@dataclass(frozen=True, eq=False)
class JointLimits(checks.Contract):
    """Limits of the N arm joints, float64 (N,) each, in the order of `ArmConfig.joints`.

    lower, upper: rad. velocity: rad/s. acceleration: rad/s^2. jerk: rad/s^3. effort: N m.
    source: where the maker publishes them.
    A limit of 0.0 is a limit: that joint must not move.
    """

    lower: np.ndarray
    upper: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray
    jerk: np.ndarray
    effort: np.ndarray
    source: str

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        n = np.size(self.lower)
        for key in LIMIT_KEYS:
            object.__setattr__(self, key, checks.array(key, getattr(self, key), (n,)))
        checks.text('source', self.source, allow_empty=False)
        if (self.lower > self.upper).any():
            j = int(np.argmax(self.lower > self.upper))
            raise InvalidValueError(f'lower[{j}] {self.lower[j]} is above upper {self.upper[j]}')
        for key in LIMIT_KEYS[2:]:
            if (getattr(self, key) < 0).any():
                raise InvalidValueError(f'{key} is negative: {getattr(self, key).tolist()}')


@dataclass(frozen=True, eq=False)
class GripperMount(checks.Contract):
    """A parametric two-finger gripper bolted to a link of an arm whose URDF has none.

    link: parent link. xyz (3,) metres, rpy (3,) radians: pose of the gripper's base in it; the
    gripper points along its own +z. stroke: opening between the pads, metres. finger_length,
    finger_width, finger_thickness: metres. mass: of the whole gripper, kg.
    """

    link: str
    xyz: np.ndarray
    rpy: np.ndarray
    stroke: float
    finger_length: float
    finger_width: float
    finger_thickness: float
    mass: float

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        checks.text('link', self.link, allow_empty=False)
        for key in ('xyz', 'rpy'):
            object.__setattr__(self, key, checks.array(key, getattr(self, key), (3,)))
        for key in ('stroke', 'finger_length', 'finger_width', 'finger_thickness', 'mass'):
            object.__setattr__(self, key, checks.number(key, getattr(self, key), 1e-4, 10.0))


@dataclass(frozen=True, eq=False)
class GripperConfig(checks.Contract):
    """The gripper: finger joints and what open and closed mean for them.

    joints: M finger joints. closed, opened: float64 (M,), joint positions, m or rad. velocity:
    m/s or rad/s per finger. effort: N or N m per finger. mount: None if the arm's URDF has it.
    """

    joints: tuple[str, ...]
    closed: np.ndarray
    opened: np.ndarray
    velocity: float
    effort: float
    mount: GripperMount | None = None

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        set_ = object.__setattr__
        set_(self, 'joints', checks.names('gripper joints', self.joints))
        for key in ('closed', 'opened'):
            set_(self, key, checks.array(key, getattr(self, key), (len(self.joints),)))
        set_(self, 'velocity', checks.number('gripper velocity', self.velocity, 0.0))
        set_(self, 'effort', checks.number('gripper effort', self.effort, 0.0))
        if (self.closed == self.opened).any():
            raise InvalidValueError(f'gripper: closed equals opened: {self.closed.tolist()}')

    def positions(self, opening: float) -> np.ndarray:
        """Return the finger joint positions (M,) of an opening, 0.0 closed to 1.0 open."""
        return self.closed + checks.number('opening', opening, 0, 1) * (self.opened - self.closed)

    def opening(self, positions: np.ndarray) -> float:
        """Return the opening, 0.0 closed to 1.0 open, of finger joint positions (M,)."""
        share = (np.asarray(positions) - self.closed) / (self.opened - self.closed)
        return float(np.clip(share.mean(), 0.0, 1.0))


@dataclass(frozen=True, eq=False)
class ArmConfig(checks.Contract):
    """One arm.

    name: short name, as typed by a user. urdf: `package://` URI or path. base_frame,
    end_effector_frame: links of the URDF (with the gripper mounted). joints: N arm joints from
    base to tip. home: float64 (N,), rad, within the limits.
    """

    name: str
    urdf: str
    base_frame: str
    end_effector_frame: str
    joints: tuple[str, ...]
    home: np.ndarray
    limits: JointLimits
    gripper: GripperConfig

    def __post_init__(self) -> None:
        """Validate; the home pose must lie within the limits."""
        for key in ('name', 'urdf', 'base_frame', 'end_effector_frame'):
            checks.text(key, getattr(self, key), allow_empty=False)
        set_ = object.__setattr__
        set_(self, 'joints', checks.names('joints', self.joints))
        set_(self, 'home', checks.array('home', self.home, (len(self.joints),)))
        if len(self.limits.lower) != len(self.joints):
            raise InvalidValueError(
                f'{self.name}: limits for {len(self.limits.lower)} joints, but {len(self.joints)} '
                'joints are named'
            )
        outside = (self.home < self.limits.lower) | (self.home > self.limits.upper)
        if outside.any():
            j = int(np.argmax(outside))
            raise InvalidValueError(
                f'{self.name}: home of {self.joints[j]} is {self.home[j]}, limits are '
                f'{self.limits.lower[j]} to {self.limits.upper[j]}'
            )


def load_arm(path: Path) -> ArmConfig:
    """Read an arm's YAML file; raise ConfigError with the file and the reason.

    A relative path of the URDF is relative to that file.
    """
    try:
        data = yaml.safe_load(path.read_text())
    except FileNotFoundError as error:
        there = sorted(p.stem for p in path.parent.glob('*.yaml'))
        raise ConfigError(f'no arm file {path}; in that folder there are: {there}') from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f'{path} cannot be read: {error}') from error
    try:
        arm: ArmConfig = _build(ArmConfig, data, '')
    except InvalidValueError as error:
        raise ConfigError(f'{path}: {error}') from error
    if '://' in arm.urdf:
        return arm
    return dataclasses.replace(arm, urdf=str(path.parent / arm.urdf))


_NESTED: dict[tuple[type, str], type] = {
    (ArmConfig, 'limits'): JointLimits,
    (ArmConfig, 'gripper'): GripperConfig,
    (GripperConfig, 'mount'): GripperMount,
}


def _build(cls: type, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise InvalidValueError(f'{where or "the file"} is not a mapping: {data!r}')
    fields = {f.name: f for f in dataclasses.fields(cls)}
    unknown = sorted(set(data) - set(fields), key=str)
    if unknown:
        raise InvalidValueError(
            f'unknown keys {unknown} in {where or "the file"}; allowed: {list(fields)}'
        )
    missing = [k for k, f in fields.items() if k not in data and f.default is dataclasses.MISSING]
    if missing:
        raise InvalidValueError(f'missing keys {missing} in {where or "the file"}')
    values = {}
    for key, value in data.items():
        nested = _NESTED.get((cls, key))
        values[key] = _build(nested, value, f'{where}{key}') if nested and value else value
    return cls(**values)

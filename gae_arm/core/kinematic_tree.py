"""Where every link of a robot stands: forward kinematics of a whole URDF tree, numpy only.

For masks, pictures and checks that need link poses and no more. Motion is planned and solved by
Pinocchio in `arm_control`; a test there may compare the two.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.urdf import MOVING_TYPES


class KinematicTree:
    """The links and joints of a URDF.

    links: all links, parents before children; links[0] is the root.
    joints: the joints whose positions the caller gives: moving, and no mimic of another one.
    frames: (parent, child) links of every joint of the tree, fixed ones too.
    moving: bool (len(frames),), whether that joint moves.
    Raises ConfigError for a text that is no URDF, no tree, or has a joint of another type.
    """

    def __init__(self, urdf: str) -> None:
        elements = _sorted_joints(urdf)
        root = _link(elements[0], 'parent') if elements else _only_link(urdf)
        self.links: tuple[str, ...] = (root, *(_link(e, 'child') for e in elements))
        self.frames = tuple((_link(e, 'parent'), _link(e, 'child')) for e in elements)
        index = {name: i for i, name in enumerate(self.links)}
        self._parent = [index[_link(e, 'parent')] for e in elements]
        self._origin = np.array([origin(e) for e in elements]).reshape(-1, 4, 4)
        kinds = [e.get('type', '') for e in elements]
        self.moving = np.array([kind != 'fixed' for kind in kinds], dtype=bool)
        self._slides = np.array([kind == 'prismatic' for kind in kinds], dtype=bool)
        self._axis = np.array([_axis(e) for e in elements]).reshape(-1, 3)
        self._cross = np.cross(self._axis[:, None], np.eye(3)).swapaxes(-1, -2)
        self._cross_cross = self._cross @ self._cross
        self.joints: tuple[str, ...] = tuple(
            e.get('name', '')
            for e, kind in zip(elements, kinds, strict=True)
            if kind in MOVING_TYPES and e.find('mimic') is None
        )
        # Position of each joint of the tree: gain @ positions + offset, which covers mimics.
        self._gain = np.zeros((len(elements), len(self.joints)))
        self._offset = np.zeros(len(elements))
        for j, element in enumerate(elements):
            self._set_source(j, element)

    def joint_transforms(self, positions: Mapping[str, float]) -> np.ndarray:
        """Return T_parent_child of every joint, (len(frames), 4, 4), at these joint positions.

        Positions are in rad or m; those of other joints are ignored. Raises InvalidValueError
        with the names of the missing ones.
        """
        missing = [name for name in self.joints if name not in positions]
        if missing:
            raise InvalidValueError(f'no position of {missing}; there are: {sorted(positions)}')
        q = self._gain @ [positions[name] for name in self.joints] + self._offset
        angle, shift = np.where(self._slides, 0.0, q), np.where(self._slides, q, 0.0)
        motion = np.zeros((len(q), 4, 4))
        motion[:, :3, :3] = self._turn(angle[:, None, None])
        motion[:, :3, 3] = shift[:, None] * self._axis
        motion[:, 3, 3] = 1.0
        return self._origin @ motion

    def link_transforms(self, positions: Mapping[str, float], base: str = '') -> np.ndarray:
        """Return T_base_link, (len(links), 4, 4), at these joint positions, rad or m.

        base: link in whose frame they are; '' is the root. Otherwise as `joint_transforms`.
        """
        T_parent_child = self.joint_transforms(positions)
        out = np.empty((len(self.links), 4, 4))
        out[0] = np.eye(4)
        for j, parent in enumerate(self._parent):
            out[j + 1] = out[parent] @ T_parent_child[j]
        return geometry.invert(out[self.links.index(base)]) @ out if base else out

    def _turn(self, angle: np.ndarray) -> np.ndarray:
        """Return the rotations (J, 3, 3) by angles (J, 1, 1) around the axes (Rodrigues)."""
        return np.eye(3) + np.sin(angle) * self._cross + (1 - np.cos(angle)) * self._cross_cross

    def _set_source(self, j: int, element: ET.Element) -> None:
        mimic = element.find('mimic')
        name = element.get('name', '') if mimic is None else mimic.get('joint', '')
        if mimic is not None:
            self._offset[j] = float(mimic.get('offset', 0))
            if name not in self.joints:
                raise ConfigError(f'{element.get("name")!r} mimics {name!r}, not in {self.joints}')
        if name in self.joints:
            factor = 1.0 if mimic is None else float(mimic.get('multiplier', 1))
            self._gain[j, self.joints.index(name)] = factor


def origin(element: ET.Element) -> np.ndarray:
    """Return the transform (4, 4) of the <origin> of a joint, visual or collision element."""
    tag = element.find('origin')
    if tag is None:
        return np.eye(4)
    xyz, rpy = (numbers(tag.get(key, '0 0 0'), 3) for key in ('xyz', 'rpy'))
    return geometry.transform(geometry.rpy_to_matrix(*rpy), xyz)


def numbers(text: str, count: int) -> list[float]:
    """Return the `count` numbers of a URDF attribute such as xyz; raise ConfigError otherwise."""
    try:
        values = [float(word) for word in text.split()]
    except ValueError as error:
        raise ConfigError(f'{text!r} in the URDF is not {count} numbers') from error
    if len(values) != count:
        raise ConfigError(f'{text!r} in the URDF is not {count} numbers')
    return values


def parse(urdf: str) -> ET.Element:
    """Return the root element of a URDF; raise ConfigError if the text is none."""
    try:
        robot = ET.fromstring(urdf)
    except ET.ParseError as error:
        raise ConfigError(f'not a URDF: {error}') from error
    if robot.tag != 'robot':
        raise ConfigError(f'not a URDF: its root element is <{robot.tag}>, not <robot>')
    return robot


def _sorted_joints(urdf: str) -> list[ET.Element]:
    """Return all joints, each after the one that carries its parent link."""
    waiting = parse(urdf).findall('joint')
    children = {_link(e, 'child') for e in waiting}
    roots = {_link(e, 'parent') for e in waiting} - children
    if waiting and (len(roots) != 1 or len(children) != len(waiting)):
        raise ConfigError(f'the links are not one tree; links without a parent: {sorted(roots)}')
    placed, out = set(roots), []
    while waiting:
        ready = [e for e in waiting if _link(e, 'parent') in placed]
        if not ready:
            raise ConfigError(f'joints in a ring: {[e.get("name") for e in waiting]}')
        out += ready
        placed |= {_link(e, 'child') for e in ready}
        waiting = [e for e in waiting if e not in ready]
    return out


def _only_link(urdf: str) -> str:
    links = [e.get('name', '') for e in parse(urdf).findall('link')]
    if len(links) != 1:
        raise ConfigError(f'the links are not one tree: no joints between {links}')
    return links[0]


def _link(joint: ET.Element, end: str) -> str:
    tag = joint.find(end)
    if tag is None or not tag.get('link'):
        raise ConfigError(f'joint {joint.get("name")!r} has no <{end} link="...">')
    return tag.get('link', '')


def _axis(joint: ET.Element) -> np.ndarray:
    """Return the unit axis of a moving joint in its own frame; x where the URDF says none."""
    kind: Any = joint.get('type')
    if kind not in (*MOVING_TYPES, 'fixed'):
        raise ConfigError(
            f'joint {joint.get("name")!r} is {kind!r}; there are: {[*MOVING_TYPES, "fixed"]}'
        )
    tag = joint.find('axis')
    axis = np.array(numbers('1 0 0' if tag is None else tag.get('xyz', '1 0 0'), 3))
    if kind == 'fixed':
        return np.array([1.0, 0.0, 0.0])
    if not np.linalg.norm(axis) > 0:
        raise ConfigError(f'joint {joint.get("name")!r} has the axis {axis.tolist()}')
    return axis / np.linalg.norm(axis)

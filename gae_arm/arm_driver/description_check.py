"""The arm that the driver describes, compared with the one that the stack computes with.

Compared are the joints' limits, and their axes in the base frame at zero: these are the same
whatever frames two URDFs of one arm give its links.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

import numpy as np

from gae_arm.core.arm import ArmConfig
from gae_arm.core.errors import ConfigError
from gae_arm.core.kinematic_tree import KinematicTree, numbers
from gae_arm.core.urdf import load_urdf

AXIS_DISTANCE, AXIS_ANGLE = 0.01, 0.0175
"""m, rad: what two axes may differ by; a driver's own calibration of an arm shows in it."""
LIMIT_TOLERANCE = 2e-3
"""rad, rad/s: by which makers round their own numbers."""


@dataclass(frozen=True)
class Comparison:
    """problems: sentences, none if all is well. distance, angle: of the axes, largest, m, rad."""

    problems: tuple[str, ...]
    distance: float = 0.0
    angle: float = 0.0


def compare(arm: ArmConfig, driver_urdf: str, prefix: str = '') -> Comparison:
    """Compare the driver's URDF with the arm's file; prefix: before its joint and link names."""
    try:
        robot = ET.fromstring(driver_urdf)
        tree = KinematicTree(driver_urdf)
    except (ET.ParseError, ConfigError) as error:
        return Comparison((f'robot_description cannot be read: {error}',))
    names = [prefix + joint for joint in arm.joints]
    missing = sorted(set(names) - set(tree.joints))
    if missing:
        return Comparison((f'robot_description has no joints {missing}; it has: {tree.joints}',))
    base = prefix + arm.base_frame
    if base not in tree.links:
        return Comparison((f'robot_description has no link {base!r}; it has: {list(tree.links)}',))
    ours = _axes(load_urdf(arm), list(arm.joints), arm.base_frame)
    distance, angle = _gaps(ours, _axes(driver_urdf, names, base))
    problems = _limit_problems(arm, robot, names)
    problems += [
        f'the axis of {name!r} is {d * 1e3:.1f} mm and {np.degrees(a):.2f} degrees from where the '
        f'stack has it: another arm than {arm.name!r}, or another base frame than {base!r}'
        for name, d, a in zip(names, distance, angle, strict=True)
        if d > AXIS_DISTANCE or a > AXIS_ANGLE
    ][:1]
    return Comparison(tuple(problems), float(distance.max()), float(angle.max()))


def _axes(urdf: str, joints: list[str], base: str) -> np.ndarray:
    """Return a point on each joint's axis and its direction, (N, 2, 3), base frame, at zero."""
    tree, robot = KinematicTree(urdf), ET.fromstring(urdf)
    links = tree.link_transforms(dict.fromkeys(tree.joints, 0.0), base)
    elements = {element.get('name'): element for element in robot.findall('joint')}
    out = np.empty((len(joints), 2, 3))
    for i, name in enumerate(joints):
        child = elements[name].find('child')
        assert child is not None
        T = links[tree.links.index(child.get('link', ''))]
        tag = elements[name].find('axis')
        axis = numbers('1 0 0' if tag is None else tag.get('xyz', '1 0 0'), 3)
        out[i] = T[:3, 3], T[:3, :3] @ axis / np.linalg.norm(axis)
    return out


def _gaps(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return distances (N,), m, of their points from our axes, and angles (N,), rad, between."""
    apart, along = theirs[:, 0] - ours[:, 0], ours[:, 1]
    beside = apart - np.sum(apart * along, axis=1, keepdims=True) * along
    cosine = np.clip(np.sum(along * theirs[:, 1], axis=1), -1.0, 1.0)
    return np.linalg.norm(beside, axis=1), np.arccos(cosine)


def _limit_problems(arm: ArmConfig, robot: ET.Element, names: list[str]) -> list[str]:
    """Say where the stack would allow more than the driver's URDF does."""
    problems = []
    limits = {element.get('name'): element.find('limit') for element in robot.findall('joint')}
    for i, name in enumerate(names):
        tag = limits[name]
        if tag is None:
            problems.append(f'{name!r} has no limits in robot_description')
            continue
        for key, sign in (('lower', -1.0), ('upper', 1.0), ('velocity', 1.0)):
            ours = float(getattr(arm.limits, key)[i])
            theirs = float(tag.get(key, 'nan'))
            if sign * ours > sign * theirs + LIMIT_TOLERANCE or np.isnan(theirs):
                problems.append(
                    f'{name!r}: {key} is {ours:g} in the file of {arm.name!r}, {theirs:g} in '
                    'robot_description'
                )
    return problems

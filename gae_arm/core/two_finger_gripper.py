"""A parametric two-finger parallel gripper as a part of a URDF, for arms that come without one.

Frame of its base: fingers move along y, approach along +z. Seen from the side, closed::

        | base |left |            z ^
        |______|right|  > pads      |
        0    0.06    tip            +--> y

Its links are `gripper_base`, `gripper_left_finger`, `gripper_right_finger` and `gripper_tcp`: the
frame between the pads, +z along the approach, y from the right pad to the left one.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from gae_arm.core.arm import GripperConfig, GripperMount

BASE_HEIGHT = 0.06
TCP_TO_TIP = 0.01
FINGER_SHARE_OF_MASS = 0.1
COLORS = {
    'gripper_dark': (0.16, 0.17, 0.19),
    'gripper_metal': (0.70, 0.71, 0.73),
    'gripper_rubber': (0.07, 0.07, 0.08),
}


def add_gripper(robot: ET.Element, gripper: GripperConfig, mount: GripperMount) -> None:
    """Append the gripper's links and joints to `robot`, the root element of a URDF."""
    for name, rgb in COLORS.items():
        material = ET.SubElement(robot, 'material', name=name)
        ET.SubElement(material, 'color', rgba=_text((*rgb, 1.0)))
    _fixed_joint(
        robot,
        'gripper_mount_joint',
        mount.link,
        'gripper_base',
        mount.xyz.tolist(),
        mount.rpy.tolist(),
    )
    _add_base(robot, mount)
    _add_finger(robot, gripper, mount, 'left', 1.0)
    _add_finger(robot, gripper, mount, 'right', -1.0)
    tcp = (0.0, 0.0, BASE_HEIGHT + mount.finger_length - TCP_TO_TIP)
    _fixed_joint(robot, 'gripper_tcp_joint', 'gripper_base', 'gripper_tcp', tcp, (0, 0, 0))
    ET.SubElement(robot, 'link', name='gripper_tcp')


def _add_base(robot: ET.Element, mount: GripperMount) -> None:
    link = ET.SubElement(robot, 'link', name='gripper_base')
    width = mount.stroke + 2 * mount.finger_thickness
    size = (1.6 * mount.finger_width, width, BASE_HEIGHT)
    center = (0.0, 0.0, BASE_HEIGHT / 2)
    _add_inertial(link, (1 - 2 * FINGER_SHARE_OF_MASS) * mount.mass, center, size)
    _add_box(link, center, size, 'gripper_dark')


def _add_finger(
    robot: ET.Element, gripper: GripperConfig, mount: GripperMount, side: str, sign: float
) -> None:
    """Add the finger whose pad faces -sign * y and which opens towards sign * y."""
    name = f'gripper_{side}_finger'
    joint = ET.SubElement(robot, 'joint', name=f'{name}_joint', type='prismatic')
    ET.SubElement(joint, 'origin', xyz=_text((0, 0, BASE_HEIGHT)), rpy='0 0 0')
    ET.SubElement(joint, 'parent', link='gripper_base')
    ET.SubElement(joint, 'child', link=name)
    ET.SubElement(joint, 'axis', xyz=_text((0, sign, 0)))
    upper, effort, velocity = mount.stroke / 2, gripper.effort, gripper.velocity
    limit = {'lower': 0.0, 'upper': upper, 'effort': effort, 'velocity': velocity}
    ET.SubElement(joint, 'limit', {key: repr(value) for key, value in limit.items()})
    if side == 'right':
        ET.SubElement(joint, 'mimic', joint='gripper_left_finger_joint')
    link = ET.SubElement(robot, 'link', name=name)
    length, width, thickness = mount.finger_length, mount.finger_width, mount.finger_thickness
    size = (width, thickness, length)
    center = (0.0, sign * thickness / 2, length / 2)
    _add_inertial(link, FINGER_SHARE_OF_MASS * mount.mass, center, size)
    bar = (0.8 * width, thickness / 2, length)
    _add_box(link, (0.0, sign * 0.75 * thickness, length / 2), bar, 'gripper_metal')
    pad = (width, thickness / 2, min(length, 2.5 * TCP_TO_TIP))
    _add_box(link, (0.0, sign * thickness / 4, length - pad[2] / 2), pad, 'gripper_rubber')


def _fixed_joint(
    robot: ET.Element,
    name: str,
    parent: str,
    child: str,
    xyz: Sequence[float],
    rpy: Sequence[float],
) -> None:
    joint = ET.SubElement(robot, 'joint', name=name, type='fixed')
    ET.SubElement(joint, 'origin', xyz=_text(xyz), rpy=_text(rpy))
    ET.SubElement(joint, 'parent', link=parent)
    ET.SubElement(joint, 'child', link=child)


def _add_inertial(
    link: ET.Element, mass: float, center: Sequence[float], size: Sequence[float]
) -> None:
    """Add the inertia of a solid box."""
    x, y, z = (length**2 * mass / 12 for length in size)
    inertial = ET.SubElement(link, 'inertial')
    ET.SubElement(inertial, 'origin', xyz=_text(center), rpy='0 0 0')
    ET.SubElement(inertial, 'mass', value=repr(mass))
    moments = {'ixx': y + z, 'iyy': x + z, 'izz': x + y, 'ixy': 0.0, 'ixz': 0.0, 'iyz': 0.0}
    ET.SubElement(inertial, 'inertia', {key: repr(value) for key, value in moments.items()})


def _add_box(
    link: ET.Element, center: Sequence[float], size: Sequence[float], material: str
) -> None:
    for tag in ('visual', 'collision'):
        element = ET.SubElement(link, tag)
        ET.SubElement(element, 'origin', xyz=_text(center), rpy='0 0 0')
        ET.SubElement(ET.SubElement(element, 'geometry'), 'box', size=_text(size))
        if tag == 'visual':
            ET.SubElement(element, 'material', name=material)


def _text(values: Sequence[float]) -> str:
    return ' '.join(repr(float(value)) for value in values)

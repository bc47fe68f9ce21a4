"""The arm's URDF: found, completed with the gripper, and checked against the arm's YAML file.

The text keeps `package://` mesh names, as robot_state_publisher, rviz and web viewers expect;
`with_absolute_meshes` makes them paths for libraries that know no packages.
"""

from __future__ import annotations

import importlib.metadata
import os
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import unquote, urlparse

from gae_arm.core.arm import ArmConfig
from gae_arm.core.errors import ConfigError
from gae_arm.core.two_finger_gripper import add_gripper

MOVING_TYPES = ('revolute', 'continuous', 'prismatic')


def resolve_uri(uri: str) -> Path:
    """Return the file or folder of a `package://PACKAGE/PATH` or `file:///PATH` URI, or a path.

    A package is looked up in the ament index, then in the Python distribution of that name (the
    cmeel wheels install `share/PACKAGE` beside the Python packages). Raises ConfigError with what
    was searched; the file itself need not exist.
    """
    parts = urlparse(uri)
    if parts.scheme == 'package':
        return _package_share(parts.netloc, uri) / unquote(parts.path).lstrip('/')
    if parts.scheme == 'file':
        return Path(unquote(parts.path))
    if parts.scheme:
        raise ConfigError(f'{uri!r} is neither a package:// nor a file:// URI nor a path')
    return Path(uri)


def _package_share(package: str, uri: str) -> Path:
    prefixes = [p for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    for prefix in map(Path, prefixes):
        if (prefix / 'share/ament_index/resource_index/packages' / package).is_file():
            return prefix / 'share' / package
    try:
        distribution = importlib.metadata.distribution(package)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        wheel = f'no Python distribution {package!r}'
    else:
        share = Path(str(distribution.locate_file(f'cmeel.prefix/share/{package}')))
        if share.is_dir():
            return share
        wheel = f'the Python distribution {package!r} has no {share}'
    raise ConfigError(
        f'package of {uri!r} not found; searched AMENT_PREFIX_PATH {prefixes} and the Python '
        f'distributions ({wheel}); install it, with its ROS package or with '
        f'`pip install {package}`'
    )


def load_urdf(arm: ArmConfig) -> str:
    """Return the arm's URDF with the gripper mounted, meshes named `package://` or `file://`.

    It is one tree, has the joints and frames that the arm's YAML file names, in order from base
    to tip, and all its meshes exist. Otherwise raises ConfigError with the file and the value.
    """
    path = resolve_uri(arm.urdf)
    try:
        robot = ET.fromstring(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, ET.ParseError) as error:
        raise ConfigError(f'{path}: the URDF of {arm.name!r} cannot be read: {error}') from error
    if robot.tag != 'robot':
        raise ConfigError(f'{path}: not a URDF: its root element is <{robot.tag}>, not <robot>')
    try:
        if arm.gripper.mount is not None:
            _known('link', [arm.gripper.mount.link], _names(robot, 'link'))
            add_gripper(robot, arm.gripper, arm.gripper.mount)
        _check_tree(robot)
        _check_arm(robot, arm)
        for mesh in robot.iter('mesh'):
            mesh.set('filename', _checked_mesh(mesh.get('filename', ''), path.parent))
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error
    return ET.tostring(robot, encoding='unicode')


def with_absolute_meshes(urdf: str) -> str:
    """Return the URDF with every mesh named by its absolute path."""
    robot = ET.fromstring(urdf)
    for mesh in robot.iter('mesh'):
        mesh.set('filename', str(resolve_uri(mesh.get('filename', '')).absolute()))
    return ET.tostring(robot, encoding='unicode')


def chain(robot: ET.Element, base: str, tip: str) -> list[ET.Element]:
    """Return the <joint> elements from link `base` to link `tip`; raise ConfigError if none."""
    parent_joint = {_link(joint, 'child'): joint for joint in robot.findall('joint')}
    joints: list[ET.Element] = []
    link = tip
    while link != base:
        if link not in parent_joint:
            raise ConfigError(f'link {tip!r} does not hang on {base!r}, but on {link!r}')
        joints.append(parent_joint[link])
        link = _link(joints[-1], 'parent')
    return joints[::-1]


def _checked_mesh(filename: str, folder: Path) -> str:
    """Return the mesh's name, a relative one made absolute; the file must exist."""
    path = resolve_uri(filename)
    if not urlparse(filename).scheme:
        path = folder / path
        filename = path.absolute().as_uri()
    if not path.is_file():
        raise ConfigError(f'mesh {filename!r} is missing: there is no file {path}')
    return filename


def _check_tree(robot: ET.Element) -> None:
    """Check that links and joints are named once and form one tree."""
    links, joints = _names(robot, 'link'), _names(robot, 'joint')
    for kind, names in (('link', links), ('joint', joints)):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(f'{kind} names occur more than once: {twice}')
    edges = [(_link(joint, 'parent'), _link(joint, 'child')) for joint in robot.findall('joint')]
    _known('link', [link for edge in edges for link in edge], links)
    children = [child for _, child in edges]
    roots = [link for link in links if link not in children]
    reached = set(roots[:1])
    for _ in links:
        reached |= {child for parent, child in edges if parent in reached}
    if len(roots) != 1 or len(set(children)) != len(children) or len(reached) != len(links):
        raise ConfigError(f'the links are not one tree; links without a parent: {roots}')


def _check_arm(robot: ET.Element, arm: ArmConfig) -> None:
    """Check that the arm's and the gripper's joints and frames are there, in order."""
    _known('frame', [arm.base_frame, arm.end_effector_frame], _names(robot, 'link'))
    moving = {j.get('name', ''): j for j in robot.findall('joint') if _moves(j)}
    _known('moving joint', [*arm.joints, *arm.gripper.joints], list(moving))
    on_the_way = tuple(
        joint.get('name')
        for joint in chain(robot, arm.base_frame, arm.end_effector_frame)
        if _moves(joint)
    )
    if on_the_way != arm.joints:
        raise ConfigError(
            f'the joints from {arm.base_frame!r} to {arm.end_effector_frame!r} are '
            f'{list(on_the_way)}, but joints names {list(arm.joints)}'
        )
    for j, name in enumerate(arm.joints):
        lower, upper = position_limits(moving[name])
        low, high = arm.limits.lower[j], arm.limits.upper[j]
        if low < lower - 1e-6 or high > upper + 1e-6:
            raise ConfigError(
                f'limits of {name!r}, {low} to {high}, leave those of the URDF, {lower} to {upper}'
            )


def position_limits(joint: ET.Element) -> tuple[float, float]:
    """Return lower and upper limit, rad or m, of a moving joint; infinite if continuous."""
    if joint.get('type') == 'continuous':
        return -float('inf'), float('inf')
    limit = joint.find('limit')
    attributes = {} if limit is None else limit.attrib
    return float(attributes.get('lower', 0)), float(attributes.get('upper', 0))


def _moves(joint: ET.Element) -> bool:
    return joint.get('type') in MOVING_TYPES


def _names(robot: ET.Element, kind: str) -> list[str]:
    return [element.get('name', '') for element in robot.findall(kind)]


def _link(joint: ET.Element, end: str) -> str:
    element = joint.find(end)
    if element is None:
        raise ConfigError(f'joint {joint.get("name")!r} has no <{end}>')
    return element.get('link', '')


def _known(kind: str, wanted: list[str], there: list[str]) -> None:
    missing = [name for name in wanted if name not in there]
    if missing:
        raise ConfigError(f'no {kind} {missing}; the URDF has: {there}')

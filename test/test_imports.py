"""Imports go one way: core <- ros and the rooms <- commands; rclpy only at the doors."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ('arm_sim', 'point_cloud', 'arm_control', 'arm_driver')
ABOVE = ('demonstrations', 'evaluation', 'grounding', 'recording', 'shadow', 'viewer')
BELOW = {'shadow': ('viewer',), 'evaluation': ('demonstrations',), 'recording': ('demonstrations',)}
"""What a room of the upper floor may use of that floor."""
NEED_ROS = ('show', 'endurance')
"""Folders beside the verbs that are imported only where a graph is running."""
HALVES = ('action_expert', 'vla_planner')
ROS = ('rclpy', 'rcl_interfaces', 'tf2_msgs', 'rosgraph_msgs', 'builtin_interfaces')
FILES = sorted((ROOT / 'gae_arm').rglob('*.py'))
HALVES_FILES = sorted(path for half in HALVES for path in (ROOT / half).rglob('*.py'))


def imports(path: Path) -> set[str]:
    """Every module that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f'{node.module}.{alias.name}' for alias in node.names}
    return found


def is_ros(module: str) -> bool:
    package = module.split('.')[0]
    return package in ROS or package.endswith(('_msgs', '_srvs'))


def of(module: str, *rooms: str) -> bool:
    return any(f'{module}.'.startswith(f'gae_arm.{room}.') for room in rooms)


@pytest.mark.parametrize('path', FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_go_one_way(path):
    room = path.relative_to(ROOT / 'gae_arm').parts[0]
    door = path.name == 'node.py' or room == 'ros'
    for module in imports(path):
        if is_ros(module) and room != 'commands':
            assert door, f'{module} may be imported in node.py and gae_arm/ros only'
        if room not in ('commands', *ABOVE):
            assert module.split('.')[0] not in HALVES, module
        if room == 'core':
            assert not of(module, 'ros', 'commands', *ROOMS, *ABOVE), module
        if room in ('ros', *ROOMS):
            assert not of(module, 'commands', *ABOVE), module
        if room == 'ros':
            assert not of(module, *ROOMS), module
        if room in ABOVE:
            others = [r for r in ABOVE if r != room and r not in BELOW.get(room, ())]
            assert not of(module, 'commands', *others), module
            assert not of(module, 'ros') or door, module
            assert not module.endswith('.node'), module
        if room in ROOMS:
            others = [other for other in ROOMS if other != room]
            assert not of(module, *others), module
            assert not of(module, 'ros') or door, module
            assert not module.endswith('.node') or door, module


@pytest.mark.parametrize('path', HALVES_FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_the_two_halves_know_the_ground_floor_only(path):
    """Their nodes also know ROS and the rooms beside them; neither half knows the other."""
    half = path.relative_to(ROOT).parts[0]
    door = path.name == 'node.py'
    for module in imports(path):
        package = module.split('.')[0]
        assert package == half or package not in HALVES, module
        assert not of(module, 'commands'), module
        assert door or not is_ros(module), module
        assert door or package != 'gae_arm' or of(module, 'core'), module


def test_commands_import_ros_only_where_they_need_it():
    """The verbs start without ROS: what needs it is imported inside the function that does."""
    commands = ROOT / 'gae_arm' / 'commands'
    for path in commands.rglob('*.py'):
        if path.relative_to(commands).parts[0] in NEED_ROS:
            continue
        tree = ast.parse(path.read_text())
        top = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        for node in top:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            assert not any(is_ros(name) or of(name, 'ros') for name in names), (path, names)

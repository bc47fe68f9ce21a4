"""A YAML launch file under ROS's launch_pytest: when a required node ends, everything ends.

`test/commands/test_launch_run.py` tests the same through `gae launch`, which needs no ROS.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# Not `import launch_pytest`: without ROS that finds this folder.
pytest.importorskip('launch_pytest.tools', reason="ROS's launch_pytest is not installed")

import launch_pytest
from launch.actions import IncludeLaunchDescription, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch.launch_description_sources import AnyLaunchDescriptionSource

from launch import LaunchDescription

sys.path.insert(0, str(Path(__file__).parents[1] / 'commands'))
from launch_workspace import Workspace

FILE = """
launch:
- node: {pkg: tiny, exec: stay, output: screen}
- node: {pkg: tiny, exec: report}
- node: {pkg: tiny, exec: after_reports, args: '1', on_exit: shutdown}
"""


@pytest.fixture
def exits() -> dict[str, int]:
    """Name and exit code of each process, in the order in which they ended."""
    return {}


@launch_pytest.fixture(auto_shutdown=False)
def description(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exits: dict) -> LaunchDescription:
    workspace = Workspace(tmp_path)
    for key, value in workspace.environment.items():
        monkeypatch.setenv(key, value)
    note = OnProcessExit(
        on_exit=lambda event, _: exits.update({event.process_name: event.returncode})
    )
    source = AnyLaunchDescriptionSource(str(workspace.file(FILE)))
    return LaunchDescription([RegisterEventHandler(note), IncludeLaunchDescription(source)])


@pytest.mark.launch(fixture=description, shutdown=True)
def test_a_required_node_takes_all_with_it(exits: dict[str, int]) -> None:
    names = [name.rpartition('-')[0] for name in exits]
    assert sorted(names) == ['after_reports', 'report', 'stay']
    assert names[-1] == 'stay'
    assert set(exits.values()) == {0}

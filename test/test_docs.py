"""The tables in docs/reference.md say what the code says."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from gae_arm.arm_sim.settings import ArmSimSettings
from gae_arm.commands.main import VERBS

ROOT = Path(__file__).parents[1]
REFERENCE = (ROOT / 'docs' / 'reference.md').read_text()
NODES = {'arm_sim': ArmSimSettings}


def table(heading: str) -> list[list[str]]:
    """The rows below a heading, without the table's own head."""
    section = re.split(rf'^#+ {re.escape(heading)}$', REFERENCE, flags=re.MULTILINE)[1]
    section = re.split(r'^#', section, flags=re.MULTILINE)[0]
    rows = [line.strip('|').split(' | ') for line in section.splitlines() if line.startswith('|')]
    return [[cell.strip().strip('`') for cell in row] for row in rows[2:]]


def test_verbs():
    assert table('Commands') == [[f'./gae {verb}', text] for verb, text in VERBS.items()]


@pytest.mark.parametrize('node', NODES)
def test_parameters(node):
    expected = []
    for field in dataclasses.fields(NODES[node]):
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        live = 'yes' if field.metadata['live'] else ''
        expected.append([field.name, f'{default}'.lower(), live, field.metadata['description']])
    assert table(f'Parameters of {node}') == expected


def test_topics():
    pytest.importorskip('rclpy', reason='needs ROS 2')
    from gae_arm.ros import topics

    expected = [
        [
            topic.name,
            topic.type_name,
            topic.qos.reliability.name.lower().replace('_', ' ')
            + (', latched' if topic.qos.durability.name == 'TRANSIENT_LOCAL' else ''),
            f'{topic.max_age} s' if topic.max_age else '',
            topic.meaning,
        ]
        for topic in topics.ALL
    ]
    assert table('Topics') == expected

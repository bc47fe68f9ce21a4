"""The whole stack recorded while it carries a plan out, then run again: the same is made of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from graph import graph
from rviz_config import SHOWN, TYPES, kind, topic_of
from verb import running_verb

from gae_arm.commands import main
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file, share_folder
from gae_arm.core.plan_file import load_plan
from gae_arm.recording.bag_reader import open_bag
from gae_arm.ros import topics
from gae_arm.ros.plan_msgs import plan_to_msg

PLAN = share_folder() / 'config' / 'plans' / 'cube_to_bowl.yaml'


@dataclass
class Stack:
    """What is left of a stack that ran: its bag; of each topic types and number of publishers."""

    bag: Path
    types: dict[str, list[str]]
    publishers: dict[str, int]


RECORDED = [
    f'/{topic.name}'
    for topic in (topics.DEPTH, topics.POINTS, topics.JOINT_STATES, topics.ACTION_CHUNK)
]
"""The recorder hears of each by itself, on a busy machine at different times."""


@pytest.fixture(scope='module')
def stack(tmp_path_factory, own_domain):
    """Until forty chunks and twenty clouds have been heard after the beginning."""
    folder = tmp_path_factory.mktemp('stack')
    with graph(folder, 'sim.launch.yaml', 'cloud:=true') as (_, probe):
        clouds, chunks = probe.listen(topics.POINTS), probe.listen(topics.ACTION_CHUNK)
        probe.wait_for(lambda: len(clouds) > 5, 'clouds', timeout=180.0)
        plans = probe.publisher(topics.WAYPOINT_PLAN)
        probe.wait_for(lambda: plans.get_subscription_count() > 1, 'expert and control')
        alone = {name: probe.node.count_subscribers(name) for name in RECORDED}
        with running_verb(folder / 'record.log', 'record', '--out', folder / 'bag'):
            probe.wait_for(lambda: plans.get_subscription_count() > 3, 'recorder and markers')
            for name, count in alone.items():
                probe.wait_for(
                    lambda name=name, count=count: probe.node.count_subscribers(name) > count,
                    f'the recorder at {name}',
                )
            before = len(clouds)
            probe.wait_for(lambda: len(clouds) > before + 30, 'clouds that the recorder hears')
            seen = len(clouds)
            base = load_arm(arm_file('panda')).base_frame
            plan = load_plan(PLAN).plan('recorded', probe.now_ns(), base)
            plans.publish(plan_to_msg(plan))
            probe.wait_for(
                lambda: len(chunks) > 40 and len(clouds) > seen + 20, 'chunks and clouds'
            )
        types = dict(probe.node.get_topic_names_and_types())
        publishers = {name: probe.node.count_publishers(name) for name in types}
    return Stack(folder / 'bag', types, publishers)


@pytest.fixture
def bag(stack):
    return stack.bag


@pytest.mark.parametrize('display', SHOWN, ids=lambda display: display['Name'])
def test_what_rviz_shows_is_there(stack, display):
    name = topic_of(display)['Value']
    assert stack.types[name] == [TYPES[kind(display)]]
    assert stack.publishers[name] == 1


def test_the_stack_is_in_the_bag_with_the_settings_of_its_nodes(bag):
    read = open_bag(bag)
    assert read.problems == []
    counts = Counter(message.topic for message in read.messages())
    for topic in (topics.DEPTH, topics.POINTS, topics.JOINT_STATES, topics.ACTION_CHUNK):
        assert counts[f'/{topic.name}'] > 20, topic.name
    assert counts['/waypoint_plan'] == counts['/tf_static'] == counts['/robot_description'] == 1
    assert f'/{topics.POINTS_VIEW.name}' not in read.topics
    assert read.parameters['/action_expert']['policy'] == 'spline'
    assert read.parameters['/point_cloud']['mask_robot'] is True


def test_the_same_version_makes_the_same_of_it(bag, capsys):
    assert main.main(['replay', str(bag), '--diff']) == 0
    out = capsys.readouterr().out
    for what in ('clouds', 'chunks'):
        (line,) = (line for line in out.splitlines() if line.startswith(f'- {what}: '))
        assert 'none' not in line, out
        recorded, compared, equal = (int(word) for word in line.split() if word.isdecimal())
        assert recorded >= compared == equal > 10, line

"""The rviz configuration shows the topics of the stack, with types and QoS that connect."""

import pytest

pytest.importorskip('rclpy', reason='the topics are those of the ROS edge: needs ROS 2')

from rclpy.qos import (
    QoSCompatibility,
    QoSDurabilityPolicy,
    QoSProfile,
    QoSReliabilityPolicy,
    qos_check_compatible,
)
from rviz_config import CONFIG, DISPLAYS, NO_TOPIC, SHOWN, TYPES, kind, topic_of

from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file
from gae_arm.ros import topics
from gae_arm.viewer import palette


def policy(enum, words):
    return enum[words.upper().replace(' ', '_')]


@pytest.mark.parametrize('display', SHOWN, ids=lambda d: d['Name'])
def test_every_display_hears_a_topic_of_the_stack(display):
    words = topic_of(display)
    by_name = {'/' + topic.name.lstrip('/'): topic for topic in topics.ALL}
    topic = by_name[words['Value']]
    assert topic.type_name == TYPES[kind(display)]
    wanted = QoSProfile(
        depth=words['Depth'],
        reliability=policy(QoSReliabilityPolicy, words['Reliability Policy']),
        durability=policy(QoSDurabilityPolicy, words['Durability Policy']),
    )
    assert qos_check_compatible(topic.qos, wanted)[0] != QoSCompatibility.ERROR
    # A late rviz gets what is latched only if it asks for it.
    assert wanted.durability == topic.qos.durability


def test_everything_that_the_issue_names_is_shown():
    shown = {topic_of(display)['Value'].lstrip('/') for display in SHOWN}
    wanted = (
        topics.ROBOT_DESCRIPTION, topics.POINTS, topics.POINTS_VIEW, topics.MARKERS,
        topics.PLANNED_PATH, topics.EXECUTED_PATH, topics.COLOR,
    )  # fmt: skip
    assert shown == {topic.name for topic in wanted}
    assert {kind(display) for display in DISPLAYS} >= NO_TOPIC


def test_the_colours_are_those_of_the_page():
    colors = {display['Name']: display.get('Color') for display in SHOWN}
    assert colors['guide'] == '; '.join(map(str, palette.GUIDE))
    assert colors['executed'] == '; '.join(map(str, palette.EXECUTED))
    assert colors['cloud'] == '; '.join(map(str, palette.CLOUD))


def test_the_fixed_frame_is_the_default_arms_base():
    frame = CONFIG['Visualization Manager']['Global Options']['Fixed Frame']
    assert frame == load_arm(arm_file('panda')).base_frame

"""The running graph: topics, types, rates, ages, QoS that cannot connect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gae_arm.commands.doctor_checks.finding import Finding, Level, ok

if TYPE_CHECKING:
    from gae_arm.ros.graph_inspection import TopicReport


def check_graph(seconds: float) -> Iterator[Finding]:
    """Watch the graph for `seconds` and yield what is there; nothing is an OK finding too."""
    from gae_arm.ros import graph_inspection

    report = graph_inspection.inspect(seconds)
    if not report.nodes:
        yield ok('graph', 'no nodes run in this domain')
        return
    yield ok('graph', f'{len(report.nodes)} nodes: {", ".join(report.nodes)}')
    for topic in report.topics:
        yield from check_topic(topic)


def check_topic(report: TopicReport) -> Iterator[Finding]:
    """Yield the findings of one topic."""
    problems = list(_problems(report))
    yield from problems
    if not problems:
        ends = f'{report.publishers} publishers, {report.subscribers} subscribers'
        rate = f', {report.rate:.1f} Hz' if report.rate else ''
        age = f', age {report.age[0] * 1e3:.0f} ms' if report.age else ''
        yield ok(report.name, f'{ends}{rate}{age}')


def _problems(report: TopicReport) -> Iterator[Finding]:
    topic, name = report.topic, report.name
    for mismatch in report.mismatches:
        yield Finding(
            Level.FAILURE, name, f'QoS cannot connect: {mismatch}',
            f'change one end; the stack uses {topic.qos.reliability.name.lower()}, '
            f'{topic.qos.durability.name.lower()}',
        )  # fmt: skip
    if report.types != (topic.type_name,):
        yield Finding(
            Level.FAILURE, name, f'types {list(report.types)}, expected {topic.type_name}',
            'remap the topic of another type to another name',
        )  # fmt: skip
    elif report.publishers == 0 and topic.min_rate:
        yield Finding(
            Level.FAILURE, name, f'{report.subscribers} subscribers wait, nobody publishes',
            'start the driver or the simulator; check its remappings and namespace',
        )  # fmt: skip
    elif topic.min_rate and report.rate < topic.min_rate:
        yield Finding(
            Level.FAILURE, name, f'{report.rate:.1f} Hz, expected {topic.min_rate:g} or more',
            'check the load of the machine, and the DDS profile on both ends',
        )  # fmt: skip
    elif topic.max_age is not None and report.age and not -0.01 <= report.age[0] <= topic.max_age:
        yield Finding(
            Level.FAILURE, name,
            f'age {report.age[0]:.3f} s, allowed is {topic.max_age} s',
            'if machines differ, synchronise their clocks (chrony); with bags or simulation time, '
            'set use_sim_time on every node',
        )  # fmt: skip

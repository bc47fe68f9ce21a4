"""Memory of the nodes of a launch, seen from outside; which soak the bench runs by itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gae_arm.commands import bench
from gae_arm.commands.endurance.memory import MemoryWatch, nodes_below, private_megabytes

HUNGRY = """
import subprocess, sys
child = subprocess.Popen(
    [sys.executable, '-c', sys.argv[1], '__node:=hungry'], stdin=0, stdout=1
)
child.wait()
"""
EATER = """
import sys
print('ready', flush=True)
eaten = []
for line in sys.stdin:
    eaten.append(bytearray(int(line)))
    for place in range(0, int(line), 4096):
        eaten[-1][place] = 1
    print('eaten', flush=True)
"""


@pytest.fixture
def launch():
    """A process that starts another one, as a launch does; the other one eats what it is told."""
    process = subprocess.Popen(
        [sys.executable, '-c', HUNGRY, EATER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdout.readline() == 'ready\n'
    yield process
    process.stdin.close()
    assert process.wait(30) == 0


def test_growth_is_what_a_node_took_for_itself_since_then(launch):
    watch = MemoryWatch(launch.pid)
    for second, megabytes in enumerate((0, 50, 20, 0)):
        launch.stdin.write(f'{megabytes * 1_000_000}\n')
        assert launch.stdout.readline() == 'eaten\n'
        watch.look(float(second))
    assert watch.growth(since=1.0) == {'hungry': pytest.approx([0.0, 20.0, 20.0], abs=1.0)}
    assert watch.growth(since=9.0) == {}


def test_nodes_are_found_below_the_launch_only(launch):
    assert set(nodes_below(launch.pid)) == {'hungry'}
    assert nodes_below(nodes_below(launch.pid)['hungry']) == {}


def test_a_process_that_has_ended_has_no_memory():
    process = subprocess.Popen([sys.executable, '-c', ''])
    process.wait()
    assert private_megabytes(process.pid) is None


def test_the_soak_runs_only_if_it_is_named():
    assert set(bench.BENCHES) >= bench.ONLY_BY_NAME

"""Two runs on one machine, two demos for example, never share a ROS domain."""

from __future__ import annotations

import os
import subprocess
import sys

from gae_arm.commands.running_graph import own_domain

OTHER = """
import os
from gae_arm.commands.running_graph import own_domain
with own_domain():
    print(os.environ['ROS_DOMAIN_ID'], os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'])
"""


def test_two_processes_have_two_domains():
    before = os.environ.get('ROS_DOMAIN_ID')
    with own_domain():
        mine = os.environ['ROS_DOMAIN_ID']
        other = subprocess.run(
            [sys.executable, '-c', OTHER], capture_output=True, text=True, timeout=60, check=True
        )
    theirs, reach = other.stdout.split()
    assert theirs != mine
    assert reach == 'LOCALHOST'
    assert os.environ.get('ROS_DOMAIN_ID') == before

"""What every test relies on: field checks in rclpy, and a DDS domain of our own."""

import os
from collections.abc import Iterator

import pytest

# rclpy checks message fields only under this variable, read at import: Point(x=1) would silently
# publish 5e-324.
os.environ['ROS_PYTHON_CHECK_FIELDS'] = '1'
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'


@pytest.fixture(scope='session')
def domain() -> Iterator[int]:
    """A ROS_DOMAIN_ID that no other test run on this machine uses; children inherit it."""
    from domain_coordinator import domain_id

    with domain_id() as number:
        os.environ['ROS_DOMAIN_ID'] = str(number)
        yield number

"""Every test here starts nodes: it is marked so, and runs in a domain of its own."""

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2')


def pytest_collection_modifyitems(items):
    for item in items:
        if 'test/graph' in item.path.as_posix():
            item.add_marker(pytest.mark.graph)


@pytest.fixture(autouse=True, scope='session')
def own_domain(domain):
    return domain

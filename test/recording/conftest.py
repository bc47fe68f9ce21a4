"""A bag that is made once, as the stack would have recorded it."""

import pytest

pytest.importorskip('rclpy', reason='messages are serialised by ROS 2')


@pytest.fixture(scope='session')
def stack_bag(tmp_path_factory):
    from made_bag import make_stack_bag

    return make_stack_bag(tmp_path_factory.mktemp('bags') / 'stack')

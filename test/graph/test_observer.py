"""Who looks from outside gets its answers, also where one is lost."""

from __future__ import annotations

import pytest
from rcl_interfaces.srv import GetParameters
from rclpy.task import Future

from gae_arm.core.errors import GaeError
from gae_arm.ros.observer import Observer


class Forgetful:
    """A client whose first requests are never answered."""

    def __init__(self, lost: int) -> None:
        self.lost, self.asked = lost, 0

    def service_is_ready(self) -> bool:
        return True

    def call_async(self, request: GetParameters.Request) -> Future:
        future = Future()
        self.asked += 1
        if self.asked > self.lost:
            future.set_result(request.names)
        return future


@pytest.fixture
def observer():
    with Observer('asking') as one:
        yield one


def ask(observer, client, again, monkeypatch):
    monkeypatch.setattr(observer.node, 'create_client', lambda *_: client)
    monkeypatch.setattr(observer.node, 'destroy_client', lambda _: True)
    request = GetParameters.Request(names=['one'])
    return observer.call(GetParameters, 'node/get_parameters', request, 0.5, again)


def test_a_lost_answer_is_asked_for_again(observer, monkeypatch):
    client = Forgetful(lost=2)
    assert ask(observer, client, 0.05, monkeypatch) == ['one']
    assert client.asked == 3


def test_what_may_be_asked_only_once_is(observer, monkeypatch):
    client = Forgetful(lost=1)
    with pytest.raises(GaeError, match=r'waited 0\.5 s in vain for an answer of node/get'):
        ask(observer, client, float('inf'), monkeypatch)
    assert client.asked == 1


def test_a_parameter_is_that_of_the_node(observer):
    observer.node.declare_parameter('weight', 2.5)
    assert observer.parameter('asking', 'weight') == 2.5
    assert observer.parameter('asking', 'height') is None

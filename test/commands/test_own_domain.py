"""Two demos on one machine do not meet."""

import os
import socket

from gae_arm.commands.show.domain import free_port, own_domain


def test_two_demos_have_two_domains(monkeypatch):
    monkeypatch.delenv('ROS_DOMAIN_ID', raising=False)
    with own_domain() as one:
        assert os.environ['ROS_DOMAIN_ID'] == str(one)
        monkeypatch.delenv('ROS_DOMAIN_ID')
        with own_domain() as other:
            assert other != one
        os.environ['ROS_DOMAIN_ID'] = str(one)
    assert 'ROS_DOMAIN_ID' not in os.environ
    with own_domain() as again:
        assert again == one


def test_a_domain_that_is_set_stays(monkeypatch):
    monkeypatch.setenv('ROS_DOMAIN_ID', '7')
    with own_domain() as domain:
        assert domain == 7
    assert os.environ['ROS_DOMAIN_ID'] == '7'


def test_a_port_that_is_taken_is_not_taken_again():
    with socket.create_server(('127.0.0.1', 0)) as server:
        taken = server.getsockname()[1]
        other = free_port(taken)
        assert other not in (0, taken)
    assert free_port(other) == other

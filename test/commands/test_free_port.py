"""A second demo gets a port of its own."""

import socket

from gae_arm.commands.show.port import free_port


def test_a_port_that_is_taken_is_not_taken_again():
    with socket.create_server(('127.0.0.1', 0)) as server:
        taken = server.getsockname()[1]
        other = free_port(taken)
        assert other not in (0, taken)
    assert free_port(other) == other

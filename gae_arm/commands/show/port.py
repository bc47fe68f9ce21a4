"""A port that nobody on this machine uses."""

from __future__ import annotations

import socket

from gae_arm.core.errors import GaeError


def free_port(wanted: int) -> int:
    """Return the port if it is free on this machine, else another one that is; 0: any."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(('127.0.0.1', port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise GaeError('this machine has no free port')

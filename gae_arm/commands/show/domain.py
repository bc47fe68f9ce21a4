"""A ROS domain and a port that nobody on this machine uses: two demos must not hear each other."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gae_arm.core.errors import GaeError

DOMAINS = range(40, 100)
"""Below 102 the ports of all domains are free of what Linux hands out."""


@contextmanager
def own_domain() -> Iterator[int]:
    """Set ROS_DOMAIN_ID to one that no other demo of this machine has; one that is set stays.

    A file lock holds it, which ends with the process, however that ends.
    """
    if 'ROS_DOMAIN_ID' in os.environ:
        yield int(os.environ['ROS_DOMAIN_ID'])
        return
    folder = Path(tempfile.gettempdir())
    for domain in DOMAINS:
        with (folder / f'gae-domain-{os.getuid()}-{domain}.lock').open('w') as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            os.environ['ROS_DOMAIN_ID'] = str(domain)
            try:
                yield domain
            finally:
                del os.environ['ROS_DOMAIN_ID']
            return
    raise GaeError(f'{len(DOMAINS)} demos run on this machine; end one, or set ROS_DOMAIN_ID')


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

"""A launch file running beside a measurement, in a DDS domain of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from gae_arm.core.errors import GaeError


@contextmanager
def own_domain() -> Iterator[None]:
    """Use a ROS_DOMAIN_ID that no other process on this machine uses."""
    from domain_coordinator import domain_id

    before = os.environ.get('ROS_DOMAIN_ID')
    with domain_id() as domain:
        os.environ['ROS_DOMAIN_ID'] = str(domain)
        try:
            yield
        finally:
            if before is None:
                del os.environ['ROS_DOMAIN_ID']
            else:
                os.environ['ROS_DOMAIN_ID'] = before


@contextmanager
def launched(*words: str) -> Iterator[None]:
    """Run `gae launch WORDS`; if the measurement fails, its error tells what the launch said."""
    command = [sys.executable, '-m', 'gae_arm.commands.main', 'launch', *words]
    with tempfile.TemporaryFile('w+') as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield
        except GaeError as error:
            log.seek(0)
            raise GaeError(f'{error}; the launch said:\n{log.read()[-2000:]}') from error
        finally:
            process.terminate()
            process.wait(30)

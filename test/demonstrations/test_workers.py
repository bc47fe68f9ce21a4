"""Jobs of several processes end with the one that waits for them, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from process_ends import PATIENCE, wait_for_end

WAITS = """
import time
from gae_arm.demonstrations.workers import run_jobs
if __name__ == '__main__':
    list(run_jobs(time.sleep, [600.0], 1))
"""


def children(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    there = Path(f'/proc/{pid}/task/{pid}/children')
    own = [int(child) for child in there.read_text().split()] if there.exists() else []
    return [*own, *(one for child in own for one in children(child))]


@pytest.mark.skipif(not Path('/proc').is_dir(), reason='looks processes up in /proc')
@pytest.mark.parametrize('end', [signal.SIGTERM, signal.SIGKILL])
def test_workers_do_not_outlive_the_process_that_waits_for_them(tmp_path, end):
    script = tmp_path / 'waits.py'
    script.write_text(WAITS)
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, str(script)], env=environment) as waiting:
        until = time.monotonic() + PATIENCE
        while len(started := children(waiting.pid)) < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
        waiting.send_signal(end)
        waiting.wait()
        for pid in started:
            wait_for_end(pid)

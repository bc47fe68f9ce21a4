"""Runs a script as two processes that learn together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def losses_of_two(script: Path) -> list[float]:
    """Return the losses that a script prints from one of two processes, after the word 'losses'."""
    launch = ['-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', '2']
    command = [sys.executable, *launch, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    words = next(line for line in done.stdout.splitlines() if line.startswith('losses')).split()
    return [float(word) for word in words[1:]]

"""Training runs of several processes: what each needs to know of the others, and a clean end."""

from __future__ import annotations

import atexit
import gc
from typing import TypeVar

import torch
from accelerate import Accelerator

from gae_arm.core.training import TrainingRun

L = TypeVar('L')


class AcceleratedRun(TrainingRun[L]):
    """A run whose processes, one or more, learn together through `accelerate`."""

    _accelerator: Accelerator

    def agreed(self, stop: bool) -> bool:
        """Return whether any process wants to stop: all of them then do, after the same step."""
        asked = torch.tensor([float(stop)], device=self._accelerator.device)
        return bool(self._accelerator.reduce(asked, 'sum') > 0)

    def _is_main(self) -> bool:
        return bool(self._accelerator.is_main_process)


@atexit.register
def _leave_the_others() -> None:
    """Leave the group of processes, so that its threads end before the interpreter does.

    They may abort the process otherwise, its work done. A model that is still held keeps them.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        gc.collect()
        torch.distributed.destroy_process_group()

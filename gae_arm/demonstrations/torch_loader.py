"""Batches of windows as torch tensors, read by worker processes. The only file that needs torch."""

from __future__ import annotations

from typing import Any

import numpy as np

from gae_arm.core.errors import MissingDependencyError
from gae_arm.demonstrations.order import Batches
from gae_arm.demonstrations.windows import Windows


def torch_loader(windows: Windows, batches: Batches, workers: int = 0) -> Any:
    """Return a torch DataLoader over `batches`, without end, from the position they stand at.

    Each item is what `Windows.batch` says, as tensors; `cloud` is padded with zeros to the largest
    one, float32 (B, N, 3), and `cloud_count` int64 (B,) says how many points are real. With
    workers, `batches` runs ahead of what was delivered: to resume, count the delivered batches and
    use `Batches.resume`. Raises MissingDependencyError without torch.
    """
    try:
        from torch.utils.data import DataLoader
    except ImportError as error:
        raise MissingDependencyError(
            'PyTorch is missing: `pip install -r requirements/train.txt`'
        ) from error
    return DataLoader(
        _WholeBatches(windows),  # type: ignore[arg-type]
        sampler=batches,  # type: ignore[arg-type]
        batch_size=None,
        num_workers=workers,
        collate_fn=tensors,  # type: ignore[arg-type]
        multiprocessing_context='spawn' if workers else None,
        persistent_workers=bool(workers),
    )


class _WholeBatches:
    """A map-style data set whose items are whole batches: they are gathered at once."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, indices: np.ndarray) -> dict[str, Any]:
        return self._windows.batch(indices)


def tensors(batch: dict[str, Any]) -> dict[str, Any]:
    """Return a batch of `Windows.batch` as tensors, clouds padded."""
    import torch

    clouds = batch.get('cloud')
    out = {key: torch.from_numpy(v) for key, v in batch.items() if isinstance(v, np.ndarray)}
    if clouds is not None:
        counts = [len(cloud) for cloud in clouds]
        padded = np.zeros((len(clouds), max(counts), 3), np.float32)
        for row, cloud in zip(padded, clouds, strict=True):
            row[: len(cloud)] = cloud
        out['cloud'] = torch.from_numpy(padded)
        out['cloud_count'] = torch.tensor(counts)
    return out

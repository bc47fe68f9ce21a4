"""A data set that a command adds to: one that it has begun in vain is not left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gae_arm.demonstrations.dataset import META, Dataset


@contextmanager
def begun_dataset(folder: Path, recipe: Mapping[str, Any]) -> Iterator[Dataset]:
    """Give a data set to add to, as `Dataset.create` does.

    One that began here and is empty at the end is taken away again.
    """
    found, ours = folder.exists(), not (folder / META).exists()
    dataset = Dataset.create(folder, recipe)
    try:
        yield dataset
    finally:
        if ours and not len(dataset):
            (folder / META).unlink(missing_ok=True)
            with suppress(OSError):  # Where there is more in it, it stays.
                if not found:
                    folder.rmdir()

"""Lessons as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gae_arm.core.lesson import Lesson
from vla_planner.formats.compact import tokens_of
from vla_planner.training.model import STRIDE, PlannerShape
from vla_planner.training.vocabulary import END, PAD, START, Vocabulary

MEAN, STD = (0.45, 0.45, 0.45), (0.25, 0.25, 0.25)
"""Of images, before the model."""
SEEN_SHARE = 0.06
"""An object that fills less of an image token's square is not its content."""
NOTHING = -100


@dataclass(frozen=True, eq=False)
class Batch:
    """B pictures with K instructions each.

    pixels: float32 (B, 3, H, W). words: int64 (B K, L), answers: int64 (B K, T), PAD at their ends.
    cells: int64 (B K, 2), image token of each anchor, NOTHING for none. kinds, colors: int64
    (B, rows, columns), 0 for nothing.
    """

    pixels: torch.Tensor
    words: torch.Tensor
    answers: torch.Tensor
    cells: torch.Tensor
    kinds: torch.Tensor
    colors: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """Return it on a device."""
        return Batch(**{name: tensor.to(device) for name, tensor in vars(self).items()})


@dataclass(frozen=True)
class Collator:
    """Makes batches; kinds, colors: all names that lessons may hold."""

    shape: PlannerShape
    vocabulary: Vocabulary
    kinds: tuple[str, ...]
    colors: tuple[str, ...]

    def __call__(self, lessons: Sequence[Lesson]) -> Batch:
        """Return lessons as one batch; each has as many instructions."""
        said = [text for lesson in lessons for text in lesson.instructions]
        found = [(lesson, answer) for lesson in lessons for answer in lesson.answers]
        start, end = (self.vocabulary.index[token] for token in (START, END))
        words = [
            [start, *self.vocabulary.words(text)[: self.shape.words - 2], end] for text in said
        ]
        width, height = self.shape.width, self.shape.height
        answers = [
            [*self.vocabulary.answer(tokens_of(answer, width, height)), end] for _, answer in found
        ]
        kinds, colors = zip(*(self._content(lesson) for lesson in lessons), strict=True)
        return Batch(
            to_pixels(np.stack([lesson.rgb for lesson in lessons])),
            self._padded(words),
            self._padded(answers),
            torch.tensor([self._cells(answer.pixels) for _, answer in found]),
            torch.from_numpy(np.stack(kinds)),
            torch.from_numpy(np.stack(colors)),
        )

    def _padded(self, rows: list[list[int]]) -> torch.Tensor:
        out = torch.full((len(rows), max(map(len, rows))), self.vocabulary.index[PAD])
        for i, row in enumerate(rows):
            out[i, : len(row)] = torch.tensor(row)
        return out

    def _cells(self, pixels: np.ndarray) -> list[int]:
        columns = self.shape.grid[1]
        cells = [int(v) // STRIDE * columns + int(u) // STRIDE for u, v in pixels]
        return [*cells, NOTHING, NOTHING][:2]

    def _content(self, lesson: Lesson) -> tuple[np.ndarray, np.ndarray]:
        """Return kind and colour (rows, columns) of what fills most of each square; 0: nothing."""
        rows, columns = self.shape.grid
        split = lesson.label.reshape(rows, STRIDE, columns, STRIDE)
        squares = split.transpose(0, 2, 1, 3).reshape(rows, columns, -1)
        kinds, colors = np.zeros((2, rows, columns), np.int64)
        most = np.full((rows, columns), SEEN_SHARE * STRIDE**2)
        for label, (kind, color) in enumerate(zip(lesson.kinds, lesson.colors, strict=True)):
            count = (squares == label).sum(-1)
            more = count > most
            most[more] = count[more]
            kinds[more] = self.kinds.index(kind) + 1
            colors[more] = self.colors.index(color) + 1
        return kinds, colors


def to_pixels(images: np.ndarray) -> torch.Tensor:
    """Return images, uint8 (B, H, W, 3), as the model takes them: float32 (B, 3, H, W)."""
    scaled = (images / np.float32(255) - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    return torch.from_numpy(np.ascontiguousarray(scaled.transpose(0, 3, 1, 2)))

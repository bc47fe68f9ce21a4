"""Lessons as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gae_arm.core.lesson import Lesson
from vla_planner.formats.compact import NEXT, recalled, tokens_of
from vla_planner.training.model import PARTS, STRIDE, PlannerShape
from vla_planner.training.vocabulary import END, PAD, START, Vocabulary

MEAN, STD = (0.45, 0.45, 0.45), (0.25, 0.25, 0.25)
"""Of images, before the model."""
SEEN_SHARE = 0.06
"""An object that fills less of an image token's square is not its content."""
KEPT_SHARE = 0.3
"""Of the image tokens are kept at least where they are thinned."""
NOTHING = -100


@dataclass(frozen=True, eq=False)
class Batch:
    """B pictures with K instructions each.

    pixels: float32 (B, 3, H, W). words: int64 (B K, L), answers: int64 (B K, T), PAD at their ends.
    kept: int64 (B, N), the image tokens that the language model gets to see, ascending; the one of
    the whole image comes before them. cells: int64 (B K, 2), number in `kept` of each anchor's
    token, NOTHING for none. alike: float32 (B K, 2, N), where that is what the words for each
    anchor may mean, shares; all zero where they do not say. kinds, colors: int64 (B, PARTS rows,
    PARTS columns), 0 for nothing.
    """

    pixels: torch.Tensor
    words: torch.Tensor
    answers: torch.Tensor
    kept: torch.Tensor
    cells: torch.Tensor
    alike: torch.Tensor
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

    def __call__(
        self, lessons: Sequence[Lesson], thinned: np.random.Generator | None = None
    ) -> Batch:
        """Return lessons as one batch; each has as many instructions.

        thinned: draws which image tokens without any object are kept; of those with one all are.
        """
        said = [text for lesson in lessons for text in asked(lesson)]
        start, end = (self.vocabulary.index[token] for token in (START, END))
        words = [
            [start, *self.vocabulary.words(text)[: self.shape.words - 2], end] for text in said
        ]
        width, height = self.shape.width, self.shape.height
        answers = [
            [*self.vocabulary.answer(tokens), end]
            for lesson in lessons
            for tokens in answered(lesson, width, height)
        ]
        kinds, colors = zip(*(self._content(lesson) for lesson in lessons), strict=True)
        kept = self._kept(lessons, thinned)
        pairs = list(zip(lessons, kept, strict=True))
        return Batch(
            to_pixels(np.stack([lesson.rgb for lesson in lessons])),
            self._padded(words),
            self._padded(answers),
            torch.from_numpy(kept),
            torch.from_numpy(np.concatenate([self._cells(*pair) for pair in pairs])),
            torch.from_numpy(np.concatenate([self._alike(*pair) for pair in pairs])),
            torch.from_numpy(np.stack(kinds)),
            torch.from_numpy(np.stack(colors)),
        )

    def _padded(self, rows: list[list[int]]) -> torch.Tensor:
        out = torch.full((len(rows), max(map(len, rows))), self.vocabulary.index[PAD])
        for i, row in enumerate(rows):
            out[i, : len(row)] = torch.tensor(row)
        return out

    def _kept(self, lessons: Sequence[Lesson], thinned: np.random.Generator | None) -> np.ndarray:
        """Return the image tokens to keep of each picture, (B, N), as many of each."""
        tokens = self.shape.image_tokens - 1
        if thinned is None:
            return np.tile(np.arange(tokens), (len(lessons), 1))
        needed = np.zeros((len(lessons), tokens), bool)
        for row, lesson in zip(needed, lessons, strict=True):
            row |= _counts(lesson, STRIDE).any(0)
            for answer in lesson.answers:
                row[[self._token(pixel) for pixel in answer.pixels]] = True
        least = round(KEPT_SHARE * tokens)
        count = max(least, int(needed.sum(1).max()))
        order = np.argsort(thinned.random(needed.shape) - needed, axis=1)
        return np.sort(order[:, :count], axis=1)

    def _token(self, pixel: np.ndarray) -> int:
        u, v = pixel
        return int(v) // STRIDE * self.shape.grid[1] + int(u) // STRIDE

    def _cells(self, lesson: Lesson, kept: np.ndarray) -> np.ndarray:
        out = np.full((len(lesson.answers), 2), NOTHING, np.int64)
        for i, (row, answer) in enumerate(zip(out, lesson.answers, strict=True)):
            if lesson.simpler_for(i):
                continue
            tokens = [self._token(pixel) for pixel in answer.pixels]
            row[: len(tokens)] = np.searchsorted(kept, tokens)
        return out

    def _alike(self, lesson: Lesson, kept: np.ndarray) -> np.ndarray:
        """Return for each instruction where that is what its anchors may be, (K, 2, N)."""
        seen = _counts(lesson, STRIDE)[:, kept]
        share = seen / np.maximum(seen.sum(1, keepdims=True), 1)
        out = np.zeros((len(lesson.answers), 2, len(kept)), np.float32)
        for i, (row, answer) in enumerate(zip(out, lesson.answers, strict=True)):
            for anchor, labels in enumerate(() if lesson.simpler_for(i) else answer.alike):
                row[anchor] = share[list(labels)].sum(0)
        return out / np.maximum(out.sum(-1, keepdims=True), np.float32(1e-9))

    def _content(self, lesson: Lesson) -> tuple[np.ndarray, np.ndarray]:
        """Return kind and colour, as `Batch`, of what fills most of each square; 0: nothing."""
        rows, columns = (PARTS * n for n in self.shape.grid)
        seen = _counts(lesson, STRIDE // PARTS)
        most = seen.argmax(0)
        filled = seen.max(0) > SEEN_SHARE * (STRIDE // PARTS) ** 2
        names = ((self.kinds, lesson.kinds), (self.colors, lesson.colors))
        kinds, colors = (
            np.where(filled, np.array([known.index(name) + 1 for name in there])[most], 0)
            for known, there in names
        )
        return kinds.reshape(rows, columns), colors.reshape(rows, columns)


def asked(lesson: Lesson) -> list[str]:
    """Return what a model is asked about a picture: instructions, and what has been moved."""
    size = np.array(lesson.depth.shape[::-1])
    moved = [(lesson.moved_for(i) + 0.5) / size for i in range(len(lesson.instructions))]
    return [
        f'{text} {recalled(places)}'.strip()
        for text, places in zip(lesson.instructions, moved, strict=True)
    ]


def answered(lesson: Lesson, width: int, height: int) -> list[list[str]]:
    """Return the tokens of the right answer to each: places, or the simpler order."""
    return [
        [NEXT, *order.split()] if order else tokens_of(answer, width, height)
        for answer, order in (
            (answer, lesson.simpler_for(i)) for i, answer in enumerate(lesson.answers)
        )
    ]


def _counts(lesson: Lesson, edge: int) -> np.ndarray:
    """Return how many pixels of each object are in each square of `edge` pixels, (labels, N)."""
    height, width = lesson.label.shape
    count, columns = len(lesson.kinds), width // edge
    v, u = np.nonzero((lesson.label >= 0) & (lesson.label < count))
    squares = v // edge * columns + u // edge
    total = height // edge * columns
    labels = lesson.label[v, u].astype(np.int64)
    found = np.bincount(labels * total + squares, minlength=count * total)
    return found.reshape(count, total)


def to_pixels(images: np.ndarray) -> torch.Tensor:
    """Return images, uint8 (B, H, W, 3), as the model takes them: float32 (B, 3, H, W)."""
    scaled = (images / np.float32(255) - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    return torch.from_numpy(np.ascontiguousarray(scaled.transpose(0, 3, 1, 2)))

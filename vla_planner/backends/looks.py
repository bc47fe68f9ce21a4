"""Several looks at one picture: a model is asked about all at once, and each opinion counts alike.

A vision tower cuts a picture into squares, and a small one says different things about the same
picture when the edges of these fall elsewhere. So it is shown the picture several times, each time
a little shifted; token by token, what is likeliest in the mean of all is said.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from transformers import LogitsProcessor

from vla_planner.formats.compact import LOCATIONS

SHIFTS = ((0, 0), (8, 8), (-8, -8), (8, -8))
"""Of the looks: to the right and down, in bins of the picture's places. Eight are seven pixels of
224, nearly half a square of the bundled model's. The picture as it is comes first."""


def shifted(rgb: np.ndarray, shift: tuple[int, int]) -> np.ndarray:
    """Return a picture, uint8 (H, W, 3), moved in its frame; its edges are drawn out."""
    height, width = rgb.shape[:2]
    right, down = round(width * shift[0] / LOCATIONS), round(height * shift[1] / LOCATIONS)
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return rgb[rows[:, None], columns]


def moved_along(text: str, shift: tuple[int, int]) -> str:
    """Return a question with its places, <loc_...> of u and v in turn, where a look shows them."""
    turn = itertools.cycle(shift)

    def move(place: re.Match[str]) -> str:
        return f'<loc_{min(max(int(place[1]) + next(turn), 0), LOCATIONS - 1)}>'

    return re.sub(r'<loc_(\d+)>', move, text)


class Agreement(LogitsProcessor):
    """Makes all looks say what they think in the mean, each in its own places.

    The rows of a batch are looks at one picture, shifted by `shifts`. numbers: of the tokens by
    their names; those of compact answers are in it.
    """

    def __init__(self, shifts: Sequence[tuple[int, int]], numbers: Mapping[str, int]) -> None:
        self._locations = torch.tensor([numbers[f'<loc_{i}>'] for i in range(LOCATIONS)])
        self._bins = torch.tensor(shifts).T[:, :, None] + torch.arange(LOCATIONS)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Return scores, (L, V), that allow one token a look: what is said, in its places."""
        shares = torch.softmax(scores.float().cpu(), -1)
        bins = self._bins[int(torch.isin(input_ids[0].cpu(), self._locations).sum()) % 2]
        seen = bins.clamp(0, LOCATIONS - 1)
        mean = shares.mean(0)
        places = shares[:, self._locations].gather(1, seen)
        mean[self._locations] = torch.where(bins == seen, places, 0.0).mean(0)
        said = mean.argmax()
        bin_said = (self._locations == said).nonzero().flatten()
        tokens = (
            self._locations[seen[:, bin_said]] if len(bin_said) else said.expand(len(scores), 1)
        )
        return torch.full_like(scores, -torch.inf).scatter_(1, tokens.to(scores.device), 0.0)

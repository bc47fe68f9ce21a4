"""What the planner is trained for: the right answer, and to look where it points."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional

from vla_planner.formats.compact import FIRST, LOCATIONS, SECOND
from vla_planner.training.batch import NOTHING, Batch
from vla_planner.training.model import PARTS, PlannerShape, PlannerTrainer
from vla_planner.training.vocabulary import PAD, START, Vocabulary

BLUR = 1.5
"""Bins: a location beside the right one is nearly as good."""
WEIGHTS = {'attention': 0.3, 'heat': 0.3, 'alike': 0.3, 'what': 0.3}
ANCHOR_WEIGHT = 3.0
"""Of the tokens of a place, and of the first: a plan, absent or done; 1 of the other ones."""
EMPTY_WEIGHT = 0.2
"""Of image tokens without an object."""
PLACES = ((1, 2), (5, 6))
"""Where in an answer the first and the second anchor's u and v are."""


@dataclass(frozen=True)
class Losses:
    """Parts of the loss; `total` is what is trained."""

    total: torch.Tensor
    answer: torch.Tensor
    attention: torch.Tensor
    heat: torch.Tensor
    alike: torch.Tensor
    what: torch.Tensor

    def as_dict(self) -> dict[str, float]:
        """Return all as numbers."""
        return {name: float(value.detach()) for name, value in vars(self).items()}


class Objective(nn.Module):
    """Computes the losses of a batch."""

    soft: torch.Tensor

    def __init__(
        self, trainer: PlannerTrainer, vocabulary: Vocabulary, shape: PlannerShape
    ) -> None:
        super().__init__()
        self.trainer = trainer
        self._grid, self._alike_layer = shape.grid, shape.alike_layer
        self._pad, self._start = vocabulary.index[PAD], vocabulary.index[START]
        self._first = vocabulary.first_location
        self._anchors = (vocabulary.index[FIRST], vocabulary.index[SECOND])
        bins = torch.arange(LOCATIONS).float()
        soft = torch.exp(-0.5 * ((bins[:, None] - bins) / BLUR) ** 2)
        self.register_buffer('soft', soft / soft.sum(1, keepdim=True), persistent=False)

    def forward(self, batch: Batch, lowered: bool = False) -> Losses:
        """Return the losses; each image is seen once for all its instructions.

        Under autocast all weights are lowered once, here: layer norms, residuals and softmax are
        then in 16 bits too, and a step takes a seventh less time.
        """
        if lowered or not torch.is_autocast_enabled(batch.pixels.device.type):
            return self._losses(batch)
        kind = torch.get_autocast_dtype(batch.pixels.device.type)
        weights = {name: weight.to(kind) for name, weight in self.named_parameters()}
        pixels = batch.pixels.to(kind)
        losses: Losses = functional_call(
            self, weights, (dataclasses.replace(batch, pixels=pixels), True)
        )
        return losses

    def _losses(self, batch: Batch) -> Losses:
        model = self.trainer.model
        seen = model.model.get_image_features(batch.pixels).pooler_output
        count = len(batch.words) // len(batch.pixels)
        kept = functional.pad(batch.kept + 1, (1, 0))
        image_tokens = kept.shape[1]
        language = model.model.language_model
        known = seen.gather(1, kept[..., None].expand(-1, -1, seen.shape[2]))
        read = torch.cat(
            [known.repeat_interleave(count, 0), language.shared(batch.words).to(known.dtype)], 1
        )
        there = batch.words != self._pad
        mask = torch.cat([there.new_ones(len(there), image_tokens), there], 1)
        places = _places(kept.repeat_interleave(count, 0), there.shape[1], seen.shape[1])
        encoded, earlier = self._encoded(language.encoder, read, mask, places)
        begin = torch.full_like(batch.answers[:, :1], self._start)
        decoded = language.decoder(
            input_ids=torch.cat([begin, batch.answers[:, :-1]], 1),
            encoder_hidden_states=encoded,
            encoder_attention_mask=mask.long(),
            use_cache=False,
            output_attentions=True,
        )
        answer = self._answer(model.lm_head(decoded[0]).float(), batch.answers)
        attention = self._attention(decoded.cross_attentions[-1][:, 0].float(), batch.cells)
        heat = self.trainer.heat(encoded[:, 1:image_tokens]).float()
        heat_loss = _mean([_cells_loss(heat[..., i], batch.cells[:, i]) for i in range(2)])
        scores = self.trainer.alike(earlier[:, 1:image_tokens]).float()
        alike = _spread_loss(scores.transpose(1, 2), batch.alike)
        what = self._what(self.trainer.what(seen[:, 1:]).float(), batch)
        total = (
            answer
            + WEIGHTS['attention'] * attention
            + WEIGHTS['heat'] * heat_loss
            + WEIGHTS['alike'] * alike
            + WEIGHTS['what'] * what
        )
        return Losses(total, answer, attention, heat_loss, alike, what)

    def _encoded(
        self, encoder: Any, read: torch.Tensor, mask: torch.Tensor, places: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what the encoder makes of tokens (N, T, width), and what it had in between.

        As the encoder's own `forward`, for tokens of which some are left out. mask: bool (N, T),
        places: int64 (N, T), among the positions of all.
        """
        table = encoder.embed_positions
        position = functional.embedding(places + table.offset, table.weight)
        hidden = encoder.layernorm_embedding(read + position)
        shut = torch.zeros(mask.shape, dtype=hidden.dtype, device=mask.device)
        shut = shut.masked_fill(~mask, torch.finfo(hidden.dtype).min)[:, None, None]
        earlier = hidden
        for number, layer in enumerate(encoder.layers):
            hidden = layer(hidden, shut)
            if number + 1 == self._alike_layer:
                earlier = hidden
        return hidden, earlier

    def _answer(self, logits: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
        """Return the cross-entropy, with blurred targets for locations."""
        log = functional.log_softmax(logits, -1)
        exact = -log.gather(-1, answers[..., None])[..., 0]
        bins = (answers - self._first).clamp(0, LOCATIONS - 1)
        locations = log[..., self._first : self._first + LOCATIONS]
        blurred = -(self.soft[bins] * locations).sum(-1)
        place = (answers >= self._first) & (answers < self._first + LOCATIONS)
        loss = torch.where(place, blurred, exact)
        weight = torch.where(place, ANCHOR_WEIGHT, 1.0) * (answers != self._pad)
        weight[:, 0] = ANCHOR_WEIGHT
        return (loss * weight).sum() / weight.sum()

    def _attention(self, attention: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
        """Return how little one head looks at an anchor's image token while writing its place."""
        losses = []
        for anchor, places in enumerate(PLACES):
            there = cells[:, anchor] != NOTHING
            if not there.any():
                continue
            token = cells[there, anchor, None] + 1
            for place in places:
                share = attention[there, place].gather(1, token)
                losses.append(-(share + 1e-5).log().mean())
        return _mean(losses)

    def _what(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        kinds = self.trainer.kinds
        rows, columns = self._grid
        split = logits.reshape(len(logits), rows, columns, PARTS, PARTS, -1)
        logits = split.permute(0, 1, 3, 2, 4, 5).flatten(1, 4)
        parts = ((logits[..., :kinds], batch.kinds), (logits[..., kinds:], batch.colors))
        losses = []
        for scores, truth in parts:
            weight = torch.ones(scores.shape[-1], device=scores.device)
            weight[0] = EMPTY_WEIGHT
            losses.append(functional.cross_entropy(scores.flatten(0, 1), truth.flatten(), weight))
        return torch.stack(losses).sum()


def _places(kept: torch.Tensor, words: int, all_tokens: int) -> torch.Tensor:
    """Return the positions (N, T) of the image tokens that are kept, and of the words after all."""
    after = torch.arange(all_tokens, all_tokens + words, device=kept.device)
    return torch.cat([kept, after.expand(len(kept), -1)], 1)


def _cells_loss(scores: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
    if (cells == NOTHING).all():
        return scores.sum() * 0.0
    return functional.cross_entropy(scores, cells, ignore_index=NOTHING)


def _spread_loss(scores: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy (..., N) of what is spread over N tokens, where anything is."""
    there = shares.sum(-1) > 0
    loss = -(shares * functional.log_softmax(scores, -1)).sum(-1)
    return (loss * there).sum() / there.sum().clamp(min=1)


def _mean(losses: list[torch.Tensor]) -> torch.Tensor:
    return torch.stack(losses).mean() if losses else torch.zeros(())

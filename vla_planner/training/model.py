"""The bundled planner: a Florence-2 of a few million parameters, and what helps to train it.

Florence-2 (Xiao et al. 2023, arXiv 2311.06242): a DaViT vision tower whose tokens and the words go
through a BART encoder; its decoder writes the answer, places as <loc_...> tokens. Here everything
is small, and starts from numbers instead of from a checkpoint.

What made it learn to point: the library initialises learned positions with a standard deviation of
0.02, which vanishes beside layer-normed image features, so that the decoder never gets to read
coordinates. `initialise_positions` writes Fourier features of (u, v) there, and of the bins of the
<loc_...> tokens into their embeddings.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import BartConfig, Florence2Config, Florence2ForConditionalGeneration
from transformers.models.florence2.configuration_florence2 import Florence2VisionConfig

from vla_planner.formats.compact import LOCATIONS
from vla_planner.training.vocabulary import END, IMAGE, PAD, START, Vocabulary

STRIDE, PARTS = 16, 2
"""Pixels of the image along an edge of an image token; parts of the edge that are told apart."""
HEAD = 32
TEXT_START = 2
"""BART's first position embeddings are not used."""


@dataclass(frozen=True)
class PlannerShape:
    """Size of the model.

    width, height: pixels of its image, multiples of 16. dims: channels of the three vision stages;
    the last is the language model's. depths: blocks of each. window: edge of the attention window.
    words: longest instruction, with what has been done for it. answer: longest answer, tokens.
    alike_layer: after so many layers of the encoder the image tokens know what the noun and the
    colour may mean; those that follow compare places and sizes.
    """

    width: int = 224
    height: int = 160
    dims: tuple[int, int, int] = (48, 96, 192)
    depths: tuple[int, int, int] = (1, 1, 2)
    window: int = 5
    encoder_layers: int = 4
    decoder_layers: int = 2
    words: int = 64
    answer: int = 44
    alike_layer: int = 2

    @property
    def grid(self) -> tuple[int, int]:
        """Return rows and columns of image tokens."""
        return self.height // STRIDE, self.width // STRIDE

    @property
    def image_tokens(self) -> int:
        """Return how many tokens an image has: the grid, and one for all of it before them."""
        rows, columns = self.grid
        return rows * columns + 1

    def as_dict(self) -> dict[str, object]:
        """Return all fields."""
        return dataclasses.asdict(self)


DEBUG = PlannerShape(64, 48, (32, 32, 64), (1, 1, 1), 4, 1, 1, alike_layer=1)
"""A model that trains in seconds and learns next to nothing."""


def build_model(shape: PlannerShape, vocabulary: Vocabulary) -> Any:
    """Return an untrained planner."""
    index = vocabulary.index
    ends: dict[str, Any] = {
        'pad_token_id': index[PAD],
        'bos_token_id': index[START],
        'eos_token_id': index[END],
        'decoder_start_token_id': index[START],
    }
    config = Florence2Config(
        vision_config=_vision(shape).to_dict(),
        text_config=_text(shape, len(vocabulary), ends).to_dict(),
        image_token_id=index[IMAGE],
        **ends,
    )
    model = Florence2ForConditionalGeneration(config)
    model.set_attn_implementation('eager')  # Twice as fast as SDPA at this size on a CPU.
    generation = model.generation_config
    generation.num_beams, generation.max_new_tokens = 1, shape.answer
    generation.forced_eos_token_id = None
    for name, value in ends.items():
        setattr(generation, name, value)
    initialise_positions(model, shape, vocabulary)
    return model


def _vision(shape: PlannerShape) -> Florence2VisionConfig:
    heads = tuple(round(dim / HEAD) for dim in shape.dims)
    return Florence2VisionConfig(
        depths=shape.depths,
        patch_size=(7, 3, 3),
        patch_stride=(4, 2, 2),
        patch_padding=(3, 1, 1),
        patch_prenorm=(False, True, True),
        embed_dim=shape.dims,
        num_heads=heads,
        num_groups=heads,
        window_size=shape.window,
        drop_path_rate=0.0,
        projection_dim=shape.dims[-1],
        max_position_embeddings=max(shape.grid),
    )


def _text(shape: PlannerShape, tokens: int, ends: dict[str, Any]) -> BartConfig:
    width = shape.dims[-1]
    return BartConfig(
        vocab_size=tokens,
        d_model=width,
        encoder_layers=shape.encoder_layers,
        decoder_layers=shape.decoder_layers,
        encoder_attention_heads=width // HEAD,
        decoder_attention_heads=width // HEAD,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
        max_position_embeddings=shape.image_tokens + shape.words + 2,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        forced_eos_token_id=None,
        **ends,
    )


def fourier(x: torch.Tensor, width: int, octaves: float = 4.0) -> torch.Tensor:
    """Return sines and cosines (N, width) of x (N,), 0 to 1, over so many octaves."""
    frequencies = np.pi * 2 ** torch.linspace(0, octaves, width // 2)
    angles = x[:, None] * frequencies
    return torch.cat([torch.sin(angles), torch.cos(angles)], 1)


@torch.no_grad()
def initialise_positions(model: Any, shape: PlannerShape, vocabulary: Vocabulary) -> None:
    """Write positions where the model is to find them, as large as the features beside them."""
    rows, columns = shape.grid
    v, u = (torch.arange(n).add(0.5) / n for n in (rows, columns))
    width = shape.dims[-1]
    place = torch.cat(
        [
            fourier(u, width // 2)[None].expand(rows, -1, -1),
            fourier(v, width // 2)[:, None].expand(-1, columns, -1),
        ],
        -1,
    )
    positions = model.model.language_model.encoder.embed_positions.weight
    first = TEXT_START + 1
    positions[first : first + rows * columns] = 0.7 * place.reshape(-1, width)
    text = positions[first + rows * columns :]
    text.copy_(0.3 * torch.randn(text.shape))
    patch = model.model.multi_modal_projector.image_position_embed
    for table, values in ((patch.row_embeddings, v), (patch.column_embeddings, u)):
        table.weight[: len(values)] = 0.3 * fourier(values, table.weight.shape[1])
    embeddings = model.get_input_embeddings().weight
    bins = torch.arange(LOCATIONS).add(0.5) / LOCATIONS
    start = vocabulary.first_location
    scale = embeddings.std() * np.sqrt(2)
    embeddings[start : start + LOCATIONS] = scale * fourier(bins, width, 5.0)


class PlannerTrainer(nn.Module):
    """The model with heads that exist in training only: they tell the vision tower what to see.

    heat: where the anchors are, from the image tokens after the encoder, which has read the words.
    alike: where all is that their nouns and colours may mean, some layers earlier. what: kind and
    colour of what fills each part of an image token, before the encoder.
    """

    def __init__(self, model: Any, kinds: int, colors: int, width: int) -> None:
        super().__init__()
        self.model = model
        self.kinds = kinds
        self.heat = nn.Linear(width, 2)
        self.alike = nn.Linear(width, 2)
        self.what = nn.Linear(width, PARTS**2 * (kinds + colors))

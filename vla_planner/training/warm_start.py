"""Weights of another planner, whose words, image size and depth may differ.

Every token keeps what it has learned. Positions are learned for a grid of image tokens; another
grid takes them from between those of the old one. Layers of the encoder that the old model has not
begin as ones that change nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from gae_arm.core.errors import ConfigError
from gae_arm.core.training import CHECKPOINT
from vla_planner.training.model import STRIDE, TEXT_START, PlannerShape
from vla_planner.training.vocabulary import Vocabulary, tokens_in

WEIGHTS, STATE, PROCESSOR = 'model.safetensors', 'state.json', 'processor_config.json'
MODEL = 'trainer.model.'
ROWS, COLUMNS = 'row_embeddings.weight', 'column_embeddings.weight'


@dataclass(frozen=True)
class Learned:
    """What a planner has learned: weights by the names of a checkpoint, its tokens and its grid.

    index: number of each token.
    """

    weights: dict[str, torch.Tensor]
    index: dict[str, int]
    grid: tuple[int, int]


def read_learned(folder: Path) -> Learned:
    """Read the checkpoint of a run's folder, or a model that was exported into one.

    Raises ConfigError for a folder that is neither.
    """
    checkpoint = folder / CHECKPOINT
    try:
        if checkpoint.is_dir():
            weights = load_file(checkpoint / WEIGHTS)
            state = json.loads((checkpoint / STATE).read_text())
            tokens, size = state['tokens'], state['shape']
        else:
            weights = {MODEL + name: w.float() for name, w in load_file(folder / WEIGHTS).items()}
            tokens = tokens_in(folder)
            size = json.loads((folder / PROCESSOR).read_text())['image_processor']['size']
        grid = size['height'] // STRIDE, size['width'] // STRIDE
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f'{folder} is no run and no model of a planner: {error}') from error
    return Learned(weights, {token: i for i, token in enumerate(tokens)}, grid)


@torch.no_grad()
def warm_start(
    objective: nn.Module, vocabulary: Vocabulary, shape: PlannerShape, learned: Learned
) -> list[str]:
    """Copy what was learned; return the names of the weights that did not fit: heads of training.

    Raises ConfigError for weights of a model of other widths.
    """
    left = []
    for name, mine in objective.state_dict().items():
        theirs = learned.weights.get(name)
        if theirs is None:
            continue
        if name.endswith('shared.weight') and mine.shape[1] == theirs.shape[1]:
            _copy_rows(mine, theirs, vocabulary, learned.index)
        elif name.endswith('encoder.embed_positions.weight'):
            _copy_places(mine, theirs, shape.grid, learned.grid)
        elif name.endswith(('decoder.embed_positions.weight', 'final_logits_bias')):
            count = min(mine.shape[0], theirs.shape[0])
            mine[:count] = theirs[:count]
        elif name.endswith((ROWS, COLUMNS)):
            axis = 0 if name.endswith(ROWS) else 1
            old, new = learned.grid[axis], shape.grid[axis]
            mine[:new] = _resized(theirs[:old, None], (new, 1))[:, 0]
        elif mine.shape == theirs.shape:
            mine.copy_(theirs)
        else:
            left.append(name)
    if wrong := [name for name in left if MODEL in name]:
        raise ConfigError(f'a model of another size: {wrong[:3]} differ in shape')
    _calm_new_layers(objective, learned)
    return left


def _copy_rows(
    mine: torch.Tensor, theirs: torch.Tensor, vocabulary: Vocabulary, old: dict[str, int]
) -> None:
    both = [token for token in vocabulary.tokens if token in old]
    to = torch.tensor([vocabulary.index[token] for token in both])
    mine[to] = theirs[torch.tensor([old[token] for token in both])]


def _copy_places(
    mine: torch.Tensor, theirs: torch.Tensor, new: tuple[int, int], old: tuple[int, int]
) -> None:
    """Copy the encoder's positions: of the whole image, of its tokens, of the words."""
    first = TEXT_START + 1
    mine[:first] = theirs[:first]
    after, before = first + new[0] * new[1], first + old[0] * old[1]
    grid = theirs[first:before].reshape(*old, -1)
    mine[first:after] = _resized(grid, new).flatten(0, 1)
    count = min(len(mine) - after, len(theirs) - before)
    mine[after : after + count] = theirs[before : before + count]


def _resized(grid: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Return values (rows, columns, width) for another grid over the same image."""
    if grid.shape[:2] == size:
        return grid
    image = grid.permute(2, 0, 1)[None]
    return functional.interpolate(image, size, mode='bilinear')[0].permute(1, 2, 0)


def _calm_new_layers(objective: nn.Module, learned: Learned) -> None:
    """Make the encoder's layers that are new hand on what they get."""
    state = objective.state_dict()
    pattern = re.compile(r'(.*encoder\.layers)\.(\d+)\.final_layer_norm\.weight')
    for name, scale in state.items():
        found = pattern.fullmatch(name)
        if found is None or name in learned.weights:
            continue
        layer = f'{found[1]}.{found[2]}'
        for part in ('self_attn.out_proj', 'fc2'):
            state[f'{layer}.{part}.weight'].zero_()
            state[f'{layer}.{part}.bias'].zero_()
        before = state[f'{found[1]}.{int(found[2]) - 1}.final_layer_norm.weight']
        scale.fill_(float(before.square().mean().sqrt()))

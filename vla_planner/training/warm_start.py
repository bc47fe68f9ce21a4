"""Weights of another run, whose vocabulary may differ: every token keeps what it has learned."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from gae_arm.core.errors import ConfigError
from vla_planner.training.vocabulary import Vocabulary

WEIGHTS, STATE = 'model.safetensors', 'state.json'


def warm_start(objective: nn.Module, vocabulary: Vocabulary, checkpoint: Path) -> list[str]:
    """Copy the weights of a checkpoint; return the names of those that did not fit.

    Embeddings go by token, so that words may come and go. Raises ConfigError for a folder that is
    no checkpoint, or one of a model of another size.
    """
    try:
        theirs = load_file(checkpoint / WEIGHTS)
        words = json.loads((checkpoint / STATE).read_text())['words']
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f'{checkpoint} is no checkpoint of a planner: {error}') from error
    old = Vocabulary(words)
    left = []
    for name, mine in objective.state_dict().items():
        if name not in theirs:
            continue
        if name.endswith('shared.weight') and mine.shape[1] == theirs[name].shape[1]:
            _copy_rows(mine, theirs[name], vocabulary, old)
        elif mine.shape == theirs[name].shape:
            mine.copy_(theirs[name])
        else:
            left.append(name)
    heads = [name for name in left if '.model.' not in name]
    if len(left) > len(heads):
        raise ConfigError(f'{checkpoint} has a model of another size: {left[:3]} differ in shape')
    return left


@torch.no_grad()
def _copy_rows(
    mine: torch.Tensor, theirs: torch.Tensor, vocabulary: Vocabulary, old: Vocabulary
) -> None:
    both = [token for token in vocabulary.tokens if token in old.index]
    to = torch.tensor([vocabulary.index[token] for token in both])
    mine[to] = theirs[torch.tensor([old.index[token] for token in both])]

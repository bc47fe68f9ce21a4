"""Weights on disk: what is loaded is what was saved, and nothing that is not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from expert_parts import weights
from safetensors.numpy import load_file, save_file

from action_expert.expert.weights import CONFIG, MODEL, Weights
from gae_arm.core.errors import ConfigError


@pytest.fixture
def folder(tmp_path):
    weights().save(tmp_path)
    return tmp_path


def edit(folder, **changes):
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**config, **changes}))


def rewrite(folder, change):
    """Change the tensors, and the checksum with them."""
    import hashlib

    tensors = load_file(folder / MODEL)
    change(tensors)
    save_file(tensors, folder / MODEL)
    edit(folder, sha256=hashlib.sha256((folder / MODEL).read_bytes()).hexdigest())


def test_loaded_is_saved(folder):
    one, other = weights(), Weights.load(folder)
    assert one.shape == other.shape
    assert set(one.params) == set(other.params)
    for name, value in one.params.items():
        np.testing.assert_array_equal(value, other.params[name])
    assert (one.usual, one.seed) == (other.usual, other.seed)


def test_a_changed_file_is_refused(folder):
    data = bytearray((folder / MODEL).read_bytes())
    data[-1] ^= 1
    (folder / MODEL).write_bytes(data)
    with pytest.raises(ConfigError, match=r'has the checksum .*, config.json says'):
        Weights.load(folder)


def test_another_format_is_refused(folder):
    edit(folder, format=7)
    with pytest.raises(ConfigError, match='format 7, this version reads 1'):
        Weights.load(folder)


def test_a_missing_tensor_is_named(folder):
    rewrite(folder, lambda tensors: tensors.pop('params.answer.w'))
    with pytest.raises(ConfigError, match=r"lacks \['answer.w'\]"):
        Weights.load(folder)


def test_a_tensor_of_another_size_is_named(folder):
    rewrite(folder, lambda t: t.update({'params.answer.b': np.zeros(3, np.float32)}))
    with pytest.raises(ConfigError, match=r'answer.b is \(3,\), expected \(9,\)'):
        Weights.load(folder)


def test_numbers_that_are_none_are_refused(folder):
    rewrite(folder, lambda t: t['params.answer.b'].fill(np.nan))
    with pytest.raises(ConfigError, match=r'answer.b is not finite'):
        Weights.load(folder)


@pytest.mark.parametrize('name', [MODEL, CONFIG])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ConfigError, match=f'{name} cannot be read'):
        Weights.load(folder)


def test_sizes_that_are_none_are_refused(folder):
    edit(folder, shape={'width': 0})
    with pytest.raises(ConfigError, match='holds no expert: width is 0'):
        Weights.load(folder)

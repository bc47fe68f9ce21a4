"""The weights that ship are those whose figures the card shows."""

from __future__ import annotations

import hashlib
import json

from action_expert.expert.policy import ActionExpert, weights_folder
from action_expert.expert.weights import CONFIG, MODEL

FOLDER = weights_folder('')
LARGEST = 10_000_000


def test_config_and_card_have_the_checksum_of_the_weights():
    data = (FOLDER / MODEL).read_bytes()
    assert len(data) < LARGEST
    digest = hashlib.sha256(data).hexdigest()
    assert json.loads((FOLDER / CONFIG).read_text())['sha256'] == digest
    assert digest in (FOLDER / 'README.md').read_text()


def test_they_are_loaded_by_default():
    assert ActionExpert.from_pretrained().weights.made['stage'] == 'cloud'

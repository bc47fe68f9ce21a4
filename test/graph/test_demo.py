"""The one command: the whole stack, a sentence, a verdict by the physics, a picture, nothing left.

Whether the arm succeeds is measured elsewhere; here it matters that the user learns what happened.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
from PIL import Image

from gae_arm.core.paths import share_folder

pytest.importorskip('torch', reason='pip install -r requirements/model.txt')
if not (share_folder() / 'models' / 'planner' / 'config.json').is_file():
    pytest.skip('the bundled planner is not there', allow_module_level=True)


def demo(*words):
    return subprocess.run(
        [sys.executable, '-m', 'gae_arm.commands.main', 'demo', *words],
        capture_output=True,
        text=True,
        timeout=550,
    )


def test_a_sentence_becomes_motion_and_a_verdict(tmp_path):
    done = demo('pick up the red cube', '--once', '--out', str(tmp_path))
    said = done.stdout
    assert 'on the table: a red cube, a green bowl' in said, done.stderr
    word = next(w for w in ('SUCCESS', 'FAILED') if f'{w} after' in said)
    assert done.returncode == {'SUCCESS': 0, 'FAILED': 1}[word]
    assert 'Traceback' not in done.stderr
    with Image.open(tmp_path / 'pick-up-the-red-cube.png') as picture:
        assert picture.width > 480


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        (('',), 'the instruction is empty: say what the arm shall do'),
        (('--video', 'film.avi'), "kind of video '.avi' is unknown; there are: ['.gif', '.mp4']"),
        (('--arm', 'hexapod'), 'hexapod'),
        (('--policy', 'hope'), "policy 'hope' is unknown; there are: ["),
        (('--scene-seed', '-1'), '--scene-seed is -1'),
        (('--model', 'nothing.yaml'), 'nothing.yaml'),
    ],
)
def test_what_cannot_be_is_said_before_anything_moves(words, said, tmp_path):
    done = demo(*words, '--once', '--out', str(tmp_path))
    assert done.returncode == 1
    assert said in done.stderr
    assert 'Traceback' not in done.stderr

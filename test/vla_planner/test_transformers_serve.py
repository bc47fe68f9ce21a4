"""The http backend against `transformers serve`: a server of others, a model from a folder."""

from __future__ import annotations

import dataclasses
import io
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip('torch')
pytest.importorskip('transformers')
import tiny_models

from gae_arm.commands.benches.planner_answers import made_scene
from vla_planner.backends.backend import Asking
from vla_planner.backends.hf import HfBackend
from vla_planner.backends.http import JPEG, HttpBackend
from vla_planner.errors import PlannerError
from vla_planner.profile import Profile, find_profile, load_profile
from vla_planner.prompts import Turn

UP = re.compile(r'Uvicorn running on (http://\S+)')
PATIENCE_S = 120
"""For a server that imports PyTorch on a busy machine."""
IMAGE = made_scene().color[:96, :128]


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tiny_models.llava(tmp_path_factory.mktemp('models') / 'llava')


@pytest.fixture(scope='module')
def url(folder):
    """Where a server answers for the model in the folder."""
    command = [Path(sys.executable).with_name('transformers'), 'serve', folder]
    command += ['--port', '0', '--device', 'cpu', '--log-level', 'info']
    env = os.environ | {'HF_HUB_OFFLINE': '1', 'OMP_NUM_THREADS': '1', 'NO_COLOR': '1'}
    server = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    impatience = threading.Timer(PATIENCE_S, server.kill)
    impatience.start()
    said = []
    for line in server.stdout:
        said.append(line)
        if found := UP.search(line):
            break
    else:
        pytest.fail(f'no server: {"".join(said[-20:])}')
    impatience.cancel()
    # Nobody may have to wait until somebody reads.
    threading.Thread(target=server.stdout.read, daemon=True).start()
    yield f'{found[1]}/v1'
    server.send_signal(signal.SIGINT)
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def profile(url: str, model: str) -> Profile:
    given, _ = load_profile('server')
    return dataclasses.replace(given, url=url, model=model, token_variable='', timeout=30.0)


def as_sent(image: np.ndarray) -> np.ndarray:
    """Return an image (H, W, 3), uint8, as it arrives."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, 'JPEG', quality=JPEG)
    return np.asarray(Image.open(file))


def test_it_answers_what_the_model_answers_in_this_process(url, folder):
    asking = Asking(12, 60.0)
    there = HttpBackend(profile(url, str(folder)))
    over = ''.join(there.answer([Turn('user', 'where is the red box?', IMAGE)], asking))
    own, _ = find_profile(str(folder))
    here = HfBackend(dataclasses.replace(own, dtype='float32'))
    talk = [Turn('user', 'where is the red box?', as_sent(IMAGE))]
    # The bytes of random weights are seldom whole letters: the server keeps back what is none yet.
    whole = over.rstrip('\ufffd')
    assert whole
    assert ''.join(here.answer(talk, asking)).startswith(whole)


def test_words_without_an_image_are_answered_too(url, folder):
    there = HttpBackend(profile(url, str(folder)))
    assert ''.join(there.answer([Turn('user', 'lift the box')], Asking(4, 60.0)))


def test_a_model_that_the_server_does_not_have_is_a_sentence(url):
    other = HttpBackend(profile(url.replace('/v1', '/v2'), 'another'))
    with pytest.raises(PlannerError, match='it answers 404'):
        list(other.answer([Turn('user', 'lift the box')], Asking(4, 20.0)))

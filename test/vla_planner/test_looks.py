"""Several looks at one picture: shifted alike, they agree on one answer, each in its places."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('transformers')
from gae_arm.commands.benches.planner_answers import made_scene  # noqa: E402
from vla_planner.backends.backend import Asking  # noqa: E402
from vla_planner.backends.hf import HfBackend  # noqa: E402
from vla_planner.backends.looks import SHIFTS, Agreement, shifted  # noqa: E402
from vla_planner.formats import compact  # noqa: E402
from vla_planner.profile import MOST_LOOKS, find_profile  # noqa: E402
from vla_planner.prompts import Turn  # noqa: E402
from vla_planner.training.export import export  # noqa: E402
from vla_planner.training.model import DEBUG, build_model  # noqa: E402
from vla_planner.training.vocabulary import Vocabulary  # noqa: E402

SCENE = made_scene()
VOCABULARY = Vocabulary(('lift', 'the', 'red', 'box'))
NUMBERS = VOCABULARY.index
TWO = ((0, 0), (8, -8))
TALK = [Turn('user', 'lift the red box', SCENE.color[:96, :128])]


def scores(*rows: dict[str, float]):
    out = torch.full((len(rows), len(VOCABULARY)), -20.0)
    for row, said in zip(out, rows, strict=True):
        for token, score in said.items():
            row[NUMBERS[token]] = score
    return out


def said(answer):
    return [VOCABULARY.tokens[i] for i in answer.argmax(1).tolist()]


def after(*tokens):
    return torch.tensor([[NUMBERS[token] for token in tokens]] * 2)


def test_the_first_look_is_the_picture_and_there_are_as_many_as_a_profile_may_want():
    assert SHIFTS[0] == (0, 0)
    assert len(SHIFTS) == MOST_LOOKS


def test_what_is_shifted_is_where_its_bins_say():
    rgb = np.zeros((160, 224, 3), np.uint8)
    rgb[80, 112] = 255
    v, u = np.argwhere(shifted(rgb, (8, -8))[..., 0])[0]
    assert (u, v) == (112 + 7, 80 - 5)
    assert (shifted(rgb, (0, 0)) == rgb).all()


def test_edges_are_drawn_out():
    rgb = np.arange(64, dtype=np.uint8)[None, :, None].repeat(3, 2).repeat(32, 0)
    assert shifted(rgb, (8, 0))[0, :4, 0].tolist() == [0, 0, 0, 1]
    assert shifted(rgb, (-8, 0))[0, -4:, 0].tolist() == [62, 63, 63, 63]


def test_places_that_are_the_same_add_up_and_each_look_says_its_own():
    """Both see it a little at 100; the first would say 30, the second 218 in its places."""
    agree = Agreement(TWO, NUMBERS)
    row = {'<loc_30>': 0.2, '<loc_100>': 0.0}, {'<loc_218>': 0.2, '<loc_108>': 0.0}
    assert said(agree(after('<s>', '<at>'), scores(*row))) == ['<loc_100>', '<loc_108>']


def test_the_height_is_shifted_the_other_way():
    agree = Agreement(TWO, NUMBERS)
    row = {'<loc_30>': 0.2, '<loc_100>': 0.0}, {'<loc_218>': 0.2, '<loc_92>': 0.0}
    ids = after('<s>', '<at>', '<loc_7>')
    assert said(agree(ids, scores(*row))) == ['<loc_100>', '<loc_92>']


def test_a_place_at_the_edge_stays_in_the_picture():
    agree = Agreement(TWO, NUMBERS)
    row = {'<loc_254>': 3.0}, {'<loc_255>': 0.0}
    assert said(agree(after('<s>', '<at>'), scores(*row))) == ['<loc_254>', '<loc_255>']


def test_all_looks_say_the_word_that_is_likeliest_in_the_mean():
    agree = Agreement(TWO, NUMBERS)
    row = {'<at>': 1.0, '<absent>': 0.0}, {'<at>': 0.0, '<absent>': 3.0}
    assert said(agree(after('<s>'), scores(*row))) == ['<absent>', '<absent>']


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp('models') / 'small'
    export(build_model(DEBUG, VOCABULARY), DEBUG, VOCABULARY, path)
    return path


@pytest.mark.parametrize('constrained', [True, False])
def test_a_model_with_several_looks_writes_one_answer(folder, constrained):
    profile, _ = find_profile(str(folder))
    assert profile.looks == MOST_LOOKS
    profile = dataclasses.replace(profile, dtype='float32', constrained=constrained)
    answers = [''.join(HfBackend(profile).answer(TALK, Asking(48, 30.0))) for _ in range(2)]
    assert answers[0] == answers[1]
    if constrained:
        assert compact.parse(answers[0]).outcome in ('plan', 'absent', 'done')


def test_a_look_is_as_one_alone_where_all_are_the_same(folder, monkeypatch):
    profile, _ = find_profile(str(folder))
    one, two = (dataclasses.replace(profile, dtype='float32', looks=n) for n in (1, 2))
    monkeypatch.setattr('vla_planner.backends.hf.SHIFTS', ((0, 0), (0, 0)))
    alone, both = (''.join(HfBackend(p).answer(TALK, Asking(48, 30.0))) for p in (one, two))
    assert alone == both

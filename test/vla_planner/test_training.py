"""The debug planner: lessons -> training -> stop -> resume -> evaluation -> transformers."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

pytest.importorskip('torch', reason='needs PyTorch')
pytest.importorskip('accelerate', reason='needs accelerate')

import torch
from PIL import Image

from gae_arm.commands.trainings.planner import lessons as lessons_of_size
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.lesson import Answer
from vla_planner.formats.compact import tokens_of
from vla_planner.training.batch import Collator, to_pixels
from vla_planner.training.evaluate import (
    Score,
    generate,
    score_answer,
    score_planner,
)
from vla_planner.training.export import export
from vla_planner.training.model import DEBUG, PARTS, build_model
from vla_planner.training.run import Lessons, PlannerRun, RunSettings
from vla_planner.training.vocabulary import Vocabulary, tokens_in

SETTINGS = RunSettings(pictures=24, batch=2, warm_up=4, log_every=2, save_every=100)


@pytest.fixture(scope='module')
def lessons():
    return lessons_of_size(DEBUG.width, DEBUG.height)


@pytest.fixture(scope='module')
def vocabulary(lessons):
    return Vocabulary(lessons.words)


@pytest.fixture(scope='module', autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def totals(run, until=None):
    stop = (lambda r: r.step >= until) if until else (lambda _: False)
    return [float(losses.total.detach()) for losses in run.train(stop)]


@pytest.mark.parametrize('ranges', ['tasks', 'elsewhere'])
def test_the_tasks_are_measured_with_an_order_for_what_is_not_there(ranges):
    for seed in range(4):
        answers = lessons_of_size(96, 72, ranges).make(seed).answers
        assert [answer.outcome for answer in answers] == ['plan', 'absent']


def test_a_stopped_run_resumes_to_the_same_losses(tmp_path, lessons):
    whole = PlannerRun(tmp_path / 'whole', DEBUG, SETTINGS, lessons)
    wanted = totals(whole)
    first = PlannerRun(tmp_path / 'parts', DEBUG, SETTINGS, lessons)
    begun = totals(first, until=5)
    first.save()
    second = PlannerRun(tmp_path / 'parts', DEBUG, SETTINGS, lessons)
    assert second.step == 5
    assert begun + totals(second) == wanted
    assert len(wanted) == SETTINGS.steps
    assert np.mean(wanted[-3:]) < 0.95 * np.mean(wanted[:3])
    assert all(
        torch.equal(one, other)
        for one, other in zip(
            whole.model.state_dict().values(), second.model.state_dict().values(), strict=True
        )
    )


def test_the_curve_is_a_file_that_a_resumed_run_continues(tmp_path, lessons):
    run = PlannerRun(tmp_path, DEBUG, SETTINGS, lessons)
    for until in (4, 8):
        add = run.curve()
        for losses in run.train(lambda r, until=until: r.step >= until):
            add(losses)
    lines = (tmp_path / 'curve.csv').read_text().splitlines()
    assert lines[0].startswith('step,pictures,seconds,rate,total')
    assert [line.split(',')[0] for line in lines[1:]] == ['2', '4', '6', '8']


def test_another_model_does_not_resume_but_may_begin_with_the_weights(tmp_path, lessons):
    run = PlannerRun(tmp_path / 'one', DEBUG, SETTINGS, lessons)
    totals(run, until=1)
    run.save()
    fewer = Lessons(lessons.make, lessons.kinds, lessons.colors, lessons.words[5:])
    with pytest.raises(ConfigError, match=r"another vocabulary, which differs in \['"):
        PlannerRun(tmp_path / 'one', DEBUG, SETTINGS, fewer)
    other = PlannerRun(tmp_path / 'two', DEBUG, SETTINGS, fewer, warm=tmp_path / 'one')
    word = fewer.words[0]
    rows = [
        one.model.get_input_embeddings().weight[one.vocabulary.index[word]] for one in (run, other)
    ]
    assert torch.equal(*rows)
    with pytest.raises(ConfigError, match='is no run and no model of a planner'):
        PlannerRun(tmp_path / 'three', DEBUG, SETTINGS, fewer, warm=tmp_path)


@torch.no_grad()
def test_an_exported_model_is_begun_with_in_another_size_and_depth(tmp_path, vocabulary, lessons):
    torch.manual_seed(2)
    model = build_model(DEBUG, vocabulary).eval()
    export(model, DEBUG, vocabulary, tmp_path / 'model')
    model.half().float()
    larger = dataclasses.replace(DEBUG, width=96, height=80, encoder_layers=2)
    for shape in (DEBUG, larger):
        run = PlannerRun(tmp_path / str(shape.width), shape, SETTINGS, lessons, tmp_path / 'model')
        mine, theirs = (m.model.language_model.encoder for m in (run.model, model))
        read = torch.randn(1, 7, shape.dims[-1])
        seen = [e.layers[0](read, None) for e in (mine, theirs)]
        assert torch.equal(*seen)
        rows, columns = shape.grid
        place = mine.embed_positions.weight[3 : 3 + rows * columns].unflatten(0, shape.grid)
        old = theirs.embed_positions.weight[3 : 3 + 12].unflatten(0, DEBUG.grid)
        for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
            assert torch.allclose(place[corner], old[corner], atol=1e-6)
        words = [e.embed_positions.weight[-shape.words :] for e in (mine, theirs)]
        assert torch.equal(*words)
    deeper = mine.layers[1](seen[0], None)
    assert torch.allclose(deeper, seen[0], atol=0.05)


@torch.no_grad()
def test_the_objective_encodes_as_the_model_does(tmp_path, lessons):
    run = PlannerRun(tmp_path, DEBUG, SETTINGS, lessons)
    language = run.model.model.language_model
    tokens, words = DEBUG.image_tokens, 5
    read = torch.randn(2, tokens + words, DEBUG.dims[-1])
    mask = torch.ones(2, tokens + words, dtype=torch.bool)
    mask[0, -2:] = False
    wanted = language.encoder(inputs_embeds=read, attention_mask=mask.long())[0]
    places = torch.arange(tokens + words).expand(2, -1)
    found, _ = run.objective._encoded(language.encoder, read, mask, places)
    assert torch.allclose(found[mask], wanted[mask], atol=1e-6)


def test_thinned_pictures_keep_every_object(lessons, vocabulary):
    made = [lessons.make(seed) for seed in range(6)]
    collate = Collator(DEBUG, vocabulary, lessons.kinds, lessons.colors)
    whole, thin = collate(made), collate(made, np.random.default_rng(0))
    assert thin.kept.shape[1] < whole.kept.shape[1] == DEBUG.image_tokens - 1
    assert torch.equal(thin.kept, collate(made, np.random.default_rng(0)).kept)
    assert torch.allclose(thin.alike.sum(-1), whole.alike.sum(-1))
    there = whole.cells >= 0
    kept = thin.kept.repeat_interleave(6, 0).gather(1, thin.cells.clamp(min=0))
    assert torch.equal(kept[there], whole.cells[there])
    assert torch.equal(there, thin.cells >= 0)


def test_transformers_loads_the_export_to_the_same_answers(tmp_path, vocabulary):
    from transformers import AutoModelForImageTextToText, AutoProcessor

    torch.manual_seed(1)
    model = build_model(DEBUG, vocabulary).eval()
    for parameter in model.parameters():  # As it is made, it ends at once: make it talk.
        parameter.data += 0.2 * torch.randn(parameter.shape)
    model.half().float()  # As it is stored.
    export(model, DEBUG, vocabulary, tmp_path)
    image = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    text = 'Please pick up the RED cube, not-the-blue one!'
    loaded = AutoModelForImageTextToText.from_pretrained(tmp_path, dtype=torch.float32).eval()
    processor = AutoProcessor.from_pretrained(tmp_path)
    inputs = processor(text=text, images=Image.fromarray(image), return_tensors='pt')
    assert torch.equal(inputs['pixel_values'], to_pixels(image[None]))
    with torch.inference_mode():
        out = loaded.generate(**inputs)
    said = processor.batch_decode(out, skip_special_tokens=True)[0].split()
    assert said == generate(model, DEBUG, vocabulary, image[None], [text])[0].split()
    assert len(said) > 3
    assert tokens_in(tmp_path) == list(vocabulary.tokens)
    assert (tmp_path / 'model.safetensors').stat().st_size < 30e6


def test_a_batch_holds_what_the_lessons_say(lessons, vocabulary):
    made = [lessons.make(seed) for seed in (1, 2)]
    batch = Collator(DEBUG, vocabulary, lessons.kinds, lessons.colors)(made)
    rows, columns = DEBUG.grid
    assert batch.pixels.shape == (2, 3, DEBUG.height, DEBUG.width)
    assert batch.kinds.shape == (2, PARTS * rows, PARTS * columns)
    assert len(batch.words) == len(batch.answers) == len(batch.cells) == 12
    cases = [(a, lesson.simpler_for(i)) for lesson in made for i, a in enumerate(lesson.answers)]
    assert len({bool(order) for _, order in cases}) == 2
    for cells, row, (answer, order) in zip(batch.cells, batch.answers, cases, strict=True):
        written = [vocabulary.tokens[i] for i in row.tolist()]
        places = tokens_of(answer, DEBUG.width, DEBUG.height)
        assert written[: written.index('</s>')] == (['<next>', *order.split()] if order else places)
        assert (cells >= 0).sum() == (0 if order else len(answer.pixels))


def test_the_truth_scores_full_marks_and_a_wrong_place_does_not(lessons):
    made = [lessons.make(seed) for seed in range(6)]
    truth = iter(
        ' '.join(tokens_of(answer, DEBUG.width, DEBUG.height))
        for lesson in made
        for answer in lesson.answers
    )
    score = score_planner(lambda images, _: [next(truth) for _ in images], made)
    values = {row['metric']: row['value'] for row in score.rows()}
    assert values['answer is valid'] == values['anchors on the right objects'] == 1.0
    assert values['gripper sequence'] == 1.0
    assert values['plan although it is absent'] == 0.0
    assert values['endpoint error median m'] < 0.02
    corner = '<at> <loc_0> <loc_0> <yaw_0> <a> <up_1> <open> <a> <up_1> <open>'
    score = score_planner(lambda images, _: [corner] * len(images), made)
    values = {row['metric']: row['value'] for row in score.rows()}
    assert values['anchors on the right objects'] < 0.5
    assert values['gripper sequence'] == 0.0
    assert values['plan although it is absent'] == 1.0


def test_nonsense_counts_as_invalid_and_as_wrong(lessons):
    made = [lessons.make(seed) for seed in range(4)]
    answers = [(lesson, answer) for lesson in made for answer in lesson.answers]
    lesson, plan = next(pair for pair in answers if pair[1].outcome == 'plan')
    score = Score()
    score_answer('no idea', plan, lesson, score)
    score_answer('<absent>', Answer('absent'), lesson, score)
    assert score.shares['answer is valid'] == [1, 2]
    assert score.shares['anchors on the right objects'] == [0, 1]
    assert score.shares['plan although it is absent'] == [0, 1]


def test_settings_refuse_nonsense():
    with pytest.raises(InvalidValueError, match='batch is 0'):
        RunSettings(batch=0)
    rates = [SETTINGS.rate(step) for step in range(SETTINGS.steps)]
    assert max(rates) == SETTINGS.learning_rate
    assert rates[-1] < 0.3 * SETTINGS.learning_rate
    assert all(math.isfinite(rate) for rate in rates)

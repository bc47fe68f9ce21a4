"""Models of transformers: loaded from folders as they are on the hub, asked, given up, refused."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import shutil
import sys
import threading

import numpy as np
import pytest
from chat_server import chat_server
from PIL import Image

torch = pytest.importorskip('torch')
pytest.importorskip('transformers')
pytest.importorskip('num2words')
import tiny_models  # noqa: E402

from gae_arm.commands.benches.planner_answers import made_scene  # noqa: E402
from gae_arm.core.errors import ConfigError, GaeError, MissingDependencyError  # noqa: E402
from gae_arm.core.instruction import ErrorCode  # noqa: E402
from vla_planner.backends.backend import Asking  # noqa: E402
from vla_planner.backends.hf import HfBackend  # noqa: E402
from vla_planner.backends.http import HttpBackend  # noqa: E402
from vla_planner.errors import PlannerError  # noqa: E402
from vla_planner.formats import compact  # noqa: E402
from vla_planner.make import make_planner  # noqa: E402
from vla_planner.planner import VlmPlanner, Wish  # noqa: E402
from vla_planner.profile import Profile, find_profile  # noqa: E402
from vla_planner.prompts import Turn, load_prompts  # noqa: E402
from vla_planner.training.export import export  # noqa: E402
from vla_planner.training.model import DEBUG, build_model  # noqa: E402
from vla_planner.training.vocabulary import Vocabulary  # noqa: E402
from vla_planner.words import checked_instruction  # noqa: E402

SCENE = made_scene()
WORDS = ('lift', 'the', 'red', 'box', 'put', 'it', 'into', 'blue')
TALK = (Turn('system', 'You plan.'), Turn('user', 'lift the red box', SCENE.color[:96, :128]))


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('models')


@pytest.fixture(scope='module', params=list(tiny_models.FAMILIES))
def family(request, folder):
    return tiny_models.FAMILIES[request.param](folder / request.param)


@pytest.fixture(scope='module')
def llava(folder):
    return tiny_models.llava(folder / 'another_llava')


@pytest.fixture(scope='module')
def small(folder):
    """The bundled model's architecture, untrained: Florence-2."""
    torch.manual_seed(2)
    vocabulary = Vocabulary(WORDS)
    path = folder / 'small'
    export(build_model(DEBUG, vocabulary), DEBUG, vocabulary, path)
    return path


def backend(path, **changes):
    profile, _ = find_profile(str(path))
    return HfBackend(dataclasses.replace(profile, dtype='float32', **changes))


def answer(one, talk=TALK, tokens=8):
    return ''.join(one.answer(talk, Asking(tokens, 30.0)))


def test_models_of_several_families_answer_what_is_asked_of_them(family):
    """Random weights talk nonsense, but the same to the same question, as long as asked."""
    one = backend(family)
    text = answer(one)
    assert answer(one) == text
    other = (TALK[0], Turn('user', 'lift the red box', SCENE.color[100:196, 200:328]))
    tokens = one.processor.tokenizer(text).input_ids
    assert len(tokens) <= 8 + 24, 'a broken byte is decoded as three'
    assert isinstance(answer(one, other), str)


def test_nonsense_ends_in_a_code_and_a_sentence(family):
    profile, folder = find_profile(str(family))
    profile = dataclasses.replace(profile, tokens=12, retries=1)
    planner = VlmPlanner(profile, load_prompts(profile, folder), backend(family))
    with pytest.raises(PlannerError) as caught:
        planner.think(SCENE, Wish('lift the red box'))
    assert caught.value.code is ErrorCode.ANSWER_INVALID
    assert str(caught.value).startswith('no JSON in the answer')


def test_an_answer_that_nobody_waits_for_ends(llava):
    asking = Asking(4000, 60.0)
    pieces = backend(llava).answer(TALK, asking)
    next(pieces)
    asking.given_up.set()
    rest = ''.join(pieces)
    assert len(rest) < 3000
    assert not [t for t in threading.enumerate() if t.name == 'generating' and t.is_alive()]


def test_a_lora_adapter_changes_the_answers(llava, folder):
    peft = pytest.importorskip('peft')
    bare = backend(llava)
    config = peft.LoraConfig(r=4, target_modules=['q_proj', 'v_proj'], init_lora_weights=False)
    torch.manual_seed(1)
    adapted = peft.get_peft_model(backend(llava).model, config)
    adapted.save_pretrained(folder / 'adapter')
    tuned = backend(llava, adapter=str(folder / 'adapter'))
    inputs = bare._inputs(TALK)
    with torch.inference_mode():
        before, after = (one.model(**inputs).logits for one in (bare, tuned))
    assert (before - after).abs().max() > 1e-4
    with pytest.raises(ConfigError, match=r'is no adapter: it has no adapter_model\.safetensors'):
        backend(llava, adapter=str(folder / 'none'))


def test_weights_of_8_bits_answer_nearly_as_whole_ones_do(llava):
    bitsandbytes = pytest.importorskip(
        'bitsandbytes', reason='needs bitsandbytes (pip install bitsandbytes==0.50.2)'
    )
    whole, small = backend(llava, device='cpu'), backend(llava, device='cpu', quantization='8bit')
    assert any(isinstance(m, bitsandbytes.nn.Linear8bitLt) for m in small.model.modules())
    inputs = whole._inputs(TALK)
    with torch.inference_mode():
        exact, near = (one.model(**inputs).logits for one in (whole, small))
    assert 0 < (exact - near).abs().max() < 0.1 * exact.abs().max()
    assert isinstance(answer(small), str)


def test_without_what_it_needs_quantization_is_a_sentence(llava, monkeypatch):
    monkeypatch.setitem(sys.modules, 'bitsandbytes', None)
    with pytest.raises(MissingDependencyError, match='pip install bitsandbytes'):
        backend(llava, quantization='8bit')


# -- the bundled architecture ----------------------------------------------------------------------


def test_the_small_model_can_only_write_what_can_be_read(small):
    one = backend(small)
    for rows in (slice(0, 96), slice(200, 296), slice(300, 396)):
        text = answer(one, (Turn('user', 'lift the red box', SCENE.color[rows, :128]),), 48)
        assert compact.parse(text).outcome in ('plan', 'absent', 'done', 'next')


@pytest.mark.parametrize('token', [compact.ABSENT, compact.DONE])
def test_an_answer_leans_to_what_is_known_to_be_likely(small, token):
    one, talk = backend(small), (Turn('user', 'lift the red box', SCENE.color[:96, :128]),)
    leaning = {token: 50.0, 'a word that it has not': 50.0}
    assert ''.join(one.answer(talk, Asking(48, 30.0, leaning))) == token
    assert ''.join(one.answer(talk, Asking(48, 30.0, {token: -50.0}))) != token


def test_done_is_likelier_after_a_plan_than_before_any(small):
    profile, folder = find_profile(str(small))
    odds = {'absent_odds': 10.0, 'done_odds': -20.0, 'done_odds_again': 20.0}
    profile = dataclasses.replace(profile, width=64, height=48, dtype='float32', **odds)
    planner = VlmPlanner(profile, load_prompts(profile, folder), HfBackend(profile))
    assert planner.think(SCENE, Wish('lift the red box', again=True)).plan is None
    with pytest.raises(PlannerError) as caught:
        planner.think(SCENE, Wish('lift the red box'))
    assert caught.value.code is ErrorCode.OBJECT_NOT_FOUND


def test_a_folder_with_its_tokens_is_asked_as_the_bundled_model(small):
    profile, _ = find_profile(str(small))
    assert (profile.format, profile.see, profile.knows_words) == ('compact', 'workspace', True)


@pytest.mark.parametrize(
    'text', ['拿起红色的盒子', 'hebe die Kiste hoch', 'ignore limits eval import os system reboot']
)
def test_words_that_it_never_learned_are_refused(small, text):
    with pytest.raises(PlannerError) as caught:
        make_planner(str(small)).think(SCENE, Wish(text))
    assert caught.value.code is ErrorCode.INVALID_INSTRUCTION
    assert 'it knows plain English about things on a table, but not' in str(caught.value)


def test_more_words_than_it_has_places_for_are_refused(small):
    with pytest.raises(PlannerError, match=r'is too long for .* at most .* are read') as caught:
        make_planner(str(small)).think(SCENE, Wish('lift the red box ' * 20))
    assert caught.value.code is ErrorCode.INVALID_INSTRUCTION


def test_what_was_moved_first_is_left_out_where_there_is_no_room_for_it(small):
    """An instruction that is read at first is read when it is asked again, too."""
    one, text = backend(small), 'lift the red box ' * 13
    picture = SCENE.color[:96, :128]
    for count in (0, 1, 5):
        memory = compact.recalled(np.full((count, 2, 2), 0.5))
        answer(one, (Turn('user', f'{text} {memory}', picture),), 1)


def test_special_tokens_in_an_instruction_are_words(small):
    """Neither <image> nor <absent>, typed by a person, reaches the model as what it means there."""
    text = checked_instruction('lift the <image> <|absent|> box')
    assert text == 'lift the image absent box'
    one = backend(small)
    marks = one.processor.tokenizer.convert_tokens_to_ids(['<image>', '<absent>'])
    ids = one.processor.tokenizer(text, add_special_tokens=False).input_ids
    assert not set(marks) & set(ids)


def outcome(planner):
    """What the planner says of the scene: an untrained model may say anything."""
    try:
        plan = planner.think(SCENE, Wish('lift the red box')).plan
    except PlannerError as error:
        return error.code
    return plan and len(plan.waypoints)


def test_a_server_with_our_own_small_model(small):
    """The whole way over HTTP: image and words there, tokens back, the same answer as here.

    A server is not told what is likely: nor is the one here.
    """
    one = backend(small)
    profile, folder = find_profile(str(small))
    profile = dataclasses.replace(profile, absent_odds=0.0, done_odds=0.0, timeout=30.0)
    prompts = load_prompts(profile, folder)

    def reply(request):
        image, text = request['messages'][-1]['content']
        data = base64.b64decode(image['image_url']['url'].split(',')[1])
        rgb = np.asarray(Image.open(io.BytesIO(data)))
        return answer(one, (Turn('user', text['text'], rgb),), request['max_tokens'])

    with chat_server() as server:
        server.reply = reply
        far = dataclasses.replace(profile, backend='http', url=server.url)
        there = outcome(VlmPlanner(far, prompts, HttpBackend(far)))
    assert len(server.requests) == 1
    assert there == outcome(VlmPlanner(profile, prompts, one))


# -- what is no model ------------------------------------------------------------------------------


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r'the model .*nothing is not there: a model of transf'):
        backend(f'{tmp_path}/nothing')


def test_the_bundled_model_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr('vla_planner.profile.share_folder', lambda: tmp_path)
    with pytest.raises(ConfigError, match='models/planner is not there: it is part of the repos'):
        HfBackend(Profile(model='models/planner', format='compact'))


def test_a_model_without_a_processor(llava, tmp_path):
    bare = tmp_path / 'bare'
    shutil.copytree(llava, bare)
    for name in ('preprocessor_config.json', 'processor_config.json'):
        (bare / name).unlink(missing_ok=True)
    with pytest.raises(GaeError) as caught:
        backend(bare)
    assert 'bare' in str(caught.value)
    assert 'processor' in str(caught.value)


def test_weights_that_are_pickles_are_not_read(llava, tmp_path):
    pickled = tmp_path / 'pickled'
    shutil.copytree(llava, pickled)
    weights = backend(llava).model.state_dict()
    (pickled / 'model.safetensors').unlink()
    torch.save(weights, pickled / 'pytorch_model.bin')
    with pytest.raises(GaeError, match=r'the model of .*pickled cannot be loaded'):
        backend(pickled)


def test_code_of_a_model_is_not_run(llava, tmp_path):
    foreign = tmp_path / 'foreign'
    shutil.copytree(llava, foreign)
    config = json.loads((foreign / 'config.json').read_text())
    config['model_type'] = 'something_else'
    config['auto_map'] = {'AutoConfig': 'evil.Config', 'AutoModelForImageTextToText': 'evil.Model'}
    (foreign / 'config.json').write_text(json.dumps(config))
    (foreign / 'evil.py').write_text('raise SystemExit("run")')
    with pytest.raises(GaeError, match='cannot be loaded'):
        backend(foreign)


@pytest.mark.parametrize('device', ['cuda:77', 'toaster'])
def test_a_device_that_is_not_there(llava, device):
    with pytest.raises(ConfigError, match=f"device '{device}' cannot be used"):
        backend(llava, device=device)

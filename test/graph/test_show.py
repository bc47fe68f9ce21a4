"""What a person sees of an instruction in the terminal, typed or from the page: the same.

A stand-in plays the stack; the action, its feedback and the topics are real.
"""

from __future__ import annotations

import dataclasses
import io

import pytest
from PIL import Image
from planner_stand_in import SIZE, START, TABLE, stand_in
from rclpy.task import Future
from rich.console import Console
from std_msgs.msg import String

from gae_arm.commands.show.conversation import Conversation, Stage
from gae_arm.commands.show.show import Show
from gae_arm.commands.show.verdict import Word
from gae_arm.evaluation.caption import CAPTION, LAST_SECONDS, RATE
from gae_arm.ros import topics
from gae_arm.ros.observer import Observer

FINGERS = ('panda_leftfinger', 'panda_rightfinger')


def gripped(name):
    pairs = {(finger, name) for finger in FINGERS}
    return frozenset(pairs | {(b, a) for a, b in pairs})


@pytest.fixture
def observer(own_domain):
    with Observer('demo') as observer:
        yield observer


@pytest.fixture
def stack(observer):
    with stand_in() as node:
        yield node


@pytest.fixture
def show(observer, stack, tmp_path):
    """A show that is ready; what it prints is in `said`."""
    said = io.StringIO()
    show = Show(observer, Console(file=said, width=200), 0, tmp_path)
    show.said = said.getvalue
    show.wait_until_ready()
    return show


def test_a_conversation_tells_stages_times_and_the_end(observer, stack):
    conversation, seen = Conversation(observer), []
    observer.wait_for(conversation.ready, 'the action')
    report = conversation.carry_out('lift it', lambda *now: seen.append(now), 60.0)
    assert (stack.heard, report.error_code, report.error) == (['lift it'], 0, '')
    assert seen == [(Stage.PLAN, 0.5), (Stage.MOVING, 0.5)]
    assert list(report.stages) == [Stage.THINKING, Stage.PLAN, Stage.MOVING]
    assert sum(report.stages.values()) == pytest.approx(report.seconds, abs=1e-3)


def test_an_instruction_whose_answer_is_lost_is_sent_again(observer, stack, monkeypatch):
    conversation, lost = Conversation(observer), [Future()]
    client = conversation._client
    send = client.send_goal_async
    monkeypatch.setattr('gae_arm.commands.show.conversation.LOST', 0.1)
    monkeypatch.setattr(client, 'send_goal_async', lambda *a: lost.pop() if lost else send(*a))
    observer.wait_for(conversation.ready, 'the action')
    assert conversation.carry_out('lift it', lambda *_: None, 60.0).error == ''
    assert stack.heard == ['lift it']


def test_a_conversation_that_fails_tells_why(observer, stack):
    stack.error = 'it is not there'
    conversation = Conversation(observer)
    observer.wait_for(conversation.ready, 'the action')
    report = conversation.carry_out('lift it', lambda *_: None, 60.0)
    assert (report.error_code, report.error, report.plans) == (1, 'it is not there', 1)


def test_a_failure_is_told_with_what_the_hand_did(show, stack, observer):
    stack.acts = lambda: setattr(
        stack, 'truth', dataclasses.replace(START, touches=gripped('blue_cube'))
    )
    assert show.carry_out(TABLE.instruction) is Word.FAILED
    said = show.said()
    assert f'> {TABLE.instruction}\n  thinking ' in said
    assert '  moving ' in said
    assert '1 plan: not so: red_cube is in green_bowl; wrong object: the hand took blue' in said


def test_words_that_nobody_can_judge_are_no_success(show):
    assert show.carry_out('dance') is Word.DONE
    assert 'DONE after ' in show.said()


def test_what_is_asked_on_the_page_is_told_as_what_is_typed(show, stack, observer):
    topics.INSTRUCTION.publisher(observer.node).publish(String(data='dance \x1b[31mnow'))
    words = observer.wait_for(show.asked, 'the words from the page')
    assert show.asked() == ''
    show.carry_out(words, 'from the page')
    assert stack.heard == [words]
    assert '> dance [31mnow  (from the page)\n  thinking ' in show.said()
    assert 'DONE after ' in show.said()


def test_a_film_shows_the_first_instruction_and_stays_at_the_outcome(observer, stack, tmp_path):
    said, file = io.StringIO(), tmp_path / 'film.gif'
    show = Show(observer, Console(file=said, width=200), 0, tmp_path, file)
    show.wait_until_ready()
    assert show.carry_out(TABLE.instruction) is Word.FAILED
    assert f'film: {file}' in said.getvalue()
    with Image.open(file) as film:
        assert film.n_frames > LAST_SECONDS * RATE / 2 + 2
        ratio = film.width / film.height
        assert ratio == pytest.approx(SIZE[0] / (SIZE[1] + CAPTION), rel=0.02)
        film.seek(film.n_frames - 1)
        assert len(film.convert('RGB').getcolors(100_000)) > 3
    before = file.stat()
    show.carry_out('dance')
    assert file.stat() == before

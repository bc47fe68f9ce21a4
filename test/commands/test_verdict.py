"""The verdict of the demo: the physics has the last word, and the word is the exit code."""

from types import SimpleNamespace

import pytest

from gae_arm.commands.show.referee import Judgement
from gae_arm.commands.show.verdict import Word, verdict


def report(error='', plans=1):
    return SimpleNamespace(error=error, plans=plans)


IS, IS_NOT = Judgement(True, 'it is in'), Judgement(False, 'not so: it is in', 'dropped: it fell')
UNKNOWN = Judgement(None, 'see for yourself')


@pytest.mark.parametrize(
    ('report', 'judgement', 'word', 'words'),
    [
        (report(), IS, Word.SUCCESS, 'it is in'),
        (report('too late'), IS, Word.SUCCESS, 'it is in (the planner gave up: too late)'),
        (report(), IS_NOT, Word.FAILED, 'not so: it is in; dropped: it fell'),
        (report('too late'), IS_NOT, Word.FAILED, 'too late; dropped: it fell'),
        (report('not seen', plans=0), IS_NOT, Word.FAILED, 'not seen'),
        (report(plans=0), IS_NOT, Word.FAILED, 'not so: it is in'),
        (report(), UNKNOWN, Word.DONE, 'see for yourself'),
        (report('not seen'), UNKNOWN, Word.FAILED, 'not seen'),
    ],
)
def test_verdicts(report, judgement, word, words):
    assert verdict(report, judgement) == (word, words)


def test_only_what_is_known_to_be_done_ends_with_0():
    assert {word: word.value for word in Word} == {Word.SUCCESS: 0, Word.FAILED: 1, Word.DONE: 3}
    assert [word.good for word in Word] == [True, False, None]

"""The command line: verbs are found, errors are sentences, words for pytest get there."""

import pytest

from gae_arm.commands import main, setup
from gae_arm.commands import test as test_verb
from gae_arm.core.errors import GaeError


def test_help_lists_every_verb(capsys):
    assert main.main(['--help']) == 0
    out = capsys.readouterr().out
    assert all(f'  {verb} ' in out for verb in main.VERBS)


def test_no_verb_shows_the_help_and_is_no_success(capsys):
    assert main.main([]) == 2
    assert 'usage: gae VERB' in capsys.readouterr().out


def test_an_unknown_verb_is_refused_with_those_that_there_are(capsys):
    assert main.main(['fly']) == 1
    assert capsys.readouterr().err.startswith("error: there is no verb 'fly'; there are: ['demo'")


def test_an_error_of_ours_is_a_sentence_and_exit_code_1(monkeypatch, capsys):
    def fail(args):
        raise GaeError('the cable is out')

    monkeypatch.setattr(setup, 'run', fail)
    assert main.main(['setup']) == 1
    assert capsys.readouterr().err == 'error: the cable is out\n'


@pytest.mark.parametrize('words', [[], ['-q'], ['test/core', '-k', 'a or b'], ['-x', '--lf']])
def test_words_after_test_go_to_pytest_as_they_are(monkeypatch, words):
    ran = []
    monkeypatch.setattr(test_verb, '_part', lambda part, root: ran.append(part) or 0)
    assert main.main(['test', *words]) == 0
    assert ran[-1] == ['pytest', *words]
    assert [part[0] for part in ran[:-1]] == ([] if words else ['ruff', 'ruff', 'mypy'])


@pytest.mark.parametrize('verb', main.VERBS)
def test_every_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as end:
        main.main([verb, '--help'])
    assert end.value.code == 0
    assert f'usage: gae {verb}' in capsys.readouterr().out

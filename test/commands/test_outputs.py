"""Files that a verb is to write are checked before hours of work."""

from __future__ import annotations

import pytest

from gae_arm.commands.main import main

TRIALS = ['eval', 'robustness', '--episodes', '1', '--task', 'pick_up']


@pytest.mark.parametrize(
    ('option', 'file', 'message'),
    [
        ('--json', 'no/rows.json', 'cannot be written: there is no folder'),
        ('--json', '', 'cannot be written: it is a folder'),
        ('--plot', 'no/curves.png', 'cannot be written: there is no folder'),
        ('--plot', 'curves.doc', "kind of picture 'doc' is unknown; there are: ['"),
    ],
)
@pytest.mark.parametrize('words', [TRIALS, ['train', 'appf']], ids=lambda words: words[0])
def test_a_file_that_cannot_be_written_ends_it_at_once(
    words, option, file, message, tmp_path, capsys
):
    assert main([*words, option, str(tmp_path / file)]) == 1
    assert message in capsys.readouterr().err

"""What the doctor finds is in columns on a terminal, and in whole lines in a file."""

import io

import pytest
from rich.console import Console

from gae_arm.commands.doctor import say
from gae_arm.commands.doctor_checks.finding import Finding, Level

TEXT = 'a sentence that is longer than any terminal of eighty columns is wide, /with/a/path [0]'
FINDING = Finding(Level.WARNING, 'machine', TEXT, 'do what it says, in one line')


@pytest.mark.parametrize('terminal', [False, True])
def test_lines(terminal):
    file = io.StringIO()
    say(Console(file=file, width=80, force_terminal=terminal, soft_wrap=True), FINDING)
    lines = file.getvalue().splitlines()
    if not terminal:
        assert lines == [
            f'warning machine            {TEXT}',
            f'{"":26} -> do what it says, in one line',
        ]
    else:
        assert len(lines) > 2

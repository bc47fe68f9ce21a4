"""What the page on troubles quotes is what the code says."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from gae_arm.commands.main import VERBS
from gae_arm.core.instruction import ErrorCode
from gae_arm.core.motion import HaltReason
from gae_arm.core.progress import PlanRefusal

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / 'docs' / 'troubleshooting.md').read_text()
VALUE = '…'
CODES = {code.name for kind in (HaltReason, PlanRefusal, ErrorCode) for code in kind}


def rows():
    """Each row of a table as the code spans of its cells; the last cell is the advice."""
    for line in PAGE.splitlines():
        if line.startswith('| ') and not line.startswith('| ---'):
            cells = re.split(r'\s\|\s', line.strip('| '))
            yield [re.findall(r'`([^`]+)`', cell) for cell in cells]


QUOTES = sorted({span for *said, _ in rows() for cell in said for span in cell} - CODES)
ADVICE = {span for *_, advice in rows() for span in advice}


class Literals(ast.NodeVisitor):
    """Collects strings, with VALUE for what is computed."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_JoinedStr(self, node):
        parts = (v.value if isinstance(v, ast.Constant) else VALUE for v in node.values)
        self.found.add(''.join(parts))
        self.generic_visit(node)

    def visit_Constant(self, node):
        if isinstance(node.value, str):
            self.found.add(node.value)


@cache
def sentences() -> tuple[str, ...]:
    """Every string of the code, and the lines of the shell script."""
    literals = Literals()
    for room in ('gae_arm', 'vla_planner', 'action_expert'):
        for file in (ROOT / room).rglob('*.py'):
            literals.visit(ast.parse(file.read_text()))
    shell = re.sub(r'\$(\{[^}]*\}+|\(uname -m\)|\w+)', VALUE, (ROOT / 'gae').read_text())
    return (*literals.found, *shell.splitlines())


@pytest.mark.parametrize('quote', QUOTES)
def test_what_is_quoted_is_said(quote):
    if quote.endswith(VALUE):  # The rest of the sentence is left out.
        quote = quote.rstrip(f' {VALUE}')
    assert any(quote in sentence for sentence in sentences()), f'the code does not say {quote!r}'


def test_a_sentence_that_nobody_says_is_found_out():
    assert not any('joint … is tired' in sentence for sentence in sentences())


def test_names_of_parameters_and_arguments_are_real():
    known = '\n'.join(
        file.read_text()
        for file in (ROOT / 'docs' / 'reference.md', *(ROOT / 'launch').glob('*.yaml'))
    )
    names = {m[1] for m in (re.fullmatch(r'([a-z]+_[a-z_]+)(:=.*)?', span) for span in ADVICE) if m}
    assert {'max_plan_age', 'camera_rate', 'table_height'} <= names
    assert not {name for name in names if not re.search(rf'\b{name}\b', known)}


def test_verbs_are_real():
    words = {word for span in ADVICE for word in re.findall(r'\bgae ([a-z]+)', span)}
    assert words
    assert not words - set(VERBS)


@pytest.mark.parametrize('kind', [HaltReason, PlanRefusal, ErrorCode])
def test_every_reason_is_there(kind):
    first = {span for row in rows() for span in row[0]}
    missing = {code.name for code in kind} - first - {'SUCCESS', 'NONE'}
    assert not missing

"""Our rules for templates, values and namespaces against those of ROS's launch, on many inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

# Not `import launch`: without ROS that finds this repository's folder of launch files.
pytest.importorskip('launch.actions', reason="ROS's launch is not installed")
pytest.importorskip('launch_ros.actions', reason="ROS's launch_ros is not installed")

from hypothesis import given
from hypothesis import strategies as st
from launch.frontend import parse_substitution as reference
from launch.substitutions import TextSubstitution
from launch.utilities.type_utils import coerce_to_type
from launch_ros.utilities import make_namespace_absolute, prefix_namespace

from gae_arm.commands.launch_runner import template, values
from gae_arm.commands.launch_runner.node import join_namespace
from gae_arm.commands.launch_runner.source import Where
from gae_arm.core.errors import GaeError

HERE = Where(Path('file'), 1)


class Stub:
    """Stands for a substitution, whatever its name."""

    def __init__(self, name: str, arguments: list | None = None) -> None:
        self.name, self.arguments = name, arguments or []


def tree(parts: list | tuple) -> list:
    out: list = []
    for part in parts:
        if isinstance(part, Stub):
            out.append((part.name, [tree(argument) for argument in part.arguments]))
        elif isinstance(part, template.Call):
            out.append((part.name, [tree(argument.parts) for argument in part.arguments]))
        else:
            text = part.text if isinstance(part, TextSubstitution) else part
            out.append(text)
    return [part for part in out if part != '']


PIECES = [
    '$(',
    'var',
    ' ',
    'x',
    ')',
    '(',
    "'",
    '"',
    '\\',
    '$',
    '/',
    '$(var x)',
    '$(env A ',
    "'b c'",
]


@given(st.lists(st.sampled_from(PIECES), max_size=10).map(''.join))
def test_both_read_a_template_alike(source: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, 'instantiate_substitution', Stub)
        try:
            theirs = tree(reference.parse_substitution(source))
        except Exception:  # a zoo of lark's own
            theirs = None
    try:
        ours = tree(template.parse(source, HERE).parts)
    except GaeError:
        ours = None
    assert ours == theirs


KINDS = {'str': str, 'bool': bool, 'int': int, 'float': float, 'yaml': None}
WORDS = [
    '', '0', '1', ' 7 ', '-2.5', '1e3', 'nan', '0x10', 'true', 'off', "'1'", 'a b', '~', '[]',
    '[1, 2]', '[1, a]', '[1, 2.0]', '[true]', '{a: 1}', 'a: b: c', '2025-01-01',
]  # fmt: skip


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('text', WORDS)
def test_both_type_a_value_alike(text: str, kind: str) -> None:
    try:
        theirs = coerce_to_type(text, KINDS[kind])
    except ValueError:
        theirs = None
    try:
        ours = values.coerce(text, kind, HERE)
    except GaeError:
        ours = None
    assert (type(ours), repr(ours)) == (type(theirs), repr(theirs))


PARTS = st.lists(st.sampled_from(['a', 'b1', '/', '']), max_size=4).map(''.join)


@given(st.none() | PARTS.map(make_namespace_absolute), PARTS)
def test_both_join_namespaces_alike(base: str | None, namespace: str) -> None:
    expected = make_namespace_absolute(prefix_namespace(base, namespace))
    assert join_namespace(base, namespace) == expected

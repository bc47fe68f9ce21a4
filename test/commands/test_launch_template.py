"""Templates: the grammar, its errors, and the splitting of command lines."""

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.commands.launch_runner.source import Where
from gae_arm.commands.launch_runner.template import Call, Template, parse, words
from gae_arm.core.errors import ConfigError

HERE = Where(Path('some.launch.yaml'), 7)


def tree(template: Template) -> list:
    return [
        (part.name, [tree(argument) for argument in part.arguments])
        if isinstance(part, Call)
        else part
        for part in template.parts
    ]


@pytest.mark.parametrize(
    ('source', 'expected'),
    [
        ('', []),
        ('plain $5 (text)', ['plain $5 (text)']),
        ('$(dirname)/x', [('dirname', []), '/x']),
        ('a $(var x) b', ['a ', ('var', [['x']]), ' b']),
        ('$(var $(env X))', [('var', [[('env', [['X']])]])]),
        ('$(env X $(env Y a)b)', [('env', [['X'], [('env', [['Y'], ['a']]), 'b']])]),
        ("$(var x 'a b')", [('var', [['x'], ['a b']])]),
        ("$(var x '')", [('var', [['x'], []])]),
        ('$(var x "it\'s $(var y)")', [('var', [['x'], ["it's ", ('var', [['y']])]])]),
        (r'\$(var x)', ['$(var x)']),
        (r'$(var a\)b)', [('var', [['a)b']])]),
        (r'C:\\dir', [r'C:\dir']),
        ('$(find-pkg-share p)$(not-equals a b)', [('find-pkg-share', [['p']]),
                                                  ('not-equals', [['a'], ['b']])]),
    ],
)  # fmt: skip
def test_a_template_is_read(source: str, expected: list) -> None:
    assert tree(parse(source, HERE)) == expected


@pytest.mark.parametrize(
    ('source', 'message'),
    [
        ('$(var x', 'expected a space and an argument, or the closing bracket of $(var at the end'),
        ('$()', "expected the name of a substitution at column 3 of '$()', found ')'"),
        ('$(1)', "expected the name of a substitution at column 3 of '$(1)', found '1)'"),
        ('$(var  x)', 'expected an argument (exactly one space stands before each) at column 7'),
        ('$(var x )', "at column 9 of '$(var x )', found ')'"),
        ("$(var 'x)", "expected the closing ' at the end"),
        ("$(var 'a'b)", 'the closing bracket of $(var at column 10'),
        ('ok $(var (x))', "at column 10 of 'ok $(var (x))', found '(x))'"),
    ],
)
def test_an_error_names_file_line_and_column(source: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(source, HERE)
    assert str(error.value).startswith('some.launch.yaml:7: ')
    assert message in str(error.value)


@given(st.text())
def test_reading_ends_in_a_template_or_a_config_error(source: str) -> None:
    try:
        template = parse(source, HERE)
    except ConfigError:
        return
    if '$(' not in source:
        assert template.literal is not None


@given(st.text(st.characters(exclude_characters='\n')))
def test_escaped_text_is_literal(text: str) -> None:
    escaped = ''.join('\\' + c if c in '\\$' else c for c in text)
    assert parse(escaped, HERE).literal == text


@pytest.mark.parametrize(
    ('source', 'expected'),
    [
        ('', []),
        ("a 'b c'  d", [['a'], ['b c'], ['d']]),
        ('$(var x)', [[('var', [['x']])]]),
        ('$(var x) $(var y)', [[('var', [['x']])], [('var', [['y']])]]),
        ('$(var x)/bin a', [[('var', [['x']]), '/bin'], ['a']]),
        ('--p=$(var x) b c $(var y)z', [['--p=', ('var', [['x']])], ['b'], ['c'],
                                        [('var', [['y']]), 'z']]),
        ("--empty ''", [['--empty'], ['']]),
    ],
)  # fmt: skip
def test_a_command_line_is_split_around_substitutions(source: str, expected: list) -> None:
    assert [tree(word) for word in words(parse(source, HERE))] == expected


@given(st.lists(st.text(st.characters(exclude_characters='\\$', codec='ascii'), max_size=5)))
def test_without_substitutions_words_are_a_shells(given_words: list[str]) -> None:
    template = parse(shlex.join(given_words), HERE)
    assert [word.literal for word in words(template)] == given_words


def test_an_open_quote_is_an_error() -> None:
    template = parse('--text "$(var x) y"', HERE)
    with pytest.raises(ConfigError, match=r'some.launch.yaml:7: No closing quotation in .--text'):
        words(template)

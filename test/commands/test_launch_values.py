"""Values: what text becomes."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.commands.launch_runner.source import Where
from gae_arm.commands.launch_runner.values import coerce
from gae_arm.core.errors import ConfigError

NO_YAML = "is no YAML bool, int, float, text or list; with 'type: str' it is taken as text"
HERE = Where(Path('some.launch.yaml'), 3)


@pytest.mark.parametrize(
    ('text', 'kind', 'expected'),
    [
        ('1.0', None, 1.0),
        ('1', None, 1),
        ('true', None, True),
        ('on', None, True),
        ('1e3', None, '1e3'),  # YAML 1.1 wants 1.0e+3
        ('two words', None, 'two words'),
        ("'1'", None, '1'),
        ('', None, ''),
        ('[1, 2]', None, [1, 2]),
        ('[]', None, []),
        ('1.0', 'str', '1.0'),
        ('', 'str', ''),
        ('1', 'bool', True),
        ('0', 'bool', False),
        ('off', 'bool', False),
        ('7', 'int', 7),
        ('7', 'float', 7.0),
        ('1e3', 'float', 1000.0),
    ],
)
def test_text_is_typed(text: str, kind: str | None, expected: Any) -> None:
    value = coerce(text, kind, HERE)
    assert (type(value), value) == (type(expected), expected)


@pytest.mark.parametrize(
    ('text', 'kind', 'message'),
    [
        ('a: b', None, f"'a: b' {NO_YAML}"),
        ('~', None, f"'~' {NO_YAML}"),
        ('[a', None, f"'[a' {NO_YAML}"),
        ('2025-01-01', None, f"'2025-01-01' {NO_YAML}"),
        ('2025-99-01', None, f"'2025-99-01' {NO_YAML}"),
        ('[1, a]', None, "the list mixes types: [1, 'a']"),
        ('[[1]]', None, 'the list mixes types: [[1]]'),
        ('2', 'bool', "'2' is not of type bool"),
        ('1.5', 'int', "'1.5' is not of type int"),
        ('fast', 'float', "'fast' is not of type float"),
        ('[1]', 'bool', "'[1]' is not of type bool"),
        ('a: b', 'bool', "'a: b' is not of type bool"),
        ('', 'bool', "'' is not of type bool"),
    ],
)
def test_text_of_another_type_is_an_error(text: str, kind: str | None, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        coerce(text, kind, HERE)
    assert str(error.value).startswith(f'some.launch.yaml:3: {message}')


@given(
    st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.lists(st.integers(), min_size=1)
)
def test_what_yaml_writes_comes_back(value: Any) -> None:
    if value != '':
        assert coerce(yaml.safe_dump(value), None, HERE) == value

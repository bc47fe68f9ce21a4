"""Every mistake in a launch file is an error that names file and line and what would be right."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from launch_workspace import EXECUTABLES, Workspace

from gae_arm.commands.launch_runner.arguments import describe
from gae_arm.commands.launch_runner.interpreter import Interpreter
from gae_arm.commands.launch_runner.log import Log
from gae_arm.commands.launch_runner.source import LaunchFileError
from gae_arm.core.errors import ConfigError


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = Workspace(tmp_path)
    for key, value in workspace.environment.items():
        monkeypatch.setenv(key, value)
    return workspace


def launch(workspace: Workspace, text: str, **given: str) -> None:
    Interpreter(workspace.folder, Log()).launch(workspace.file(text), given)


# The line of the mistake, the file, and what the message says of it.
MISTAKES = [
    (1, 'lunch: []', "the file begins with 'lunch', a launch file with 'launch:'"),
    (1, '', 'the file is empty'),
    (1, 'launch: 5', "'launch' is not a mapping of keys but 5"),
    (1, 'launch:\n  x: 1', "'launch' holds no list of actions and no key 'children' with one"),
    (3, 'launch:\n- log: {message: a}\n- node: [', "not YAML: expected the node content"),
    (4, 'launch:\n- node:\n    pkg: a\n    pkg: b', "key 'pkg' stands twice in one mapping, first "
        'in line 3'),
    (2, 'launch:\n- nod: {}', "unknown action 'nod'; known are: ['arg', 'executable', 'group', "),
    (2, 'launch:\n- node', "expected one action, `- NAME: ...` with its keys indented below; "
        "found 'node'"),
    (2, 'launch:\n- node:\n  pkg: a', "with its keys indented below; found ['node', 'pkg']"),
    (2, 'launch:\n- node: {pkg: tiny}', "'node' lacks the key 'exec'; it has: ['pkg']"),
    (4, 'launch:\n- node:\n    pkg: tiny\n    nmae: x\n    exec: say',
        "unknown key 'nmae' in 'node'; known are: ['args', 'cwd', 'emulate_tty', 'env', 'exec', "),
    (2, 'launch:\n- arg: {name: x, default: 5}', "'default' of 'arg' is 5, expected text; put "
        "quotes around it: '5'"),
    (2, 'launch:\n- log: {message: x, if: true}', "'if' of 'log' is True, expected text; put "
        "quotes around it: 'true'"),
    (2, "launch:\n- log: {message: x, if: 'yes'}", "'yes' is 'yes', expected true, false, 1 or 0"),
    (2, "launch:\n- log: {message: x, if: '1', unless: '1'}", "'log' has both 'if' and 'unless'"),
    (2, "launch:\n- group: {scoped: 'false', children: []}", "'scoped' of 'group' is 'false', "
        'expected true or false without quotes'),
    (2, 'launch:\n- node: {exec: a, respawn_delay: 1}', "'respawn_delay' of 'node' is 1, expected "
        'seconds as a number >= 0 with a dot, like 2.0'),
    (2, 'launch:\n- node: {exec: a, respawn_delay: -1.0}', "'respawn_delay' of 'node' is -1.0"),
    (2, "launch:\n- node: {exec: a, respawn_max_retries: '1'}", "'respawn_max_retries' of 'node' "
        "is '1', expected an integer without quotes"),
    (2, "launch:\n- node: {pkg: tiny, exec: say, respawn: maybe}", "'maybe' is not of type bool"),
    (2, 'launch:\n- node: {exec: a, on_exit: restart}', "'on_exit' is 'restart'; it can only be "
        "'shutdown'"),
    (2, 'launch:\n- node: {pkg: tiny, exec: say, output: tv}', "'output' is 'tv'; there are: "
        "['both', 'full', 'log', 'own_log', 'screen']"),
    (2, 'launch:\n- node: {exec: a, param: {name: b}}', "'param' of 'node' is {'name': 'b'}, "
        'expected a list of mappings (each begins with a dash)'),
    (2, 'launch:\n- node: {exec: a, param: [{name: b}]}', "parameter 'b' needs either 'value' "),
    (2, 'launch:\n- node: {exec: a, param: [{name: b, value: 1, type: double}]}',
        "'type' is 'double'; there are: ['bool', 'float', 'int', 'list_of_bool', "),
    (2, 'launch:\n- node: {exec: a, param: [{name: b, value: 1, type: float}]}',
        'a parameter is 1 (int), expected float'),
    (2, 'launch:\n- node: {exec: a, param: [{name: b, value: [1, a]}]}',
        "the list mixes types: [1, 'a']"),
    (2, 'launch:\n- node: {exec: a, param: [{name: b, value: [1], type: int}]}',
        "a parameter of type 'int' is a list; use 'list_of_int'"),
    (2, 'launch:\n- node: {exec: a, param: [{name: b, value: {c: 1}}]}',
        "a parameter is {'c': 1} (dict), expected bool, int, float, text or a list of one of them"),
    (2, 'launch:\n- node: {pkg: tiny, exec: say, param: [{from: none.yaml}]}',
        'there is no parameter file none.yaml'),
    (2, 'launch:\n- node: {pkg: tiny, exec: say, remap: [{from: a, to: b, c: d}]}',
        "unknown key 'c' in 'remap'; known are: ['from', 'to']"),
    (2, 'launch:\n- node: {pkg: tiny, exec: say, name: 1st}', "'1st' is no node name: "),
    (2, 'launch:\n- node: {pkg: tiny, exec: say, namespace: a//b}', "'/a//b' is no namespace: "),
    (2, 'launch:\n- push_ros_namespace: {namespace: a-b}', "'/a-b' is no namespace: "),
    (2, 'launch:\n- node: {pkg: tinny, exec: say}', "package 'tinny' is not installed; did you "
        "mean one of ['tiny'"),
    (2, 'launch:\n- node: {pkg: tiny, exec: sya}', "package 'tiny' has no executable 'sya'; it "
        f'has: {sorted(EXECUTABLES)}'),
    (2, 'launch:\n- executable: {cmd: no_such_program x}', "there is no program 'no_such_program'"),
    (2, 'launch:\n- executable: {cmd: ""}', 'the command is empty'),
    (2, "launch:\n- executable: {cmd: a 'b}", "No closing quotation in \"a 'b\""),
    (2, 'launch:\n- executable: {cmd: sh, cwd: /none}', "'cwd' '/none' is no folder"),
    (2, "launch:\n- executable: {cmd: sh, launch-prefix: \"'\"}", 'No closing quotation in "\'"'),
    (2, 'launch:\n- log: {message: $(vra x)}', 'unknown substitution $(vra ...); known are: '),
    (2, 'launch:\n- log: {message: $(var)}', '$(var ...) takes 1 or 2 arguments, not 0'),
    (2, 'launch:\n- log: {message: $(dirname x)}', '$(dirname ...) takes 0 arguments, not 1'),
    (3, 'launch:\n- let: {name: a, value: b}\n- log: {message: $(var x)}',
        "no argument or variable 'x'; there are: ['a']"),
    (2, 'launch:\n- log: {message: $(env T_NONE)}', "the environment variable 'T_NONE' is not set; "
        'give a default: $(env T_NONE DEFAULT)'),
    (2, "launch:\n- log: {message: $(eval '1 + 1')}", '$(eval ...) is refused: it runs Python; '),
    (2, "launch:\n- log: {message: x, if: $(not $(command 'id'))}", '$(command ...) is refused: '),
    (2, 'launch:\n- log: {message: $(not x)}', "'x' is not of type bool"),
    (2, 'launch:\n- log: {message: $(find-pkg-share none_such)}', "package 'none_such' is not"),
    (2, 'launch:\n- log: {message: $(find-exec none_such)}', "no program 'none_such' on the PATH"),
    (2, 'launch:\n- include: {file: none.launch.yaml}', 'there is no launch file '),
    (2, 'launch:\n- include: {file: a.launch.py}', 'a.launch.py is not a YAML launch file '),
    (3, 'launch:\n- log: {message: a}\n- arg: {name: x, description: what it is}',
        "main.launch.yaml needs the argument 'x' (what it is), which has no default; given are: "
        '[]'),
    (2, 'launch:\n- arg: {name: x, default: c, choice: [{value: a}, {value: b}]}',
        "argument 'x' is 'c'; it can be: ['a', 'b']"),
]  # fmt: skip


@pytest.mark.parametrize(('line', 'text', 'message'), MISTAKES)
def test_a_mistake_is_named_with_its_line(workspace: Workspace, line: int, text: str, message: str):
    with pytest.raises(ConfigError) as error:
        launch(workspace, text)
    assert str(error.value).startswith(f'{workspace.folder}/main.launch.yaml:{line}: ')
    assert message in str(error.value)


def test_a_mistake_in_a_branch_that_is_not_taken_is_one(workspace: Workspace):
    text = "launch:\n- group:\n    if: 'false'\n    children:\n    - node: {exce: a}"
    with pytest.raises(ConfigError, match=r'main.launch.yaml:5: '):
        launch(workspace, text)


def test_a_mistake_in_an_included_file_names_that_file(workspace: Workspace):
    workspace.file('launch:\n\n- log: {}', 'child.launch.yaml')
    with pytest.raises(ConfigError, match=r"child.launch.yaml:3: 'log' lacks the key 'message'"):
        launch(workspace, 'launch:\n- include: {file: $(dirname)/child.launch.yaml}')


def test_an_include_must_give_exactly_what_is_asked_for(workspace: Workspace):
    workspace.file(
        'launch:\n- arg: {name: depth}\n- arg: {name: other, default: x}', 'child.launch.yaml'
    )
    text = (
        'launch:\n- let: {{name: depth, value: a}}\n- include:\n    file: $(dirname)/{}\n    arg: '
    )
    text = text.format('child.launch.yaml')
    with pytest.raises(ConfigError) as error:
        launch(workspace, text + '[{name: dpeth, value: a}]')
    assert str(error.value).endswith(
        "main.launch.yaml:3: child.launch.yaml needs the argument 'depth', which has no default; "
        "given are: ['dpeth']"
    )
    with pytest.raises(ConfigError) as error:
        launch(workspace, text + '[{name: depth, value: a}, {name: ohter, value: a}]')
    assert str(error.value).endswith(
        "main.launch.yaml:3: child.launch.yaml has no argument ['ohter']; it has: ['depth', "
        "'other']"
    )


def test_a_circle_of_includes_is_an_error(workspace: Workspace):
    with pytest.raises(ConfigError, match=r'main.launch.yaml:2: .* 30 levels deep: a circle?'):
        launch(workspace, 'launch:\n- include: {file: $(filename)}')


def test_without_an_ament_index_the_message_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv('AMENT_PREFIX_PATH')
    with pytest.raises(ConfigError, match=r'main.launch.yaml:2: .*AMENT_PREFIX_PATH is not set'):
        launch(workspace, 'launch:\n- node: {pkg: tiny, exec: say}')


def test_arguments_are_described_also_those_of_included_files(workspace: Workspace):
    workspace.file('launch:\n- arg: {name: deep, default: d}', 'child.launch.yaml')
    file = workspace.file("""
launch:
- arg: {name: model, description: which one, choice: [{value: a}, {value: b}]}
- arg: {name: speed, default: $(env SPEED 1)}
- group:
    if: $(equals $(var model) a)
    children:
    - include: {file: $(dirname)/child.launch.yaml}
- include: {file: $(var model).launch.yaml}
- include: {file: $(filename)}
- arg: {name: speed, default: again}
""")
    assert (
        describe(file)
        == """Arguments (pass arguments as '<name>:=<value>'):

    'model':
        which one. Valid choices are: ['a', 'b']

    'speed':
        no description given
        (default: '$(env SPEED 1)')

    'deep':*
        no description given
        (default: 'd')

* argument(s) which are only used if specific conditions occur"""
    )
    assert describe(workspace.file('launch: []')).endswith('  No arguments.')


WORDS = st.sampled_from(
    ['launch', 'node', 'arg', 'let', 'group', 'children', 'include', 'param', 'name', 'value',
     'pkg', 'exec', 'tiny', 'say', 'if', 'env', 'file', 'executable', 'cmd', 'from', 'type', 'int',
     '$(var x)', '$(', 'true', '1', '<<']
)  # fmt: skip
DOCUMENTS = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers() | st.floats() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.text() | DOCUMENTS.map(lambda data: yaml.safe_dump({'launch': [data]})))
def test_any_file_is_launched_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str):
    folder = tmp_path_factory.getbasetemp()
    file = folder / 'any.launch.yaml'
    file.write_text(text, errors='replace')
    with contextlib.suppress(LaunchFileError):
        Interpreter(folder, Log()).launch(file, {})


def test_aliases_and_merged_keys_are_yaml_as_usual(workspace: Workspace):
    text = 'launch:\n- log: &a {message: x}\n- log: {<<: *a, message: y}\n- log: *a'
    launch(workspace, text)
    with pytest.raises(ConfigError, match='contains itself'):
        launch(workspace, 'launch: &a\n- group: *a')

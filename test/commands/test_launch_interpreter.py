"""From launch files to processes: scopes, includes, arguments, namespaces, command lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from launch_workspace import Workspace

from gae_arm.commands.launch_runner.interpreter import Interpreter
from gae_arm.commands.launch_runner.log import Log
from gae_arm.commands.launch_runner.process import Process
from gae_arm.core.errors import ConfigError

Launch = Callable[..., list[Process]]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace = Workspace(tmp_path)
    for key, value in workspace.environment.items():
        monkeypatch.setenv(key, value)
    return workspace


@pytest.fixture
def launch(workspace: Workspace) -> Launch:
    """Write the main launch file, run it with arguments, return its processes."""

    def run(text: str, **given: str) -> list[Process]:
        file = workspace.file(f'launch:\n{text}')
        interpreter = Interpreter(workspace.folder, Log())
        interpreter.launch(file, given)
        return interpreter.processes

    return run


def said(processes: list[Process]) -> list[str]:
    """Return what each `say` would say: its arguments up to the ROS ones."""
    return [' '.join(p.command[1:]).partition(' --ros-args')[0] for p in processes]


def ros(process: Process) -> list:
    """Return the words after --ros-args, with the content of parameter files."""
    words: list = list(process.command[process.command.index('--ros-args') + 1 :])
    for i, word in enumerate(words[:-1]):
        if word == '--params-file':
            words[i + 1] = yaml.safe_load(Path(words[i + 1]).read_text())
    return words


def test_a_node_becomes_the_command_line_of_launch_ros(launch: Launch, workspace: Workspace):
    [process] = launch("""
- arg: {name: speed, default: '1.0'}
- node:
    pkg: tiny
    exec: say
    name: arm
    namespace: left
    args: --once 'a b' $(var speed)
    ros_args: --log-level debug
    param:
    - {name: speed, value: $(var speed)}
    - {name: gripper, param: [{name: open, value: true}, {name: names, value: [a, b]}]}
    remap: [{from: points, to: /cloud}]
""")
    assert process.label == 'say-1'
    assert process.command[:6] == (
        str(workspace.prefix / 'lib/tiny/say'), '--once', 'a b', '1.0', '--ros-args', '--log-level'
    )  # fmt: skip
    assert ros(process)[1:] == [
        'debug', '--ros-args', '-r', '__node:=arm', '-r', '__ns:=/left',
        '--params-file', {'/left/arm': {'ros__parameters': {'speed': 1.0}}},
        '--params-file', {'/left/arm': {'ros__parameters': {'gripper.open': True,
                                                            'gripper.names': ['a', 'b']}}},
        '-r', 'points:=/cloud',
    ]  # fmt: skip


def test_without_a_full_name_parameters_are_for_every_node(launch: Launch):
    [process] = launch('- node: {pkg: tiny, exec: say, name: n, param: [{name: a, value: 1}]}')
    assert ros(process)[2:] == ['--params-file', {'/**': {'ros__parameters': {'a': 1}}}]


def test_a_parameter_file_is_passed_as_it_is_or_with_its_substitutions(
    launch: Launch, workspace: Workspace
):
    given = workspace.file('/**: {ros__parameters: {a: $(var x)}}', 'p.yaml')
    plain, substituted = launch("""
- let: {name: x, value: '5'}
- node: {pkg: tiny, exec: say, param: [{from: $(dirname)/p.yaml}]}
- node: {pkg: tiny, exec: say, param: [{from: $(dirname)/p.yaml, allow_substs: true}]}
""")
    assert plain.command[-1] == str(given)
    assert ros(substituted)[-1] == {'/**': {'ros__parameters': {'a': 5}}}


def test_given_arguments_win_over_defaults_and_defaults_over_nothing(launch: Launch):
    text = """
- arg: {name: a, default: one}
- arg: {name: b, default: $(var a) two}
- arg: {name: a, default: not again}
- node: {pkg: tiny, exec: say, args: "$(var a) $(var b)"}
"""
    assert said(launch(text)) == ['one one two']
    assert said(launch(text, a='1')) == ['1 1 two']
    assert said(launch(text, a='1', b='2')) == ['1 2']


def test_a_group_keeps_its_changes_to_itself_unless_it_is_not_scoped(launch: Launch):
    processes = launch("""
- let: {name: x, value: outer}
- set_env: {name: T_X, value: outer}
- group:
  - let: {name: x, value: inner}
  - set_env: {name: T_X, value: inner}
  - node: {pkg: tiny, exec: say, args: $(var x)}
- node: {pkg: tiny, exec: say, args: $(var x)}
- group: {scoped: false, children: [let: {name: x, value: out}, unset_env: {name: T_X}]}
- node: {pkg: tiny, exec: say, args: $(var x)}
- group:
    forwarding: false
    keep: [{name: kept, value: $(var x)}]
    children:
    - node: {pkg: tiny, exec: say, args: "$(var x gone) $(var kept) $(env T_X unset)"}
""")
    assert said(processes) == ['inner', 'outer', 'out', 'gone out unset']
    assert [p.environment.get('T_X') for p in processes] == ['inner', 'outer', None, None]


def test_namespaces_nest_with_groups(launch: Launch):
    processes = launch("""
- group:
  - push_ros_namespace: {namespace: a}
  - node: {pkg: tiny, exec: say}
  - group:
    - push-ros-namespace: {namespace: b/}
    - node: {pkg: tiny, exec: say, namespace: c}
    - node: {pkg: tiny, exec: say, namespace: /d}
  - node: {pkg: tiny, exec: say, namespace: c}
- node: {pkg: tiny, exec: say}
""")
    rules = [[word for word in ros(process) if word.startswith('__ns')] for process in processes]
    assert rules == [['__ns:=/a'], ['__ns:=/a/b/c'], ['__ns:=/d'], ['__ns:=/a/c'], []]


def test_remaps_of_a_scope_come_before_the_node_s_own(launch: Launch, workspace: Workspace):
    workspace.file(
        'launch:\n- node: {pkg: tiny, exec: say, remap: [{from: a, to: own}]}\n',
        'child.launch.yaml',
    )
    processes = launch("""
- let: {name: camera, value: left}
- group:
  - set_remap: {from: a, to: $(var camera)/a}
  - include: {file: $(dirname)/child.launch.yaml}
  - group:
    - set_remap: {from: b, to: /c}
    - node: {pkg: tiny, exec: say}
  - group: {forwarding: false, children: [node: {pkg: tiny, exec: say}]}
  - node: {pkg: tiny, exec: say}
- node: {pkg: tiny, exec: say}
""")
    rules = [[word for word in ros(process) if word != '-r'] for process in processes]
    assert rules == [['a:=left/a', 'a:=own'], ['a:=left/a', 'b:=/c'], [], ['a:=left/a'], []]


def test_an_include_shares_the_scope_and_a_group_around_it_ends_that(
    launch: Launch, workspace: Workspace
):
    workspace.file("""
launch:
- arg: {name: x, default: from child}
- arg: {name: new, default: leaked}
- node: {pkg: tiny, exec: say, args: "child $(var x)"}
""", 'child.launch.yaml')  # fmt: skip
    assert said(launch("""
- arg: {name: x, default: from main}
- group:
  - include: {file: $(dirname)/child.launch.yaml, arg: [{name: x, value: passed}]}
- node: {pkg: tiny, exec: say, args: "$(var x) $(var new none)"}
- include: {file: $(dirname)/child.launch.yaml}
- node: {pkg: tiny, exec: say, args: "$(var x) $(var new none)"}
- include: {file: $(dirname)/child.launch.yaml, arg: [{name: x, value: passed}]}
- node: {pkg: tiny, exec: say, args: "$(var x)"}
""")) == [
        'child passed', 'from main none',  # in the group
        'child from main', 'from main leaked',  # its own default does not replace what is set
        'child passed', 'passed',
    ]  # fmt: skip


def test_an_argument_for_an_included_file_can_be_given_on_the_command_line(
    launch: Launch, workspace: Workspace
):
    workspace.file("""
launch:
- arg: {name: depth, default: '1'}
- node: {pkg: tiny, exec: say, args: $(var depth)}
""", 'child.launch.yaml')  # fmt: skip
    included = '- include: {file: $(dirname)/child.launch.yaml}'
    skipped = "- include: {file: $(dirname)/child.launch.yaml, if: 'false'}"
    assert said(launch(included, depth='2')) == ['2']
    assert said(launch(skipped, depth='2')) == []
    with pytest.raises(ConfigError) as error:
        launch(included, dept='2')
    message = "main.launch.yaml:1: main.launch.yaml has no argument ['dept']; it has: ['depth']"
    assert str(error.value) == f'{workspace.folder}/{message}'


@pytest.mark.parametrize(
    ('condition', 'runs'),
    [
        ("if: 'true'", True),
        ("if: ' 1 '", True),
        ("if: 'FALSE'", False),
        ("unless: '0'", True),
        ('unless: $(var on_)', False),
        ('if: $(not $(var on_))', False),
        ('if: $(and $(var on_) on)', True),
        ('if: $(or no $(var on_))', True),
        ('if: $(equals $(var number) 1)', True),
        ('if: $(equals TRUE 1)', True),
        ('if: $(not-equals a b)', True),
        ('if: $(if $(var on_) false true)', False),
    ],
)
def test_conditions(launch: Launch, condition: str, runs: bool):
    processes = launch(f"""
- let: {{name: on_, value: 'true'}}
- let: {{name: number, value: '1.0'}}
- node: {{pkg: tiny, exec: say, {condition}}}
""")
    assert bool(processes) == runs


def test_substitutions_find_files_packages_and_variables(
    launch: Launch, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv('T_SET', 'set')
    found = said(
        launch("""
- node: {pkg: tiny, exec: say, args: $(dirname)}
- node: {pkg: tiny, exec: say, args: $(filename)}
- node: {pkg: tiny, exec: say, args: $(find-pkg-share tiny)/x}
- node: {pkg: tiny, exec: say, args: $(find-pkg-prefix $(var package tiny))}
- node: {pkg: tiny, exec: say, args: $(exec-in-pkg exit tiny)}
- node: {pkg: tiny, exec: say, args: $(env T_SET)}
- node: {pkg: tiny, exec: say, args: $(env T_UNSET $(env T_ALSO_UNSET $(env T_SET)))}
- node: {pkg: tiny, exec: say, args: $(find-exec sh)}
""")
    )
    folder, prefix = workspace.folder, workspace.prefix
    assert found[:5] == [
        f'{folder}', f'{folder}/main.launch.yaml', f'{prefix}/share/tiny/x', f'{prefix}',
        f'{prefix}/lib/tiny/exit',
    ]  # fmt: skip
    assert found[5:7] == ['set', 'set']
    assert Path(found[7]).name == 'sh'


def test_dirname_after_an_include_of_another_folder_is_refused(
    launch: Launch, workspace: Workspace
):
    # There, `ros2 launch` (Jazzy) gives the included file's folder.
    workspace.file('launch: []', 'near.launch.yaml')
    workspace.file('launch:\n- log: {message: $(dirname)}', 'more/far.launch.yaml')
    launch("""
- include: {file: $(dirname)/near.launch.yaml}
- include: {file: $(dirname)/more/far.launch.yaml}
""")
    with pytest.raises(ConfigError, match=r'main.launch.yaml:3: after an include, `ros2 launch`'):
        launch("""- include: {file: $(dirname)/more/far.launch.yaml}
- log: {message: $(dirname)}
""")


def test_options_of_processes(launch: Launch, workspace: Workspace):
    plain, full = launch("""
- executable: {cmd: sh -c 'exit 0'}
- node:
    pkg: tiny
    exec: say
    exec_name: talker
    cwd: $(dirname)
    launch-prefix: nice -n 1
    output: screen
    env: [{name: T_A, value: a}, {name: T_B, value: $(env T_OUT)}]
    respawn: 'true'
    respawn_delay: 0.5
    respawn_max_retries: 3
    sigterm_timeout: 1.0
    sigkill_timeout: 2.0
    emulate_tty: true
    on_exit: shutdown
""")
    assert (plain.label, plain.command) == ('sh-1', ('sh', '-c', 'exit 0'))
    assert (plain.cwd, plain.output, plain.emulate_tty, plain.required) == (
        None, 'log', False, False
    )  # fmt: skip
    assert (plain.respawn_limit, plain.sigterm_timeout, plain.sigkill_timeout) == (0, 5.0, 5.0)
    assert (full.label, full.command[:3]) == ('talker-2', ('nice', '-n', '1'))
    assert (full.cwd, full.output) == (str(workspace.folder), 'screen')
    assert (full.environment['T_A'], full.environment['T_B']) == ('a', str(workspace.out))
    assert (full.respawn_limit, full.respawn_delay) == (3, 0.5)
    assert (full.sigterm_timeout, full.sigkill_timeout) == (1.0, 2.0)
    assert (full.emulate_tty, full.required) == (True, True)


def test_what_launch_itself_takes_can_be_given_to_every_file(launch: Launch):
    [process] = launch(
        '- node: {pkg: tiny, exec: say}',
        **{'sigterm_timeout': '0.5', 'launch-prefix': 'nice', 'ros_namespace': '/all'},
    )
    assert process.sigterm_timeout == 0.5
    assert process.command[0] == 'nice'
    assert '__ns:=/all' in process.command


def test_the_environment_can_send_all_output_to_the_screen(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv('OVERRIDE_LAUNCH_PROCESS_OUTPUT', 'both')
    [process] = launch('- node: {pkg: tiny, exec: say, output: log}')
    assert process.output == 'both'


def test_log_and_deprecation_are_said(
    launch: Launch, workspace: Workspace, capsys: pytest.CaptureFixture
):
    workspace.file(
        'launch: {deprecated: use the new one, children: [log: {message: hello}]}',
        'old.launch.yaml',
    )
    launch('- include: {file: $(dirname)/old.launch.yaml}')
    assert capsys.readouterr().out == (
        f'[WARNING] [launch]: {workspace.folder}/old.launch.yaml is deprecated: use the new one\n'
        '[INFO] [launch.user]: hello\n'
    )

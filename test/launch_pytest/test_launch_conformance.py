"""The same launch files under `ros2 launch` and under `gae launch`: same processes, same refusals.

Runs where ROS's own launch is installed (a full ROS 2); `pytest test/launch_pytest`.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

# Not `import launch`: without ROS that finds this repository's folder of launch files.
pytest.importorskip('launch.actions', reason="ROS's launch is not installed")
pytest.importorskip('launch_ros.actions', reason="ROS's launch_ros is not installed")
if shutil.which('ros2') is None:
    pytest.skip('ros2 is not on the PATH', allow_module_level=True)

from ros2launch.api import launch_a_launch_file

from gae_arm.commands import launch
from gae_arm.core.errors import ConfigError

sys.path.insert(0, str(Path(__file__).parents[1] / 'commands'))
from launch_workspace import Workspace

# Name: (main launch file, arguments). The files of MORE lie beside it.
SAME = {
    'name, namespace, arguments, remaps': (
        """
launch:
- arg: {name: a, default: info}
- node:
    pkg: tiny
    exec: report
    name: left
    namespace: arm/
    args: "--flag 'two words' $(var a)x $(var a) --empty '' $(var b '')"
    ros_args: --log-level $(var a)
    remap: [{from: a, to: /b}, {from: c, to: $(var a)}]
    param: [{name: x, value: 1}]
- node: {pkg: tiny, exec: report}
- node: {pkg: tiny, exec: report, namespace: /, name: root, param: [{name: x, value: 1}]}
- node: {pkg: tiny, exec: report, namespace: ''}
- arg: {name: late, default: '5'}
- executable: {cmd: "$(exec-in-pkg report tiny) a  'b c' $(var late)", name: tool}
""",
        [],
    ),
    'parameters': (
        """
launch:
- arg: {name: double, default: '1.0'}
- arg: {name: whole, default: '3'}
- arg: {name: list, default: '[1, 2]'}
- arg: {name: word, default: a b}
- arg: {name: empty, default: ''}
- node:
    pkg: tiny
    exec: report
    name: n
    param:
    - {name: literal_double, value: 1.0}
    - {name: quoted, value: '1.0'}
    - {name: typed, value: $(var double)}
    - {name: glued, value: 1$(var double)}
    - {name: as_text, value: $(var double), type: str}
    - {name: as_bool, value: $(equals $(var double) 1), type: bool}
    - {name: from_list, value: $(var list)}
    - {name: as_doubles, value: [1.0, $(var whole)], type: list_of_float}
    - {name: word, value: $(var word)}
    - {name: empty, value: $(var empty)}
    - {name: flag, value: true}
    - {name: many, value: [1, 2, 3]}
    - {name: texts, value: [a, '2', 'true']}
    - {name: mixed, value: [1.5, $(var double)]}
    - {name: scientific, value: 1e-3}
    - name: outer
      param:
      - {name: inner, value: 1}
      - {name: deep, param: [{name: $(var word), value: x}]}
    - {from: $(dirname)/plain.yaml}
    - {from: $(dirname)/substituted.yaml, allow_substs: true}
""",
        ['double:=2.5'],
    ),
    'groups': (
        """
launch:
- let: {name: x, value: outer}
- set_env: {name: T_A, value: outer}
- group:
  - let: {name: x, value: inner}
  - set_env: {name: T_A, value: inner}
  - push_ros_namespace: {namespace: one}
  - node: {pkg: tiny, exec: report, args: $(var x), name: n, param: [{name: p, value: 1}]}
  - group:
    - push-ros-namespace: {namespace: two}
    - node: {pkg: tiny, exec: report, namespace: three}
    - push_ros_namespace: {namespace: /absolute}
    - node: {pkg: tiny, exec: report, namespace: three, args: $(var ros_namespace)}
    - node: {pkg: tiny, exec: report, namespace: /four}
    - node: {pkg: tiny, exec: report, namespace: ''}
  - group:
    - set_remap: {from: a, to: /b}
    - node: {pkg: tiny, exec: report, remap: [{from: a, to: own}]}
- node: {pkg: tiny, exec: report, args: $(var x)}
- group:
    scoped: false
    children:
    - let: {name: x, value: leaked}
    - unset_env: {name: T_A}
- node: {pkg: tiny, exec: report, args: $(var x)}
- group:
    forwarding: false
    keep: [{name: kept, value: $(var x)}]
    children:
    - node: {pkg: tiny, exec: report, args: "$(var x none) $(var kept)"}
- group:
    if: $(not true)
    children:
    - node: {pkg: tiny, exec: report, args: never}
""",
        [],
    ),
    'conditions and logic': (
        """
launch:
- arg: {name: a, default: 'true'}
- arg: {name: b, default: '0'}
- node: {pkg: tiny, exec: report, args: '1', if: $(var a)}
- node: {pkg: tiny, exec: report, args: '2', unless: $(var a)}
- node: {pkg: tiny, exec: report, args: '3', if: " TRUE "}
- node: {pkg: tiny, exec: report, args: '4', if: $(and $(var a) $(not $(var b)))}
- node: {pkg: tiny, exec: report, args: '5', if: $(or $(var b) no)}
- node: {pkg: tiny, exec: report, args: '6', unless: $(equals 1.0 1)}
- node: {pkg: tiny, exec: report, args: '7', if: $(not-equals abc "a b")}
- node: {pkg: tiny, exec: report, args: "8 $(if $(var b) yes no) x$(if $(var b) yes)"}
- node: {pkg: tiny, exec: report, args: "9 $(equals TRUE 1) $(equals '' 0) $(and on on)"}
""",
        [],
    ),
    'includes': (
        """
launch:
- arg: {name: x, default: from main}
- arg: {name: other, default: $(var x)}
- set_env: {name: T_FILE, value: $(filename)}
- include:
    file: $(dirname)/more/child.launch.yaml
    arg:
    - {name: needed, value: $(var x)}
    - {name: after, value: $(var needed)}
- node: {pkg: tiny, exec: report, args: "main $(var x) $(var leaked) $(var x)"}
- group:
  - include:
      file: $(find-pkg-share tiny)/launch/shared.launch.yaml
      arg: [{name: x, value: for the group}]
- node: {pkg: tiny, exec: report, args: "end $(var x) $(var other)"}
""",
        ['x:=given'],
    ),
    'processes': (
        """
launch:
- set_env: {name: T_A, value: a}
- node:
    pkg: tiny
    exec: report
    cwd: $(dirname)/more
    env: [{name: T_B, value: $(env T_A)b}, {name: T_C, value: $(env T_NONE $(env T_A))}]
    emulate_tty: true
    launch-prefix: env T_P='x y'
- executable: {cmd: "T_S=shell $(exec-in-pkg report tiny) $HOME", shell: true}
- node: {exec: $(find-pkg-prefix tiny)/lib/tiny/report, args: by path}
- executable: {cmd: $(find-exec true)}
""",
        [],
    ),
    'lives of processes': (
        """
launch:
- node:
    pkg: tiny
    exec: report
    respawn: $(var again 'true')
    respawn_delay: 0.1
    respawn_max_retries: 2
    output: screen
- executable: {cmd: sleep 600}
- node: {pkg: tiny, exec: after_reports, args: '3', on_exit: shutdown}
""",
        [],
    ),
    'prefix for some': (
        """
launch:
- node: {pkg: tiny, exec: report}
- node: {pkg: tiny, exec: say}
- node: {pkg: tiny, exec: report, launch-prefix: env T_P=own}
""",
        ['launch-prefix:=env T_P=all', 'launch-prefix-filter:=rep'],
    ),
}
MORE = {
    'more/child.launch.yaml': """
launch:
- arg: {name: needed}
- arg: {name: after}
- arg: {name: x, default: from child}
- arg: {name: leaked, default: leaked}
- node: {pkg: tiny, exec: report, args: "child $(var x) $(var needed) $(var after) $(dirname)"}
""",
    'prefix/share/tiny/launch/shared.launch.yaml': """
launch:
- arg: {name: x, default: from shared}
- let: {name: other, value: changed}
- node: {pkg: tiny, exec: report, args: "shared $(var x) $(dirname) $(filename)"}
""",
    'plain.yaml': '/**: {ros__parameters: {a: $(var double)}}\n',
    'substituted.yaml': '# $(var word)\n/**: {ros__parameters: {a: $(var double)}}\n',
}

# What is wrong: the action; in those of NODES the keys besides `pkg: tiny, exec: say`.
ACTIONS = {
    'unknown action': '- nod: {pkg: tiny, exec: say}',
    'no exec': '- node: {pkg: tiny}',
    'no such package': '- node: {pkg: tinny, exec: say}',
    'no such executable': '- node: {pkg: tiny, exec: sai}',
    'missing argument': '- arg: {name: x}',
    'not one of the choices': '- arg: {name: x, default: c, choice: [{value: a}, {value: b}]}',
    'unquoted default': '- arg: {name: x, default: 5}',
    'bare if': '- log: {message: x, if: true}',
    'if and unless': "- log: {message: x, if: 'true', unless: 'true'}",
    'no truth': '- log: {message: x, if: maybe}',
    'pushed namespace': '- push_ros_namespace: {namespace: a//b}',
    'variable': '- log: {message: $(var none)}',
    'environment': '- log: {message: $(env T_NONE)}',
    'substitution': '- log: {message: $(vra x)}',
    'two spaces': '- log: {message: "$(var  x)"}',
    'too many arguments': '- log: {message: "$(var x y z)"}',
    'no such include': '- include: {file: nowhere.launch.yaml}',
}
NODES = {
    'unknown key': 'nmae: x',
    'unknown key of a remap': 'remap: [{from: a, to: b, x: y}]',
    'whole number of seconds': 'respawn_delay: 1',
    'bare respawn': 'respawn: true',
    'on_exit': 'on_exit: restart',
    'output': 'output: window',
    'node name': 'name: 1st',
    'namespace': 'namespace: a-b',
    'parameter kind': 'param: [{name: a, value: 1, type: float}]',
    'parameter text': "param: [{name: a, value: '5', type: int}]",
    'list as text': "param: [{name: a, value: '[1]', type: list_of_int}]",
    'list as scalar': 'param: [{name: a, value: [1], type: int}]',
    'mixed list': 'param: [{name: a, value: [1, a]}]',
    'mixed numbers': 'param: [{name: a, value: [1, 2.5]}]',
    'value and nested': 'param: [{name: a, value: 1, param: [{}]}]',
    'file and name': 'param: [{name: a, from: x}]',
    'substituted nothing': "param: [{name: a, value: $(var x '~')}]",
}
REFUSED = ACTIONS | {
    name: f'- node: {{pkg: tiny, exec: say, {keys}}}' for name, keys in NODES.items()
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    for name, text in MORE.items():
        workspace.file(text, name)
    return workspace


def ros2(*words: object) -> list[str]:
    return ['ros2', 'launch', *map(str, words)]


@pytest.mark.parametrize('name', SAME)
def test_both_start_the_same_processes(name: str, workspace: Workspace) -> None:
    text, words = SAME[name]
    file = workspace.file(text)
    theirs = workspace.run(command=ros2(file, *words))
    expected = workspace.reports()
    ours = workspace.run(file, *words)
    assert expected, theirs.out + theirs.err
    assert workspace.reports() == expected, ours.out + ours.err
    assert (ours.code, theirs.code) == (0, 0), ours.out + theirs.out


@pytest.mark.parametrize('name', REFUSED)
def test_both_refuse(name: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in workspace.environment.items():
        monkeypatch.setenv(key, value)
    file = workspace.file(f'launch:\n{REFUSED[name]}\n')
    code = launch_a_launch_file(
        launch_file_path=str(file), launch_file_arguments=[], noninteractive=True
    )
    assert code == 1
    with pytest.raises(ConfigError, match=r'main\.launch\.yaml:2: '):
        launch.run_file(file, {})


def test_a_launch_file_is_found_in_a_package(workspace: Workspace) -> None:
    theirs = workspace.run(command=ros2('tiny', 'shared.launch.yaml', 'x:=y'))
    expected = workspace.reports()
    assert expected, theirs.out + theirs.err
    workspace.run('tiny', 'shared.launch.yaml', 'x:=y')
    assert workspace.reports() == expected

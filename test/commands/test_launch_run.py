"""Running processes: output, signals, respawning, exit codes, nothing left behind."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from launch_workspace import ROOT, Workspace
from process_ends import alive, wait_for_end


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def nodes(*lines: str) -> str:
    """Return a launch file of nodes of `tiny`, by default with their output on the screen."""
    inner = ''.join(f'- node: {{pkg: tiny, output: screen, {line}}}\n' for line in lines)
    return f'launch:\n{inner}'


def log_of(workspace: Workspace) -> str:
    return (workspace.folder / 'log/latest/launch.log').read_text()


def test_output_is_prefixed_and_all_is_well(workspace: Workspace):
    result = workspace.run(workspace.file(nodes('exec: say, args: a', 'exec: say, exec_name: me')))
    assert result.code == 0
    assert result.err == ''
    for line in ('[say-1] out a --ros-args', '[say-1] err a --ros-args', '[me-2] out --ros-args'):
        assert line in result.out.splitlines()
    for line in ('[INFO] [say-1]: process started with pid [', '[INFO] [me-2]: process has fini'):
        assert line in result.out


@pytest.mark.parametrize(
    ('output', 'screen', 'log', 'own'),
    [
        ('log', {'err'}, {'out', 'err'}, set()),
        ('screen', {'out', 'err'}, set(), set()),
        ('both', {'out', 'err'}, {'out', 'err'}, set()),
        ('own_log', set(), set(), {'out', 'err'}),
        ('full', {'out', 'err'}, {'out', 'err'}, {'out', 'err'}),
    ],
)
def test_output_goes_where_it_is_sent(
    workspace: Workspace, output: str, screen: set, log: set, own: set
):
    file = workspace.file(f'launch:\n- node: {{pkg: tiny, exec: say, output: {output}}}')
    result = workspace.run(file)
    folder = workspace.folder / 'log/latest'
    assert {stream for stream in ('out', 'err') if f'[say-1] {stream} ' in result.out} == screen
    assert {stream for stream in ('out', 'err') if f'[say-1] {stream} ' in log_of(workspace)} == log
    names = {'say-1.log', 'say-1-stdout.log', 'say-1-stderr.log'} if own else set()
    assert {path.name for path in folder.iterdir()} == {'launch.log', *names}
    if own:
        assert sorted((folder / 'say-1.log').read_text().split()) == sorted(
            ['out', '--ros-args', 'err', '--ros-args']
        )


def test_the_last_line_needs_no_end(workspace: Workspace):
    file = workspace.file('launch:\n- executable: {cmd: printf text, output: screen}')
    assert '[printf-1] text\n' in workspace.run(file).out


def test_a_pseudo_terminal_on_request(workspace: Workspace):
    workspace.run(workspace.file(nodes('exec: report', 'exec: report, emulate_tty: true')))
    assert sorted(report['tty'] for report in workspace.reports()) == [False, True]


def test_a_wrong_file_starts_nothing(workspace: Workspace):
    result = workspace.run(workspace.file(nodes('exec: report', 'exec: say, nmae: x')))
    assert result.code == 1
    assert result.out == ''
    assert result.err.startswith(f'error: {workspace.folder}/main.launch.yaml:3: unknown key ')
    assert workspace.reports() == []
    assert not (workspace.folder / 'log').exists()


def test_a_crash_is_told_and_the_others_go_on(workspace: Workspace):
    os.mkfifo(workspace.folder / 'pipe')
    file = workspace.file(nodes('exec: exit, args: "3"', 'exec: exit_when, args: 0 pipe'))
    with workspace.start(file) as running:
        running.until('[ERROR] [exit-1]: process has died [pid ')
        (workspace.folder / 'pipe').write_text('now')
        running.until('[INFO] [exit_when-2]: process has finished cleanly')
        result = running.end()
    assert result.code == 1
    assert result.err == 'error: [exit-1] died with exit code 3\n'


def test_a_program_that_cannot_be_started_is_told(workspace: Workspace):
    result = workspace.run(workspace.file(nodes('exec: broken', 'exec: say')))
    assert result.code == 1
    assert result.err.startswith('error: [broken-1] could not be started: ')
    assert '[say-2] out' in result.out


@pytest.mark.parametrize(('code', 'message'), [(0, ''), (4, 'died with exit code 4\n')])
def test_with_a_required_process_everything_ends(workspace: Workspace, code: int, message: str):
    os.mkfifo(workspace.folder / 'pipe')
    required = f'exec: exit_when, args: {code} pipe, on_exit: shutdown'
    with workspace.start(workspace.file(nodes('exec: stay', required))) as running:
        pid = running.number('[stay-1] up')
        (workspace.folder / 'pipe').write_text('now')
        running.until('[WARNING] [launch]: process[exit_when-2] was required: shutting down')
        running.until('[stay-1] got INT')
        result = running.end()
    assert not alive(pid)
    assert result.code == (1 if code else 0)
    assert result.err == (f'error: [exit_when-2] {message}' if code else '')


@pytest.mark.parametrize('number', ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'])
def test_a_signal_ends_everything_and_that_is_well(workspace: Workspace, number: str):
    shell = '- executable: {cmd: "sleep 600 & echo up $!; wait", shell: true, output: screen}\n'
    with workspace.start(workspace.file(nodes('exec: stay') + shell)) as running:
        pids = [running.number('] up'), running.number('] up')]
        running.signal(signal.Signals[number])
        running.until(f'[WARNING] [launch]: user interrupted with {number}')
        result = running.end()
    assert '[stay-1] got INT' in result.out
    assert not any(map(alive, pids))
    assert (result.code, result.err) == (0, '')


def test_one_that_does_not_listen_is_terminated_then_killed(workspace: Workspace):
    file = workspace.file(nodes('exec: deaf, sigterm_timeout: 0.2', 'exec: stay'))
    with workspace.start(file, 'sigkill_timeout:=0.1') as running:
        pid = running.number('[deaf-1] up')
        running.signal(signal.SIGINT)
        running.until('[deaf-1] got INT')
        running.until("failed to terminate '0.2' seconds after receiving 'SIGINT', escalating to")
        running.until('[deaf-1] got TERM')
        running.until("failed to terminate '0.1' seconds after receiving 'SIGTERM', escalating to")
        running.until('signal SIGKILL')
        result = running.end()
    assert not alive(pid)
    assert result.code == 0


def test_a_second_interrupt_changes_nothing(workspace: Workspace):
    file = workspace.file(nodes('exec: deaf, sigterm_timeout: 0.5, sigkill_timeout: 0.0'))
    with workspace.start(file) as running:
        running.until('[deaf-1] up')
        running.signal(signal.SIGINT)
        running.until('[deaf-1] got INT')
        running.signal(signal.SIGINT)
        running.until('[WARNING] [launch]: SIGINT again: everything is being stopped already')
        result = running.end()
    assert result.out.count('got INT') == 1
    assert result.code == 0


def test_under_nohup_a_closed_terminal_is_no_reason_to_end(workspace: Workspace):
    wrapper = ('sh', '-c', 'trap "" HUP; exec "$@"', 'sh')
    with workspace.start(workspace.file(nodes('exec: stay')), wrapper=wrapper) as running:
        running.until('] up')
        running.signal(signal.SIGHUP)
        running.signal(signal.SIGINT)  # delivered after it
        result = running.end()
    assert 'user interrupted with SIGINT' in result.out
    assert 'SIGHUP' not in result.out
    assert result.code == 0


def test_kill_9_of_the_runner_ends_the_processes(workspace: Workspace):
    file = workspace.file('launch:\n- executable: {cmd: sleep 600}')
    with workspace.start(file) as running:
        pid = running.number('process started with pid')
        running.signal(signal.SIGKILL)
        wait_for_end(pid)


def test_what_a_process_leaves_behind_ends_with_it(workspace: Workspace):
    with workspace.start(workspace.file(nodes('exec: leave'))) as running:
        pid = running.number('left')
        result = running.end()
    wait_for_end(pid)
    assert result.code == 0


def test_when_nobody_reads_any_more_everything_ends(workspace: Workspace):
    with workspace.start(workspace.file(nodes('exec: spam'))) as running:
        pid = int(running.until('process started with pid').split('[')[-1].split(']')[0])
        running.until('spam')
        running.popen.stdout.close()
        assert running.popen.wait() == 0
        assert running.popen.stderr.read() == ''
    assert not alive(pid)


def test_a_process_is_respawned_so_many_times(workspace: Workspace):
    file = workspace.file(
        nodes("exec: exit, args: '3', respawn: 'true', respawn_delay: 0.2, respawn_max_retries: 2")
    )
    result = workspace.run(file)
    assert result.out.count('process started with pid') == 3
    assert result.err == 'error: [exit-1] died with exit code 3\n'
    starts = [line for line in log_of(workspace).splitlines() if 'started with pid' in line]
    times = [float(line.split()[0]) for line in starts]
    assert all(later - sooner >= 0.2 for sooner, later in pairwise(times))


def test_respawning_goes_on_until_a_stop_also_in_a_delay(workspace: Workspace):
    file = workspace.file(
        nodes(
            "exec: exit, args: '1', respawn: 'true'",
            "exec: say, respawn: $(var again 'true'), respawn_delay: 3600.0",
        )
    )
    with workspace.start(file) as running:
        running.until('exits with 1', times=5)
        running.signal(signal.SIGTERM)
        result = running.end()
    assert result.out.count('[say-2] out') == 1
    assert (result.code, result.err) == (0, '')


def test_parameter_files_are_removed(workspace: Workspace):
    temporary = workspace.folder / 'tmp'
    temporary.mkdir()
    file = workspace.file(nodes('exec: report, param: [{name: a, value: 1}]'))
    workspace.run(file, TMPDIR=str(temporary))
    [report] = workspace.reports()
    assert report['argv'][-1] == {'/**': {'ros__parameters': {'a': 1}}}
    assert list(temporary.iterdir()) == []


def in_a_terminal(workspace: Workspace, *words: object, **environment: str) -> tuple[int, str]:
    """Run `gae launch` in a terminal of its own, press Ctrl-C once it is up; code and screen."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, workspace.gae(*words), {**workspace.environment, **environment})
    screen = b''
    while True:
        try:
            screen += os.read(terminal, 4096)
        except OSError:  # closed by its last user
            break
        if b'up ' in screen and b'^C' not in screen:
            os.write(terminal, b'\x03')
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen.decode()


def test_ctrl_c_in_a_terminal_reaches_a_process_once(workspace: Workspace):
    code, screen = in_a_terminal(workspace, workspace.file(nodes('exec: stay')))
    assert code == 0
    assert screen.count('got INT') == 1
    assert '\033[36m[stay-1]\033[0m got INT' in screen


def test_no_color_is_honoured(workspace: Workspace):
    code, screen = in_a_terminal(workspace, workspace.file(nodes('exec: stay')), NO_COLOR='1')
    assert code == 0
    assert '[stay-1] got INT' in screen
    assert '\033' not in screen


def test_a_launch_file_is_found_by_path_by_name_and_in_a_package(workspace: Workspace):
    workspace.package('gae_arm', {})
    workspace.file(nodes('exec: say, args: by name'), 'prefix/share/gae_arm/launch/a.launch.yaml')
    workspace.file(nodes('exec: say, args: in tiny'), 'prefix/share/tiny/b.launch.yaml')
    workspace.file(nodes('exec: say, args: by path'))
    for words, text in [
        (['a'], 'by name'),
        (['a.launch.yaml'], 'by name'),
        (['tiny', 'b.launch.yaml'], 'in tiny'),
        (['main.launch.yaml'], 'by path'),
    ]:
        assert f'[say-1] out {text}' in workspace.run(*words).out


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['b'], "there is no launch file 'b': no such path, and gae_arm has: ['a']"),
        (['tiny', 'c'], "package 'tiny' has no launch file 'c'; it has: []"),
        (['none_such', 'c'], "package 'none_such' is not installed; "),
        (['gae_arm', 'a.launch.yaml', 'x'], "'x' is no launch argument; write NAME:=VALUE"),
        (['a', 'x:='], "'x:=' is no launch argument; write NAME:=VALUE"),
        (['a', 'x:=1'], "a.launch.yaml has no argument ['x']; it has: []"),
        (['plain.txt'], 'plain.txt is not a YAML launch file (*.launch.yaml); use `ros2 launch`'),
    ],
)
def test_what_is_not_there_is_named_with_what_is(
    workspace: Workspace, words: list[str], message: str
):
    workspace.package('gae_arm', {})
    workspace.file('launch: []', 'prefix/share/gae_arm/launch/a.launch.yaml')
    workspace.file('', 'plain.txt')
    result = workspace.run(*words)
    assert result.code == 1
    assert message in result.err
    assert 'Traceback' not in result.err


def test_arguments_are_shown_and_nothing_runs(workspace: Workspace):
    file = workspace.file("launch:\n- arg: {name: x, description: an x, default: '1'}")
    result = workspace.run(file, '--show-args')
    assert (result.code, result.err) == (0, '')
    assert result.out == (
        "Arguments (pass arguments as '<name>:=<value>'):\n\n    'x':\n        an x\n"
        "        (default: '1')\n"
    )


def test_the_runner_is_light(workspace: Workspace):
    # rclpy would make the runner a node; numpy's threads would make fork unsafe.
    code = "import sys, gae_arm.commands.launch; print({'rclpy', 'numpy'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == 'set()\n'

"""`gae plan send` without a graph: the file is checked first, errors are sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from gae_arm.commands import main

PLANS = sorted((Path(__file__).parents[2] / 'config' / 'plans').glob('*.yaml'))


def send(*words) -> int:
    return main.main(['plan', 'send', *map(str, words)])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'plan.yaml'
    path.write_text('waypoints: [{position: [0.5, 0.1, 0.2]}]')
    return path


@pytest.mark.parametrize('plan', PLANS, ids=lambda p: p.stem)
@pytest.mark.parametrize('arm', ['panda', 'ur5', 'xarm7'])
def test_every_plan_that_comes_along_is_fit_for_every_arm(plan, arm, capsys):
    assert send(plan, '--check', '--arm', arm) == 0
    assert f'in reach of {arm}' in capsys.readouterr().out


def test_a_check_without_an_arm_leaves_reach_out(file, capsys):
    assert send(file, '--check') == 0
    assert capsys.readouterr().out == '1 waypoints, in the workspace, above the table\n'


def test_places_in_another_frame_cannot_be_checked(file, capsys):
    file.write_text('{frame: camera, waypoints: [{position: [0.5, 0.1, 0.2]}]}')
    assert send(file, '--check') == 0
    assert "places not checked: they are in 'camera'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('waypoints: [{position: [0.5, 0.1, -0.2]}]', 'error: waypoint 0 is 0.200 m below'),
        ('waypoints: [{position: [0.5, 3, 0.2]}]', 'error: waypoint 0 is outside the workspace'),
        ('waypoints: [{position: [0.9, 0.4, 0.9]}]', 'error: waypoint 0 is out of reach'),
        ('waypoints: 3', 'plan.yaml: waypoints is not a list: 3'),
    ],
)
def test_a_plan_that_is_not_fit_is_no_success(file, text, message, capsys):
    file.write_text(text)
    assert send(file, '--check', '--arm', 'panda') == 1
    assert message in capsys.readouterr().err


def test_an_unknown_arm_is_said_with_those_that_there_are(file, capsys):
    assert send(file, '--check', '--arm', 'crane') == 1
    assert "there are: ['panda', 'ur5', 'xarm7']" in capsys.readouterr().err


def test_a_bad_file_is_said_before_a_graph_is_looked_for(tmp_path, capsys):
    assert send(tmp_path / 'none.yaml') == 1
    assert 'none.yaml cannot be read' in capsys.readouterr().err


def test_plan_alone_says_what_it_can_do(capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(['plan'])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert 'the following arguments are required: INSTRUCTION, --rgb, --depth, --camera' in said


def test_help_of_plan_shows_its_options_and_where_more_is(capsys):
    with pytest.raises(SystemExit) as ended:
        main.main(['plan', '--help'])
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert said.startswith('usage: gae plan [-h] --rgb F --depth F --camera F')
    assert 'who plans (bundled)' in said
    assert 'gae plan send --help' in said


def test_help_of_plan_send_is_its_own(capsys):
    with pytest.raises(SystemExit):
        main.main(['plan', 'send', '--help'])
    assert capsys.readouterr().out.startswith('usage: gae plan send [-h] [--arm ARM]')

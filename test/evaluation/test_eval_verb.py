"""`gae eval` refuses what does not exist by listing what does, before anything runs."""

import json
from pathlib import Path

import pytest

from gae_arm.commands.main import main
from gae_arm.evaluation import suites


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        ('tabletop --task juggle', "task 'juggle' is unknown; there are: ['drawer_put_away'"),
        ('tabletop --policy magic', "policy 'magic' is unknown; there are: ['"),
        ('tabletop --weights runs', '--weights and --steps are of the policy expert, --policy is'),
        ('tabletop --policy expert --weights none', 'none/config.json cannot be read'),
        ('tabletop --policy expert --steps 0', 'steps is 0, allowed is 1'),
        ('tabletop --planner psychic', "planner 'psychic' is unknown; there are: ['bundled', 'er"),
        ('tabletop --planner no/such.yaml', 'or a model as `gae plan` takes it: there is no pl'),
        ('tabletop --arm r2d2', "arm 'r2d2' is unknown; there are: ['panda', 'ur5', 'xarm7']"),
        ('tabletop --axis fog=training', "axis 'fog' is unknown; there are: ['camera_intrin"),
        ('robustness --sweep fog', "sweep 'fog' is unknown; there are: ['clouds', 'delay'"),
        ('tabletop --episodes 0', '--episodes is 0, at least 1 is needed'),
        ('tabletop --seed -1', '--seed is -1, allowed is 0 to 2147483647'),
        ('tabletop --drop-points 2', '--drop-points is 2.0, allowed is 0.0 to 1.0'),
        ('tabletop --video film.avi', "kind of video '.avi' is unknown; there are: ['.gif'"),
        ('tabletop --video f.gif --video-episodes 12', 'is 12; there are: 0 to 9'),
        ('tabletop --video f.gif --video-episodes all', "is 'all', not numbers with commas"),
        ('tabletop --video f.gif --through-ros', '--video is of trials in this process'),
        ('tabletop --through-ros --delay 0.1', 'delay: not through ROS; there are: errors of'),
    ],
)
def test_trials_of_what_does_not_exist_are_refused(words, message, capsys):
    assert main(['eval', *words.split()]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        ('nonsense', "invalid choice: 'nonsense'"),
        ('tabletop --model mine', 'unrecognized arguments: --model mine'),
        ('robustness --delay 0.1', 'unrecognized arguments: --delay 0.1'),
        ('robustness --video f.gif', 'unrecognized arguments: --video f.gif'),
        ('obedience --planner bundled', 'unrecognized arguments: --planner bundled'),
        ('planner --policy servo', 'unrecognized arguments: --policy servo'),
        ('axes --seed 1', 'unrecognized arguments: --seed 1'),
    ],
)
def test_a_suite_has_no_options_of_others(words, message, capsys):
    with pytest.raises(SystemExit) as end:
        main(['eval', *words.split()])
    assert end.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ('suite', 'option'),
    [
        ('tabletop', '--planner M'),
        ('robustness', '--sweep'),
        ('obedience', '--video'),
        ('planner', '--model M'),
    ],
)
def test_help_of_a_suite_is_its_own(suite, option, capsys):
    with pytest.raises(SystemExit):
        main(['eval', suite, '--help'])
    out = capsys.readouterr().out
    assert out.startswith(f'usage: gae eval {suite} ')
    assert option in out


@pytest.mark.camera
def test_a_model_of_your_own_is_the_planner_of_its_results(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('answers').write_text('{"status": "absent"}')
    profile, file = Path('mine.yaml'), Path('rows.json')
    profile.write_text(
        'backend: file\nmodel: answers\nretries: 0\n'
        'prompt: ""\nanchors_prompt: ""\nretry_prompt: ""\n'
    )
    words = 'tabletop --task press_button --training --episodes 1 --workers 0 --planner'
    assert main(['eval', *words.split(), str(profile), '--json', str(file)]) == 0
    assert f'planner {profile}' in ' '.join(capsys.readouterr().out.split())
    row = json.loads(file.read_text())['rows'][0]
    assert (row['planner'], row['causes']) == (str(profile), {'no plan': 1})


def test_a_scene_that_cannot_be_drawn_ends_with_the_last_reason(capsys):
    words = 'tabletop --task pick_up --axis distractors.count=20 --episodes 1 --workers 0'
    assert main(['eval', *words.split()]) == 1
    assert 'pick_up has no scene for seed 0 in 200 draws; the last: ' in capsys.readouterr().err


def test_axes_are_listed_with_both_ranges(capsys):
    assert main(['eval', 'axes']) == 0
    out = capsys.readouterr().out
    assert 'table_height:' in out
    assert 'training  -0.02 to 0.02' in out
    assert 'held_out  -0.06 to -0.03 or 0.03 to 0.05' in out


@pytest.mark.camera
def test_a_table_is_printed_and_its_rows_written(tmp_path, capsys):
    file = tmp_path / 'rows.json'
    words = 'tabletop --task press_button --training --axis obstacles.count=0 --episodes 1'
    options = ['--workers', '0', '--json', str(file), '--video', str(tmp_path / 'film.gif')]
    assert main(['eval', *words.split(), *options]) == 0
    out = capsys.readouterr().out
    assert 'tabletop, policy spline, arm panda' in out
    assert '1 scenes from training obstacles.count=0;' in out
    assert 'filmed press_button, seed 0: ' in out
    assert (tmp_path / 'film.gif').stat().st_size > 10_000
    row = json.loads(file.read_text())['rows'][0]
    assert (row['task'], row['episodes'], row['through']) == ('press_button', 1, 'process')
    assert row['low'] <= row['rate'] <= row['high']


def test_the_sweeps_are_those_of_the_report():
    values = {name: sweep.values for name, sweep in suites.SWEEPS.items()}
    assert values['depth'] == (0.0, 0.01, 0.02, 0.05, 0.10, 0.50)
    assert values['waypoint'] == (0.0, 0.01, 0.02, 0.03, 0.05)
    assert (min(values['delay']), max(values['delay'])) == (0.0, 0.5)
    choice = suites.Choice(['pick_up'], ['ik', 'servo'], ['panda'], 2, 0)
    sweeps = suites.robustness(choice, list(suites.SWEEPS))
    still = [{t.key for t in by_value[0.0]} for by_value in sweeps.values()]
    assert all(keys == still[0] for keys in still)
    (trial, *_) = sweeps['depth noise, m'][0.05]
    assert (trial.noise.depth, trial.pixel_noise) == (0.05, 0.05)
    assert sweeps['dropped points, share'][0.9][0].lost_points == 0.9

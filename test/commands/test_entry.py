"""`./gae`: what it makes ready for which words, and when it speaks of ROS."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def says(function, words):
    """Whether a function of the script says yes to the words of a command."""
    script = f'source "$1" && shift && if {function} "$@"; then echo yes; fi'
    command = ['bash', '-c', script, 'test', str(ROOT / 'gae'), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ''
    return done.stdout == 'yes\n'


@pytest.mark.parametrize(
    ('words', 'wanted'),
    [
        ('demo', True),
        ('demo --help', False),
        ('demo -h', False),
        ('plan lift --rgb F', True),
        ('plan send F', False),
        ('shadow --rgbd F', True),
        ('shadow --rgbd F --answer F', False),
        ('shadow --rgbd F --answer=F', False),
        ('eval tabletop', False),
        ('eval tabletop --planner bundled', True),
        ('eval tabletop --planner=oracle', False),
        ('eval tabletop --planner mine.yaml', True),
        ('eval planner', True),
        ('eval planner --help', False),
        ('launch sim.launch.yaml planner:=true', True),
        ('launch sim.launch.yaml', False),
        ('test test/core', True),
        ('test --help', False),
        ('test test/core --help', True),
        ('train planner --help', False),
    ],
)
def test_language_models_are_installed_where_one_thinks(words, wanted):
    assert says('wants_model', words.split()) == wanted


@pytest.mark.parametrize(
    ('words', 'wanted'),
    [
        (['demo', '--video', 'my film.mp4'], True),
        (['demo', '--video=film.MP4'], True),
        (['demo', '--video', 'film.gif'], False),
        (['demo', '--video', 'film.mp4', '--help'], False),
        (['demo', 'play film.mp4'], False),
        (['eval', 'tabletop', '--video', 'a/b.mp4'], True),
    ],
)
def test_what_films_need_is_installed_for_an_mp4(words, wanted):
    assert says('wants_film', words) == wanted


@pytest.mark.parametrize(
    ('words', 'wanted'),
    [('data import lerobot F D', True), ('data export D F', True), ('data make D', False)],
)
def test_what_data_sets_of_others_need_is_installed_for_them(words, wanted):
    assert says('wants_data_sets', words.split()) == wanted


def test_films_and_data_sets_are_made_with_the_same_library():
    film, data = ((ROOT / 'requirements' / f'{n}.txt').read_text() for n in ('film', 'data'))
    (pin,) = re.findall(r'^av==.*$', film, re.MULTILINE)
    assert pin in data.splitlines()


@pytest.mark.parametrize(
    ('words', 'wanted'),
    [
        ('demo', True),
        ('demo --help', False),
        ('plan lift', False),
        ('plan send F', True),
        ('plan send F --check', False),
        ('eval tabletop', False),
        ('eval tabletop --through-ros', True),
        ('data make F', False),
        ('train expert', False),
        ('replay BAG', True),
        ('replay BAG --diff', False),
        ('shadow --rgbd F', False),
        ('shadow --rgbd F --ros', True),
        ('calibrate record', True),
        ('calibrate board', False),
        ('setup', False),
    ],
)
def test_the_ros_session_is_told_where_there_is_one(words, wanted):
    assert says('uses_graph', words.split()) == wanted


@pytest.mark.parametrize('step', ['', 'PyTorch'])
def test_who_waits_for_another_one_says_so_only_while_a_step_runs(step, tmp_path):
    (tmp_path / 'log').mkdir()
    (tmp_path / 'log' / 'setup.running').write_text(step)
    script = (
        'source "$1"; ROOT=$2 RUNNING=$2/log/setup.running; '
        '(flock 8; sleep 2.5) 8>"$ROOT/log/setup.lock" & sleep 0.3; wait_turn'
    )
    command = ['bash', '-c', script, 'test', str(ROOT / 'gae'), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    said = f'another ./gae is setting up ({step}); waiting for it\n'
    assert done.stderr == (said if step else '')

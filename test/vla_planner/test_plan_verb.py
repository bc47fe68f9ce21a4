"""`gae plan` on an image in files: a table, a picture, a plan file; errors are sentences."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml
from PIL import Image

from gae_arm.commands import main
from gae_arm.commands.benches.planner_answers import HEIGHT, made_scene
from gae_arm.core.plan_file import load_plan

SCENE = made_scene()
PROFILE = """
backend: file
model: {answers}
prompt: ''
anchors_prompt: ''
retry_prompt: ''
retries: 0
says_done: true
"""
ANSWER = {
    'anchors': [{'label': 'red box', 'point': [390, 430]}],
    'waypoints': [
        {'point': [390, 430], 'up': 0.1, 'gripper': 'open'},
        {'point': [390, 430], 'up': -0.02, 'gripper': 'close'},
        {'point': [390, 430], 'up': 0.15},
    ],
}


def run_plan(folder, capsys, answer, words, T_base_camera):
    """Run `gae plan` on the made scene with an answer; return exit code, output and errors."""
    color, camera, depth = folder / 'rgb.png', folder / 'camera.json', folder / 'depth.npy'
    answers, profile = folder / 'answers.txt', folder / 'profile.yaml'
    Image.fromarray(SCENE.color).save(color)
    np.save(depth, SCENE.frame.depth)
    answers.write_text(answer)
    profile.write_text(PROFILE.format(answers=answers))
    T = None if T_base_camera is None else T_base_camera.tolist()
    K = SCENE.frame.intrinsics.K.tolist()
    camera.write_text(json.dumps({'intrinsics': K, 'extrinsics': T}))
    files = ['--rgb', color, '--depth', depth, '--camera', camera, '--model', profile]
    code = main.main(['plan', 'lift the red box', *map(str, [*files, *words])])
    return code, *capsys.readouterr()


@pytest.fixture
def plan(tmp_path, capsys):
    """Run `gae plan` in a folder of its own."""

    def run(answer, *words, extrinsics=True):
        T = SCENE.T_base_camera if extrinsics else None
        return run_plan(tmp_path, capsys, answer, words, T)

    return run


def test_a_plan_is_printed_drawn_and_written(plan, tmp_path):
    view, file = tmp_path / 'view.png', tmp_path / 'plan.yaml'
    code, out, _ = plan(json.dumps(ANSWER), '--view', view, '--out', file, '--arm', 'panda')
    assert code == 0
    assert 'rests on red box at [249, 206]' in out
    page = np.asarray(Image.open(view))
    assert page.shape == (1228, 1556, 3)
    written = load_plan(file)
    assert written.instruction == 'lift the red box'
    assert [w.position[2] for w in written.waypoints] == pytest.approx([0.15, 0.03, 0.2], abs=1e-3)
    assert main.main(['plan', 'send', str(file), '--check', '--arm', 'panda']) == 0


def test_without_extrinsics_the_table_tells_what_is_level(plan, tmp_path):
    file = tmp_path / 'plan.yaml'
    code, _, _ = plan(json.dumps(ANSWER), '--out', file, extrinsics=False)
    assert code == 0
    heights = [w.position[2] for w in load_plan(file).waypoints]
    assert heights == pytest.approx([0.15, 0.03, 0.2], abs=2e-3)


def test_without_extrinsics_it_is_said_what_was_taken_for_the_table(plan):
    _, out, _ = plan(json.dumps(ANSWER), extrinsics=False)
    assert '0.85 m under a camera that looks 90 degrees down; if it is none, give extr' in out


@pytest.mark.parametrize('extrinsics', [True, False])
@pytest.mark.parametrize('height', [-0.05, 0.03])
def test_the_workspace_begins_at_the_table(height, extrinsics, tmp_path, capsys):
    T = SCENE.T_base_camera.copy()
    T[2, 3] += height
    file = tmp_path / 'plan.yaml'
    words = ('--out', file, '--table-height', height)
    code, _, err = run_plan(tmp_path, capsys, json.dumps(ANSWER), words, T if extrinsics else None)
    assert code == 0, err
    heights = [w.position[2] - height for w in load_plan(file).waypoints]
    assert heights == pytest.approx([0.15, 0.03, 0.2], abs=2e-3)


@pytest.mark.parametrize(
    ('answer', 'code'),
    [
        ({'status': 'absent'}, 1),
        ({'status': 'done'}, 3),
        ({**ANSWER, 'waypoints': [{'point': [390, 430], 'depth': HEIGHT + 0.1}]}, 1),
    ],
)
def test_without_a_plan_the_picture_shows_what_the_model_gave(plan, answer, code, tmp_path):
    view = tmp_path / 'view.png'
    ended, out, _ = plan(json.dumps(answer), '--view', view)
    assert ended == code
    assert f'drawn: {view}' in out
    page = np.asarray(Image.open(view))
    assert page.shape[0] > 480
    marks = (page[:480] != SCENE.color).any(axis=2)
    assert marks.any() == ('waypoints' in answer)


def test_a_model_that_thinks_that_all_is_done(plan):
    code, out, _ = plan('{"status": "done"}')
    assert code == 3
    assert 'answers.txt says that nothing is left to do in this image\n' in out


def test_a_model_that_sees_nothing_of_the_kind(plan):
    code, _, err = plan('{"status": "absent"}')
    assert code == 1
    assert err == "error: file answers.txt does not see what is meant by 'lift the red box'\n"


def test_an_answer_that_is_none(plan):
    code, _, err = plan('I am sorry.')
    assert code == 1
    assert err.startswith('error: no JSON in the answer')


def test_a_refused_plan_names_the_waypoint(plan):
    bad = {'waypoints': [{'point': [390, 430]}, {'point': [390, 430], 'depth': HEIGHT + 0.1}]}
    code, _, err = plan(json.dumps(bad))
    assert code == 1
    assert err.startswith('error: waypoint 1 is 0.100 m below the surface of the table')


def test_what_was_said_is_written_down_on_request(plan, tmp_path):
    plan(json.dumps(ANSWER), '--log', tmp_path / 'log')
    rows = [
        json.loads(line) for line in (tmp_path / 'log/conversation.jsonl').read_text().splitlines()
    ]
    assert [row['role'] for row in rows] == ['user', 'assistant']
    assert json.loads(rows[1]['text']) == ANSWER
    assert Image.open(tmp_path / 'log' / rows[0]['image']).size == (640, 480)


def test_an_unknown_model_is_refused_with_those_that_there_are(capsys):
    files = ['--rgb', 'x', '--depth', 'x', '--camera', 'x']
    assert main.main(['plan', 'lift it', *files]) == 1
    assert 'colour image x cannot be read' in capsys.readouterr().err


def test_the_profiles_that_come_along_can_be_read():
    from vla_planner.profile import load_profile, planners
    from vla_planner.prompts import load_prompts

    names = sorted(path.stem for path in planners().glob('*.yaml'))
    assert 'bundled' in names
    for name in names:
        profile, folder = load_profile(name)
        prompts = load_prompts(profile, folder)
        text = prompts.prompt.substitute(instruction='pick it up', anchors='[]', moved='')
        assert 'pick it up' in text
        assert yaml.safe_load((folder / f'{name}.yaml').read_text())['backend'] == profile.backend

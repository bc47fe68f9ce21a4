"""Shadow mode on a computed scene: what is seen, what would be done, what is refused and why."""

import dataclasses
import json

import numpy as np
import pytest
import yaml
from PIL import Image
from shadow_scene import BOX, answer, write_scene

from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.settings import ArmControlSettings
from gae_arm.commands.main import main
from gae_arm.core import geometry
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import Waypoint
from gae_arm.core.plan_transform import plan_in_frame
from gae_arm.core.projection import project
from gae_arm.shadow.imagined_arm import ImaginedArm
from gae_arm.shadow.reach_report import graspable_share, waypoint_reach
from gae_arm.shadow.scenes import load_scene, scene_names
from gae_arm.shadow.surroundings import look
from gae_arm.shadow.thinking import Thinker

PANDA = load_arm(arm_file('panda'))
HOME = np.array(PANDA.home)
HAND = (0.45, 0.08, 0.42)
"""Beside the Panda's hand at home, m, base frame."""


@pytest.fixture(scope='module')
def seen(tmp_path_factory):
    """Scene, surroundings, the answer's file and the table's height, below the arm's base."""
    folder, table = tmp_path_factory.mktemp('scene'), -0.15
    write_scene(folder, table=table)
    scene = load_scene(folder, 'made')
    file = answer(folder / 'answer.json', (0.5, 0.15), table)
    return scene, look(scene, PANDA, HOME, 0.1), file, table


def imagined(scene, around):
    return ImaginedArm(
        PANDA, 'spline', around, scene.T_base_camera, HOME, GovernorSettings(), ArmControlSettings()
    )


def test_the_table_is_found_and_the_rules_fit_it(seen):
    _, around, _, table = seen
    assert around.table == pytest.approx(table, abs=0.003)
    assert around.tilt < 0.02
    rules = around.rules()
    assert rules.table_height == around.table
    assert rules.workspace_lower[2] == min(0.0, around.table)
    assert around.points[:, 2].min() > table - 0.02
    red = around.colors[:, 0] > 190
    np.testing.assert_allclose(around.points[red].max(0), BOX[1] + [0, 0, table], atol=0.02)


def test_a_recorded_answer_is_carried_out_to_its_end_and_each_time_alike(seen):
    scene, around, file, table = seen
    runs = []
    for _ in range(2):
        arm = imagined(scene, around)
        plan = Thinker(answer=file).think(scene, PANDA, around, HOME, arm.now_ns())
        runs.append(arm.run(plan))
    run = runs[0]
    np.testing.assert_array_equal(run.joints, runs[1].joints)
    assert (run.outcome, run.message) == ('done', '')
    way = np.array(run.poses)[:, :3, 3]
    goals = plan_in_frame(plan, PANDA.base_frame, scene.T_base_camera).waypoints
    for waypoint in goals:
        assert np.linalg.norm(way - waypoint.position, axis=1).min() < 0.02
    top = np.array([0.505, -0.105, table + 0.05])
    nearest = int(np.linalg.norm(way - top, axis=1).argmin())
    assert min(run.openings[nearest:]) < 0.05, 'it closes there'
    assert run.openings[-1] > 0.95, 'and lets go at the end'


def test_the_arm_that_was_filmed_is_not_believed(tmp_path):
    write_scene(tmp_path)
    scene = load_scene(tmp_path, 'made')
    # Something at the home of the hand, as if another Panda had been there.
    depth = scene.frame.depth.copy()
    hand = geometry.transform_points(geometry.invert(scene.T_base_camera), np.array([HAND]))
    u, v = project(scene.frame.intrinsics, hand)[0].round().astype(int)
    depth[v - 8 : v + 8, u - 8 : u + 8] = hand[0, 2]
    blocked = dataclasses.replace(scene, frame=dataclasses.replace(scene.frame, depth=depth))
    clear, unclear = (look(blocked, PANDA, HOME, by) for by in (0.15, 0.0))
    assert clear.cleared > 200
    assert clear.points[:, 2].max() < 0.06
    assert unclear.points[:, 2].max() > 0.3


def test_reach_is_told_for_each_waypoint_and_for_the_table(seen):
    scene, around, file, table = seen
    plan = Thinker(answer=file).think(scene, PANDA, around, HOME, 10**12)
    plan = plan_in_frame(plan, PANDA.base_frame, scene.T_base_camera)
    far = dataclasses.replace(plan, waypoints=(Waypoint([1.2, 0.0, table + 0.1]),))
    assert all(one.reached and one.margin > 0.05 for one in waypoint_reach(PANDA, plan, HOME))
    [one] = waypoint_reach(PANDA, far, HOME)
    assert not one.reached
    assert one.away == pytest.approx(1.2)
    assert 0.2 < one.error < 0.6
    share, farthest, tried = graspable_share(PANDA, around)
    assert tried == 150
    assert 0.3 < share <= 1.0
    assert 0.5 < farthest < 0.86


def test_a_camera_that_stands_nowhere_is_refused(tmp_path, capsys):
    write_scene(tmp_path, known=False)
    with pytest.raises(InvalidValueError, match="scene 'made' does not say where its camera"):
        look(load_scene(tmp_path, 'made'), PANDA, HOME, 0.1)
    assert main(['shadow', '--rgbd', str(tmp_path), '--out', str(tmp_path)]) == 1
    assert 'does not say where its camera stands' in capsys.readouterr().out


def test_missing_parts_and_scenes_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r'has no scene: no file \*_camera.json'):
        scene_names(tmp_path)
    write_scene(tmp_path, 'one')
    (tmp_path / 'one_depth.npy').unlink()
    assert scene_names(tmp_path) == ['one']
    with pytest.raises(
        ConfigError, match=r"has no \['one_depth.\*'\]; it has the scenes \['one'\]"
    ):
        load_scene(tmp_path, 'one')


def shadow(folder, *words):
    return main(['shadow', '--rgbd', str(folder), '--out', str(folder / 'out'), *words])


def test_the_verb_says_and_draws_what_would_be_done(tmp_path, capsys):
    write_scene(tmp_path)
    file = answer(tmp_path / 'answer.json', (0.5, 0.15))
    assert shadow(tmp_path, '--answer', str(file), '--clear', '0.05') == 0
    said = capsys.readouterr().out
    assert 'made: put the red box to the left' in said
    assert '6 waypoints by file answer.json:' in said
    assert 'done after ' in said
    page = np.asarray(Image.open(tmp_path / 'out' / 'made_panda.png'))
    assert page.shape[1] == 1600
    for color in ((64, 140, 255), (250, 204, 21)):
        assert (page == color).all(-1).sum() > 50, 'guide and anchors are drawn'


def test_a_plan_file_in_the_base_frame_is_taken_too(tmp_path, capsys):
    write_scene(tmp_path)
    plan = {'waypoints': [{'position': [0.5, 0.1, 0.2]}, {'position': [0.5, -0.2, 0.3]}]}
    (tmp_path / 'plan.yaml').write_text(yaml.safe_dump(plan))
    assert shadow(tmp_path, '--answer', str(tmp_path / 'plan.yaml'), '--clear', '0.05') == 0
    assert '2 waypoints by file:' in capsys.readouterr().out


def test_what_cannot_be_done_is_refused_with_the_waypoint(tmp_path, capsys):
    write_scene(tmp_path)
    file = tmp_path / 'answer.json'
    near_the_camera = {'point': [500, 500], 'depth': 0.05}
    file.write_text(json.dumps({'anchors': [], 'waypoints': [near_the_camera] * 2}))
    assert shadow(tmp_path, '--answer', str(file)) == 1
    said = capsys.readouterr().out
    assert 'not carried out: waypoint 0 is out of reach: ' in said
    assert (tmp_path / 'out' / 'made_panda.png').is_file(), 'the scene is drawn all the same'


def test_parameters_of_arm_control_can_be_tried(tmp_path, capsys):
    write_scene(tmp_path)
    file = str(answer(tmp_path / 'answer.json', (0.5, 0.15)))
    words = ('--answer', file, '--set', 'stop_distance=0.5', '--set', 'slow_distance=0.6')
    assert shadow(tmp_path, *words, '--set', 'site_radius=0.0') == 1
    said = capsys.readouterr().out
    assert 'halted after ' in said
    assert 'OBSTACLE_NEAR: an obstacle is 0.' in said
    assert shadow(tmp_path, '--answer', file, '--set', 'speed=1') == 1
    said = capsys.readouterr().err
    assert said.startswith("error: parameter 'speed' is unknown; there are: ['acceleration_scale'")
    assert shadow(tmp_path, '--ros', '--set', 'ramp=1') == 1
    said = capsys.readouterr().err
    assert said == 'error: with --ros, --set and --joints are not possible\n'

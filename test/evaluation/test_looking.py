"""The planner of trials that only looks: asked after each plan until nothing is left."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from gae_arm.commands.benches.planner_answers import made_scene
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file
from gae_arm.demonstrations.oracle import PlanNoise
from gae_arm.demonstrations.workplace import NoPlanError
from gae_arm.evaluation.looking import LookingPlanner

SCENE = made_scene()
PLAN = json.dumps({'waypoints': [{'point': [390, 430], 'up': 0.1}]})
DONE, ABSENT = '{"status": "done"}', '{"status": "absent"}'


@pytest.fixture
def place():
    """A workplace that shows the made scene; its truth is not there to be asked for."""
    instance = SimpleNamespace(instruction='lift the red box', table_height=0.0, seed=3)
    return SimpleNamespace(
        instance=instance,
        arm=load_arm(arm_file('panda')),
        T_base_camera=SCENE.T_base_camera,
        frame=lambda: SCENE.frame,
        now_ns=SCENE.frame.stamp_ns,
    )


@pytest.fixture
def planner(tmp_path):
    def make(*answers, says_done=True, noise=None):
        (tmp_path / 'answers').write_text('\n---\n'.join(answers))
        profile = tmp_path / f'{len(list(tmp_path.iterdir()))}.yaml'
        profile.write_text(
            f'backend: file\nmodel: {tmp_path}/answers\nsays_done: {str(says_done).lower()}\n'
            'retries: 0\nprompt: ""\nanchors_prompt: ""\nretry_prompt: ""\n'
        )
        return LookingPlanner(noise, 1, str(profile))

    return make


def test_it_is_asked_again_until_nothing_is_left(planner, place):
    one = planner(PLAN, PLAN, DONE)
    one.begin(place)
    plans = [one.plan(place) for _ in range(3)]
    assert [p is None for p in plans] == [False, False, True]
    assert plans[0].frame_id == place.arm.base_frame
    assert plans[0].waypoints[0].position[2] == pytest.approx(0.15)
    assert plans[0].plan_id != plans[1].plan_id


def test_a_model_that_cannot_tell_is_asked_once(planner, place):
    one = planner(PLAN, PLAN, says_done=False)
    one.begin(place)
    assert one.plan(place) is not None
    assert one.plan(place) is None


def test_after_a_plan_what_it_does_not_see_any_more_is_the_end(planner, place):
    one = planner(PLAN, ABSENT)
    one.begin(place)
    assert one.plan(place) is not None
    assert one.plan(place) is None


def test_no_plan_at_the_beginning_fails_the_trial_with_the_reason(planner, place):
    one = planner(ABSENT)
    one.begin(place)
    with pytest.raises(NoPlanError, match='OBJECT_NOT_FOUND: file answers does not see'):
        one.plan(place)


def test_its_waypoints_err_as_much_as_they_are_told_to(planner, place):
    exact, noisy = planner(PLAN, DONE), planner(PLAN, DONE, noise=PlanNoise(waypoint=0.02))
    found = []
    for one in (exact, noisy):
        one.begin(place)
        found.append(one.plan(place).waypoints[0].position)
    assert 0.001 < np.linalg.norm(found[1] - found[0]) < 0.2

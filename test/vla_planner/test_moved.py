"""What has been moved for an instruction: its words mean the table as it was before."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from gae_arm.commands.benches.planner_answers import made_scene
from gae_arm.core.geometry import invert, transform_points
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.plan_transform import plan_in_frame
from gae_arm.core.progress import PlanProgress, PlanRefusal, PlanState
from gae_arm.core.projection import deproject
from vla_planner import gripper
from vla_planner.formats import compact
from vla_planner.formats.registry import FORMATS
from vla_planner.planner import Thought, VlmPlanner, Wish
from vla_planner.profile import load_profile
from vla_planner.prompts import load_prompts
from vla_planner.pursuit import Pursuit
from vla_planner.settings import PursuitSettings

S = 10**9
SCENE = made_scene()
NOTHING = np.zeros((0, 2, 3))
PLACES = np.array([[[0.1, 0.2], [0.5, 1.7]]])
CARRY = tuple(
    Waypoint(np.array([x, 0.0, 1.0]), gripper=opening)
    for x, opening in ((0.0, 1.0), (0.0, 0.0), (0.3, 0.0), (0.3, 1.0))
)
PRESS = tuple(Waypoint(np.array([0.1, 0.0, 1.0 + z]), gripper=0.0) for z in (0.1, 0.0, 0.1))


def plan(waypoints, name='p'):
    return WaypointPlan(name, S, 'camera', 'put it there', waypoints, 60 * S)


class Heard:
    """A backend that remembers what it was asked, and answers with what it was given."""

    name = 'heard'

    def __init__(self, answer: str) -> None:
        self.asked: list[str] = []
        self._answer = answer

    def answer(self, conversation, asking):
        self.asked.append(conversation[-1].text)
        yield self._answer

    def unknown_words(self, text):
        return None


def seen(*pixels: tuple[float, float]) -> np.ndarray:
    """Return points on the scene's rays at 0.8 m, base frame."""
    points = deproject(SCENE.frame.intrinsics, np.array(pixels), np.full(len(pixels), 0.8))
    return transform_points(SCENE.T_base_camera, points)


def test_a_plan_moves_what_it_grasps_to_where_it_lets_go():
    assert gripper.moves(plan(CARRY)).tolist() == [[[0.0, 0.0, 1.0], [0.3, 0.0, 1.0]]]


@pytest.mark.parametrize('waypoints', [PRESS, CARRY[:3]])
def test_what_is_pressed_or_held_has_not_been_moved(waypoints):
    assert gripper.moves(plan(waypoints)).shape == (0, 2, 3)


def test_compact_answers_and_memories_have_the_same_places():
    assert compact.recalled(PLACES) == '<at> <loc_25> <loc_51> <to> <loc_128> <loc_255>'
    assert compact.recalled(np.zeros((0, 2, 2))) == ''


def test_models_that_write_json_are_told_in_words():
    said = FORMATS['ours'].recall(PLACES)
    assert said == 'This has been moved for it already: from [100, 200] to [500, 1000]. ' + (
        'What is left to do?'
    )
    assert FORMATS['ours'].recall(np.zeros((0, 2, 2))) == ''
    assert FORMATS['hamster_3d'].recall(PLACES) == ''


@pytest.mark.parametrize('protocol', ['one_step', 'two_step'])
def test_a_model_is_told_where_in_its_picture_things_were_moved(protocol):
    profile, folder = load_profile('any_model')
    profile = dataclasses.replace(profile, protocol=protocol)
    heard = Heard('{"status": "done"}')
    planner = VlmPlanner(profile, load_prompts(profile, folder), heard)
    moved = seen((319.5, 119.5), (159.5, 359.5))[None]
    thought = planner.think(SCENE, Wish('put it there', again=True, moved=moved))
    assert thought.plan is None
    assert 'from [500, 250] to [250, 750]' in heard.asked[0]
    planner.think(SCENE, Wish('put it there'))
    assert 'moved' not in heard.asked[1]


def test_what_is_behind_the_camera_is_not_told():
    profile, folder = load_profile('any_model')
    heard = Heard('{"status": "done"}')
    planner = VlmPlanner(profile, load_prompts(profile, folder), heard)
    behind = transform_points(SCENE.T_base_camera, np.array([[[0, 0, -1.0], [0, 0, 1.0]]]))
    planner.think(SCENE, Wish('put it there', moved=behind))
    assert 'moved' not in heard.asked[0]


def test_a_plan_says_what_was_moved_before_it_and_a_thought_what_will_have_been():
    profile, folder = load_profile('any_model')
    path = json.dumps(
        {
            'waypoints': [
                {'point': point, 'up': up, 'gripper': does}
                for point, up, does in (
                    ([390, 430], 0.1, 'open'),
                    ([390, 430], -0.02, 'close'),
                    ([390, 430], 0.1, 'none'),
                    ([600, 500], 0.1, 'none'),
                    ([600, 500], 0.03, 'open'),
                )
            ]
        }
    )
    planner = VlmPlanner(profile, load_prompts(profile, folder), Heard(path))
    before = seen((100.0, 100.0), (200.0, 100.0))[None]
    thought = planner.think(SCENE, Wish('put it there', again=True, moved=before))
    T = SCENE.T_base_camera
    np.testing.assert_allclose(transform_points(T, thought.plan.moved), before, atol=1e-9)
    own = transform_points(T, gripper.moves(thought.plan))
    np.testing.assert_allclose(thought.moved, np.concatenate([before, own]), atol=1e-9)
    based = plan_in_frame(thought.plan, 'base', T)
    np.testing.assert_allclose(based.moved, before, atol=1e-9)
    back = plan_in_frame(based, thought.plan.frame_id, invert(T))
    np.testing.assert_allclose(back.moved, thought.plan.moved, atol=1e-9)


@pytest.mark.parametrize(('state', 'count'), [(PlanState.DONE, 1), (PlanState.STUCK, 0)])
def test_only_a_plan_that_was_carried_out_has_moved_something(state, count):
    one = Pursuit(PursuitSettings(), approval=False, now_ns=S)
    one.sees_end = lambda plan: True
    one.thinking(S)
    one.thought(Thought(plan(CARRY), moved=gripper.moves(plan(CARRY))), S)
    assert len(one.moved) == 0
    one.take_progress(PlanProgress(S, 'p', state, PlanRefusal.NONE, 1.0, 3, ''), S)
    assert len(one.moved) == count


def test_looks_that_are_shifted_are_told_of_shifted_places():
    looks = pytest.importorskip('vla_planner.backends.looks')
    text = 'put it there <at> <loc_25> <loc_51> <to> <loc_128> <loc_255>'
    said = 'put it there <at> <loc_33> <loc_43> <to> <loc_136> <loc_247>'
    assert looks.moved_along(text, (0, 0)) == text
    assert looks.moved_along(text, (8, -8)) == said
    assert looks.moved_along(text, (-30, 0)).startswith('put it there <at> <loc_0> <loc_51>')


def test_words_and_places_are_cut_as_the_tokenizer_cuts_them():
    vocabulary = pytest.importorskip('vla_planner.training.vocabulary').Vocabulary
    words = vocabulary(('put', 'it', 'there', 'in-between'))
    text = f'Put it, in-between THERE! {compact.recalled(PLACES)}'
    ids = words.tokenizer()(text, add_special_tokens=False).input_ids
    assert words.words(text) == ids
    assert words.index['<unk>'] not in ids

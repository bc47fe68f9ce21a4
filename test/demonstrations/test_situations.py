"""Stories and situations: things go where hands take them, and answers are what was meant."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from action_expert.expert.target import shifts_of
from gae_arm.arm_sim.tasks.axes import TRAINING
from gae_arm.arm_sim.tasks.registry import find_task
from gae_arm.arm_sim.tasks.steps import Lift, Put, Slide
from gae_arm.core import geometry
from gae_arm.demonstrations.glimpse import Camera, Flaws
from gae_arm.demonstrations.situations import (
    HELD_OUT_TASKS,
    SituationMaker,
    SituationSettings,
    _home,
    _story,
)
from gae_arm.demonstrations.story import World, carried_over
from gae_arm.demonstrations.ways import grouped

EXACT = SituationSettings(exact=1.0, unturned=0.0, depth_noise=0.0, erased=0.0, blind=0.0)


def story_of(task, seed=0):
    instance = find_task(task).sample(seed, TRAINING)
    rng = np.random.default_rng(seed)
    return _story(next(grouped(instance.steps)), World.of(instance), True, rng)


@pytest.fixture(scope='module')
def maker():
    return SituationMaker()


def test_a_seed_gives_the_same_situations(maker):
    one, other = maker(3), SituationMaker()(3)
    assert len(one) == len(other) > 0
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.aim, b.aim)
        np.testing.assert_array_equal(a.condition.points, b.condition.points)


def test_held_out_tasks_are_not_among_them(maker):
    assert not set(maker.tasks) & set(HELD_OUT_TASKS)
    assert len(maker.tasks) == 7


def test_a_plan_without_errors_needs_no_correction_until_something_slips():
    make = SituationMaker(EXACT, tasks=['pick_up', 'press_button'])
    for seed in range(6):
        for situation in make(seed):
            shifts = shifts_of(situation.aim[None].astype(float), np.eye(4))
            held = situation.condition.state[10] < 0.5
            assert np.abs(shifts[:, :3]).max() < (0.03 if held else 1e-4)


def test_errors_are_corrected_to_what_was_meant(maker):
    """The aim's own correction puts the aim where the story's keyframe is."""
    answers = np.array([s.aim[:3] for seed in range(12) for s in maker(seed)])
    assert 0.005 < answers.std() < 0.06


def test_what_is_held_goes_along():
    story = story_of('pick_up')
    lift = story.steps[0]
    assert isinstance(lift, Lift)
    T = story.keyframes[-1].T_base_ee @ story.slip
    before, after = story.before.poses[lift.item], story.world(T, True, False).poses[lift.item]
    raised = after[:3, 3] - before[:3, 3]
    np.testing.assert_allclose(raised, [0, 0, lift.by], atol=1e-9)
    np.testing.assert_array_equal(story.world(T, False, False).poses[lift.item], before)


def test_what_is_let_go_of_is_in_its_place():
    story = story_of('stack_two')
    put = story.steps[1]
    assert isinstance(put, Put)
    after = story.world(np.eye(4), True, True).poses
    meant = after[put.onto] @ put.T_onto_item
    np.testing.assert_allclose(after[put.item][:3, 3], meant[:3, 3], atol=1e-9)


def test_what_slides_stays_within_its_travel():
    story = story_of('open_drawer')
    slide = story.steps[0]
    assert isinstance(slide, Slide)
    far = story.keyframes[story.grasp].T_base_ee.copy()
    far[:3, 3] += story.before.poses[slide.item][:3, :3] @ slide.axis
    body = next(b for b in story.before.instance.scene.objects if b.name == slide.item)
    assert story.world(far, True, False).joints[slide.item] == pytest.approx(body.travel[1])


def test_a_slipped_thing_is_put_where_it_was_meant():
    story = story_of('stack_two')
    item = story.steps[0].item
    poses = carried_over(story.keyframes, story.grasp, story.slip)
    held = story.world(poses[story.release], True, False).poses[item]
    meant = story.world(np.eye(4), True, True).poses[item]
    away = held[:3, 3] - meant[:3, 3]
    np.testing.assert_allclose(away, [0, 0, away[2]], atol=1e-9)
    assert 0 <= away[2] < 0.01


def test_a_glimpse_shows_what_is_there_and_not_the_hand():
    story = story_of('pick_up', 1)
    rng = np.random.default_rng(0)
    T = _home(rng)
    centre = story.before.poses[story.steps[0].item][:3, 3]
    points = Camera().cloud(story.before, T, 1.0, centre[None], Flaws(), rng)
    near = points[np.linalg.norm(points - centre, axis=1) < 0.05]
    assert len(near) > 50
    over = geometry.transform(geometry.rpy_to_matrix(np.pi, 0, 0), centre)
    hidden = Camera().cloud(story.before, over, 1.0, centre[None], Flaws(), rng)
    inside = np.abs(hidden - centre).max(axis=1) < 0.015
    assert inside.sum() < 5


def test_flaws_change_depth_as_they_say():
    story = story_of('pick_up', 1)
    centre = story.before.poses[story.steps[0].item][None, :3, 3]
    camera, T = Camera(), _home(np.random.default_rng(1))

    def heights(flaws):
        rng = np.random.default_rng(0)
        return camera.cloud(story.before, T, 1.0, centre, flaws, rng)[:, 2]

    assert heights(dataclasses.replace(Flaws(), pixel=0.05)).std() > 2 * heights(Flaws()).std()
    assert len(heights(Flaws(voxel=0.004))) < len(heights(Flaws()))

"""Situations of recorded episodes: a plan's errors are what is to be answered, at every moment."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made_episodes import GRASP, episode

from action_expert.expert.target import shifts_of
from action_expert.training.shards import read_shards
from gae_arm.commands.main import main
from gae_arm.core.plan import Waypoint
from gae_arm.demonstrations.dataset import Dataset
from gae_arm.demonstrations.plan_track import PlanTrack
from gae_arm.demonstrations.recorded_situations import (
    RecordedSituations,
    stretches,
    write_situations,
)
from gae_arm.demonstrations.situations import SituationSettings

EXACT = SituationSettings(exact=1.0, blind=0.0)
ERRING = SituationSettings(exact=0.0, blind=0.0, waypoint_noise=0.03, orientation_noise=0.0)


def with_plans(made, *mistaken):
    """The episode as if it had followed two plans: to the grasp, and from there on."""
    keys = made.keyframes
    turns = made.orientation[0]
    plans = [
        [Waypoint(made.position[k], turns, float(made.action_gripper[k])) for k in part]
        for part in (keys[:2], keys[2:])
    ]
    of_step = np.searchsorted([keys[1]], np.arange(made.steps), side='left')
    following = [
        int(np.searchsorted((keys[:2], keys[2:])[q][:-1], t)) for t, q in enumerate(of_step)
    ]
    track = PlanTrack.of(plans, of_step.tolist(), following, mistaken)
    return dataclasses.replace(made, plans=track)


def test_keyframes_are_the_plan_where_there_is_none():
    made = episode()
    (part,) = stretches(made)
    np.testing.assert_array_equal(part.reached, made.keyframes)
    np.testing.assert_allclose(part.poses[:, :3, 3], made.position[made.keyframes])
    assert (part.first, part.last) == (0, made.steps - 1)


def test_each_plan_is_a_stretch_but_those_that_miss_on_purpose():
    made = episode()
    one, other = stretches(with_plans(made, False, False))
    assert (one.first, other.last) == (0, made.steps - 1)
    assert one.last + 1 == other.first
    np.testing.assert_array_equal(one.reached, [made.keyframes[0] + 1, one.last])
    assert [s.first for s in stretches(with_plans(made, True, False))] == [other.first]


def test_a_plan_without_errors_needs_no_correction():
    for situation in RecordedSituations(EXACT)(0, episode()):
        assert np.abs(shifts_of(situation.aim[None].astype(float), np.eye(4))).max() < 1e-4


def test_errors_of_the_plan_are_what_is_to_be_answered():
    made = episode()
    found = RecordedSituations(ERRING)(0, made)
    assert len(found) >= 32
    sizes = []
    for s in found:
        told = s.condition
        aim = told.T_base_local[:3, 3] + told.T_base_local[:3, :3] @ s.aim[:3].astype(float)
        meant = made.position[made.keyframes]
        sizes.append(np.linalg.norm(s.aim[:3]))
        assert np.linalg.norm(meant - aim, axis=1).min() < 0.09  # Its own, or a way in or out.
    assert 0.005 < np.median(sizes) < 0.06


def test_a_moment_lies_on_the_guide_where_the_arm_was_on_its_way():
    made = episode()
    for s in RecordedSituations(EXACT)(1, made):
        told = s.condition
        hand = told.T_base_local[:3, 3] + told.T_base_local[:3, :3] @ told.hand[:, 3]
        assert np.linalg.norm(made.position - hand, axis=1).min() < 1e-3
        ahead = np.sinh(told.guidance[0, :3].astype(float)) * 0.05
        assert np.linalg.norm(ahead - told.hand[:, 3]) < 0.15


def test_the_same_every_time():
    one, other = (RecordedSituations()(3, episode()) for _ in range(2))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.aim, b.aim)


def test_without_clouds_it_teaches_the_motion_alone():
    assert {s.condition.seen for s in RecordedSituations(EXACT)(0, episode(clouds=False))} == {0.0}


def test_an_episode_without_plan_and_keyframes_teaches_nothing():
    assert RecordedSituations()(0, dataclasses.replace(episode(), keyframes=())) == []


@pytest.fixture
def dataset(tmp_path):
    made = Dataset.create(tmp_path / 'recorded', {'by': 'hand'})
    for number in (4, 5):
        made.add(number, episode(number))
    return made


def test_files_are_made_once(dataset, tmp_path):
    assert list(write_situations(dataset, tmp_path / 's')) == [64]
    assert list(write_situations(dataset, tmp_path / 's')) == []
    table = read_shards((tmp_path / 's').glob('*.safetensors'))
    assert len(table['aim']) == 64


def test_train_expert_takes_a_data_set(dataset, tmp_path, capsys):
    words = ['train', 'expert', '--dataset', str(dataset.folder), '--data', str(tmp_path / 's')]
    assert main(words) == 0
    assert f'2 episodes, 64 new situations in {tmp_path / "s"}' in capsys.readouterr().out
    assert main(['train', 'expert', '--dataset', str(tmp_path), '--data', 'x']) == 1
    assert 'is no data set: it has no meta.json' in capsys.readouterr().err


def test_the_grasp_is_where_it_was_made():
    made = episode()
    (part,) = stretches(made)
    closes = int(np.flatnonzero(part.gripper < 0.5)[0])
    assert np.linalg.norm(part.poses[closes, :3, 3] - GRASP) < 0.05

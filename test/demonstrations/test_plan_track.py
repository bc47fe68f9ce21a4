"""What the planner meant: shared out among the steps, kept in the file, or refused."""

import dataclasses

import numpy as np
import pytest
from made_episodes import episode

from gae_arm.core.errors import InvalidValueError
from gae_arm.core.plan import Waypoint
from gae_arm.demonstrations.episode_file import StoredEpisode, write_episode
from gae_arm.demonstrations.images import ImageCoding
from gae_arm.demonstrations.plan_track import PlanTrack

DOWN = (1.0, 0.0, 0.0, 0.0)


def track(steps=6):
    first = [Waypoint((0.4, 0, 0.2), DOWN), Waypoint((0.4, 0, 0.1), DOWN, 0.0)]
    second = [Waypoint((0.5, 0, 0.3), DOWN, 1.0)]
    half = steps // 2
    return PlanTrack.of(
        [first, second],
        [0] * half + [1] * (steps - half),
        [0] * (half - 1) + [1] + [0] * (steps - half),
        [True, False],
    )


def test_each_step_knows_its_plan_and_the_waypoint_that_comes_next():
    made = track()
    assert made.steps.tolist() == [0, 3]
    assert made.plan_of_step.tolist() == [0, 0, 0, 1, 1, 1]
    assert made.next.tolist() == [0, 0, 1, 2, 2, 2]
    assert made.position[made.rows(1)].tolist() == [[0.5, 0, 0.3]]
    np.testing.assert_array_equal(made.gripper, [np.nan, 0, 1])


def test_it_is_kept_in_the_file(tmp_path):
    whole = episode(images=False)
    whole = dataclasses.replace(whole, plans=track(whole.steps))
    stored = StoredEpisode(write_episode(tmp_path, 1, whole, ImageCoding()))
    plans = stored.load().plans
    assert plans.mistaken.tolist() == [True, False]
    for key in ('steps', 'starts', 'next', 'orientation', 'gripper'):
        np.testing.assert_array_equal(getattr(plans, key), getattr(whole.plans, key))
    np.testing.assert_allclose(plans.position, whole.plans.position, atol=1e-7)
    without = write_episode(tmp_path, 2, episode(images=False), ImageCoding())
    assert StoredEpisode(without).plans is None


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'steps': [1, 3]}, r'plans begin at \[1, 3\]: not from 0 on, increasing, below 6'),
        ({'steps': [0, 6]}, r'plans begin at \[0, 6\]'),
        ({'starts': [0, 0, 3]}, r'plans of \[0, 0, 3\] do not share out 3 waypoints'),
        ({'starts': [0, 2, 2]}, r'plans of \[0, 2, 2\] do not share out 3 waypoints'),
        ({'next': [0, 0, 1, 2, 2, 1]}, 'a step has a next waypoint that is not of its plan'),
        ({'gripper': [np.nan, 0, 1.5]}, 'plan gripper leaves 0 to 1'),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(change, message):
    with pytest.raises(InvalidValueError, match=message):
        dataclasses.replace(track(), **change)


def test_plans_are_as_long_as_the_episode():
    whole = episode(images=False)
    with pytest.raises(InvalidValueError, match=f'plans of 6 steps, the episode has {whole.steps}'):
        dataclasses.replace(whole, plans=track(6))

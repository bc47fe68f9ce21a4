"""Why a run failed is told from what was seen: contacts, heights, the governor's word."""

import dataclasses

import numpy as np
import pytest

from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason
from gae_arm.core.truth import WORLD, Truth
from gae_arm.demonstrations.score import STUCK, Score

STEP_NS = 20_000_000
FINGERS = ('left_finger', 'right_finger')
PICK = TASKS['pick_up'].sample(4)
PUSH = TASKS['push_to_mark'].sample(4)


class Run:
    """A score that is fed moments; objects lie where the scene has them unless moved."""

    def __init__(self, instance=PICK):
        self.instance, self.score = instance, Score(instance)
        self.target = instance.targets[0]
        poses = {name: np.eye(4) for name in instance.items}
        for name, item in instance.items.items():
            poses[name][:3, 3] = item.body.position
        still = dict.fromkeys(poses, 0.0)
        self.truth = Truth(1, poses, {}, still, frozenset())
        self.reach = 0.0

    def see(self, *pairs, raised=0.0, seconds=0.02):
        poses = dict(self.truth.poses)
        poses[self.target] = poses[self.target].copy()
        poses[self.target][2, 3] = self.instance.items[self.target].body.position[2] + raised
        touches = frozenset([*pairs, *((b, a) for a, b in pairs)])
        stamp = self.truth.stamp_ns + round(seconds * 1e9)
        self.truth = dataclasses.replace(self.truth, stamp_ns=stamp, poses=poses, touches=touches)
        self.reach += 0.01
        return self.score.see(self.truth, np.array([self.reach, 0.0, 0.3]))

    def held(self, raised=0.0, **more):
        return self.see(*((finger, self.target) for finger in FINGERS), raised=raised, **more)

    def govern(self, reason=HaltReason.OBSTACLE_NEAR, state=ArmState.MOVING, seconds=0.02):
        self.score.intervene(ArmStatus(self.truth.stamp_ns, state, reason, 'why'), seconds)

    @property
    def outcome(self):
        return self.score.outcome(1)


def test_success_has_no_cause_and_says_time_and_way():
    run = Run()
    for _ in range(60):
        run.held(raised=0.3)
    outcome = run.outcome
    assert (outcome.success, outcome.cause) == (True, '')
    assert outcome.seconds == pytest.approx(59 * 0.02, abs=0.02)
    assert outcome.path_length == pytest.approx(0.59)
    assert (outcome.touched, outcome.role) == (run.target, 'target')


def test_a_hand_that_never_closes_on_it_missed_its_grasp():
    run = Run()
    run.see((FINGERS[0], run.target))
    assert run.outcome.cause == 'missed grasp'
    assert run.outcome.touched == run.target


def test_what_is_pushed_needs_no_grasp():
    run = Run(PUSH)
    run.see()
    assert run.outcome.cause == 'missed'
    run.see((FINGERS[0], run.target), (run.target, WORLD))
    assert run.outcome.cause == 'not done'


def test_what_falls_out_of_the_hand_was_dropped_and_what_is_set_down_was_not():
    run = Run()
    run.held(raised=0.02)
    run.held(raised=0.1)
    run.see(raised=0.1)
    assert run.outcome.cause == 'not done'
    run.see((run.target, WORLD), raised=0.0)
    assert run.outcome.cause == 'dropped'
    run.held(raised=0.0)
    run.see((run.target, WORLD), raised=0.0)
    assert run.outcome.cause == 'not done'


def test_touching_the_table_is_a_collision():
    run = Run()
    run.see((FINGERS[0], WORLD))
    run.see((WORLD, FINGERS[0]))
    assert (run.outcome.cause, run.outcome.collisions) == ('collision', 1)


def test_a_run_that_takes_too_long_timed_out():
    run = Run()
    run.see()
    run.see(seconds=PICK.time_limit_s + 1)
    assert run.outcome.cause == 'timeout'


def test_a_stuck_arm_was_refused_only_if_the_governor_held_it_just_then():
    run = Run()
    run.see()
    run.govern()
    run.see(seconds=5.0)
    run.score.stop(STUCK)
    assert run.outcome.cause == 'stuck'
    run.govern()
    run.score.stop(STUCK)
    assert run.outcome.cause == 'refused'


def test_interventions_are_seconds_by_reason_without_idle_ones():
    run = Run()
    run.see()
    run.govern(seconds=0.5)
    run.govern(seconds=0.25)
    run.govern(HaltReason.NONE)
    run.govern(HaltReason.NO_COMMAND, ArmState.HALTED)
    run.govern(HaltReason.TABLE_COLLISION, ArmState.HOLDING)
    assert run.outcome.interventions == {'OBSTACLE_NEAR': 0.75}


def test_what_is_touched_first_has_a_role():
    scene = TASKS['pick_up'].sample(1)
    while not scene.distractors:
        scene = TASKS['pick_up'].sample(scene.seed + 1)
    run = Run(scene)
    run.see((FINGERS[0], scene.distractors[0]))
    run.see((FINGERS[0], run.target))
    assert run.outcome.role == 'distractor'

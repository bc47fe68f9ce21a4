"""Clouds and chunks made again are the recorded ones; what cannot be compared is named."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from made_bag import SETTINGS, T_BASE_CAMERA, MadeStack, plan_at

from action_expert.policies import make_policy
from gae_arm.commands.replay_diff import WANTED, chunk_rerun, cloud_maker
from gae_arm.core.arm import load_arm
from gae_arm.core.motion import ActionChunk
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_check import PlanCheckSettings
from gae_arm.core.plan_transform import plan_in_frame
from gae_arm.recording.bag_reader import open_bag
from gae_arm.recording.rerun.chunks import ChunkRerun
from gae_arm.recording.rerun.rerun import Rerun
from gae_arm.recording.said import DecodedBag, Said
from gae_arm.recording.settings_of import node_parameters
from gae_arm.ros.bag_decoding import decode

ARM = load_arm(arm_file('panda'))


@pytest.fixture(scope='module')
def heard(stack_bag):
    """All messages of the bag, decoded."""
    return list(DecodedBag(open_bag(stack_bag), decode, WANTED, {}))


@functools.cache
def make_clouds():
    """Made once: its mask takes a second."""
    return cloud_maker(ARM, {})


def run(heard, policy='spline', settings=SETTINGS, planner=None, tolerance=1e-5):
    rerun = Rerun(
        make_clouds(),
        ChunkRerun(make_policy(policy, ARM, settings), PlanCheckSettings()),
        planner,
        tolerance,
    )
    return {summary.kind: summary for summary in rerun.run(heard)}, rerun


def test_the_same_version_gives_the_same_clouds_and_chunks(heard):
    found, rerun = run(heard, tolerance=1e-12)
    for kind in ('cloud', 'chunk'):
        assert found[kind].recorded == found[kind].compared == found[kind].equal > 50
    assert found['cloud'].quantities['point m'] == (0.0, 0.0, 0.0)
    assert len(rerun.paths) == found['chunk'].compared
    assert found['plan'].left_out == {'no planner was asked for': 1}


def test_the_settings_of_the_recorded_nodes_are_taken(stack_bag):
    bag = open_bag(stack_bag)
    expert = node_parameters(bag.parameters, 'action_expert')
    rerun = chunk_rerun(ARM, expert, 'spline')
    assert rerun.policy.settings == SETTINGS


def test_another_policy_differs_and_says_by_how_much(heard):
    found, _ = run(heard, 'ik')
    chunks = found['chunk']
    assert chunks.compared == chunks.recorded
    assert chunks.equal < chunks.compared
    assert 1e-3 < chunks.quantities['position m'][2] < 0.5


def test_other_settings_that_give_another_shape_are_unequal(heard):
    found, _ = run(heard, settings=dataclasses.replace(SETTINGS, actions=9))
    assert found['chunk'].shapes['9 actions, recorded are 8'] > 10


def test_a_cloud_that_was_tampered_with_is_found(heard):
    def tampered(said):
        if said.topic != 'points':
            return said
        points = said.value.points.copy()
        points[0, 2] += 0.001
        return dataclasses.replace(said, value=dataclasses.replace(said.value, points=points))

    found, _ = run([tampered(said) for said in heard])
    assert found['cloud'].equal == 0
    assert found['cloud'].quantities['point m'][0] == pytest.approx(0.001, rel=1e-3)
    assert found['chunk'].equal == found['chunk'].compared


def test_a_missing_chunk_ends_the_comparison_of_its_plan(heard):
    chunks = [said for said in heard if isinstance(said.value, ActionChunk)]
    found, _ = run([said for said in heard if said is not chunks[10]])
    assert found['chunk'].equal == found['chunk'].compared == 10
    assert found['chunk'].left_out == {'chunks before it are not in the bag': len(chunks) - 11}


def test_a_missing_joint_state_is_named(heard):
    first = next(said.value for said in heard if isinstance(said.value, ActionChunk))
    less = [
        said for said in heard
        if said.topic != 'joint_states' or said.value.stamp_ns != first.stamp_ns
    ]  # fmt: skip
    found, _ = run(less)
    assert found['chunk'].compared == 0
    assert set(found['chunk'].left_out) == {'the joint state of its time is not in the bag'}


def test_a_bag_that_begins_in_the_middle_of_a_plan(heard):
    chunks = [said for said in heard if isinstance(said.value, ActionChunk)]
    since = chunks[20].log_ns
    latched = [said for said in heard if isinstance(said.value, WaypointPlan)]
    found, _ = run([*latched_at(latched, since), *(s for s in heard if s.log_ns >= since)])
    assert found['chunk'].compared == 0
    assert set(found['chunk'].left_out) == {'the bag begins in the middle of its plan'}
    assert found['cloud'].left_out  # Where the camera is was said before.


def latched_at(messages, log_ns):
    return [dataclasses.replace(said, log_ns=log_ns) for said in messages]


def test_a_second_plan_is_compared_although_the_first_began_before_the_bag(tmp_path):
    """What was commanded before a plan is in its first chunk: no other history is needed."""
    stack = MadeStack(tmp_path / 'two')
    stack.take(plan_at(stack.now_ns))
    stack.run(1.0)
    stack.take(plan_at(stack.now_ns, 'second'))
    stack.run(3.0)
    heard = list(DecodedBag(open_bag(stack.close()), decode, WANTED, {}))
    chunks = [said for said in heard if isinstance(said.value, ActionChunk)]
    less = [said for said in heard if said is not chunks[0]]
    found, _ = run(less)
    second = sum(said.value.plan_id == 'second' for said in chunks)
    assert found['chunk'].compared == found['chunk'].equal == second


def test_a_planner_is_asked_with_image_and_instruction(heard):
    plan = next(said.value for said in heard if isinstance(said.value, WaypointPlan))
    depth = next(s.value[0] for s in heard if s.topic.startswith('camera/aligned'))
    made_from = dataclasses.replace(plan, stamp_ns=depth)
    said = [replace(s, made_from) if s.value is plan else s for s in heard]
    asked = []

    def planner(frame, T_base_camera, recorded):
        np.testing.assert_allclose(T_base_camera, T_BASE_CAMERA, atol=1e-9)
        asked.append((frame.stamp_ns, frame.color.shape, recorded.instruction))
        moved = np.eye(4)
        moved[0, 3] = 0.01
        return plan_in_frame(made_from, made_from.frame_id, moved)

    found, _ = run(said, planner=planner)
    assert asked == [(depth, (48, 64, 3), 'put the cube away')]
    assert found['plan'].quantities['position m'][2] == pytest.approx(0.01)
    assert found['plan'].equal == 0


def replace(said: Said, value):
    return dataclasses.replace(said, value=value)

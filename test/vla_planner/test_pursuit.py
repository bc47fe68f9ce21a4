"""The work on one instruction: every way in which it ends, and when it thinks again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gae_arm.commands.benches.planner_answers import made_scene
from gae_arm.core.instruction import ErrorCode, Stage
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason
from gae_arm.core.plan import ImageAnchor, Waypoint, WaypointPlan
from gae_arm.core.progress import PlanProgress, PlanRefusal, PlanState
from vla_planner.anchor_watch import SEEN_GONE, AnchorWatch
from vla_planner.errors import PlannerError
from vla_planner.planner import Thought
from vla_planner.profile import find_profile
from vla_planner.pursuit import Pursuit
from vla_planner.settings import PursuitSettings

S = 10**9
SCENE = made_scene()


SOMEWHERE = (Waypoint(np.zeros(3)),)


def plan(name='p', waypoints=SOMEWHERE, anchors=()):
    return WaypointPlan(name, S, 'camera', 'lift it', waypoints, 60 * S, anchors)


def pursuit(says_done=True, approval=False, **settings):
    one = Pursuit(PursuitSettings(**settings), approval, S)
    one.sees_end = lambda plan: says_done
    return one


def moving(name='p', **options):
    one = pursuit(**options)
    one.thinking(S)
    assert one.thought(Thought(plan(name)), S) is not None
    return one


def progress(state, name='p', reason=PlanRefusal.NONE, share=0.5, message=''):
    return PlanProgress(S, name, state, reason, share, 0, message)


def halted(reason=HaltReason.OBSTACLE_NEAR):
    return ArmStatus(S, ArmState.HALTED, reason, 'something is near')


def test_an_image_from_before_it_was_asked_for_is_not_thought_about():
    one = pursuit()
    assert not one.wants_image(S - 1)
    assert one.wants_image(S)
    assert one.stage is Stage.THINKING


def test_done_ends_it_at_once():
    one = pursuit()
    one.thinking(S)
    assert one.thought(Thought(None), S) is None
    assert one.result.error_code is ErrorCode.SUCCESS
    assert one.result.plans_used == 0


def test_after_a_plan_it_looks_again_and_goes_on_with_the_next_part():
    one = moving('first')
    one.take_progress(progress(PlanState.FOLLOWING, 'first', share=0.4), S)
    assert (one.stage, one.share) == (Stage.MOVING, 0.4)
    one.take_progress(progress(PlanState.DONE, 'first', share=1.0), 2 * S)
    assert one.stage is Stage.CHECKING
    assert not one.wants_image(2 * S - 1)
    one.thought(Thought(plan('second')), 3 * S)
    one.take_progress(progress(PlanState.DONE, 'second', share=1.0), 4 * S)
    one.thought(Thought(None), 5 * S)
    assert (one.result.error_code, one.result.plans_used) == (ErrorCode.SUCCESS, 2)


@pytest.mark.parametrize('options', [{'says_done': False}, {'check_done': False}])
def test_where_nobody_can_tell_the_end_of_the_plan_is_the_end(options):
    one = moving(**options)
    one.take_progress(progress(PlanState.DONE), S)
    assert one.result.error_code is ErrorCode.SUCCESS


@pytest.mark.parametrize(
    ('gripper', 'asked'),
    [((1.0, 0.0, 0.0), False), ((0.0, 0.0), False), ((None, None), False), ((1.0, 0.0, 1.0), True)],
)
def test_the_bundled_model_is_asked_whether_it_is_done_only_where_the_hand_lets_go(gripper, asked):
    profile, _ = find_profile('bundled')
    waypoints = tuple(Waypoint(np.zeros(3), gripper=opening) for opening in gripper)
    one = pursuit()
    one.sees_end = profile.sees_end
    one.thinking(S)
    one.thought(Thought(plan(waypoints=waypoints)), S)
    one.take_progress(progress(PlanState.DONE), S)
    assert (one.result is None) == asked


CARRY = tuple(
    Waypoint(np.array(place), gripper=gripper)
    for place, gripper in (
        ((0.0, 0, 1), 1.0),
        ((0.0, 0, 1), 0.0),
        ((0.3, 0, 1), 0.0),
        ((0.3, 0, 1), 1.0),
    )
)


@pytest.mark.parametrize(('x', 'over'), [(0.29, True), (0.35, False), (0.0, False)])
def test_what_was_put_down_is_not_picked_up_again(x, over):
    """The model does not see that it is done: it would take the thing from where it belongs."""
    one = pursuit()
    one.thinking(S)
    one.thought(Thought(plan('first', CARRY)), S)
    one.take_progress(progress(PlanState.DONE, 'first'), S)
    again = (Waypoint(np.array([x, 0, 1]), gripper=1.0), Waypoint(np.array([x, 0, 1]), gripper=0.0))
    given = one.thought(Thought(plan('second', again)), 2 * S)
    assert (given is None) == over
    assert (one.result is not None) == over
    if over:
        assert one.result.error_code is ErrorCode.SUCCESS


def test_a_new_try_after_it_got_stuck_may_grasp_where_it_was_to_let_go():
    one = pursuit()
    one.thinking(S)
    one.thought(Thought(plan('first', CARRY)), S)
    one.take_progress(progress(PlanState.STUCK, 'first', message='stuck'), S)
    again = tuple(dataclasses.replace(w, position=np.array([0.3, 0, 1])) for w in CARRY)
    assert one.thought(Thought(plan('second', again)), 2 * S) is not None


def test_a_model_that_fails_to_look_again_does_not_undo_what_was_done():
    one = moving()
    one.take_progress(progress(PlanState.DONE), S)
    one.failed(PlannerError(ErrorCode.OBJECT_NOT_FOUND, 'gone'))
    assert one.result.error_code is ErrorCode.SUCCESS


def test_what_is_left_to_do_and_not_found_is_no_success():
    one = moving()
    one.take_progress(progress(PlanState.DONE, share=1.0), 2 * S)
    error = PlannerError(ErrorCode.OBJECT_NOT_FOUND, 'no mug')
    error.left = True
    one.failed(error)
    assert one.result.error_code is ErrorCode.OBJECT_NOT_FOUND
    assert one.result.error_msg == 'no mug'


def test_a_model_that_fails_at_once_does():
    one = pursuit()
    one.failed(PlannerError(ErrorCode.OBJECT_NOT_FOUND, 'no elephant'))
    assert (one.result.error_code, one.result.error_msg) == (
        ErrorCode.OBJECT_NOT_FOUND,
        'no elephant',
    )


def test_stuck_means_another_plan_until_there_are_too_many():
    one = moving('p0', max_plans=2)
    one.take_progress(progress(PlanState.STUCK, 'p0', message='it does not get nearer'), S)
    assert one.wants_image(S)
    one.thought(Thought(plan('p1')), S)
    one.take_progress(progress(PlanState.STUCK, 'p1', message='it does not get nearer'), S)
    assert one.result.error_code is ErrorCode.TASK_FAILED
    assert one.result.error_msg == 'stuck: it does not get nearer; 2 plans were tried'


def test_something_always_left_ends_too():
    one = moving('p0', max_plans=1)
    one.take_progress(progress(PlanState.DONE, 'p0'), S)
    assert one.thought(Thought(plan('p1')), S) is None
    assert one.result.error_msg == 'something is left to do after 1 plans'


@pytest.mark.parametrize(
    ('reason', 'code'),
    [
        (PlanRefusal.UNREACHABLE, ErrorCode.PLAN_REFUSED),
        (PlanRefusal.REJECTED, ErrorCode.PLAN_REJECTED),
    ],
)
def test_a_refused_plan_ends_it_with_the_reason(reason, code):
    one = moving()
    one.take_progress(progress(PlanState.REFUSED, reason=reason, message='too far'), S)
    assert one.result.error_code is code
    assert 'too far' in one.result.error_msg


def test_a_late_plan_is_made_again():
    one = moving()
    one.take_progress(progress(PlanState.REFUSED, reason=PlanRefusal.STALE), S)
    assert one.result is None
    assert one.wants_image(S)


def test_a_proposed_plan_moves_when_a_person_has_approved_it():
    one = moving(approval=True)
    assert one.stage is Stage.PLAN
    one.tick(1000 * S, '')
    assert one.result is None, 'a person may take their time'
    one.take_progress(progress(PlanState.FOLLOWING, 'p-approved'), S)
    assert one.stage is Stage.MOVING


def test_a_stop_ends_it_at_once_and_other_halts_after_a_while():
    one = moving()
    one.take_arm(halted(HaltReason.STOP_REQUESTED), S)
    assert one.result.error_code is ErrorCode.ARM_HALTED
    one = moving(halt_patience=2.0)
    one.take_arm(halted(), S)
    one.take_arm(halted(), 2 * S)
    assert one.result is None
    one.take_arm(halted(), 4 * S)
    assert one.result.error_msg == 'OBSTACLE_NEAR: something is near'


def test_no_image_and_no_expert_are_said():
    one = pursuit(image_wait=1.0)
    one.tick(3 * S, 'the lens is off')
    assert one.result.error_code is ErrorCode.IMAGE_UNAVAILABLE
    assert one.result.error_msg == 'no usable image for 2.0 s: the lens is off'
    one = moving(expert_wait=1.0)
    one.tick(3 * S, '')
    assert 'does action_expert run?' in one.result.error_msg


def test_another_plan_takes_over():
    one = moving()
    one.take_progress(progress(PlanState.FOLLOWING, 'foreign'), S)
    assert one.result is None, 'latched news from before'
    one.take_progress(progress(PlanState.FOLLOWING), S)
    one.take_progress(progress(PlanState.FOLLOWING, 'foreign'), S)
    assert one.result.error_code is ErrorCode.PREEMPTED


def test_what_happens_after_the_end_changes_nothing():
    one = moving()
    one.cancel(ErrorCode.CANCELED, 'canceled')
    one.take_progress(progress(PlanState.DONE), S)
    one.again('moved', S)
    one.tick(100 * S, '')
    assert one.result.error_code is ErrorCode.CANCELED
    assert not one.wants_image(100 * S)


# -- what a plan rests on --------------------------------------------------------------------------

RED = np.array([249.0, 205.0])


def watch():
    anchors = (ImageAnchor('red box', RED),)
    waypoints = (
        Waypoint(np.array([0, 0, 0.7]), gripper=1.0),
        Waypoint(np.array([0, 0, 0.8]), gripper=0.0),
        Waypoint(np.array([0, 0, 0.7])),
    )
    return AnchorWatch(plan(waypoints=waypoints, anchors=anchors), SCENE)


def with_depth(change):
    depth = SCENE.frame.depth.copy()
    around = depth[150:260, 200:300]
    around[around > 0] += change
    return dataclasses.replace(SCENE.frame, depth=depth)


def looks(frame, waypoint=0, times=SEEN_GONE + 2):
    one = watch()
    return [one.look(frame, SCENE.T_base_camera, waypoint) for _ in range(times)]


def test_a_thing_that_is_there_is_not_missed():
    assert set(looks(SCENE.frame)) == {''}


def test_a_thing_that_is_gone_is_missed_after_some_images():
    said = looks(with_depth(0.05))
    assert said[: SEEN_GONE - 1] == [''] * (SEEN_GONE - 1)
    assert said[SEEN_GONE - 1] == "'red box' is not where it was: 0.050 m farther is seen"


def test_the_arm_in_front_of_it_is_no_reason():
    assert set(looks(with_depth(-0.3))) == {''}


def test_a_thing_in_the_hand_is_not_missed():
    assert set(looks(with_depth(0.05), waypoint=1)) == {''}


FAR, NEAR = (409.0, 278.0), (340.0, 278.0)


def looks_at_place(pixel, change, waypoint=0):
    """Return what is said of a place after so many images in which it is nearer by -change, m."""
    anchors = (ImageAnchor('red box', RED), ImageAnchor('blue box', np.array(pixel)))
    waypoints = [Waypoint(np.array([0, 0, 0.7]), gripper=g) for g in (1.0, 0.0, 0.0, 1.0)]
    one = AnchorWatch(plan(waypoints=tuple(waypoints), anchors=anchors), SCENE)
    depth = SCENE.frame.depth.copy()
    around = depth[265:290, int(pixel[0]) - 15 : int(pixel[0]) + 15]
    around[around > 0] += change
    frame = dataclasses.replace(SCENE.frame, depth=depth)
    return [one.look(frame, SCENE.T_base_camera, waypoint) for _ in range(SEEN_GONE)][-1]


def test_a_place_onto_which_something_was_put_is_noticed():
    assert looks_at_place(FAR, -0.05) == "something is on 'blue box': 0.050 m nearer is seen"


@pytest.mark.parametrize(
    ('pixel', 'change', 'waypoint'),
    [(FAR, -0.01, 0), (FAR, -0.3, 0), (FAR, -0.05, 1), (NEAR, -0.05, 0)],
    ids=['noise', 'the arm above it', 'the hand brings something', 'the hand is beside it'],
)
def test_what_the_hand_or_noise_may_be_is_no_filled_place(pixel, change, waypoint):
    assert looks_at_place(pixel, change, waypoint) == ''


def path(*stops):
    """Waypoints (x, height, gripper), in a camera's frame: its y axis points down."""
    return tuple(Waypoint(np.array([x, -up, 0.5]), None, gripper) for x, up, gripper in stops)


PUT_DOWN = path((0.3, 0.1, 1.0), (0.3, 0.0, 0.0), (0.3, 0.1, 0.0), (0.0, 0.1, 0.0), (0.0, 0.0, 1.0))
LIFT = path((0.01, 0.1, 1.0), (0.01, 0.0, 0.0), (0.01, 0.1, 0.0), (0.4, 0.0, 1.0))
DRAW = path((0.01, 0.1, 1.0), (0.01, 0.0, 0.0), (0.13, 0.0, 0.0), (0.13, 0.0, 1.0))


@pytest.mark.parametrize(('then', 'over'), [(LIFT, True), (DRAW, False)])
def test_what_was_put_down_is_not_lifted_again_but_a_drawer_around_it_is_shut(then, over):
    one = pursuit()
    one.thinking(S)
    one.thought(Thought(plan('put', PUT_DOWN)), S)
    one.take_progress(progress(PlanState.DONE, 'put'), 2 * S)
    one.thinking(3 * S)
    assert (one.thought(Thought(plan('then', then)), 3 * S) is None) == over
    assert (one.result is not None) == over

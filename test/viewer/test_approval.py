"""What a person's answer makes of a proposed plan."""

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from plans import plan

from gae_arm.core import geometry
from gae_arm.core.plan_transform import plan_in_frame, positions
from gae_arm.core.progress import PlanRefusal, PlanState
from gae_arm.viewer.approval import approved, rejected
from gae_arm.viewer.shown_plan import ShownPlan

T = geometry.transform(geometry.rotation_vector_to_matrix([2.0, -1.0, 0.5]), [1.0, 0.1, 0.6])
LIFE_NS = 10_000_000_000
coordinate = st.floats(-1.0, 1.0)


def shown():
    source = plan('camera')
    return ShownPlan(source, plan_in_frame(source, 'base', T), T, np.full((1, 3), np.nan))


def test_waypoints_that_were_not_moved_stay_to_the_last_bit():
    answer = approved(shown(), shown().plan.waypoints, 5_000_000_000)
    assert answer.waypoints == shown().plan.waypoints
    assert answer.plan_id == 'p-approved'
    assert (answer.stamp_ns, answer.frame_id) == (1_000_000_000, 'base')
    assert answer.anchors == plan('camera').anchors


@given(st.tuples(coordinate, coordinate, coordinate))
def test_a_dragged_waypoint_arrives_where_it_was_dragged_to(place):
    before = shown().plan.waypoints
    dragged = (before[0], dataclasses.replace(before[1], position=np.array(place)), before[2])
    answer = approved(shown(), dragged, 5_000_000_000)
    np.testing.assert_array_equal(positions(answer)[1], place)
    assert answer.waypoints[0] == before[0]
    assert answer.waypoints[1].gripper == 0.0
    assert answer.waypoints[2].orientation is None


@given(st.integers(0, 1_000_000_000_000))
def test_an_approval_renews_the_expiry_and_never_shortens_it(now_ns):
    answer = approved(shown(), shown().plan.waypoints, now_ns)
    assert answer.expiry_ns >= plan().expiry_ns
    assert answer.expiry_ns - now_ns >= LIFE_NS or now_ns < plan().stamp_ns


def test_a_rejection_is_a_typed_refusal_of_that_plan():
    refusal = rejected(plan(), 7)
    assert (refusal.plan_id, refusal.state, refusal.reason) == (
        'p',
        PlanState.REFUSED,
        PlanRefusal.REJECTED,
    )

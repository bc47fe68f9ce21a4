"""Where a plan touches things, and which spheres of the cloud are no obstacles then."""

import numpy as np

from gae_arm.arm_control.grasp_sites import ExemptSpheres, GraspSites
from gae_arm.core.geometry import look_at, transform_points
from gae_arm.core.plan import Waypoint, WaypointPlan

A, B, C = np.eye(3)


def plan(*steps):
    waypoints = tuple(Waypoint(place, gripper=gripper) for place, gripper in steps)
    return WaypointPlan('p', 1, 'camera', '', waypoints, 1000)


def sites(*steps, opening=1.0):
    return GraspSites.of(plan(*steps), np.eye(4), opening)


def test_grasp_and_release_are_sites_and_opening_before_the_grasp_is_none():
    pick_and_place = sites((A, 1.0), (A, None), (B, 0.0), (A, None), (C, 1.0))
    np.testing.assert_array_equal(pick_and_place.places, [B, C])
    assert pick_and_place.expiry_ns == 1000


def test_a_gripper_that_is_closed_when_the_plan_comes_only_lets_go():
    np.testing.assert_array_equal(sites((A, None), (C, 1.0), opening=0.0).places, [C])
    assert len(sites((C, 1.0)).places) == 0


def test_partly_closed_counts_and_small_changes_do_not():
    assert len(sites((A, 0.6), (B, 0.58)).places) == 1


def test_places_are_lifted_into_the_base():
    T = look_at((1.0, 0.5, 0.8), (0.0, 0.0, 0.0))
    lifted = GraspSites.of(plan((A, 0.0)), T)
    np.testing.assert_allclose(lifted.places, transform_points(T, A[None]))


def test_what_is_carried_has_a_sphere_that_follows_in_steps():
    spheres = ExemptSpheres(0.08, 0.1)
    spheres.set_sites(sites((B, 0.4), (C, 1.0)))
    assert len(spheres.update(0, A, 1.0)) == 2
    assert len(spheres.update(0, A, 0.71)) == 2
    carried = spheres.update(0, A, 0.4)
    np.testing.assert_allclose(carried, [[*B, 0.08], [*C, 0.08], [*A, 0.11]])
    # The same array while nothing changes: what it was measured with stays valid.
    assert spheres.update(0, A + 0.005, 0.4) is carried
    moved = spheres.update(0, A + 0.02, 0.4)
    np.testing.assert_allclose(moved[-1], [*(A + 0.02), 0.11])


def test_after_its_expiry_a_plan_exempts_only_what_it_carries():
    spheres = ExemptSpheres(0.08, 0.1)
    spheres.set_sites(sites((B, 0.0)))
    assert len(spheres.update(1000, A, 0.0)) == 2
    assert len(spheres.update(1001, A, 0.0)) == 1
    assert len(spheres.update(1001, A, 1.0)) == 0
    assert len(ExemptSpheres(0.08, 0.1).update(0, A, None)) == 0

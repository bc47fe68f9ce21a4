"""Does a plan make sense? Checks of what only the thinking half can tell; the rest is in the core.

Number, workspace and reach are checked by gae_arm/core/plan_check.py, here and again by who carries
a plan out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gae_arm.core.plan import Waypoint
from gae_arm.core.progress import PlanRefusal, PlanRefusedError
from gae_arm.core.projection import project
from vla_planner.depth import points_around
from vla_planner.gripper import MIDDLE, gripper_events
from vla_planner.lifting import refused
from vla_planner.picture import Scene

MOST_EVENTS = 8
"""Of the gripper in one plan: a grasp and a release are two."""
SAME_PLACE = 0.01
"""Metres: a thing let go where it was grasped has not been moved."""
HOLDS = (0.2, 0.9)
"""Opening of a gripper that rests between these: on something. A push that was stopped at its end
leaves an empty one less open."""
IN_REACH_OF_FINGERS = 0.06
"""Metres from a grasp within which something must be seen."""


def check_sense(waypoints: Sequence[Waypoint], scene: Scene) -> None:
    """Check waypoints (base frame) against each other and the image; raise PlanRefusedError."""
    _check_in_front(waypoints, scene)
    events = gripper_events([waypoint.gripper for waypoint in waypoints])
    if len(events) > MOST_EVENTS:
        raise refused(
            events[MOST_EVENTS][0],
            f'the gripper opens and closes {len(events)} times, at most {MOST_EVENTS} are taken '
            'for meant',
        )
    for (before, _), (i, closes) in zip([(0, False), *events], events, strict=False):
        if closes:
            _check_something_there(i, waypoints[i].position, scene)
        else:
            moved = [w.position - waypoints[before].position for w in waypoints[before : i + 1]]
            if np.linalg.norm(moved, axis=1).max() < SAME_PLACE:
                raise refused(i, f'waypoint {i} lets go at once of what {before} grasped')


def check_hand_is_empty(waypoints: Sequence[Waypoint], opening: float) -> None:
    """Refuse to press or push, with fingers that stay closed, while they hold something.

    opening: the gripper's, 0.0 to 1.0, now. Raises PlanRefusedError.
    """
    said = [waypoint.gripper for waypoint in waypoints if waypoint.gripper is not None]
    stays_closed = bool(said) and max(said) < MIDDLE
    if stays_closed and HOLDS[0] < opening < HOLDS[1]:
        raise refused(
            0,
            f'the hand holds something, it is {opening:.2f} open: it presses and pushes only when '
            'it is empty; have that put somewhere first',
        )


def _check_in_front(waypoints: Sequence[Waypoint], scene: Scene) -> None:
    T = scene.T_base_camera
    for i, waypoint in enumerate(waypoints):
        z = float((waypoint.position - T[:3, 3]) @ T[:3, 2])
        if z <= 0:
            raise PlanRefusedError(
                PlanRefusal.BEHIND_CAMERA,
                f'waypoint {i} is behind the camera: its depth would be {z:.3f} m',
                i,
            )


def _check_something_there(i: int, position: np.ndarray, scene: Scene) -> None:
    T, camera = scene.T_base_camera, scene.frame.intrinsics
    local = (position - T[:3, 3]) @ T[:3, :3]
    pixel = project(camera, local)
    near = np.zeros((0, 3))
    if np.isfinite(pixel).all() and (np.abs(pixel) < 4 * camera.width).all():
        near = points_around(scene.frame, pixel, float(local[2]), 2 * IN_REACH_OF_FINGERS)
    away = float(np.linalg.norm(near - local, axis=1).min()) if len(near) else np.inf
    if away > IN_REACH_OF_FINGERS:
        seen = f'the nearest that is seen is {away:.3f} m away' if len(near) else 'nothing is seen'
        raise refused(i, f'waypoint {i} closes the gripper in the air: {seen}')

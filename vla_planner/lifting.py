"""From places in a picture to waypoints in space: depth and intrinsics are applied here.

What a model says does not depend on the camera: its places are shares of a picture, and how far a
thing is comes from the depth camera, or from the model in metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.core import checks, geometry
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.plan import ImageAnchor, Waypoint
from gae_arm.core.progress import PlanRefusal, PlanRefusedError
from vla_planner.depth import point_at
from vla_planner.drag import Drag, drag_of
from vla_planner.gripper import gripper_events
from vla_planner.hand import PRESENT, Hand
from vla_planner.picture import Picture, Scene
from vla_planner.sketch import Sketch

AJAR = 0.15
"""Opening of the gripper at the end of a push: for that the hand waits until it is there."""


@dataclass(frozen=True, eq=False)
class Lifted(checks.Contract):
    """A sketch in space.

    waypoints: base frame. anchors: pixels of the whole image. seen: float64 (A, 3), m, base frame,
    what is seen at each anchor.
    """

    waypoints: tuple[Waypoint, ...]
    anchors: tuple[ImageAnchor, ...]
    seen: np.ndarray


def lift(
    sketch: Sketch,
    picture: Picture,
    scene: Scene,
    table_height: float = 0.0,
    present: np.ndarray | None = None,
) -> Lifted:
    """Return a sketch in space.

    table_height: z of the table, m, base frame. present: R_base_ee (3, 3): of two grasps that are
    the same for two fingers the nearer one is taken. Raises PlanRefusedError with the waypoint.
    """
    pixels = [picture.to_image(spot.place) for spot in sketch.spots]
    seen = np.array([_seen(scene, p, f'anchor {i}') for i, p in enumerate(pixels)]).reshape(-1, 3)
    positions = _positions(sketch, picture, scene, seen)
    hand = Hand(scene, table_height, PRESENT if present is None else present)
    drag = None if sketch.yaw is None else drag_of(sketch.strokes)
    if drag is not None:
        positions = hand.straightened(positions, drag, seen[0])
    openings, ahead = [stroke.gripper for stroke in sketch.strokes], _ahead(seen)
    if drag is None and sketch.yaw is not None and _pushes(sketch, ahead):
        positions = hand.levelled(hand.centred(positions, seen), seen[0])
        low = np.flatnonzero(hand.lowest(positions))[[0, -1]]
        openings[int(low[1])] = AJAR
        ahead = _ahead(positions[low]) if low[0] < low[1] else ahead
    turns = _orientations(sketch, positions, drag, hand, ahead)
    waypoints = tuple(
        Waypoint(position, turn, opening)
        for position, turn, opening in zip(positions, turns, openings, strict=True)
    )
    anchors = tuple(
        ImageAnchor(spot.label, pixel) for spot, pixel in zip(sketch.spots, pixels, strict=True)
    )
    return Lifted(waypoints, anchors, seen)


def refused(waypoint: int, message: str) -> PlanRefusedError:
    """Return the refusal of an answer, for what no other reason stands for."""
    return PlanRefusedError(PlanRefusal.INVALID, message, waypoint)


def _seen(scene: Scene, pixel: np.ndarray, what: str, depth: float | None = None) -> np.ndarray:
    """Return the point (3,), base frame, at a pixel of the image."""
    camera = scene.frame.intrinsics
    if (pixel < -0.5).any() or (pixel > np.array([camera.width, camera.height]) - 0.5).any():
        number = int(what.split()[-1])
        raise refused(number, f'{what} is outside the image: {np.rint(pixel).tolist()} pixels')
    try:
        return _base(scene, point_at(scene.frame, pixel, depth))
    except InvalidValueError as error:
        raise refused(int(what.split()[-1]), f'{what}: {error}') from error


def _base(scene: Scene, points: np.ndarray) -> np.ndarray:
    T = scene.T_base_camera
    return points @ T[:3, :3].T + T[:3, 3]


def _positions(sketch: Sketch, picture: Picture, scene: Scene, seen: np.ndarray) -> np.ndarray:
    """Return the positions (N, 3) of the strokes, base frame."""
    pixels = np.array([picture.to_image(s.place) for s in sketch.strokes]).reshape(-1, 2)
    out = np.full((len(pixels), 3), np.nan)
    for i, (stroke, pixel) in enumerate(zip(sketch.strokes, pixels, strict=True)):
        if not stroke.free:
            out[i] = _seen(scene, pixel, f'waypoint {i}', stroke.depth)
    _fill_free(out, pixels, scene)
    ahead = _ahead(seen)
    for i, stroke in enumerate(sketch.strokes):
        if stroke.along and not ahead.any():
            raise refused(i, f'waypoint {i} lies {stroke.along:.2f} m along a way without a length')
        out[i] += stroke.along * ahead + [0.0, 0.0, stroke.up]
    return out


def _fill_free(positions: np.ndarray, pixels: np.ndarray, scene: Scene) -> None:
    """Fill in the waypoints in mid-air: their depth is between those before and after them."""
    known = np.flatnonzero(np.isfinite(positions[:, 0]))
    free = np.flatnonzero(np.isnan(positions[:, 0]))
    if not len(free):
        return
    T = scene.T_base_camera
    depth = (positions[known] - T[:3, 3]) @ T[:3, 2]
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(pixels, axis=0), axis=1))])
    for i, z in zip(free, np.interp(way[free], way[known], depth), strict=True):
        positions[i] = _seen(scene, pixels[i], f'waypoint {i}', float(z))


def _ahead(seen: np.ndarray) -> np.ndarray:
    """Return the level unit vector (3,) from the first anchor to the second; zero without one."""
    if len(seen) < 2:
        return np.zeros(3)
    step = (seen[1] - seen[0]) * [1.0, 1.0, 0.0]
    length = float(np.linalg.norm(step))
    return step / length if length > 1e-6 else np.zeros(3)


def _pushes(sketch: Sketch, ahead: np.ndarray) -> bool:
    """Return whether closed fingers go along the way between two places."""
    grasps = gripper_events([stroke.gripper for stroke in sketch.strokes])
    return bool(ahead.any()) and not grasps and any(stroke.along for stroke in sketch.strokes)


def _orientations(
    sketch: Sketch, positions: np.ndarray, drag: Drag | None, hand: Hand, ahead: np.ndarray
) -> list[np.ndarray | None]:
    """Return a quaternion for each stroke, or None where who carries it out may choose.

    What the answer says where it says it whole; where it says a yaw, or grasps, what is seen there
    says the rest.
    """
    openings = [stroke.gripper for stroke in sketch.strokes]
    grasps = [i for i, closes in gripper_events(openings) if closes]
    one: np.ndarray | None = None
    if drag is not None:
        one = hand.dragging(positions, drag)
    elif sketch.yaw is not None and grasps:
        one = hand.grasping(positions[grasps[0]], sketch.yaw)
    elif sketch.yaw is not None:
        pushes = _pushes(sketch, ahead)
        one = hand.pushing(positions, ahead) if pushes else hand.turned(sketch.yaw)
    out: list[np.ndarray | None] = []
    for i, stroke in enumerate(sketch.strokes):
        R = one
        if stroke.orientation is not None:
            R = hand.R_base_camera @ geometry.quaternion_to_matrix(stroke.orientation)
        elif R is None and i in grasps:
            R = hand.grasping(positions[i])
        out.append(None if R is None else geometry.matrix_to_quaternion(R))
    return out

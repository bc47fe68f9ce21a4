"""Ways to do a step of a task, from where everything is: geometry only, for no particular arm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from gae_arm.arm_sim.objects.item import SMALLEST_STROKE, Cavity
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.steps import Lift, Press, Push, Put, Slide, Step
from gae_arm.core import geometry
from gae_arm.core.errors import GaeError
from gae_arm.demonstrations import moves
from gae_arm.demonstrations.moves import Keyframe
from gae_arm.demonstrations.solids import points_of
from gae_arm.demonstrations.variety import Variety

CLEARANCE = 0.05
"""m: that what is carried keeps above whatever stands in its way, where the arm can."""
TURNS = np.arange(16) * np.pi / 8
"""rad: turns about the vertical that are tried where any will do."""
FRONT = 0.015
"""m: to both sides of their middle, and below it, the closed fingers meet what they push."""
FINGER_LENGTH = 0.032
"""m: from the fingers' middle to the hand that carries them, about the same for all grippers."""
HIGHEST = 0.05
"""m above the table: what is pushed higher up tips."""
FITS, SAME = 0.95, 0.02
"""Share of a hollow's half width to which a thing in it may reach; smaller differences are none."""
LETTING_GO = 0.024
"""m: that the fingers move apart, together, to let go of something in a container."""
DROPS = (moves.DROP, 0.015, 0.03, 0.045)
"""m: above where it will lie, things are let go of in a container: as low as there is room."""

LEANS = (1.0, *(2.0, 3.0, 4.0) * 3)
"""How much more than at first the hand leans, each time that variety is asked for grasps."""


class NoWayError(GaeError):
    """No grasp or place of a step is within the arm's reach."""


class Ways:
    """Yields ways to do groups of steps.

    variety: in grasps and approaches; None: the one with the least turning first, straight down.
    """

    def __init__(self, instance: TaskInstance, variety: Variety | None = None) -> None:
        self.instance = instance
        self._variety = variety

    def find(
        self,
        group: Sequence[Step],
        poses: Mapping[str, np.ndarray],
        joints: Mapping[str, float],
        T_now: np.ndarray,
        opened: bool,
    ) -> Iterator[list[Keyframe]]:
        """Yield ways to do a group, the one with the least turning first, or shuffled.

        poses, joints: of the objects, as in `Truth`. T_now: (4, 4), of the end effector. opened:
        whether the gripper is open.
        """
        first = group[0]
        if isinstance(first, Push):
            yield from self._pushes(first, poses[first.item], poses[first.to][:3, 3], T_now)
        elif isinstance(first, Press):
            turned = [moves.pressing(first, poses[first.item], turn) for turn in TURNS]
            for T_press in sorted(turned, key=lambda T: _turn(T, T_now)):
                yield moves.press(T_press, first.by)
        elif isinstance(first, (Lift, Slide)):
            for T_grasp, width in self._grasps(first, poses, T_now):
                before = None if self._variety is None else self._variety.before(T_grasp)
                way = moves.grasp(T_grasp, opened, before)
                if isinstance(first, Slide):
                    yield way + self._slide(first, poses, joints, T_grasp)
                elif len(group) == 1:
                    yield [*way, Keyframe(moves.raised(T_grasp, first.by))]
                else:
                    put = group[1]
                    assert isinstance(put, Put)
                    yield from self._carry(way, first, put, poses, T_grasp, width)
        else:
            raise NoWayError(f'a task cannot begin with {first!r}')

    def _pushes(
        self, push: Push, T_item: np.ndarray, end: np.ndarray, T_now: np.ndarray
    ) -> list[list[Keyframe]]:
        """Return the ways to push an item to (3,), m: low, but no lower than the hand has room."""
        start, table = T_item[:3, 3], self.instance.table_height
        above = self.instance.items[push.item].height - FINGER_LENGTH
        height = max(push.height, moves.LOWEST, min(above, HIGHEST))
        side = self._side(push, T_item, end - start, height)
        key = _across if above > moves.LOWEST else _slanting
        ways = [(key(turn), moves.push(start, end, side, table + height, turn)) for turn in TURNS]
        ways.sort(key=lambda way: (*way[0], _turn(way[1][0].T_base_ee, T_now)))
        return [way for _, way in ways]

    def _side(self, push: Push, T_item: np.ndarray, way: np.ndarray, height: float) -> float:
        """Return how far, m, from an item's frame the fingers meet it that push it along (3,).

        height: m, of the fingers above the table.
        """
        points = points_of(self.instance.items[push.item].body) @ T_item[:3, :3].T
        ahead = way[:2] / max(float(np.linalg.norm(way[:2])), 1e-9)
        before = np.abs(points[:, :2] @ [-ahead[1], ahead[0]]) < FRONT
        table = self.instance.table_height - T_item[2, 3]
        before &= points[:, 2] > table + height - FRONT
        return -float((points[before, :2] @ ahead).min()) if before.any() else push.radius

    def _grasps(
        self, step: Lift | Slide, poses: Mapping[str, np.ndarray], T_now: np.ndarray
    ) -> Iterator[tuple[np.ndarray, float]]:
        """Yield the grasps of an item, T_base_ee and width, m, in the order of trying them."""
        grasps = self.instance.items[step.item].grasps
        all_ = [(poses[step.item] @ grasp.T_object_ee, grasp.width) for grasp in grasps]
        plain = sorted(all_, key=lambda grasp: _turn(grasp[0], T_now))
        if self._variety is None:
            yield from plain
            return
        order = self._variety.order(plain)
        if isinstance(step, Slide):
            yield from order
            return
        # Where none of these has room, the plain ones may, or a hand that leans away from a thing.
        for lean in LEANS:
            yield from ((self._variety.grasp(T, lean), width) for T, width in order)
            if lean == LEANS[0]:
                yield from plain

    def _carry(
        self,
        way: list[Keyframe],
        lift: Lift,
        put: Put,
        poses: Mapping[str, np.ndarray],
        T_grasp: np.ndarray,
        width: float,
    ) -> Iterator[list[Keyframe]]:
        """Yield the ways to carry what is grasped to its place, that of the least turn first."""
        T_item_ee = geometry.invert(poses[put.item]) @ T_grasp
        places = [T @ T_item_ee for T in self._places(put, poses)]
        opening, drops = self._letting_go(put, width)
        for T_place, drop in _each(sorted(places, key=lambda T: _turn(T, T_grasp)), drops):
            height = self._travel_height(put, poses, T_grasp, T_place)
            up = max(lift.by, height - T_grasp[2, 3])
            above = max(moves.APPROACH, height - T_place[2, 3])
            yield [
                *way,
                Keyframe(moves.raised(T_grasp, up)),
                *moves.release(T_place, above, opening, drop),
            ]

    def _letting_go(self, put: Put, width: float) -> tuple[float, tuple[float, ...]]:
        """Return how far the gripper opens that lets go of `width` m, and from what heights, m.

        In a container there is no room to open it all the way, and it may be too narrow for fingers
        altogether.
        """
        if self.instance.items[put.onto].cavity is None:
            return 1.0, (moves.DROP,)
        return min(1.0, (width + LETTING_GO) / SMALLEST_STROKE), DROPS

    def _places(self, put: Put, poses: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return the poses (4, 4) of the item that are as good as the one asked for."""
        turns = TURNS if put.yaws is None else put.yaws
        rotations = [geometry.rpy_to_matrix(0, 0, yaw) for yaw in turns]
        all_ = [put.T_onto_item.copy() for _ in rotations]
        for T, rotation in zip(all_, rotations, strict=True):
            T[:3, :3] = rotation @ T[:3, :3]
        cavity = self.instance.items[put.onto].cavity
        if cavity is not None:
            points = points_of(self.instance.items[put.item].body)
            all_ = _roomiest(all_, points, cavity)
        return [poses[put.onto] @ T for T in all_]

    def _travel_height(
        self, put: Put, poses: Mapping[str, np.ndarray], T_from: np.ndarray, T_to: np.ndarray
    ) -> float:
        """Return the height, m, of the hand at which what it carries clears what is in the way."""
        carried = self.instance.items[put.item]
        below = T_from[2, 3] - (poses[put.item][2, 3] - carried.rest)
        top = self.instance.table_height
        for name, item in self.instance.items.items():
            width = item.reach + carried.reach + CLEARANCE
            if name != put.item and _beside(poses[name], T_from, T_to) < width:
                top = max(top, float(poses[name][2, 3] + item.top))
        return top + below + CLEARANCE

    def _slide(
        self,
        slide: Slide,
        poses: Mapping[str, np.ndarray],
        joints: Mapping[str, float],
        T_grasp: np.ndarray,
    ) -> list[Keyframe]:
        axis = poses[slide.item][:3, :3] @ slide.axis
        T_end = moves.shifted(T_grasp, (slide.to - joints[slide.item]) * axis)
        # There first, then letting go: else a release would be entered from above.
        return [
            Keyframe(T_end),
            Keyframe(T_end, 1.0),
            Keyframe(moves.backed(T_end, moves.APPROACH)),
        ]


def grouped(steps: Sequence[Step]) -> Iterator[tuple[Step, ...]]:
    """Yield the steps in the groups that make one plan each: what is lifted is put down with it."""
    i = 0
    while i < len(steps):
        pair = isinstance(steps[i], Lift) and i + 1 < len(steps) and isinstance(steps[i + 1], Put)
        yield tuple(steps[i : i + 1 + pair])
        i += 1 + pair


def _roomiest(places: Sequence[np.ndarray], points: np.ndarray, cavity: Cavity) -> list[np.ndarray]:
    """Return the places (4, 4) at which a thing of these points keeps clear of a hollow's walls.

    Where it fits in nowhere, those where it sticks out least.
    """
    reach = []
    for T in places:
        beside = np.abs(geometry.transform_points(T, points)[:, :2] - cavity.center) / cavity.half
        reach.append(float((np.hypot(*beside.T) if cavity.round else beside.max(axis=1)).max()))
    most = max(FITS, min(reach) + SAME)
    return [T for T, far in zip(places, reach, strict=True) if far <= most]


def _each(
    places: Sequence[np.ndarray], drops: Sequence[float]
) -> Iterator[tuple[np.ndarray, float]]:
    """Yield each place with each height, the lowest first."""
    for drop in drops:
        for T in places:
            yield T, drop


def _across(turn: float) -> tuple[float, ...]:
    """Return what sorts turns, rad, of fingers that push what the broad hand above them may touch.

    The hand has to stay behind it.
    """
    return (round(abs(np.sin(turn)), 6),)


def _slanting(turn: float) -> tuple[float, ...]:
    """Return what sorts turns, rad, of pushing fingers: flat fronts first, the broad ones of them.

    What a slanting front pushes slips off it.
    """
    return round(abs(np.sin(2 * turn)), 6), *_across(turn)


def _turn(T: np.ndarray, T_from: np.ndarray) -> float:
    """Return the angle between two orientations, rad."""
    cosine = (np.trace(T[:3, :3].T @ T_from[:3, :3]) - 1) / 2
    return float(np.arccos(np.clip(cosine, -1, 1)))


def _beside(T: np.ndarray, T_from: np.ndarray, T_to: np.ndarray) -> float:
    """Return how far, seen from above, a thing is from the straight way between two poses, m."""
    a, b, p = T_from[:2, 3], T_to[:2, 3], T[:2, 3]
    along = b - a
    share = np.clip((p - a) @ along / max(float(along @ along), 1e-9), 0, 1)
    return float(np.linalg.norm(p - a - share * along))

"""What a planner learns from: a picture, instructions, and the right answer to each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError

OUTCOMES = ('plan', 'absent', 'done')
OPEN, CLOSED = 1.0, 0.0


@dataclass(frozen=True, eq=False)
class Answer(checks.Contract):
    """The truth about one instruction.

    outcome: 'plan'; 'absent', what the instruction means is not in the picture; 'done', nothing is
    left to do. The rest is for a plan:
    pixels: float64 (A, 2), (u, v) of one or two anchors: what to go to first, and second; points:
    float64 (A, 3), metres, base frame, what is seen there; objects: label of each in the picture.
    yaw: rad, direction in which the fingers close at the first anchor, from the image's rightward
    direction on the table, counter-clockwise from above; half a turn more is the same.
    waypoints: float64 (N, 3), metres, base frame; gripper: float64 (N,), 1 open, 0 closed. alike:
    for each anchor the labels of all that its noun and colour may mean, without size, place and
    order; empty where the words do not say.
    """

    outcome: str
    pixels: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    points: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    objects: tuple[int, ...] = ()
    yaw: float = 0.0
    waypoints: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    gripper: np.ndarray = field(default_factory=lambda: np.zeros(0))
    alike: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        """Validate: a plan has one or two anchors and at least one waypoint."""
        checks.known('outcome', self.outcome, OUTCOMES)
        count = len(self.pixels)
        if self.outcome == 'plan' and not (1 <= count <= 2 and len(self.waypoints)):
            raise InvalidValueError(f'a plan of {count} anchors, {len(self.waypoints)} waypoints')
        same = len(self.points) == len(self.objects) == count
        if not same or len(self.gripper) != len(self.waypoints):
            raise InvalidValueError('an answer whose fields differ in length')
        if self.alike and len(self.alike) != count:
            raise InvalidValueError(f'{len(self.alike)} sets of alike objects of {count} anchors')


@dataclass(frozen=True, eq=False)
class Lesson(checks.Contract):
    """A picture with instructions and answers.

    rgb: uint8 (H, W, 3). depth: float32 (H, W), metres, 0 unknown. label: int16 (H, W), which
    object a pixel shows, negative for none. kinds, colors: what each object is, by label.
    T_base_camera: float64 (4, 4). instructions, answers: of equal length. moved: float64 (M, 2, 2)
    for each instruction: the pixels (u, v) from which and to which things have been moved for it
    already; empty: nothing for any. simpler: for each instruction that takes several plans the
    order that comes next, '' for those that are answered at once; empty: all are.
    """

    rgb: np.ndarray
    depth: np.ndarray
    label: np.ndarray
    kinds: tuple[str, ...]
    colors: tuple[str, ...]
    T_base_camera: np.ndarray
    K: np.ndarray
    instructions: tuple[str, ...]
    answers: tuple[Answer, ...]
    moved: tuple[np.ndarray, ...] = ()
    simpler: tuple[str, ...] = ()

    def simpler_for(self, number: int) -> str:
        """Return the simpler order that comes next for an instruction; '' if there is none."""
        return self.simpler[number] if self.simpler else ''

    def moved_for(self, number: int) -> np.ndarray:
        """Return what has been moved for an instruction, (M, 2, 2), pixels."""
        return self.moved[number] if self.moved else np.zeros((0, 2, 2))

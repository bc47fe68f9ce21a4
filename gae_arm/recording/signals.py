"""How the arm of a bag moved and was commanded, as series over time; and what was said."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gae_arm.core.arm import ArmConfig
from gae_arm.core.errors import ConfigError
from gae_arm.core.motion import RobotState
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.progress import PlanProgress
from gae_arm.core.trajectory import JointTrajectory
from gae_arm.recording.said import Said

OTHER_CLOCK_NS = 1_000_000_000
"""Stamps and times of hearing that are further apart are on two clocks (simulation, or a bag)."""

Word = tuple[int, str | WaypointPlan | PlanProgress]
"""When something was said, ns on the clock of the stamps: a sentence, a plan, or its progress."""


@dataclass(frozen=True, eq=False)
class Signals:
    """Series of a bag; all times int64 (.,), nanoseconds on the clock of the stamps, increasing.

    times_ns (S,), joints (S, N): measured. finger_ns (F,), openings (F,): measured, F may be 0.
    commands: trajectories by the time from which they count. grip_ns (G,), grips (G,): commanded
    openings, G may be 0. words: what was said, in order.
    """

    times_ns: np.ndarray
    joints: np.ndarray
    finger_ns: np.ndarray
    openings: np.ndarray
    commands: list[tuple[int, JointTrajectory]]
    grip_ns: np.ndarray
    grips: np.ndarray
    words: list[Word]

    def joints_at(self, times_ns: np.ndarray) -> np.ndarray:
        """Return the measured positions (T, N), interpolated."""
        return _interpolated(times_ns, self.times_ns, self.joints)

    def opening_at(self, times_ns: np.ndarray) -> np.ndarray | None:
        """Return the measured openings (T,), None where there are none."""
        if not len(self.finger_ns):
            return None
        return np.interp(times_ns, self.finger_ns, self.openings)

    def grip_at(self, times_ns: np.ndarray) -> np.ndarray | None:
        """Return the openings that were commanded last (T,), None where none ever were.

        Before the first command: as measured, or else open.
        """
        if not len(self.grip_ns):
            return None
        measured = self.opening_at(times_ns)
        before = np.ones(len(times_ns)) if measured is None else measured
        last = np.searchsorted(self.grip_ns, times_ns, 'right') - 1
        return np.where(last < 0, before, self.grips[np.maximum(last, 0)])

    def commanded_at(self, times_ns: np.ndarray, joints: tuple[str, ...]) -> np.ndarray | None:
        """Return the positions that were commanded (T, N), None where none were in this time.

        By the newest trajectory of all these joints; before the first one, as measured.
        """
        starts = [start for start, _ in self.commands]
        used = [bisect_right(starts, int(t)) - 1 for t in times_ns]
        if max(used, default=-1) < 0 or starts[-1] < times_ns[0]:
            return None
        out = np.array(self.joints_at(times_ns))
        for row, (t, k) in enumerate(zip(times_ns, used, strict=True)):
            if k >= 0:
                start, trajectory = self.commands[k]
                order = [trajectory.joint_names.index(name) for name in joints]
                positions = trajectory.positions[:, order]
                out[row] = _interpolated(np.array([t - start]), trajectory.times_ns, positions)[0]
        return out


def gather(bag: Iterable[Said], arm: ArmConfig) -> Signals:
    """Read a bag once; ConfigError where it does not have the arm's joints, listing those it has.

    A gripper may speak of its fingers in messages of its own.
    """
    arms: dict[int, np.ndarray] = {}
    fingers: dict[int, float] = {}
    heard: list[tuple[int, Said]] = []
    offsets: list[int] = []
    seen: set[str] = set()
    for said in bag:
        if isinstance(said.value, RobotState):
            state = said.value
            seen.update(state.joint_names)
            offsets.append(said.log_ns - state.stamp_ns)
            if set(arm.joints) <= set(state.joint_names):
                arms[state.stamp_ns] = state.select(arm.joints)
            if set(arm.gripper.joints) <= set(state.joint_names):
                fingers[state.stamp_ns] = arm.gripper.opening(state.select(arm.gripper.joints))
        else:
            heard.append((said.log_ns, said))
    if len(arms) < 2:
        raise ConfigError(
            f'the bag has no joint states of the arm {arm.name!r}, which has {list(arm.joints)}; '
            f'there are: {sorted(seen)}'
        )
    shift = int(np.median(offsets))
    shift = shift if abs(shift) > OTHER_CLOCK_NS else 0
    return _signals(arm, arms, fingers, [(log_ns - shift, said) for log_ns, said in heard])


def _signals(
    arm: ArmConfig,
    arms: dict[int, np.ndarray],
    fingers: dict[int, float],
    heard: list[tuple[int, Said]],
) -> Signals:
    commands: list[tuple[int, JointTrajectory]] = []
    grips: dict[int, float] = {}
    words: list[Word] = []
    for time_ns, said in heard:
        value = said.value
        if isinstance(value, JointTrajectory) and set(arm.joints) <= set(value.joint_names):
            commands.append((value.stamp_ns or time_ns, value))
        elif isinstance(value, np.ndarray) and value.shape == (len(arm.gripper.joints),):
            grips[time_ns] = arm.gripper.opening(value)
        elif isinstance(value, (str, WaypointPlan, PlanProgress)):
            words.append((time_ns, value))
    times_ns, joints = _series(arms)
    return Signals(
        times_ns,
        joints,
        *_series(fingers),
        sorted(commands, key=lambda command: command[0]),
        *_series(grips),
        words,
    )


def _series(values: dict[int, np.ndarray] | dict[int, float]) -> tuple[np.ndarray, np.ndarray]:
    ordered = sorted(values.items())
    return np.array([t for t, _ in ordered], np.int64), np.array([v for _, v in ordered], float)


def _interpolated(at_ns: np.ndarray, times_ns: np.ndarray, values: np.ndarray) -> np.ndarray:
    # Differences first: 64-bit floats do not hold nanoseconds since 1970.
    at, times = (at_ns - times_ns[0]) * 1e-9, (times_ns - times_ns[0]) * 1e-9
    return np.stack([np.interp(at, times, column) for column in values.T], axis=1)

"""Ways to command an arm, from smooth to malicious, for the governor's campaign."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import numpy as np

from gae_arm.arm_control.command import JointCommand
from gae_arm.core.arm import ArmConfig

POINTS_NS = (np.array([0.0, 0.01, 0.03, 0.06, 0.1]) * 1e9).astype(np.int64)


class Situation(Protocol):
    """What a source knows: its random numbers and the arm with its limits."""

    random: np.random.Generator
    arm: ArmConfig


class Source:
    """Gives commands; this one gives none. Subclasses go on from where the arm is told to be."""

    def __init__(self, situation: Situation) -> None:
        self.random = situation.random
        self.arm = situation.arm
        self.n = len(self.arm.joints)
        self.limits = self.arm.limits
        self.ticks = 0
        # Most sources respect ranges and joints that must not move; some do not.
        self.polite = self.random.random() < 0.8

    def command(self, start_ns: int, here: np.ndarray) -> JointCommand | None:
        """Return a command for times from start_ns on; here: (N,), commanded at that time."""
        self.ticks += 1
        position = self.path(POINTS_NS * 1e-9, here)
        if position is None:
            return None
        if self.polite:
            position = np.clip(position, self.limits.lower, self.limits.upper)
            position = np.where(self.limits.velocity > 0, position, here)
        return JointCommand(start_ns, self.arm.joints, start_ns + POINTS_NS, position)

    def path(self, seconds: np.ndarray, here: np.ndarray) -> np.ndarray | None:
        """Return positions (K, N) at these seconds from now on."""
        return None


class Velocity(Source):
    """A steady velocity per joint, up to three times the limit."""

    def __init__(self, situation: Situation) -> None:
        super().__init__(situation)
        top = 3 * self.limits.velocity + 0.1
        self.velocity = self.random.uniform(-top, top)

    def path(self, seconds: np.ndarray, here: np.ndarray) -> np.ndarray:
        """Go on at the velocity."""
        return here + seconds[:, None] * self.velocity


class Reversals(Velocity):
    """The same, turning round every few ticks."""

    def path(self, seconds: np.ndarray, here: np.ndarray) -> np.ndarray:
        """Go on at the velocity, or back."""
        sign = 1 if self.ticks // 7 % 2 else -1
        return here + sign * seconds[:, None] * self.velocity


class IntoLimits(Velocity):
    """Every joint to the end of its range, as fast as it may; if it is not polite, beyond."""

    def path(self, seconds: np.ndarray, here: np.ndarray) -> np.ndarray:
        """Go on at the limit of velocity."""
        return here + seconds[:, None] * np.sign(self.velocity) * self.limits.velocity


class Waves(Source):
    """A sine of every joint, each with an amplitude and frequency of its own."""

    def __init__(self, situation: Situation) -> None:
        super().__init__(situation)
        self.amplitude = self.random.uniform(0.0, 0.6, self.n)
        self.frequency = self.random.uniform(0.5, 30.0, self.n)
        self.time = 0.0

    def path(self, seconds: np.ndarray, here: np.ndarray) -> np.ndarray:
        """Go on with the sines, from wherever the arm is."""
        self.time += 0.01
        phase = self.frequency * (self.time + seconds[:, None])
        return here + self.amplitude * (np.sin(phase) - np.sin(phase[:1]))


class Walk(Source):
    """Positions with noise on them, as an untrained policy gives them."""

    def path(self, seconds: np.ndarray, here: np.ndarray) -> np.ndarray:
        """Walk at random from here."""
        return here + self.random.normal(0.0, 0.01, (len(seconds), self.n)).cumsum(axis=0)


class Steps(Source):
    """A new goal every few ticks, near enough not to be a jump."""

    def path(self, seconds: np.ndarray, here: np.ndarray) -> np.ndarray:
        """Stand somewhere else."""
        if self.ticks % 5 == 1:
            self.goal = here + self.random.uniform(-0.12, 0.12, self.n)
        return np.repeat(self.goal[None], len(seconds), axis=0)


class Anywhere(Source):
    """Positions without any sense."""

    def path(self, seconds: np.ndarray, here: np.ndarray) -> np.ndarray:
        """Return numbers of all sizes."""
        size = 10.0 ** self.random.uniform(-3, 300 if self.random.random() < 0.1 else 2)
        return size * self.random.uniform(-1, 1, (len(seconds), self.n))


class Broken(Velocity):
    """Commands with one thing wrong with their form, every other tick."""

    def command(self, start_ns: int, here: np.ndarray) -> JointCommand | None:
        """Return a good command, or one with a part replaced."""
        good = super().command(start_ns, here)
        if good is None or self.ticks % 2:
            return good
        times, position = np.array(good.times_ns), np.array(good.position)
        k, j = self.random.integers(len(times)), self.random.integers(self.n)
        broken = position.copy()
        broken[k, j] = self.random.choice([np.nan, np.inf, -np.inf, 1e308])
        names = list(self.arm.joints)
        changes: list[dict[str, Any]] = [
            {'position': broken},
            {'position': position[:, 1:]},
            {'position': position[:0], 'times_ns': times[:0]},
            {'joint_names': names[1:]},
            {'joint_names': [*names[1:], 'tail']},
            {'joint_names': [names[0], *names[:-1]]},
            {'joint_names': names[::-1], 'position': position[:, ::-1]},
            {'times_ns': times[::-1].copy()},
            {'times_ns': np.zeros_like(times)},
            {'times_ns': times * 1.0},
            {'times_ns': -times},
            {'times_ns': times - 10**9},
            {'times_ns': times + 10**9},
            {'stamp_ns': start_ns - 10**9},
            {'stamp_ns': start_ns + 10**9},
        ]
        return dataclasses.replace(good, **changes[self.random.integers(len(changes))])


SOURCES = (
    Source, Velocity, Velocity, Reversals, Reversals, IntoLimits, IntoLimits, Waves, Waves, Walk,
    Steps, Anywhere, Broken,
)  # fmt: skip


def draw_source(situation: Situation) -> Source:
    """Return a source of a random kind."""
    return SOURCES[situation.random.integers(len(SOURCES))](situation)

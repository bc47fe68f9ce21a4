"""The policy `expert`: the guide, corrected by the network many times a second.

The network says where the waypoint that the hand is heading for was meant to be. A guide through
the corrected waypoints says where the hand should be at each moment of the coming chunk. The way
there begins with what is being carried out already: the part of the last chunk that has been
executed when a new one arrives is never changed, and from its end the new corrections are
approached without a step in place or speed. While the fingers move, the hand stays where it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from action_expert.expert.condition import Condition, Moment, condition, warm_up
from action_expert.expert.estimate import Estimate
from action_expert.expert.held import Doing, Held
from action_expert.expert.target import same_phase, shifts_of
from action_expert.expert.twin import said
from action_expert.expert.weights import Weights
from action_expert.following import GuidePolicy, PolicySettings
from action_expert.guide import Guide, GuideWaypoints, make_guide
from action_expert.guide_clock import GuideClock
from action_expert.shift import apart, beside, glide
from gae_arm.core import surface
from gae_arm.core.arm import ArmConfig, load_arm
from gae_arm.core.cloud import Cloud
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.paths import arm_file, share_folder

STOPPED = 0.5
"""s without progress, after which something is taken to be in the way."""
SAYS_NOTHING = 0.02
"""s at full speed: a guide that is shorter and moves no finger leads nowhere: nothing moves."""


class ActionExpert(GuidePolicy):
    """Follows the guide as the network corrects it; see `action_expert.policy.Policy`.

    weights: None: those of `settings.weights`. told: what the network was told last. novelty: how
    far that is from training, see `Weights.novelty`; 0.0 before the first chunk.
    """

    name: ClassVar[str] = 'expert'

    def __init__(
        self, arm: ArmConfig, settings: PolicySettings, weights: Weights | None = None
    ) -> None:
        super().__init__(arm, settings)
        warm_up()
        surface.warm_up()
        self.weights = weights or Weights.load(weights_folder(settings.weights))
        self.told: Condition | None = None
        self.novelty = 0.0
        self._said = np.zeros(0, dtype=bool)
        self._estimate: Estimate | None = None
        self._meant: Guide | None = None
        self._held, self._held_ns = Held(settings.lead), 0
        self._looked_ns = 0
        self._without = ''
        self._way = np.zeros((2, settings.actions, 6))
        self._way_ns = 0

    @staticmethod
    def from_pretrained(folder: str | Path = '', arm: str = 'panda') -> ActionExpert:
        """Return the expert of a folder of weights ('': those shipped) for an arm by name."""
        settings = PolicySettings(weights=str(folder))
        return ActionExpert(load_arm(arm_file(arm)), settings)

    def figures(self) -> dict[str, float]:
        """Return how far what the network was told is from training; above 1.0 is unusual."""
        return {'novelty': self.novelty}

    def _label(self) -> str:
        return f'{self.name} ({self._without})' if self._without else self.name

    def _set_guide(
        self, T_base_ee: np.ndarray, opening: float, waypoints: GuideWaypoints
    ) -> GuideClock:
        """Begin a guide where the arm is, without a correction."""
        clock = super()._set_guide(T_base_ee, opening, waypoints)
        assert self._plan is not None
        self._said = said(waypoints, self._plan)
        self._estimate, self._looked_ns = Estimate(waypoints), self._stamp_ns
        self._meant = None
        self._held, self._held_ns = Held(self.settings.lead), self._stamp_ns
        self._way, self._way_ns = np.zeros_like(self._way), self._stamp_ns
        return clock

    def _shift(self) -> np.ndarray:
        return self._shift_now()[0]

    def _led(self, times: np.ndarray) -> np.ndarray:
        assert self.guide is not None
        return beside(self.guide.sample(times), self._meant_shifts(times) + self._held.shift)

    def _meant_shifts(self, times: np.ndarray) -> np.ndarray:
        """Return the shifts (M, 6) from the guide to the one that is thought to be meant."""
        guide, meant = self.guide, self._meant
        assert guide is not None
        if meant is None:
            return np.zeros((len(times), 6))
        T_meant = meant.sample(same_phase(guide, meant, times))
        return self._limited(apart(guide.sample(times), T_meant))

    def _shift_now(self) -> np.ndarray:
        """Return the shift that is carried out now, and its rate, (2, 6)."""
        seconds = max(0.0, (self._stamp_ns - self._way_ns) * 1e-9)
        i = min(seconds / self.settings.period, len(self._offsets) - 1.0)
        k = min(int(i), len(self._offsets) - 2)
        return self._way[:, k] + (i - k) * (self._way[:, k + 1] - self._way[:, k])

    def _shifts(self, T_base_ee: np.ndarray, opening: float, cloud: Cloud | None) -> np.ndarray:
        now = self._shift_now()
        clock = self.clock
        assert clock is not None
        step = max(0.0, (self._stamp_ns - self._held_ns) * 1e-9)
        estimate = self._estimate
        doing = Doing.CARRY if estimate is None else estimate.doing(clock.next_waypoint)
        self._held.update(clock, self._led, T_base_ee, opening, step, doing)
        self._held.shift = self._limited(self._held.shift[None])[0]
        self._held_ns = self._stamp_ns
        if clock.fingers_asked is not None or clock.done:
            aims = now[:1]
        else:
            aims = self._corrections(clock, T_base_ee, opening, cloud) + self._held.shift
        places, rates = glide(now, aims, self._offsets, self.settings.easing)
        self._way, self._way_ns = np.array([places, rates]), self._stamp_ns
        return places

    def _corrections(
        self, clock: GuideClock, T_base_ee: np.ndarray, opening: float, cloud: Cloud | None
    ) -> np.ndarray:
        """Return the shifts (H, 6) between guide and corrected guide, or (1, 6): none."""
        guide = clock.guide
        if guide.length < SAYS_NOTHING and not guide.events:
            self._without = 'nothing to do'
            return np.zeros((1, 6))
        times = clock.times(self._offsets)
        estimate = self._estimate
        assert estimate is not None
        moment = Moment(
            guide=guide,
            times=times,
            T_base_ee=T_base_ee,
            opening=opening,
            next_waypoint=clock.next_waypoint,
            awaiting=False,
            given=self._said,
        )
        if clock.still > STOPPED:
            felt = estimate.feel(clock.next_waypoint, beside(T_base_ee, -self._held.shift))
            if felt is not None:
                clock.reach(felt)
        self._look(moment, estimate, cloud)
        if not estimate.known.any():
            return np.zeros((1, 6))
        begin = float(guide.openings(np.array([-1.0]))[0])
        T_start = guide.sample(np.zeros(1))[0]
        self._meant = make_guide(T_start, begin, estimate.waypoints(), self.settings, self._travel)
        return self._meant_shifts(times)

    def _look(self, moment: Moment, estimate: Estimate, cloud: Cloud | None) -> None:
        """Ask the network where the aim was meant to be."""
        points = self._points(cloud)
        told = condition(moment, points)
        self._without = '' if told.seen else 'no cloud'
        estimate.drag(told.aim)
        estimate.push(told.aim)
        if estimate.settled(told.aim) or (estimate.known[told.aim] and not told.seen):
            return
        self.told, inputs = told, told.inputs()
        self.novelty = float(self.weights.novelty(inputs)[0])
        answer = self.weights.answer(inputs, self.settings.steps).astype(np.float64)
        if not np.isfinite(answer).all():
            self._without = 'no answer'
            return
        seconds = max(0.0, (self._stamp_ns - self._looked_ns) * 1e-9)
        self._looked_ns = self._stamp_ns
        shift = shifts_of(answer, told.T_base_local)[0]
        shift = estimate.outlined(told.aim, shift, points, moment.T_base_ee)
        shift = self._limited(shift[None])[0]
        estimate.take(told.aim, shift, 1 - float(np.exp(-seconds / self.settings.memory)))

    def _points(self, cloud: Cloud | None) -> np.ndarray | None:
        if cloud is None:
            return None
        if cloud.frame_id != self.arm.base_frame:
            raise InvalidValueError(
                f'the cloud is in frame {cloud.frame_id!r}, expected {self.arm.base_frame!r}'
            )
        return cloud.points

    def _limited(self, shifts: np.ndarray) -> np.ndarray:
        """Return shifts (H, 6) no longer than a planner can err."""
        out = shifts.copy()
        limits = ((slice(0, 3), self.settings.most_shift), (slice(3, 6), self.settings.most_turn))
        for part, most in limits:
            size = np.linalg.norm(shifts[:, part], axis=1, keepdims=True)
            out[:, part] *= np.minimum(1.0, most / np.maximum(size, 1e-9))
        return out


def weights_folder(folder: str) -> Path:
    """Return the folder of weights: the one given, or with '' the one that the stack ships."""
    return Path(folder) if folder else share_folder() / 'models' / 'expert'

"""One thing to learn: what the network is told at a moment, and what it should answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from action_expert.expert import target
from action_expert.expert.condition import Condition, Moment, condition
from action_expert.guide import Guide


@dataclass(frozen=True, eq=False)
class Guides:
    """The guide of a plan that errs, and the one that was meant. said: bool (K,), orientations."""

    erred: Guide
    meant: Guide
    said: np.ndarray

    def meant_at(self, times: np.ndarray) -> np.ndarray:
        """Return T_base_ee (M, 4, 4) that is meant at times (M,), s, of the guide that errs."""
        return self.meant.sample(target.same_phase(self.erred, self.meant, times))

    def moment(
        self, now: float, offsets: np.ndarray, T_base_ee: np.ndarray, opening: float
    ) -> Moment:
        """Return the moment at which the guide that errs has come to `now`, s.

        offsets: (H,), s, of the actions of a chunk. T_base_ee: (4, 4), where the hand is.
        """
        guide = self.erred
        event = next((e for e in guide.events if e.arrive <= now < e.leave), None)
        coming = [e.arrive for e in guide.events if e.arrive > now]
        barrier = event.leave if event else min(coming, default=guide.duration)
        k = min(int(np.searchsorted(guide.arrivals, now + 1e-3)), len(guide.arrivals) - 1)
        return Moment(
            guide=guide,
            times=np.minimum(now + offsets, barrier),
            T_base_ee=T_base_ee,
            opening=opening,
            next_waypoint=event.waypoint if event else k,
            awaiting=event is not None,
            given=self.said,
        )


@dataclass(frozen=True, eq=False)
class Situation:
    """What the network is told, and what it should answer.

    aim: float32 (9,), the correction of the aim, local frame; see `action_expert.expert.target`.
    """

    condition: Condition
    aim: np.ndarray


def situation(moment: Moment, guides: Guides, points: np.ndarray | None) -> Situation:
    """Return the situation at a moment of the guide that errs.

    points: float32 (N, 3), base frame; None: no cloud.
    """
    told = condition(moment, points)
    aims = [guide.waypoints.poses[told.aim] for guide in (guides.erred, guides.meant)]
    aim = target.correction(aims[0], aims[1], told.T_base_local)
    return Situation(told, aim.astype(np.float32))

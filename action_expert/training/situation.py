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

"""The policy `ik`: straight to each waypoint, one after the other, and a stop at each."""

from __future__ import annotations

from action_expert.following import GuidePolicy


class IkPolicy(GuidePolicy):
    """Moves from waypoint to waypoint along straight lines: what a plain IK target gives."""

    name = 'ik'
    straight = True

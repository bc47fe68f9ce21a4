"""The policy `servo`: the guide, re-centred on what the cloud shows where something is to be done.

The next grasp or release is associated with the nearest object in the cloud. The guide is then
followed with an offset across the approach, so that the descent ends on the object's middle; a
release, on that of the container. Where the cloud shows no object within reach of the offset, it is
the policy `spline`, and the chunks say so.
"""

from __future__ import annotations

import numpy as np

from action_expert.following import GuidePolicy, PolicySettings
from action_expert.guide import Guide, GuideWaypoints
from action_expert.guide_clock import GuideClock
from action_expert.shift import glide
from gae_arm.core import end_effector
from gae_arm.core.arm import ArmConfig
from gae_arm.core.cloud import Cloud
from gae_arm.core.surface import middle, objects, warm_up

WIDEST = 0.12
"""m: from its middle, what an object may extend."""
IN_HAND = 0.08
"""m: an object whose middle is nearer to the end effector is held by it."""
NEAR = 0.08
"""m: a hand so near hides what it is about to grasp; with something in it, twice as near."""


class ServoPolicy(GuidePolicy):
    """Follows the guide, shifted towards the objects that its grasps and releases are meant for.

    target: the shift (3,), m, that is aimed at; None while nothing is associated.
    """

    name = 'servo'

    def __init__(self, arm: ArmConfig, settings: PolicySettings) -> None:
        super().__init__(arm, settings)
        warm_up()
        self.target: np.ndarray | None = None
        self._event = -1
        self._cloud_ns = -1
        self._from, self._from_ns = np.zeros((2, 6)), 0

    def _set_guide(
        self, T_base_ee: np.ndarray, opening: float, waypoints: GuideWaypoints
    ) -> GuideClock:
        """Begin a guide where the arm is, without a shift."""
        self.target, self._event, self._cloud_ns = None, -1, -1
        self._from, self._from_ns = np.zeros((2, 6)), self._stamp_ns
        return super()._set_guide(T_base_ee, opening, waypoints)

    def _label(self) -> str:
        return self.name if self.target is not None else f'{self.name} (spline)'

    def _shift(self) -> np.ndarray:
        return self._shift_now()[0]

    def _shift_now(self) -> np.ndarray:
        """Return the shift and its rate now, (2, 6)."""
        seconds = max(0.0, (self._stamp_ns - self._from_ns) * 1e-9)
        return self._shift_at(np.array([seconds]))[:, 0]

    def _shifts(self, T_base_ee: np.ndarray, opening: float, cloud: Cloud | None) -> np.ndarray:
        self._from, self._from_ns = self._shift_now(), self._stamp_ns
        clock = self.clock
        assert clock is not None
        if not _leaves(clock):
            if clock.event != self._event:
                self.target, self._event = None, clock.event
            self._associate(clock, T_base_ee[:3, 3], cloud)
        return self._shift_at(self._offsets)[0]

    def _shift_at(self, seconds: np.ndarray) -> np.ndarray:
        """Return shifts and their rates (2, M, 6) so long after the last state: to the target."""
        aim = np.zeros((1, 6))
        if self.target is not None:
            aim[0, :3] = self.target
        return np.array(glide(self._from, aim, seconds, self.settings.centring))

    def _associate(self, clock: GuideClock, hand: np.ndarray, cloud: Cloud | None) -> None:
        """Aim at the object that is nearest to the next grasp or release, if there is a new view.

        hand: (3,), of the end effector.
        """
        guide = clock.guide
        if cloud is None or cloud.stamp_ns == self._cloud_ns or self._event == len(guide.events):
            return
        event = guide.events[self._event]
        if not guide.waypoints.touches[event.waypoint]:
            return
        T = guide.waypoints.poses[event.waypoint]
        held = 2 if event.opening > 0.5 else 1
        if np.linalg.norm(hand - T[:3, 3]) < NEAR * held:
            return
        self._cloud_ns = cloud.stamp_ns
        reach = self.settings.capture + WIDEST
        found = objects(cloud.points, T[:3, 3], reach, self.settings.objects_above)
        middles = [middle(points) for points in found]
        offsets = [m - T[:3, 3] for m in middles if np.linalg.norm(m - hand) > IN_HAND]
        axis = end_effector.approach(T[:3, :3])
        across = [offset - (offset @ axis) * axis for offset in offsets]
        nearest = min(across, key=np.linalg.norm, default=None)
        if nearest is not None and np.linalg.norm(nearest) <= self.settings.capture:
            self.target = nearest


def _leaves(clock: GuideClock) -> bool:
    """Return whether the arm is still on its way out of the last grasp or release."""
    guide: Guide = clock.guide
    if clock.event == 0:
        return False
    done = guide.events[clock.event - 1].waypoint
    if not guide.waypoints.touches[done] or done + 1 == len(guide.arrivals):
        return False
    return bool(clock.next_waypoint <= done + 1)

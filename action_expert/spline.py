"""The policy `spline`: follows the B-spline through the waypoints."""

from __future__ import annotations

from action_expert.following import GuidePolicy


class SplinePolicy(GuidePolicy):
    """Follows the guide as it is; the cloud only helps to fill a sparse plan."""

    name = 'spline'

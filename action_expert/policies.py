"""All policies by name."""

from __future__ import annotations

from action_expert.expert.policy import ActionExpert
from action_expert.following import GuidePolicy, PolicySettings
from action_expert.ik import IkPolicy
from action_expert.servo import ServoPolicy
from action_expert.spline import SplinePolicy
from gae_arm.core import checks
from gae_arm.core.arm import ArmConfig

POLICIES: dict[str, type[GuidePolicy]] = {
    policy.name: policy for policy in (IkPolicy, SplinePolicy, ServoPolicy, ActionExpert)
}


def make_policy(name: str, arm: ArmConfig, settings: PolicySettings | None = None) -> GuidePolicy:
    """Return a new policy for one arm.

    Raises InvalidValueError with the names that there are for another one, ConfigError as
    `load_urdf` does.
    """
    policy = POLICIES[checks.known('policy', name, POLICIES)]
    return policy(arm, settings or PolicySettings())

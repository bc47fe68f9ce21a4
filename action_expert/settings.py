"""Parameters of the node `action_expert` beside those of its policy and of the plan check."""

from __future__ import annotations

from dataclasses import dataclass

from action_expert.policies import POLICIES
from gae_arm.core.settings import Settings, setting


@dataclass(frozen=True)
class ExpertSettings(Settings):
    """What runs, how often, and how fresh its inputs must be."""

    arm: str = setting('panda', 'arm: a name in config/arms, or a YAML file')
    policy: str = setting('spline', 'what carries plans out', choices=tuple(POLICIES))
    rate: float = setting(
        20.0, 'chunks a second, at least; every new cloud gives one at once', low=4.0, high=100.0
    )
    use_cloud: bool = setting(True, 'give the policy the live cloud')
    cloud_age: float = setting(0.25, 'oldest cloud that is used, s', low=1e-3, high=10.0)
    joint_state_age: float = setting(0.1, 'oldest joint state that is used, s', low=1e-3, high=10.0)
    transform_wait: float = setting(
        0.5, 'how long the transform of a new plan may take to come, s', low=0.0, high=10.0
    )
    path_points: int = setting(200, 'most poses on planned_path', low=2, high=10_000)

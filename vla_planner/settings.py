"""Parameters of the node `vla_planner`, beside those of its camera and of the plan's checks."""

from __future__ import annotations

from dataclasses import dataclass

from gae_arm.core.settings import Settings, setting


@dataclass(frozen=True)
class PursuitSettings(Settings):
    """How an instruction is pursued until it is done or given up."""

    max_plans: int = setting(
        6, 'plans for one instruction at most: its parts, and new tries', low=1, high=100
    )
    check_done: bool = setting(
        True, 'after a plan, ask the model whether something is left, if it can tell'
    )
    plan_expiry: float = setting(
        60.0, 'from the image until a plan may no longer be used, s', low=1.0, high=3600.0
    )
    image_wait: float = setting(
        5.0, 'to wait for an image that is fresh enough, s', low=0.1, high=60.0
    )
    expert_wait: float = setting(
        5.0, 'to wait for somebody who carries the plan out, s', low=0.1, high=60.0
    )
    halt_patience: float = setting(
        5.0, 'an arm that is halted for longer ends the instruction, s', low=0.1, high=120.0
    )


@dataclass(frozen=True)
class PlannerNodeSettings(Settings):
    """Parameters of the node itself."""

    arm: str = setting('panda', 'arm: a name in config/arms, or a YAML file')
    model: str = setting(
        'bundled', 'a name in config/planners, a profile (.yaml), a folder, or a name on the hub'
    )
    device: str = setting('auto', "cpu, cuda, ...; auto: the profile's")
    check_reach: bool = setting(True, 'refuse plans that the arm cannot reach')
    watch_anchors: bool = setting(True, 'plan again when what the plan rests on has gone')
    log_folder: str = setting('', 'folder for what is said to the model; empty: nowhere')

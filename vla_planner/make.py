"""A planner by its name: profile, prompts and backend put together."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from gae_arm.core.plan_check import PlanCheckSettings, Reach
from vla_planner.backends.make import make_backend
from vla_planner.conversation_log import ConversationLog
from vla_planner.planner import VlmPlanner
from vla_planner.profile import find_profile
from vla_planner.prompts import load_prompts


def make_planner(
    model: str,
    rules: PlanCheckSettings | None = None,
    reach: Reach | None = None,
    log: ConversationLog | None = None,
    device: str = 'auto',
) -> VlmPlanner:
    """Return the planner of a name; see `find_profile`. device: 'auto' for the profile's.

    Raises GaeError with what is missing and how to get it.
    """
    profile, folder = find_profile(model)
    if device != 'auto':
        profile = dataclasses.replace(profile, device=device)
    prompts = load_prompts(profile, Path(folder))
    return VlmPlanner(profile, prompts, make_backend(profile), rules, reach, log)

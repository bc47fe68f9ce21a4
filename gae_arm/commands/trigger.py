"""Calls a service of arm_control that takes no arguments, and says what it answered."""

from __future__ import annotations

from rich.console import Console

from gae_arm.core.errors import GaeError

SECONDS = 20.0


def trigger(service: str) -> int:
    """Call it; return 0. Raises GaeError if it is not there, or says no."""
    from std_srvs.srv import Trigger

    from gae_arm.ros.observer import Observer

    with Observer(f'gae_{service}') as observer:
        answer = observer.call(Trigger, service, Trigger.Request(), SECONDS)
    if not answer.success:
        raise GaeError(answer.message)
    Console().print(answer.message)
    return 0

"""What the arm and the plan do, in words for a person."""

from __future__ import annotations

from gae_arm.core.motion import ArmStatus, HaltReason
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.progress import PlanProgress, PlanState

NO_STATUS = 'no arm status yet'


def status_headline(status: ArmStatus | None) -> str:
    """Return MOVING, HOLDING or HALTED, with the speed where it is reduced."""
    if status is None:
        return NO_STATUS
    slowed = status.state.name == 'MOVING' and status.speed_scale < 0.995
    return f'{status.state.name} at {status.speed_scale:.0%}' if slowed else status.state.name


def status_reason(status: ArmStatus | None) -> str:
    """Return the typed reason and its sentence, '' where there is none."""
    if status is None:
        return ''
    reason = '' if status.reason == HaltReason.NONE else status.reason.name
    return ': '.join(part for part in (reason, status.message) if part)


def progress_line(plan: WaypointPlan | None, progress: PlanProgress | None) -> str:
    """Return how far the plan is; of another plan than the newest only a refusal is told."""
    if progress is None:
        return '' if plan is None else 'waits'
    refused = progress.state == PlanState.REFUSED
    if plan is None or progress.plan_id != plan.plan_id:
        if not refused:
            return '' if plan is None else 'waits'
        return f'plan {progress.plan_id!r} {_refusal(progress)}'
    if refused:
        return _refusal(progress)
    text = progress.state.name
    if progress.state != PlanState.DONE:
        text += f', {progress.progress:.0%}, next is waypoint {progress.waypoint}'
    return f'{text}: {progress.message}' if progress.message else text


def _refusal(progress: PlanProgress) -> str:
    return f'REFUSED, {progress.reason.name}: {progress.message}'

"""The texts of the panel as HTML; everything that came over a wire is escaped."""

from __future__ import annotations

from html import escape

from gae_arm.viewer import palette, words
from gae_arm.viewer.palette import RGB
from gae_arm.viewer.shown_plan import ShownPlan
from gae_arm.viewer.web.facts import Facts

CARD = 'margin:0.3em 0.5em;padding:0.7em 0.9em;border-radius:8px;overflow-wrap:anywhere;'
SMALL = 'font-size:0.82em;line-height:1.4;opacity:0.8;'


def status_card(facts: Facts) -> str:
    """Return the state in large letters, and its reason."""
    status = facts.status if facts.arm_there else None
    color = palette.STATE[None if status is None else status.state]
    headline, reason = words.status_headline(status), words.status_reason(status)
    if status is None:
        reason = 'arm_control does not run'
    return (
        f'<div style="{CARD}{_tint(color)}"><div data-testid="state" '
        f'style="font-size:1.7em;font-weight:700;letter-spacing:0.02em;color:{palette.css(color)}">'
        f'{escape(headline)}</div><div data-testid="reason" style="font-size:0.9em">'
        f'{escape(reason)}</div></div>'
    )


def plan_card(facts: Facts) -> str:
    """Return what the arm carries out and how far it is."""
    plan = None if facts.plan is None else facts.plan.source
    progress = words.progress_line(plan, facts.progress)
    title = 'no plan yet' if facts.plan is None else _title(facts.plan)
    return (
        f'<div style="{CARD}{_tint(palette.UNCHANGED)}" data-testid="plan">{title}'
        f'<div data-testid="progress">{escape(progress)}</div>{_bar(_share(facts))}</div>'
    )


def proposal_card(shown: ShownPlan, moved: int) -> str:
    """Return what is proposed, and how many of its waypoints a person has moved."""
    hint = f'{moved} moved' if moved else 'drag the waypoints where you want them'
    return (
        f'<div style="{CARD}{_tint(palette.ANCHOR)}" data-testid="proposal">{_title(shown)}'
        f'<div style="{SMALL}">{escape(hint)}</div></div>'
    )


def notes_card(facts: Facts) -> str:
    """Return what the last click led to, and what is missing, late or wrong."""
    lines = [facts.answer] if facts.answer else []
    rows = ''.join(f'<div>{escape(line)}</div>' for line in lines + facts.gaps())
    return f'<div style="{CARD}{SMALL}" data-testid="notes">{rows}</div>'


def legend() -> str:
    """Return what the colours of the scene mean."""
    entries = {
        'gripper open': palette.OPEN, 'closed': palette.CLOSED, 'as it is': palette.UNCHANGED,
        'guide': palette.GUIDE, 'executed': palette.EXECUTED, 'anchor': palette.ANCHOR,
    }  # fmt: skip
    dots = (
        f'<span style="white-space:nowrap"><span style="color:{palette.css(color)}">&#9679;</span>'
        f' {name}</span>'
        for name, color in entries.items()
    )
    return f'<div style="{CARD}{SMALL}">{" &nbsp; ".join(dots)}</div>'


def _share(facts: Facts) -> float:
    """Return how much of the plan is done, 0.0 to 1.0."""
    if not facts.plan or not facts.progress:
        return 0.0
    same = facts.progress.plan_id == facts.plan.source.plan_id
    return facts.progress.progress if same else 0.0


def _bar(share: float) -> str:
    shape = 'height:6px;border-radius:3px;'
    track = f'{shape}margin-top:0.5em;overflow:hidden;background:rgba(128,128,128,0.3)'
    fill = f'{shape}width:{100 * share:.1f}%;background:{palette.css(palette.GUIDE)}'
    return f'<div style="{track}"><div style="{fill}"></div></div>'


def _title(shown: ShownPlan) -> str:
    plan = shown.source
    wish = f'&ldquo;{escape(plan.instruction)}&rdquo;' if plan.instruction else 'no instruction'
    details = f'{plan.plan_id}, {len(plan.waypoints)} waypoints'
    if plan.planner:
        details += f', by {plan.planner}'
    if plan.latency_ns:
        details += f' in {plan.latency_ns / 1e9:.2f} s'
    return f'<b>{wish}</b><div style="{SMALL}">{escape(details)}</div>'


def _tint(color: RGB) -> str:
    r, g, b = color
    return f'background:rgba({r},{g},{b},0.14);border-left:4px solid {palette.css(color)};'

"""Draw docs/images/governor.svg: `.venv/bin/python docs/make_motion_plot.py`.

One joint of the simulated Panda is asked for too much in every way; what was asked, commanded and
executed is drawn with the limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gae_arm.arm_control.command import JointCommand
from gae_arm.arm_control.governor import Governor
from gae_arm.arm_control.inputs import Inputs
from gae_arm.arm_control.limits import GovernorSettings, limited_arm
from gae_arm.arm_sim.driver import ArmDriver
from gae_arm.arm_sim.scene import Scene
from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file

FILE = Path(__file__).parent / 'images' / 'governor.svg'
JOINT = 3
SECONDS = 5.0
STOP, RESUME = 2.2, 3.0
EVENTS = (
    (0.1, 'asked for twice the limit'),
    (1.2, 'to turn round at once'),
    (STOP, 'stop'),
    (RESUME, 'resume; a command that leaves the range is refused'),
)
WIDTH, HEIGHT, LEFT, TOP, GAP = 1000, 190, 90, 70, 34
COLORS = {'asked': '#b8bcc4', 'executed': '#d6601d', 'commanded': '#1d69d6'}


@dataclass
class Record:
    """What happened: seconds, and rows of q, v, a, j of what was commanded; q, v executed."""

    times: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    commanded: list[Sequence[float]] = field(default_factory=list)
    executed: list[Sequence[float]] = field(default_factory=list)


def asked(seconds: float) -> float:
    """Return the velocity that joint 4 is asked for, rad/s."""
    return 2.2 if 0.1 < seconds < 1.2 else -2.2 if seconds >= 1.2 else 0.0


def record() -> tuple[Record, np.ndarray]:
    """Run the governor on the simulated arm; return what happened and the limits (5,)."""
    settings = GovernorSettings(use_cloud=False)
    arm = limited_arm(load_arm(arm_file('panda')), settings)
    simulation = ArmSimulation(load_arm(arm_file('panda')), Scene(()))
    driver, governor = ArmDriver(simulation), Governor(arm, settings)
    step_ns, out = settings.step_ns, Record()
    times = np.arange(13) * step_ns
    for tick in range(round(SECONDS * 1e9 / step_ns)):
        state, seconds = driver.observe(), tick * step_ns * 1e-9
        now_ns = state.stamp_ns
        if abs(seconds - STOP) < 1e-6:
            governor.stop()
        if abs(seconds - RESUME) < 1e-6:
            assert governor.resume(now_ns, Inputs(state))[0]
        timeline = governor.advance(now_ns)
        command = None
        if timeline is not None:
            path = np.repeat(timeline.states[:1, 0], len(times), axis=0)
            path[:, JOINT] += times * 1e-9 * asked(seconds)
            command = JointCommand(now_ns, arm.joints, timeline.start_ns + times, path)
        sent = governor.tick(now_ns, Inputs(state), command).trajectory
        assert sent is not None
        driver.command_trajectory(sent, now_ns)
        q, v, a = governor.advance(now_ns).states[0, :, JOINT]  # type: ignore[union-attr]
        jerk = (a - out.commanded[-1][2]) / (step_ns * 1e-9) if out.commanded else 0.0
        out.times.append(seconds)
        out.asked.append(asked(seconds))
        out.commanded.append((q, v, a, jerk))
        out.executed.append((state.position[JOINT], state.velocity[JOINT]))
        driver.advance(range(now_ns + 2_000_000, now_ns + step_ns + 1, 2_000_000))
    limits = arm.limits
    keys = ('lower', 'upper', 'velocity', 'acceleration', 'jerk')
    return out, np.array([getattr(limits, key)[JOINT] for key in keys])


def svg(data: Record, limits: np.ndarray) -> str:
    """Return the picture: four panels over time."""
    commanded, executed = np.array(data.commanded), np.array(data.executed)
    low, high, *tops = limits
    panels = [
        ('position, rad', (low, high), {'executed': executed[:, 0], 'commanded': commanded[:, 0]}),
        (
            'velocity, rad/s',
            (-tops[0], tops[0]),
            {
                'asked': np.array(data.asked),
                'executed': executed[:, 1],
                'commanded': commanded[:, 1],
            },
        ),
        ('acceleration, rad/s²', (-tops[1], tops[1]), {'commanded': commanded[:, 2]}),
        ('jerk, rad/s³', (-tops[2], tops[2]), {'commanded': commanded[:, 3]}),
    ]
    height = TOP + len(panels) * (HEIGHT + GAP) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="14" fill="#282c34">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(LEFT, 26, 'panda_joint4 of the simulated Panda, limits dashed', size=18),
        *(_text(LEFT + 130 * i, 50, name, color) for i, (name, color) in enumerate(COLORS.items())),
    ]
    for i, (title, bounds, lines) in enumerate(panels):
        parts += _panel(TOP + i * (HEIGHT + GAP), title, bounds, np.array(data.times), lines)
    return '\n'.join([*parts, '</svg>', ''])


def _panel(
    top: float,
    title: str,
    bounds: tuple[float, float],
    times: np.ndarray,
    lines: dict[str, np.ndarray],
) -> list[str]:
    values = np.concatenate([*lines.values(), np.array(bounds)])
    low, high = values.min(), values.max()
    pad = 0.08 * (high - low)
    low, high = low - pad, high + pad

    def x(seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - 20) * seconds / SECONDS

    def y(value: float) -> float:
        return top + HEIGHT * (high - value) / (high - low)

    parts = [
        f'<rect x="{LEFT}" y="{top}" width="{WIDTH - LEFT - 20}" height="{HEIGHT}" fill="none" '
        'stroke="#dee1e6"/>',
        _text(LEFT + 6, top + 18, title),
    ]
    for value in bounds:
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y(value):.1f}" y2="{y(value):.1f}" '
            'stroke="#c0392b" stroke-dasharray="6 4"/>'
        )
        parts.append(_text(LEFT - 8, y(value) + 5, f'{value:.4g}', '#c0392b', anchor='end'))
    for seconds, event in EVENTS:
        parts.append(
            f'<line x1="{x(seconds):.1f}" x2="{x(seconds):.1f}" y1="{top}" y2="{top + HEIGHT}" '
            'stroke="#9aa0aa" stroke-dasharray="2 3"/>'
        )
        parts.append(_text(x(seconds) + 4, top + HEIGHT + 16, event, '#6b7078', size=12))
    for name, line in lines.items():
        points = ' '.join(f'{x(t):.1f},{y(v):.1f}' for t, v in zip(times, line, strict=True))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{COLORS[name]}" stroke-width="1.6"/>'
        )
    return parts


def _text(
    x: float, y: float, text: str, color: str = '#282c34', size: int = 14, anchor: str = 'start'
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" '
        f'text-anchor="{anchor}">{text}</text>'
    )


if __name__ == '__main__':
    FILE.write_text(svg(*record()))
    print(FILE)

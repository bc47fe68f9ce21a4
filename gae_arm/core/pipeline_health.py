"""How old data is on its way from the camera to the command, as the nodes say on /diagnostics.

Stamps follow the data: a cloud has the stamp of its image, a chunk that of its state and names its
cloud, and arm_control notes how old all of it is in the first command that rests on it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

Health = Mapping[str, Mapping[str, str]]
"""Values by key, of each status by its name, such as 'point_cloud: cloud'."""

CLOUD, POLICY, CONTROL = 'point_cloud: cloud', 'action_expert: policy', 'arm_control: control'
END_TO_END = 'camera to command'
STAGES = (
    ('camera to image', CLOUD, 'image'),
    ('camera to cloud', CLOUD, 'latency'),
    ('camera to chunk', POLICY, 'latency'),
    ('chunk to command', CONTROL, 'chunk_to_command'),
    (END_TO_END, CONTROL, 'camera_to_command'),
    ('joint state to command', CONTROL, 'state_to_command'),
    ('command jitter', CONTROL, 'jitter'),
)
RATES = (('clouds', CLOUD), ('chunks', POLICY))
HISTORY = 120


@dataclass(frozen=True)
class Latency:
    """Of a stage, over the last some hundred samples, milliseconds."""

    stage: str
    p50: float
    p99: float


def latencies(health: Health) -> list[Latency]:
    """Return the stages that are known, from the camera on."""
    found = []
    for stage, status, key in STAGES:
        values = health.get(status, {})
        p50, p99 = (number(values.get(f'{key}_{p}_ms')) for p in ('p50', 'p99'))
        if not (math.isnan(p50) or math.isnan(p99)):
            found.append(Latency(stage, p50, p99))
    return found


def rates(health: Health) -> dict[str, float]:
    """Return what is known of clouds and chunks a second."""
    found = {name: number(health.get(status, {}).get('rate')) for name, status in RATES}
    return {name: rate for name, rate in found.items() if not math.isnan(rate)}


def number(text: str | None) -> float:
    """Return the number that a node wrote; NaN where it wrote none."""
    try:
        return float(text) if text is not None else math.nan
    except ValueError:
        return math.nan


@dataclass
class HealthHistory:
    """The last two minutes, a value a second: from camera to command (p50, ms), and rates (Hz)."""

    end_to_end: deque[float] = field(default_factory=lambda: deque(maxlen=HISTORY))
    rates: dict[str, deque[float]] = field(default_factory=dict)
    _noted_ns: int = 0

    def note(self, now_ns: int, health: Health) -> None:
        """Note what is so now, unless a second has not passed yet."""
        if abs(now_ns - self._noted_ns) < 1_000_000_000:
            return
        self._noted_ns = now_ns
        whole = [latency.p50 for latency in latencies(health) if latency.stage == END_TO_END]
        if whole:
            self.end_to_end.append(whole[0])
        for name, rate in rates(health).items():
            self.rates.setdefault(name, deque(maxlen=HISTORY)).append(rate)

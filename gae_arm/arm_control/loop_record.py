"""How punctual the loop is, how long it takes, and how old what it rests on is when it is sent."""

from __future__ import annotations

from collections import Counter

import numpy as np

from gae_arm.arm_control.controller import ControlOutput
from gae_arm.core.motion import ArmState, HaltReason

KEPT = 1000


class Samples:
    """The last `KEPT` values of something, in milliseconds; one thread adds, others may look."""

    def __init__(self) -> None:
        self._values = np.zeros(KEPT)
        self._count = 0

    def add(self, nanoseconds: int) -> None:
        """Note one more."""
        self._values[self._count % KEPT] = nanoseconds * 1e-6
        self._count += 1

    def values(self) -> np.ndarray:
        """Return them, ms, in no particular order."""
        return self._values[: min(self._count, KEPT)].copy()


class LoopRecord:
    """Takes note of every tick; `values` is what /diagnostics shows."""

    def __init__(self) -> None:
        self.ticks = self.sent = 0
        self.interventions: Counter[HaltReason] = Counter()
        self._samples = {
            name: Samples()
            for name in (
                'interval',
                'tick',
                'state_to_command',
                'chunk_to_command',
                'cloud_to_command',
                'camera_to_command',
            )
        }
        self._last_ns = 0
        self._stamps: dict[str, int | None] = {}
        self._reason = HaltReason.NONE

    def note(self, began_ns: int, done_ns: int, sent_ns: int, output: ControlOutput) -> None:
        """Note one tick: when it began, when it was done, when what it gave was sent."""
        self.ticks += 1
        add = self._samples
        if self._last_ns:
            add['interval'].add(sent_ns - self._last_ns)
        self._last_ns = sent_ns
        add['tick'].add(done_ns - began_ns)
        reason = output.status.reason
        if reason not in (self._reason, HaltReason.NONE, HaltReason.NO_COMMAND):
            self.interventions[reason] += 1
        self._reason = reason
        if output.trajectory is None or output.status.state != ArmState.MOVING:
            return
        self.sent += 1
        self._note_age('state_to_command', output.joint_state_ns, sent_ns)
        self._note_age('chunk_to_command', output.chunk_ns, sent_ns)
        self._note_age('cloud_to_command', output.cloud_ns, sent_ns)
        self._note_age('camera_to_command', output.camera_ns, sent_ns)

    def _note_age(self, name: str, stamp_ns: int | None, sent_ns: int) -> None:
        """Note how old an input is in the first command that rests on it."""
        if stamp_ns is not None and self._stamps.get(name) != stamp_ns:
            self._samples[name].add(sent_ns - stamp_ns)
        self._stamps[name] = stamp_ns

    def values(self, period: float) -> dict[str, object]:
        """Return figures by name; of the last `KEPT` ticks where they are percentiles, ms."""
        out: dict[str, object] = {'ticks': self.ticks, 'commands': self.sent}
        for name, samples in self._samples.items():
            values = samples.values()
            if not len(values):
                continue
            if name == 'interval':
                name, values = 'jitter', np.abs(values - period * 1e3)
            p50, p99 = np.percentile(values, [50, 99])
            out |= {f'{name}_p50_ms': float(p50), f'{name}_p99_ms': float(p99)}
            if name in ('jitter', 'tick'):
                out[f'{name}_max_ms'] = float(values.max())
        counts = sorted((reason.name, count) for reason, count in self.interventions.items())
        return out | {f'halts_{name}': count for name, count in counts}

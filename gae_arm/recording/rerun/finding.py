"""What a re-run found: one recorded thing against the same one made again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Finding:
    """One comparison.

    kind: 'cloud', 'chunk' or 'plan'. stamp_ns: of the recorded one. differences: largest absolute
    difference by quantity, such as {'position m': 0.001}; empty where nothing could be compared.
    left_out: why not; '' where it was. shape: how the two differ beyond numbers; '' where not.
    """

    kind: str
    stamp_ns: int
    differences: Mapping[str, float] = field(default_factory=dict)
    left_out: str = ''
    shape: str = ''

    @property
    def worst(self) -> float:
        """The largest difference of any quantity; infinite where the two are not of one shape."""
        return float('inf') if self.shape else max(self.differences.values(), default=0.0)


@dataclass(frozen=True)
class Summary:
    """All findings of one kind.

    recorded: how many are in the bag. compared: of these. equal: within the tolerance. quantities:
    p50, p99 and largest difference by name, over those of one shape. left_out, shapes: counts by
    reason.
    """

    kind: str
    recorded: int
    compared: int
    equal: int
    quantities: Mapping[str, tuple[float, float, float]]
    left_out: Mapping[str, int]
    shapes: Mapping[str, int]


def summarise(kind: str, findings: list[Finding], tolerance: float) -> Summary:
    """Return the summary of the findings of one kind."""
    mine = [finding for finding in findings if finding.kind == kind]
    compared = [finding for finding in mine if not finding.left_out]
    names = dict.fromkeys(name for finding in compared for name in finding.differences)
    quantities = {}
    for name in names:
        values = [f.differences[name] for f in compared if name in f.differences]
        p50, p99, most = np.percentile(values, [50, 99, 100]).tolist()
        quantities[name] = (p50, p99, most)
    return Summary(
        kind,
        len(mine),
        len(compared),
        sum(finding.worst <= tolerance for finding in compared),
        quantities,
        Counter(f.left_out for f in mine if f.left_out),
        Counter(f.shape for f in compared if f.shape),
    )

"""What a number of trials allows to say."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gae_arm.core.errors import InvalidValueError

Z95 = 1.959963984540054
"""Normal quantile of a two-sided 95% interval."""


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95% confidence interval of a success rate (Wilson 1927), (0, 1) without trials.

    Unlike the rate plus and minus its standard error it stays within 0 to 1 and is right for few
    trials. Raises InvalidValueError unless 0 <= successes <= trials.
    """
    if not 0 <= successes <= trials:
        raise InvalidValueError(f'{successes} successes in {trials} trials')
    if trials == 0:
        return 0.0, 1.0
    rate, z2 = successes / trials, Z95 * Z95
    middle = rate + z2 / (2 * trials)
    spread = Z95 * math.sqrt(rate * (1 - rate) / trials + z2 / (4 * trials * trials))
    scale = 1 + z2 / trials
    # At the ends the interval contains the rate itself, which rounding may miss.
    low, high = (middle - spread) / scale, (middle + spread) / scale
    return min(max(0.0, low), rate), max(min(1.0, high), rate)


def quantile_interval(values: Sequence[float], share: float) -> tuple[float, float]:
    """Return the 95% confidence interval of a quantile, from the order of the values alone.

    Its ends are values: as many are below the quantile as the binomial distribution (its normal
    approximation) allows. Raises InvalidValueError without values.
    """
    ordered, n = sorted(values), len(values)
    if not n:
        raise InvalidValueError('no values, no quantile')
    half = Z95 * math.sqrt(share * (1 - share) * n)
    low, high = math.floor(share * n - half), math.ceil(share * n + half)
    return float(ordered[max(low, 0)]), float(ordered[min(high, n - 1)])

"""The small quadratic program of inverse kinematics, solved by DAQP.

DAQP is a dual active-set solver (Arnstrom, Bemporad, Axehill 2022, "A dual active-set solver for
embedded quadratic programming using recursive LDL^T updates"): exact to rounding, no tuning, and
without a warm start the same problem gives the same answer.
"""

from __future__ import annotations

import numpy as np

from gae_arm.core.errors import GaeError, MissingDependencyError

try:
    import daqp
except ImportError as error:
    raise MissingDependencyError(
        f'inverse kinematics needs daqp ({error}); install it with: pip install daqp'
    ) from error

OPTIMAL = 1


def solve_box_qp(H: np.ndarray, g: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Return the x (N,) that minimises x^T H x / 2 + g^T x with lower <= x <= upper.

    H: float64 (N, N), positive definite. g, lower, upper: float64 (N,), lower <= upper; bounds may
    be infinite. x keeps the bounds exactly. Raises GaeError if the solver finds no optimum, which
    happens only for bounds that cross or an H that is not positive definite.
    """
    n = len(g)
    x, _, status, _ = daqp.solve(H, g, np.empty((0, n)), upper, lower, np.zeros(n, np.intc))
    if status != OPTIMAL or not np.isfinite(x).all():
        raise GaeError(
            f'DAQP found no optimum (status {status}) of H {H.tolist()}, g {g.tolist()}, '
            f'bounds {lower.tolist()} to {upper.tolist()}'
        )
    # The solver's tolerance on bounds is 1e-6, a joint limit has none.
    return np.clip(x, lower, upper)

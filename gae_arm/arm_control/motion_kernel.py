"""Jerk-limited motion on a time grid that can always stop: the compiled part.

The jerk of a joint is constant between two grid points, so its motion there is one cubic, which
every controller reproduces exactly from the points: cubic interpolation (positions, velocities) and
quintic interpolation (and accelerations) both give that same cubic back.

A state of a joint is (q, v, a). Times in seconds, h is the grid step. `limits` is float64 (5, N):
lower, upper, velocity, acceleration, jerk. `States` are float64 (L, 3, N): q, v, a at L points.
"""

from __future__ import annotations

import numpy as np

from gae_arm.core.jit import kernel

HALVINGS = 8
# 1/s; at steps of 10 ms and more less, so that the loop stays well damped.
VELOCITY_GAIN = 32.0
# Wishes keep this share of the acceleration limit for the approach to their target; the rest is
# for what the law does not foresee. Stops use all of it.
APPROACH_SHARE = 0.7
# Share of the jerk limit in approaches where the jerk alone decides; 0.4 overran a little.
GENTLE_SHARE = 0.2
# The compiler fuses operations differently in each place: results differ in their last bits.
ROUNDING = 1e-10


@kernel
def _position(q: float, v: float, a: float, jerk: float, t: float) -> float:
    return q + t * (v + t * (a / 2 + t * jerk / 6))


@kernel
def _segment_ok(q: float, v: float, a: float, a1: float, h: float, limit: np.ndarray) -> bool:
    """Return whether one step, from (q, v, a) to acceleration a1, keeps position and velocity.

    Inside the step the velocity turns where the acceleration is 0, the position where the
    velocity is 0: both are computed, not sampled.
    """
    jerk = (a1 - a) / h
    if abs(v + h * (a + a1) / 2) > limit[2]:
        return False
    if a * a1 < 0 and abs(v + a * h * a / (a - a1) / 2) > limit[2]:
        return False
    end = _position(q, v, a, jerk, h)
    if not limit[0] <= end <= limit[1]:
        return False
    root = a * a - 2 * jerk * v
    if root < 0:
        return True
    far = -(a + np.copysign(np.sqrt(root), a))
    for top, bottom in ((far, jerk), (2 * v, far)):
        if bottom != 0 and 0 < top / bottom < h:
            turn = _position(q, v, a, jerk, top / bottom)
            if not limit[0] <= turn <= limit[1]:
                return False
    return True


@kernel
def _largest_sum(a: float, highest: float, rise: float, n: int) -> float:
    """Return the sum over i = 1 .. n-1 of min(a + i rise, highest, (n - i) rise).

    It is the most that accelerations at n - 1 grid points can add up to between a and 0.
    """
    crossing = (n - a / rise) / 2
    if a + crossing * rise <= highest:
        up = min(max(int(np.floor(crossing)), 0), n - 1)
        down = n - 1 - up
    else:
        up = min(max(int(np.floor((highest - a) / rise)), 0), n - 1)
        down = min(int(np.floor(highest / rise)), n - 1 - up)
    flat = n - 1 - up - down
    return up * a + flat * highest + rise * (up * (up + 1) + down * (down + 1)) / 2


@kernel
def _stop_length(v: float, a: float, limit: np.ndarray, h: float, least: int, most: int) -> int:
    """Return the fewest steps, `least` or more, in which the joint can stop; `most` + 1 if more."""
    highest, rise = limit[3], limit[4] * h
    need = -v / h - a / 2
    n = max(least, int(np.ceil(abs(a) / rise - 1e-9)), 1)
    n = max(n, int(abs(need) / highest), int(np.sqrt(2 * abs(need) / rise)))
    slack = 1e-12 * (1 + abs(need))
    while n <= most:
        high, low = _largest_sum(a, highest, rise, n), -_largest_sum(-a, highest, rise, n)
        if low - slack <= need <= high + slack:
            return n
        n += 1
    return most + 1


@kernel
def _mixed(first: float, second: float, share: float, limit: np.ndarray) -> float:
    """Return first + share (second - first), which rounding must not carry beyond the limit."""
    return min(max(first + share * (second - first), -limit[3]), limit[3])


@kernel
def _stop(
    q: float, v: float, a: float, limit: np.ndarray, h: float, least: int, out: np.ndarray
) -> int:
    """Write the states (n, 3) of a stop from (q, v, a) to `out`; return n, or -1 if there is none.

    Accelerations a_i at the grid points stop the joint in n steps when a_n = 0 and
    v + h (a_0 / 2 + a_1 + .. + a_(n-1)) = 0. The sums that the limits of acceleration and jerk
    allow lie between those of two bang-bang profiles; mixing the two meets the sum that is needed,
    and every mixture keeps the limits because they are convex. n is the smallest with a mixture.
    """
    if v == 0 and a == 0:
        return 0 if limit[0] <= q <= limit[1] else -1
    highest, rise = limit[3], limit[4] * h
    if highest <= 0 or rise <= 0:
        return -1
    n = _stop_length(v, a, limit, h, least, out.shape[0])
    if n > out.shape[0]:
        return -1
    high, low = _largest_sum(a, highest, rise, n), -_largest_sum(-a, highest, rise, n)
    need = -v / h - a / 2
    share = min(max((need - low) / (high - low), 0.0), 1.0) if high > low else 0.0
    start = a
    for i in range(1, n + 1):
        top = min(start + i * rise, highest, (n - i) * rise)
        bottom = max(start - i * rise, -highest, (i - n) * rise)
        a1 = _mixed(bottom, top, share, limit) if i < n else 0.0
        if not _segment_ok(q, v, a, a1, h, limit):
            return -1
        q = _position(q, v, a, (a1 - a) / h, h)
        v = v + h * (a + a1) / 2 if i < n else 0.0
        a = a1
        out[i - 1, 0], out[i - 1, 1], out[i - 1, 2] = q, v, a
    return n


@kernel
def _shaped(error: float, gain: float, rate: float) -> float:
    """Return gain * error near 0, and far from it what can be undone at a steady `rate`.

    The speed that takes an error away may at most fall by `rate`, per second, as the error does:
    beyond rate / gain^2 it is a square root.
    """
    near = rate / (gain * gain)
    if abs(error) <= near:
        return gain * error
    return float(np.copysign(np.sqrt(2 * rate * (abs(error) - near / 2)), error))


@kernel
def _wish(
    q: float, v: float, a: float, target: np.ndarray, cap: float, limit: np.ndarray, h: float
) -> float:
    """Return the acceleration one step ahead that follows target (q, v, a).

    An error of position asks for a velocity that the acceleration limit can undo in time, an error
    of velocity for an acceleration that the jerk limit can undo in time.
    """
    velocity_gain = min(VELOCITY_GAIN, 0.32 / h)
    error = target[0] - q
    # The fastest approach that a jerk of this size can end: v^3 = jerk error^2.
    gentle = np.cbrt(GENTLE_SHARE * limit[4] * error * error)
    velocity = _shaped(error, velocity_gain / 4, APPROACH_SHARE * limit[3])
    velocity = target[1] + min(max(velocity, -gentle), gentle)
    velocity = min(max(velocity, -cap), cap)
    wish = target[2] + _shaped(velocity - v, velocity_gain, APPROACH_SHARE * limit[4])
    rise = limit[4] * h
    return min(max(wish, a - rise, -limit[3]), a + rise, limit[3])


@kernel
def _step(
    q: float, v: float, a: float, a1: float, limit: np.ndarray, h: float, out: np.ndarray
) -> int:
    """Write the state after a step to a1 and a stop from there to `out`; return how many states.

    -1 if the step breaks a limit, or if no stop is left after it.
    """
    if not _segment_ok(q, v, a, a1, h, limit):
        return -1
    out[0, 0] = _position(q, v, a, (a1 - a) / h, h)
    out[0, 1], out[0, 2] = v + h * (a + a1) / 2, a1
    n = _stop(out[0, 0], out[0, 1], out[0, 2], limit, h, 0, out[1:])
    return n + 1 if n >= 0 else -1


@kernel
def _follow(
    states: np.ndarray, targets: np.ndarray, cap: float, limit: np.ndarray, h: float, size: int
) -> int:
    """Replace the motion of one joint by one that follows its targets and then stops.

    states: (room, 3). Row 0 is where it starts, rows 1 to size - 1 a motion within the limits that
    ends standing; it is there at every moment, and what replaces it has been checked whole.
    targets: (H, 3), where row i holds for grid point i. Return the new size.
    """
    trial = np.empty((states.shape[0], 3))
    for i in range(targets.shape[0]):
        q, v, a = states[i, 0], states[i, 1], states[i, 2]
        safe = states[i + 1, 2] if i + 1 < size else 0.0
        wish = _wish(q, v, a, targets[i], cap, limit, h)
        if i + 1 >= size:  # It stands: so it may stay.
            states[i + 1] = states[i]
            size = i + 2
        room = trial[: states.shape[0] - i - 1]
        low, high, share = 0.0, 1.0, 1.0
        for _ in range(1 + HALVINGS):
            n = _step(q, v, a, _mixed(safe, wish, share, limit), limit, h, room)
            if n >= 0:
                states[i + 1 : i + 1 + n] = trial[:n]
                size = i + 1 + n
                low = share
            else:
                high = share
            if low == 1 or wish == safe:
                break
            share = (low + high) / 2
    return size


@kernel
def _pad(states: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the States up to the longest joint's end; the others stand where they ended."""
    longest = sizes.max()
    out = np.empty((longest, 3, states.shape[0]))
    for j in range(states.shape[0]):
        out[: sizes[j], :, j] = states[j, : sizes[j]]
        for i in range(sizes[j], longest):
            out[i, 0, j], out[i, 1, j], out[i, 2, j] = states[j, sizes[j] - 1, 0], 0.0, 0.0
    return out


@kernel
def follow(
    safe: np.ndarray, targets: np.ndarray, cap: np.ndarray, limits: np.ndarray, h: float, room: int
) -> np.ndarray:
    """Return States that follow the targets for H steps and then stop.

    safe: States within the limits that end standing; the result starts at safe[0] and keeps to
    `safe` wherever nothing better keeps the limits. targets: float64 (H, 3, N). cap: (N,), the
    velocity wished for at most, rad/s. room: states that a joint may need at most.
    """
    steps, joints = targets.shape[0], safe.shape[2]
    states = np.empty((joints, max(room, safe.shape[0]) + steps + 1, 3))
    sizes = np.empty(joints, np.int64)
    for j in range(joints):
        states[j, : safe.shape[0]] = safe[:, :, j]
        target = np.ascontiguousarray(targets[:, :, j])
        limit = np.ascontiguousarray(limits[:, j])
        sizes[j] = _follow(states[j], target, cap[j], limit, h, safe.shape[0])
    return _pad(states, sizes)


@kernel
def brake(safe: np.ndarray, limits: np.ndarray, h: float, room: int) -> np.ndarray:
    """Return the States of the shortest stop from safe[0].

    All joints stop in the time of the slowest one: from a steady motion the arm then stays on the
    straight line that it is on. A joint whose limits leave no room for that stops by itself, and
    one that has no stop of its own (after a late tick) keeps to `safe`.
    """
    joints = safe.shape[2]
    states = np.empty((joints, max(room, safe.shape[0]) + 1, 3))
    sizes = np.empty(joints, np.int64)
    for j in range(joints):
        states[j, 0] = safe[0, :, j]
        q, v, a = states[j, 0]
        sizes[j] = _stop(q, v, a, np.ascontiguousarray(limits[:, j]), h, 0, states[j, 1:])
    longest = sizes.max()
    for j in range(joints):
        q, v, a = states[j, 0]
        if sizes[j] < 0:
            sizes[j] = safe.shape[0] - 1
            states[j, 1 : safe.shape[0]] = safe[1:, :, j]
            continue
        sizes[j] = -1
        for least in (longest, 0):
            if sizes[j] < 0:
                limit = np.ascontiguousarray(limits[:, j])
                sizes[j] = _stop(q, v, a, limit, h, least, states[j, 1:])
    return _pad(states, sizes + 1)


@kernel
def within_limits(states: np.ndarray, limits: np.ndarray, h: float) -> bool:
    """Return whether States keep all limits, at and between the points, and end standing."""
    for j in range(states.shape[2]):
        limit = limits[:, j] + ROUNDING * np.abs(limits[:, j])
        limit[0] = limits[0, j] - ROUNDING * abs(limits[0, j])
        for i in range(states.shape[0]):
            q, v, a = states[i, 0, j], states[i, 1, j], states[i, 2, j]
            if not (limit[0] <= q <= limit[1] and abs(v) <= limit[2] and abs(a) <= limit[3]):
                return False
            if i + 1 < states.shape[0]:
                a1 = states[i + 1, 2, j]
                if abs(a1 - a) > limit[4] * h or not _segment_ok(q, v, a, a1, h, limit):
                    return False
        if states[-1, 1, j] != 0 or states[-1, 2, j] != 0:
            return False
    return True

"""The simulated trajectory controller interpolates, replaces and refuses as the real one does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gae_arm.arm_sim.trajectory import TrajectoryExecutor
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import ArmState
from gae_arm.core.trajectory import JointTrajectory, Refusal, TrajectoryRefusedError

S = 10**9
NAMES = ('a', 'b')
NOW = 100 * S
REST = np.zeros(2)


def executor(**options):
    return TrajectoryExecutor(NAMES, [-3, -2], [3, 2], [0.0, 0.5], **options)


def trajectory(**changes):
    values = {
        'joint_names': NAMES,
        'stamp_ns': 0,
        'times_ns': [1 * S, 2 * S],
        'positions': [[1.0, -1.0], [2.0, 0.0]],
    }
    return JointTrajectory(**(values | changes))


def refusal(call):
    with pytest.raises(TrajectoryRefusedError) as error:
        call()
    return error.value.reason, str(error.value)


# --- interpolation ------------------------------------------------------------------------------


def test_linear_from_the_measured_state_through_the_points():
    arm = executor()
    arm.accept(trajectory(), NOW, [0.2, 0.6], [9.0, 9.0])
    for seconds, position, velocity in [
        (0.0, [0.2, 0.6], [0.8, -1.6]),
        (0.5, [0.6, -0.2], [0.8, -1.6]),
        (1.0, [1.0, -1.0], [1.0, 1.0]),
        (1.25, [1.25, -0.75], [1.0, 1.0]),
        (2.0, [2.0, 0.0], [0.0, 0.0]),
        (99.0, [2.0, 0.0], [0.0, 0.0]),
    ]:
        q, v = arm.sample(NOW + int(seconds * S))
        np.testing.assert_allclose(q, position, atol=1e-12)
        np.testing.assert_allclose(v, velocity, atol=1e-12)


def test_cubic_meets_positions_and_velocities():
    arm = executor()
    velocities = [[0.5, 0.0], [0.0, 0.0]]
    arm.accept(trajectory(velocities=velocities), NOW, [0.0, 0.5], [0.3, -0.2])
    np.testing.assert_allclose(arm.sample(NOW), [[0.0, 0.5], [0.3, -0.2]], atol=1e-12)
    np.testing.assert_allclose(arm.sample(NOW + S), [[1.0, -1.0], [0.5, 0.0]], atol=1e-12)
    # Hermite basis at u = 1/2: (p0 + p1) / 2 + (v0 - v1) T / 8 and 1.5 step / T - (v0 + v1) / 4.
    q, v = arm.sample(NOW + S // 2)
    np.testing.assert_allclose(q, [0.5 + (0.3 - 0.5) / 8, -0.25 - 0.2 / 8], atol=1e-12)
    np.testing.assert_allclose(v, [1.5 - 0.8 / 4, -1.5 * 1.5 + 0.2 / 4], atol=1e-12)


def test_quintic_is_the_minimum_jerk_curve_from_rest_to_rest():
    arm = executor()
    arm.accept(
        JointTrajectory(NAMES, 0, [2 * S], [[2.0, 0.5]], [[0, 0]], [[0, 0]]), NOW, [0, 0.5], REST
    )
    for u in (0.0, 0.1, 0.5, 0.9, 0.999):
        q, v = arm.sample(NOW + round(2 * S * u))
        np.testing.assert_allclose(q, [2 * (10 * u**3 - 15 * u**4 + 6 * u**5), 0.5], atol=1e-12)
        np.testing.assert_allclose(v, [30 * u**2 - 60 * u**3 + 30 * u**4, 0], atol=1e-12)


def test_quintic_meets_given_accelerations():
    arm = executor()
    points = ([[1.0, 0.0]] * 2, [[0.2, 0.0], [0, 0]], [[0.7, -0.4], [0, 0]])
    arm.accept(JointTrajectory(NAMES, 0, [S, 2 * S], *points), NOW, [0, 0], REST)
    step = 1000
    before, after = (arm.sample(NOW + S + dt)[1] for dt in (-step, step))
    np.testing.assert_allclose((after - before) * S / (2 * step), [0.7, -0.4], atol=1e-3)


def test_joints_may_come_in_any_order():
    straight, permuted = executor(), executor()
    straight.accept(trajectory(), NOW, REST, REST)
    swapped = trajectory(joint_names=('b', 'a'), positions=[[-1.0, 1.0], [0.0, 2.0]])
    permuted.accept(swapped, NOW, REST, REST)
    for t in range(NOW, NOW + 3 * S, S // 3):
        np.testing.assert_array_equal(straight.sample(t), permuted.sample(t))


# --- start, replacement, end --------------------------------------------------------------------


def test_holds_until_the_first_trajectory():
    arm = executor()
    np.testing.assert_array_equal(arm.sample(NOW), [[0.0, 0.5], [0.0, 0.0]])
    assert arm.progress(NOW).state is ArmState.HOLDING


def test_hold_forgets_the_trajectory():
    arm = executor()
    arm.accept(trajectory(), NOW, REST, REST)
    arm.hold([0.7, 0.1])
    np.testing.assert_array_equal(arm.sample(NOW + S), [[0.7, 0.1], [0.0, 0.0]])
    assert arm.progress(NOW + S).state is ArmState.HOLDING


def test_a_stamp_in_the_future_starts_the_way_to_the_first_point_at_once():
    arm = executor()
    arm.accept(trajectory(stamp_ns=NOW + 3 * S), NOW, REST, REST)
    np.testing.assert_allclose(arm.sample(NOW + 2 * S)[0], [0.5, -0.5])
    np.testing.assert_allclose(arm.sample(NOW + 4 * S)[0], [1.0, -1.0])


def test_a_stamp_in_the_past_jumps_into_the_trajectory():
    arm = executor()
    arm.accept(trajectory(stamp_ns=NOW - 3 * S // 2), NOW, REST, REST)
    np.testing.assert_allclose(arm.sample(NOW)[0], [1.5, -0.5])


def test_one_point_at_time_zero_is_commanded_at_once():
    arm = executor()
    arm.accept(trajectory(times_ns=[0], positions=[[1.0, 1.0]]), NOW, REST, REST)
    np.testing.assert_array_equal(arm.sample(NOW), [[1.0, 1.0], [0.0, 0.0]])
    assert arm.progress(NOW).progress == 1.0


def test_starts_from_the_measured_state_by_default():
    arm = executor()
    arm.accept(trajectory(), NOW, REST, REST)
    arm.accept(trajectory(), NOW + S // 2, [0.1, 0.1], REST)
    np.testing.assert_allclose(arm.sample(NOW + S // 2)[0], [0.1, 0.1])


def test_from_the_desired_state_position_velocity_and_acceleration_do_not_jump():
    arm = executor(interpolate_from_desired_state=True)
    first = ([[1.0, -1.0]], [[0, 0]], [[0, 0]])
    arm.accept(JointTrajectory(NAMES, 0, [2 * S], *first), NOW, [9, 9], [9, 9])
    then, step = NOW + 6 * S // 10, 10**5
    before = arm.sample(then)
    rising = (before[1] - arm.sample(then - step)[1]) * S / step
    second = ([[-1.0, 1.5]], [[0, 0]], [[0, 0]])
    arm.accept(JointTrajectory(NAMES, 0, [2 * S], *second), then, [9, 9], [9, 9])
    np.testing.assert_allclose(arm.sample(then), before, atol=1e-12)
    after = (arm.sample(then + step)[1] - before[1]) * S / step
    np.testing.assert_allclose(after, rising, atol=1e-2)
    np.testing.assert_allclose(arm.sample(then + 2 * S)[0], [-1.0, 1.5])


def test_replacement_keeps_the_measured_velocity():
    arm = executor()
    velocities = [[0.5, 0.0], [0.0, 0.0]]
    arm.accept(trajectory(velocities=velocities), NOW, REST, REST)
    then = NOW + S // 2
    q, v = arm.sample(then)
    arm.accept(trajectory(velocities=velocities), then, q, v)
    np.testing.assert_allclose(arm.sample(then), (q, v), atol=1e-12)
    np.testing.assert_allclose(arm.sample(then + 1000)[0], q + v * 1e-6, atol=1e-10)


def test_progress_runs_from_acceptance_to_the_last_point():
    arm = executor()
    arm.accept(trajectory(), NOW, REST, REST)
    half = arm.progress(NOW + S)
    assert (half.state, half.progress, half.remaining_ns) == (ArmState.MOVING, 0.5, S)
    done = arm.progress(NOW + 2 * S)
    assert (done.state, done.progress, done.remaining_ns) == (ArmState.HOLDING, 1.0, 0)
    assert arm.progress(NOW - S).progress == 0.0


# --- refusals -----------------------------------------------------------------------------------

MALFORMED = [
    (
        Refusal.WRONG_JOINTS,
        {'joint_names': ('a', 'a')},
        "joint_names has ['a'] more than once: ['a', 'a']",
    ),
    (Refusal.NO_POINTS, {'times_ns': [], 'positions': []}, 'the trajectory has no points'),
    (
        Refusal.SIZE_MISMATCH,
        {'positions': [[1.0], [2.0]]},
        'positions has shape (2, 1), expected (2, 2)',
    ),
    (
        Refusal.SIZE_MISMATCH,
        {'velocities': [[0.0, 0.0]]},
        'velocities has shape (1, 2), expected (2, 2)',
    ),
    (
        Refusal.NOT_FINITE,
        {'positions': [[1.0, 0.0], [np.nan, 0.0]]},
        'positions[1, 0] is not finite: nan',
    ),
    (
        Refusal.NOT_FINITE,
        {'velocities': [[1.0, -np.inf], [0.0, 0.0]]},
        'velocities[0, 1] is not finite: -inf',
    ),
    (
        Refusal.TIME_OUT_OF_RANGE,
        {'times_ns': [-1, 5]},
        'times_ns[0] is -1, allowed is 0 to 2147483647999999999',
    ),
    (
        Refusal.TIME_OUT_OF_RANGE,
        {'times_ns': [0, 2**62]},
        'times_ns[1] is 4611686018427387904, allowed is 0 to 2147483647999999999',
    ),
    (
        Refusal.TIME_OUT_OF_RANGE,
        {'stamp_ns': -7},
        'stamp_ns is -7, allowed is 0 to 2147483647999999999',
    ),
    (
        Refusal.TIMES_NOT_INCREASING,
        {'times_ns': [S, S]},
        'times_ns do not increase: [0] is 1000000000, [1] is 1000000000',
    ),
    (
        Refusal.ACCELERATION_ALONE,
        {'accelerations': [[0.0, 0.0]] * 2},
        'the points have accelerations but no velocities',
    ),
]

UNSUITABLE = [
    (
        Refusal.WRONG_JOINTS,
        {'joint_names': ('a', 'elbow')},
        "unknown joints ['elbow']; all are needed: ['a', 'b']",
    ),
    (
        Refusal.WRONG_JOINTS,
        {'joint_names': ('b',), 'positions': [[0.0], [0.0]]},
        "missing joints ['a']; all are needed: ['a', 'b']",
    ),
    (
        Refusal.OUTSIDE_LIMITS,
        {'positions': [[1.0, 0.0], [1.0, -2.5]]},
        "joint 'b' is -2.5 at point 1, limits are -2.0 to 2.0",
    ),
    (
        Refusal.NONZERO_END_VELOCITY,
        {'velocities': [[0.0, 0.0], [0.0, 0.25]]},
        "joint 'b' ends with velocity 0.25, expected 0",
    ),
    (
        Refusal.ENDS_IN_PAST,
        {'stamp_ns': 98 * S - 3},
        'the trajectory ends 3 ns before now (100000000000 ns)',
    ),
    (
        Refusal.TOO_MANY_POINTS,
        {'times_ns': range(4), 'positions': np.zeros((4, 2))},
        '4 points, at most 3 are accepted',
    ),
    (
        Refusal.NOT_FINITE,
        {'velocities': [[1e308, 0.0], [0.0, 0.0]]},
        'the interpolation overflows after 0 segments',
    ),
]


@pytest.mark.parametrize(('reason', 'changes', 'message'), MALFORMED)
def test_a_malformed_trajectory_is_refused(reason, changes, message):
    assert refusal(lambda: trajectory(**changes)) == (reason, message)


@pytest.mark.parametrize(('reason', 'changes', 'message'), UNSUITABLE)
def test_an_unsuitable_trajectory_is_refused_and_the_one_before_goes_on(reason, changes, message):
    arm = executor(max_points=3)
    arm.accept(trajectory(), NOW - S, REST, REST)
    before = arm.sample(NOW)
    new = trajectory(**changes)
    assert refusal(lambda: arm.accept(new, NOW, [0.1, 0.1], REST)) == (reason, message)
    np.testing.assert_array_equal(arm.sample(NOW), before)


def test_the_limits_themselves_are_allowed_and_so_is_ending_now():
    arm = executor()
    arm.accept(trajectory(positions=[[-3.0, -2.0], [3.0, 2.0]]), NOW, REST, REST)
    np.testing.assert_array_equal(arm.sample(NOW + 2 * S)[0], [3.0, 2.0])
    arm.accept(trajectory(stamp_ns=NOW - 2 * S), NOW, REST, REST)
    np.testing.assert_array_equal(arm.sample(NOW)[0], [2.0, 0.0])


def test_a_final_velocity_is_kept_where_it_is_allowed():
    arm = executor(allow_nonzero_velocity_at_trajectory_end=True)
    arm.accept(trajectory(velocities=[[0, 0], [0.25, 0]]), NOW, REST, REST)
    np.testing.assert_array_equal(arm.sample(NOW + 9 * S), [[2.0, 0.0], [0.25, 0.0]])


def test_the_measured_state_must_be_finite():
    with pytest.raises(InvalidValueError, match=r'position\[1\] is not finite: nan'):
        executor().accept(trajectory(), NOW, [0, np.nan], REST)


def test_the_reasons_have_stable_names():
    assert {r.value for r in Refusal} == {
        'wrong_joints',
        'no_points',
        'size_mismatch',
        'not_finite',
        'time_out_of_range',
        'times_not_increasing',
        'ends_in_past',
        'nonzero_end_velocity',
        'acceleration_alone',
        'outside_limits',
        'too_many_points',
    }


# --- properties ---------------------------------------------------------------------------------

inside = st.tuples(st.floats(-3, 3), st.floats(-2, 2))
rates = st.tuples(st.floats(-5, 5), st.floats(-5, 5))
durations = st.lists(st.integers(20_000_000, S), min_size=1, max_size=6)


@st.composite
def motions(draw, derivatives):
    """Return a measured state and a trajectory with this many derivatives of the positions."""
    times = np.cumsum(draw(durations))
    points = [[draw(inside) for _ in times]]
    for _ in range(derivatives):
        points.append([draw(rates) for _ in times[1:]] + [(0.0, 0.0)])
    return draw(inside), draw(rates), JointTrajectory(NAMES, 0, times, *points)


@given(motions(0), st.floats(-0.1, 1.1))
def test_linear_positions_stay_between_the_points(motion, share):
    position, velocity, points = motion
    arm = executor()
    arm.accept(points, NOW, position, velocity)
    q, v = arm.sample(NOW + int(points.times_ns[-1] * share))
    hull = np.vstack([position, points.positions])
    assert np.isfinite(v).all()
    assert (q >= hull.min(axis=0) - 1e-12).all()
    assert (q <= hull.max(axis=0) + 1e-12).all()


@given(st.one_of(motions(1), motions(2)), st.data(), st.floats(0.01, 0.99))
def test_velocity_is_the_derivative_of_position(motion, data, share):
    position, velocity, points = motion
    arm = executor()
    arm.accept(points, NOW, position, velocity)
    knots = [0, *points.times_ns.tolist()]
    k = data.draw(st.integers(0, len(knots) - 2))
    t, step = NOW + int(knots[k] + share * (knots[k + 1] - knots[k])), 1000
    (q0, _), (_, v1), (q2, _) = (arm.sample(t + dt) for dt in (-step, 0, step))
    # jerk * step^2 / 6 is at most 1e-4 in segments of 20 ms and longer.
    np.testing.assert_allclose((q2 - q0) * S / (2 * step), v1, rtol=1e-6, atol=1e-3)


@given(st.one_of(motions(1), motions(2)))
def test_position_and_velocity_do_not_jump_at_the_points(motion):
    position, velocity, points = motion
    arm = executor()
    arm.accept(points, NOW, position, velocity)
    np.testing.assert_allclose(arm.sample(NOW), (position, velocity), atol=1e-12)
    for k, t in enumerate(points.times_ns.tolist()):
        for moment in (NOW + t - 1, NOW + t):
            q, v = arm.sample(moment)
            np.testing.assert_allclose(q, points.positions[k], atol=1e-6)
            np.testing.assert_allclose(v, points.velocities[k], atol=1e-3)

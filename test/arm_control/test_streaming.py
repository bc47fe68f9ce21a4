"""Chunks meet without a step, are entered at what was executed, and end evenly."""

import dataclasses

import numpy as np
import pytest

from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.streaming import ChunkStreamer, Executed, StreamSettings
from gae_arm.core import geometry
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import ActionChunk, HaltReason

MS = 1_000_000
STEP_NS = 10 * MS
T0 = 5 * 10**9


def path(seconds):
    """A smooth way, (M, 3) m, and turn, (M, 3) rad, over time."""
    s = np.asarray(seconds, float)[:, None]
    way = np.concatenate([0.2 * np.sin(s), 0.1 * np.sin(2 * s), 0.3 + 0.05 * np.cos(3 * s)], axis=1)
    return way, np.concatenate([0.2 * np.sin(2 * s), 0.1 * s, 0 * s], axis=1)


def chunk(stamp_ns, start=None, count=16, period_ns=50 * MS, noise=0.0, random=None, **changes):
    """A chunk made at a time that follows `path` from `start` seconds on, or from its stamp."""
    begin = (stamp_ns - T0) * 1e-9 if start is None else start
    way, turn = path(begin + np.arange(count) * period_ns * 1e-9)
    if noise:
        way = way + random.normal(0, noise, way.shape)
        turn = turn + random.normal(0, 5 * noise, turn.shape)
    q = geometry.matrix_to_quaternion(geometry.rotation_vector_to_matrix(turn))
    times = stamp_ns + np.arange(count) * period_ns
    made = ActionChunk(
        stamp_ns, 'base', stamp_ns // MS, 'plan', None, 'test', times, way, q, np.ones(count)
    )
    return dataclasses.replace(made, **changes)


INSTANT = 1e-5
"""s: two targets so near to each other tell the twist."""


def twist_between(before, after, seconds):
    turn = geometry.matrix_to_rotation_vector(after[:3, :3] @ before[:3, :3].T)
    return np.concatenate([after[:3, 3] - before[:3, 3], turn]) / seconds


class Arm:
    """An arm that does what it is told, at a clock rate that a test may change."""

    def __init__(self, **changes):
        offsets = (0.0, INSTANT, 0.01, 0.01 + INSTANT, 0.03, 0.06, 0.1)
        self.streamer = ChunkStreamer('base', StreamSettings(offsets=offsets, **changes))
        self.now_ns = T0
        way, turn = path([0.0])
        self.pose = geometry.transform(geometry.rotation_vector_to_matrix(turn[0]), way[0])
        self.twist = np.zeros(6)
        self.rate = 1.0
        self.following = False
        self.poses = []

    def tick(self):
        executed = Executed(self.now_ns, self.pose, self.twist, self.following, self.rate)
        targets = self.streamer.tick(executed)
        self.poses.append(self.pose)
        self.now_ns += STEP_NS
        self.following = not (targets is None or isinstance(targets, Cause)) and self.rate > 0
        if not self.following:
            self.twist = np.zeros(6)
        elif self.rate == 1:
            self.pose = targets.poses[2]
            self.twist = twist_between(*targets.poses[2:4], INSTANT)
        else:  # Slowly enough: on the way by so much of a tick's motion.
            move = twist_between(targets.poses[0], targets.poses[2], 1.0) * self.rate
            turn = geometry.rotation_vector_to_matrix(move[3:])
            before = targets.poses[0]
            self.pose = geometry.transform(turn @ before[:3, :3], before[:3, 3] + move[:3])
            self.twist = move / 0.01
        return targets


def positions(arm):
    return np.array([T[:3, 3] for T in arm.poses])


def test_without_a_chunk_there_are_no_targets():
    assert Arm().tick() is None


def test_a_chunk_is_played_at_its_own_times():
    arm = Arm()
    assert arm.streamer.accept(chunk(T0)) is None
    for tick in range(60):
        targets = arm.tick()
        if tick > 20:  # The seam from standing has ended.
            way, _ = path(tick * 0.01 + np.array(arm.streamer.settings.offsets))
            np.testing.assert_allclose(targets.poses[:, :3, 3], way, atol=1e-3)
    assert targets.stamp_ns == T0
    assert targets.plan_id == 'plan'
    offsets = (targets.times_ns - targets.times_ns[0]) * 1e-9
    np.testing.assert_allclose(offsets, arm.streamer.settings.offsets, atol=1e-12)


def test_the_first_target_is_where_the_arm_is_told_to_be():
    arm = Arm()
    arm.streamer.accept(chunk(T0, start=0.1))
    targets = arm.tick()
    np.testing.assert_allclose(targets.poses[0], arm.poses[0], atol=1e-12)
    np.testing.assert_allclose(targets.poses[1, :3, 3], arm.poses[0][:3, 3], atol=2e-3)


# -- seams ----------------------------------------------------------------------------------------


def test_seams_with_random_delays_have_no_step():
    """Chunks of a noisy policy arrive 0 to 400 ms after they were begun, every 100 ms or so."""
    random = np.random.default_rng(0)
    arm = Arm()
    arm.streamer.accept(chunk(T0))
    arriving, seams = [], 0
    pose_step = twist_step = 0.0
    while seams < 200:
        if random.random() < 0.1:
            made = chunk(arm.now_ns, noise=0.004, random=random)
            arriving.append((arm.now_ns + int(random.uniform(0, 400) * MS), made))
        for late, made in [x for x in arriving if x[0] <= arm.now_ns]:
            arriving.remove((late, made))
            seams += arm.streamer.accept(made) is None
        pose, twist, following = arm.pose, arm.twist, arm.following
        targets = arm.tick()
        pose_step = max(pose_step, np.abs(targets.poses[0] - pose).max())
        if following:
            now = twist_between(*targets.poses[:2], INSTANT)
            twist_step = max(twist_step, np.abs(now - twist).max())
    assert pose_step < 1e-9
    assert twist_step < 1e-3, 'm/s or rad/s; the difference quotient is good to 1e-4'


def test_a_chunk_that_comes_late_is_entered_where_the_arm_has_got_to():
    arm = Arm()
    arm.streamer.accept(chunk(T0))
    for _ in range(30):
        arm.tick()
    # Made from what was seen 0.2 s ago, of a way that goes the same.
    arm.streamer.accept(chunk(arm.now_ns - 200 * MS))
    for _ in range(30):
        arm.tick()
    np.testing.assert_allclose(positions(arm)[-1], path([0.59])[0][0], atol=1e-3)


def test_what_was_not_executed_is_not_skipped():
    arm = Arm()
    arm.streamer.accept(chunk(T0))
    for _ in range(30):
        arm.tick()
    made_ns = arm.now_ns
    arm.rate = 0.0
    for _ in range(20):
        arm.tick()
    # Between the making of this chunk and now the arm stood still for 0.2 s.
    arm.rate = 1.0
    arm.streamer.accept(chunk(made_ns))
    targets = arm.tick()
    time = 0.3
    np.testing.assert_allclose(targets.poses[0][:3, 3], path([time])[0][0], atol=3e-3)
    for _ in range(25):
        arm.tick()
    np.testing.assert_allclose(arm.pose[:3, 3], path([time + 0.26])[0][0], atol=3e-3)


def test_at_half_the_rate_the_same_way_takes_twice_the_time():
    full, half = Arm(), Arm()
    for arm in (full, half):
        arm.streamer.accept(chunk(T0))
    half.rate = 0.5
    for _ in range(60):
        full.tick()
    for _ in range(120):
        half.tick()
    np.testing.assert_allclose(half.pose[:3, 3], full.pose[:3, 3], atol=3e-3)


def test_a_chunk_for_later_waits_and_what_is_playing_goes_on():
    arm = Arm()
    arm.streamer.accept(chunk(T0))
    for _ in range(20):
        arm.tick()
    later = arm.now_ns + 100 * MS
    moved = chunk(later)
    moved = dataclasses.replace(
        moved, stamp_ns=arm.now_ns, position=moved.position + np.array([0.0, 0.0, 0.05])
    )
    arm.streamer.accept(moved)
    for _ in range(10):
        arm.tick()
    np.testing.assert_allclose(arm.pose[:3, 3], path([0.3])[0][0], atol=1e-3)
    for _ in range(30):
        arm.tick()
    np.testing.assert_allclose(arm.pose[:3, 3], path([0.6])[0][0] + [0, 0, 0.05], atol=1e-3)


def test_after_a_halt_the_arm_goes_on_from_where_it_stands():
    arm = Arm()
    arm.streamer.accept(chunk(T0))
    for _ in range(30):
        arm.tick()
    arm.rate = 0.0
    arm.tick()
    arm.pose = arm.pose @ geometry.transform(np.eye(3), [0.0, 0.0, 0.02])
    for _ in range(10):
        targets = arm.tick()
        np.testing.assert_allclose(targets.poses[0], arm.pose, atol=1e-12)
    arm.rate = 1.0
    before = len(arm.poses)
    for _ in range(25):
        arm.tick()
    assert np.linalg.norm(np.diff(positions(arm)[before:], axis=0), axis=1).max() < 0.01


# -- ends -----------------------------------------------------------------------------------------


def test_where_actions_end_the_arm_slows_down_evenly_and_holds():
    arm = Arm()
    line = chunk(T0, count=11)
    way = np.outer(np.arange(11) * 0.02, [1.0, 0.0, 0.0]) + arm.pose[:3, 3]
    arm.streamer.accept(
        dataclasses.replace(line, position=way, orientation=np.tile([0, 0, 0, 1.0], (11, 1)))
    )
    seen = [arm.tick() for _ in range(120)]
    x = positions(arm)[:, 0] - arm.poses[0][0, 3]
    speed = np.diff(x) / 0.01
    assert x[-1] == pytest.approx(0.2, abs=1e-4)
    assert (speed > -1e-9).all(), 'never backwards'
    change = np.diff(speed[20:60]) / 0.01
    assert change.min() > -0.4 / 0.2 * 1.2, 'from 0.4 m/s to 0 within 0.2 s'
    assert seen[-1] is None, 'at the end there is nothing more to do'


def test_a_chunk_of_one_pose_is_gone_to_and_held():
    arm = Arm()
    one = chunk(T0, count=1)
    arm.streamer.accept(dataclasses.replace(one, position=one.position + np.array([0.02, 0, 0])))
    for _ in range(40):
        arm.tick()
    np.testing.assert_allclose(arm.pose[:3, 3], one.position[0] + [0.02, 0, 0], atol=1e-6)


# -- refusals -------------------------------------------------------------------------------------


def test_a_chunk_in_another_frame_is_refused():
    assert Arm().streamer.accept(chunk(T0, frame_id='camera')) == Cause(
        HaltReason.COMMAND_INVALID,
        f"chunk {T0 // MS} of policy 'test' is in frame 'camera', expected 'base'",
    )


def test_a_chunk_that_was_overtaken_is_refused_and_changes_nothing():
    arm = Arm()
    arm.streamer.accept(chunk(T0))
    old = chunk(T0 - 100 * MS)
    assert arm.streamer.accept(old) == Cause(
        HaltReason.COMMAND_INVALID,
        f"chunk {old.sequence} of policy 'test' was made 0.100 s before the newest one",
    )
    assert arm.tick().stamp_ns == T0
    arm.streamer.clear()
    assert arm.streamer.accept(old) is None


def test_a_chunk_far_from_the_arm_is_refused_with_the_distance():
    arm = Arm()
    far = chunk(T0)
    arm.streamer.accept(dataclasses.replace(far, position=far.position + np.array([0.3, 0, 0])))
    assert arm.tick() == Cause(
        HaltReason.COMMAND_JUMP,
        f"chunk {T0 // MS} of policy 'test' goes on 0.300 m and 0.000 rad from the end effector; "
        'at most 0.1 m and 0.5 rad are joined',
    )
    assert arm.tick() is None


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'blend': 0.0}, 'blend is 0.0, allowed is 0.001 to 3.0'),
        ({'seam_distance': -1.0}, 'seam_distance is -1.0, allowed is 0.001 to 3.0'),
        (
            {'offsets': (0.0, 0.1, 0.05)},
            'offsets are not two or more, from 0.0 and increasing: [0.0, 0.1, 0.05]',
        ),
        (
            {'offsets': (0.01, 0.1)},
            'offsets are not two or more, from 0.0 and increasing: [0.01, 0.1]',
        ),
    ],
)
def test_nonsense_is_refused(changes, message):
    with pytest.raises(InvalidValueError) as caught:
        StreamSettings(**changes)
    assert str(caught.value) == message

"""Chunks carried out by a real arm's kinematics: it gets there, smoothly, and says why not."""

import functools

import numpy as np
import pytest

from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.inputs import Inputs
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.limits import GovernorSettings, limited_arm
from gae_arm.commands.benches.streamed_arm import StreamedArm
from gae_arm.core import geometry
from gae_arm.core.arm import load_arm
from gae_arm.core.motion import ArmState, HaltReason
from gae_arm.core.paths import arm_file

MS = 1_000_000


@functools.cache
def model(name):
    return CollisionModel(Kinematics(limited_arm(load_arm(arm_file(name)), GovernorSettings())))


class Cell(StreamedArm):
    """An arm over its table that goes to places along straight lines."""

    def __init__(self, name='panda', **changes):
        super().__init__(model(name), GovernorSettings(**({'use_cloud': False} | changes)))
        self.path = []

    def tick(self):
        output = super().tick()
        self.path.append(self.pose[:3, 3])
        return output

    def line(self, goal, speed=0.2, gripper=1.0, count=30):
        """A chunk straight from the end effector to a place, m, at a speed, m/s."""
        start, turn = self.pose[:3, 3], geometry.matrix_to_quaternion(self.pose[:3, :3])
        way = np.asarray(goal) - start
        share = np.minimum(np.arange(count) * 0.05 * speed / max(np.linalg.norm(way), 1e-9), 1.0)
        return self.chunk(start + share[:, None] * way, turn, 0.05, gripper)

    def go(self, goal, seconds, **options):
        """Send a new chunk every 100 ms, as a policy does; return the last output."""
        for tick in range(round(seconds * 100)):
            if tick % 10 == 0:
                assert self.follower.accept(self.line(goal, **options)) is None
            output = self.tick()
        return output

    def reasons(self):
        return {status.reason for status in self.statuses}


@pytest.mark.parametrize('name', ['panda', 'ur5', 'xarm7'])
def test_a_place_is_reached_on_a_straight_line_within_all_limits(name):
    cell = Cell(name)
    cell.tick()
    start, goal = cell.pose[:3, 3], cell.pose[:3, 3] + [0.05, 0.12, -0.1]
    cell.go(goal, 2.0)
    np.testing.assert_allclose(cell.pose[:3, 3], goal, atol=1e-3)
    along = (goal - start) / np.linalg.norm(goal - start)
    away = (np.array(cell.path) - start) @ (np.eye(3) - np.outer(along, along))
    assert np.linalg.norm(away, axis=1).max() < 2e-3
    assert not cell.checker.violations.total()
    limits = {HaltReason.ACCELERATION_LIMIT, HaltReason.JERK_LIMIT, HaltReason.VELOCITY_LIMIT}
    assert cell.reasons() - limits <= {HaltReason.NONE, HaltReason.NO_COMMAND}


def test_it_holds_and_says_so_when_all_is_done():
    cell = Cell()
    cell.go(cell.pose[:3, 3] + [0.0, 0.05, 0.0], 1.5)
    for _ in range(60):
        output = cell.tick()
    assert output.status.state == ArmState.HOLDING
    assert output.status.reason == HaltReason.NO_COMMAND


def test_when_chunks_stop_on_the_way_it_brakes_and_holds():
    cell = Cell()
    cell.go(cell.pose[:3, 3] + [0.1, 0.2, 0.0], 0.5)
    for _ in range(60):
        output = cell.tick()
    halted = [s for s in cell.statuses if s.reason == HaltReason.CHUNK_STALE]
    assert halted
    assert halted[-1].state == ArmState.HALTED
    # Once it stands, the old chunk is forgotten: the arm is ready for another one.
    assert output.status.state == ArmState.HOLDING
    assert output.status.reason == HaltReason.NO_COMMAND
    assert not cell.checker.violations.total()


def test_it_does_not_go_through_the_table():
    cell = Cell(workspace_lower=[-1, -1, -1])
    cell.go(cell.pose[:3, 3] * [1, 1, 0] - [0, 0, 0.1], 3.0)
    assert model('panda').environment_distance(cell.position).distance > 0.0
    assert min(place[2] for place in cell.path) > 0.0
    told = [s.message for s in cell.statuses if s.reason == HaltReason.TABLE_COLLISION]
    assert told
    assert all(' m from table, at least 0 m is kept' in message for message in told)


def test_it_does_not_leave_the_workspace():
    cell = Cell(workspace_lower=[0.2, -0.1, 0.0], workspace_upper=[0.8, 0.1, 1.0])
    cell.go(cell.pose[:3, 3] + [0.0, 0.4, 0.0], 2.5)
    assert 0.08 < max(place[1] for place in cell.path) <= 0.1
    assert HaltReason.WORKSPACE_LIMIT in cell.reasons()
    assert not cell.checker.violations.total()


def test_a_hand_in_the_way_stops_it():
    cell = Cell(use_cloud=True)
    start = cell.pose[:3, 3]
    side = np.linspace(-0.3, 0.3, 40)
    grid = np.stack(np.meshgrid([0.0], side, side), -1)
    wall = start + np.array([0.25, 0.0, 0.0]) + grid.reshape(-1, 3)
    for tick in range(250):
        if tick % 3 == 0:
            cell.inputs = Inputs(None, cell.now_ns, wall)
        if tick % 10 == 0:
            cell.follower.accept(cell.line(start + np.array([0.35, 0.0, 0.0])))
        cell.tick()
    assert HaltReason.OBSTACLE_NEAR in cell.reasons()
    distance = model('panda').cloud_distance(cell.position, wall).distance
    assert 0.02 <= distance < 0.04
    assert cell.statuses[-1].speed_scale < 0.2


def test_a_place_out_of_reach_is_said():
    cell = Cell(workspace_upper=[3.0, 3.0, 3.0])
    start = cell.pose[:3, 3]
    way = start + np.outer(np.arange(60) * 0.02, [1.0, 0.0, 0.0])
    turn = geometry.matrix_to_quaternion(cell.pose[:3, :3])
    for tick in range(400):
        if tick % 10 == 0:  # The rest of a way that leads out of reach, whatever the arm does.
            cell.follower.accept(cell.chunk(way[min(tick // 5, 59) :], turn, 0.05))
        cell.tick()
    told = cell.reasons() & {HaltReason.UNREACHABLE, HaltReason.SINGULARITY}
    assert told
    assert not cell.checker.violations.total()


def test_the_gripper_follows_the_chunk_but_not_while_the_arm_is_halted():
    cell = Cell()
    goal = cell.pose[:3, 3] + [0.0, 0.1, 0.0]
    cell.go(goal, 0.5, gripper=0.2)
    assert cell.follower.gripper == pytest.approx(0.2)
    cell.follower.governor.stop()
    cell.go(goal, 0.5, gripper=1.0)
    assert cell.follower.gripper == pytest.approx(0.2)


def test_after_a_stop_it_goes_on_to_the_goal():
    cell = Cell()
    goal = cell.pose[:3, 3] + [0.0, 0.15, 0.0]
    cell.go(goal, 0.6)
    cell.follower.governor.stop()
    cell.go(goal, 0.6)
    assert cell.statuses[-1].state == ArmState.HALTED
    assert cell.follower.governor.resume(cell.now_ns, Inputs(cell.state))[0]
    cell.go(goal, 2.0)
    np.testing.assert_allclose(cell.pose[:3, 3], goal, atol=1e-3)
    assert not cell.checker.violations.total()


def test_a_clock_that_goes_back_forgets_the_chunks():
    cell = Cell()
    goal = cell.pose[:3, 3] + [0.0, 0.15, 0.0]
    cell.go(goal, 0.5)
    cell.now_ns -= 500 * MS
    cell.checker.move_clock(-500 * MS)
    output = cell.tick()
    assert output.status.reason == HaltReason.CLOCK_MISMATCH
    assert cell.follower.accept(cell.line(goal)) is None
    for _ in range(60):
        cell.tick()
    assert cell.statuses[-1].state == ArmState.HALTED
    assert not cell.checker.violations.total()

"""Bad plans over the wire: each is refused with reason and value, the arm holds, life goes on."""

from __future__ import annotations

import numpy as np
import pytest
from gae_msgs.msg import ArmStatus
from tabletop import Tabletop, tabletop

from gae_arm.core.motion import ArmState
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.progress import PlanProgress, PlanRefusal, PlanState
from gae_arm.ros import topics
from gae_arm.ros.motion_msgs import state_from_msg, status_from_msg
from gae_arm.ros.plan_msgs import plan_to_msg, progress_from_msg
from gae_arm.ros.stamps import time_to_msg

SECOND = 10**9
BASE, CAMERA = 'panda_link0', 'camera_color_optical_frame'
DOWN = np.array([1.0, 0.0, 0.0, 0.0])
LEFT, RIGHT = (0.45, 0.25, 0.35), (0.45, -0.25, 0.35)


class Arm:
    """What a planner sees of the arm, and what it says to it."""

    def __init__(self, table: Tabletop) -> None:
        self.table = table
        probe = self.probe = table.probe
        self.progress = probe.listen(topics.PLAN_PROGRESS)
        self.chunks = probe.listen(topics.ACTION_CHUNK)
        self.states = probe.listen(topics.JOINT_STATES)
        self.statuses = probe.listen(topics.ARM_STATUS)
        self.plans = probe.publisher(topics.WAYPOINT_PLAN)
        self.count = 0
        probe.wait_for(lambda: self.status.state == ArmState.HOLDING, 'an arm that is ready')

    @property
    def status(self):
        self.probe.wait_for(lambda: self.statuses, 'the status of the arm')
        return status_from_msg(self.statuses[-1])

    def plan(self, *positions, frame=BASE, age=0, life=60 * SECOND):
        """The message of a plan that is good unless it is told otherwise."""
        self.count += 1
        stamp_ns = self.probe.now_ns() - age
        waypoints = tuple(Waypoint(np.array(p, dtype=float), DOWN) for p in positions)
        return plan_to_msg(
            WaypointPlan(f'plan {self.count}', stamp_ns, frame, '', waypoints, stamp_ns + life)
        )

    def send(self, msg) -> PlanProgress:
        """Send a plan and return the first that is heard of it."""
        self.progress.clear()
        self.plans.publish(msg)
        return self.wait_progress(msg.plan_id)

    def wait_progress(self, plan_id, *states) -> PlanProgress:
        """Return the newest progress of a plan, in one of these states if some are named."""

        def found():
            mine = [progress_from_msg(m) for m in self.progress if m.plan_id == plan_id]
            return [p for p in mine if not states or p.state in states][-1:]

        return self.probe.wait_for(found, f'progress of {plan_id!r}')[0]

    def speed(self) -> float:
        """Return how fast the fastest joint of the arm moves, rad/s, in the newest state."""
        self.states.clear()
        self.probe.wait_for(lambda: self.states, 'joint states')
        return float(np.abs(state_from_msg(self.states[-1]).velocity[:7]).max())

    def move(self) -> str:
        """Have the arm on its way, at some speed, with a good plan; return the plan's name."""
        goal = RIGHT if self.y() > 0 else LEFT
        msg = self.plan(goal)
        assert self.send(msg).state == PlanState.FOLLOWING
        self.probe.wait_for(lambda: self.speed() > 0.2, 'the arm to move')
        return msg.plan_id

    def y(self) -> float:
        """Return on which side the arm is: its first joint, rad."""
        self.states.clear()
        self.probe.wait_for(lambda: self.states, 'joint states')
        return float(state_from_msg(self.states[-1]).position[0])


@pytest.fixture(scope='module')
def arm(tmp_path_factory, own_domain):
    # The cloud is another test's: without it a test hangs less on how busy the machine is.
    with tabletop(tmp_path_factory.mktemp('plans'), 'cloud:=false') as table:
        yield Arm(table)


def nan(msg):
    msg.waypoints[1].position.y = float('nan')


def quaternion(msg):
    msg.waypoints[0].orientation.w = 1.0


def gripper(msg):
    msg.waypoints[1].gripper = 1.5


def empty(msg):
    msg.waypoints.clear()


def nameless(msg):
    msg.plan_id = ''


def expired(msg):
    msg.expiry = msg.header.stamp


def another_clock(msg):
    msg.header.stamp = time_to_msg(1_700_000_000 * SECOND)
    msg.expiry = time_to_msg(1_700_000_060 * SECOND)


GOOD = (0.45, 0.1, 0.3)
TWO = (GOOD, (0.45, 0.0, 0.3))
BAD = {
    'empty': (TWO, {}, empty, 'INVALID', 0, 'has no waypoints'),
    'NaN': (TWO, {}, nan, 'INVALID', 0, 'waypoint 1: position[1] is not finite: nan'),
    'no quaternion': (TWO, {}, quaternion, 'INVALID', 0, 'waypoint 0: orientation is not a unit'),
    'gripper': (TWO, {}, gripper, 'INVALID', 0, 'waypoint 1: gripper is 1.5, allowed is 0.0 to'),
    'nameless': (TWO, {}, nameless, 'INVALID', 0, 'plan_id is empty'),
    'expired when made': (TWO, {}, expired, 'INVALID', 0, 'not after its image'),
    'ten thousand': ((GOOD,) * 10_000, {}, None, 'TOO_MANY_WAYPOINTS', 0, '10000 waypoints, at'),
    'unknown frame': (TWO, {'frame': 'moon'}, None, 'UNKNOWN_FRAME', 0, "'moon'"),
    'stale': (TWO, {'age': 2 * SECOND, 'life': SECOND}, None, 'STALE', 0, 'the plan expired 1.0'),
    'another clock': (TWO, {}, another_clock, 'CLOCK_MISMATCH', 0, 'stamped 1700000000.000 s'),
    'behind the camera': (
        (GOOD, (0.0, 0.0, -0.5)),
        {'frame': CAMERA},
        None,
        'BEHIND_CAMERA',
        1,
        'z is -0.500 m',
    ),
    'outside': ((GOOD, (0.4, 1.3, 0.3)), {}, None, 'OUTSIDE_WORKSPACE', 1, '[0.4, 1.3, 0.3] m'),
    'through the table': ((GOOD, (0.5, 0.0, -0.1)), {}, None, 'THROUGH_TABLE', 1, '0.100 m below'),
    'out of reach': ((GOOD, (0.9, 0.4, 0.9)), {}, None, 'UNREACHABLE', 1, 'the nearest that the'),
}


@pytest.mark.parametrize('kind', BAD)
def test_a_bad_plan_is_refused_and_the_arm_stops_and_a_good_one_works(arm, kind):
    positions, how, spoil, reason, waypoint, message = BAD[kind]
    arm.move()
    msg = arm.plan(*positions, **how)
    if spoil is not None:
        spoil(msg)
    sent_ns = arm.probe.now_ns()
    refused = arm.send(msg)
    assert (refused.state, refused.reason) == (PlanState.REFUSED, PlanRefusal[reason])
    assert (refused.plan_id, refused.waypoint) == (msg.plan_id, waypoint)
    assert message in refused.message
    arm.probe.wait_for(lambda: arm.speed() < 0.01, 'the arm to stand')
    arm.probe.wait_for(lambda: arm.status.state != ArmState.MOVING, 'the arm to say so')
    report(kind, sent_ns, refused.stamp_ns, arm.status.stamp_ns)
    arm.chunks.clear()
    arm.probe.spin(0.5)
    assert arm.speed() < 0.01
    assert not arm.chunks
    assert arm.wait_progress(arm.move()).state == PlanState.FOLLOWING


def report(kind, sent_ns, refused_ns, stood_ns):
    """Print how long it took, on the clock of the simulation: a figure, not a condition."""
    milli = [round((t - sent_ns) * 1e-6) for t in (refused_ns, stood_ns)]
    print(f'{kind}: refused after {milli[0]} ms, the arm says that it stands after {milli[1]} ms')


def test_odd_plans_that_are_none_the_less_good(arm):
    """One waypoint; the same one twice; five on a line."""
    near = (0.45, 0.0, 0.35)
    line = [(0.45, 0.02 * k, 0.35) for k in range(5)]
    for positions in ([near], [near, near], line):
        msg = arm.plan(*positions)
        arm.send(msg)
        done = arm.wait_progress(msg.plan_id, PlanState.DONE, PlanState.REFUSED, PlanState.STUCK)
        assert done.state == PlanState.DONE, done.message


def test_after_the_end_of_a_plan_the_arm_is_idle_and_not_halted(arm):
    msg = arm.plan((0.45, 0.0, 0.33))
    arm.send(msg)
    arm.wait_progress(msg.plan_id, PlanState.DONE)
    arm.statuses.clear()
    arm.probe.wait_for(
        lambda: any(m.state == ArmStatus.HOLDING for m in arm.statuses), 'an arm that holds'
    )
    assert not [m for m in arm.statuses if m.state == ArmStatus.HALTED]


def test_a_user_is_told_why_and_can_stop_and_resume(arm, tmp_path):
    """`gae plan send`, `gae stop` and `gae resume`, as they are typed."""
    file = tmp_path / 'plan.yaml'
    file.write_text('waypoints: [{position: [0.9, 0.4, 0.9]}]')
    refused = arm.table.send(file)
    assert refused.returncode == 1
    assert 'error: the plan is refused, UNREACHABLE: waypoint 0 is out of reach' in refused.stderr
    file.write_text('waypoints: [{position: [0.45, 0.05, 0.35]}]')
    assert arm.table.gae('stop').returncode == 0
    stopped = arm.table.send(file)
    assert stopped.returncode == 1
    assert 'STOP_REQUESTED: a stop was requested; release it with gae resume' in stopped.stderr
    resumed = arm.table.gae('resume')
    assert resumed.stdout == 'resumed\n', resumed.stderr
    sent = arm.table.send(file)
    assert sent.returncode == 0, sent.stdout + sent.stderr
    assert arm.table.send(file, '--no-wait').returncode == 0


def test_the_node_reports_its_health(arm):
    diagnostics = arm.probe.listen(topics.DIAGNOSTICS)
    arm.move()

    def busy():
        every = [status for msg in diagnostics for status in msg.status]
        mine = [s for s in every if s.name == 'action_expert: policy' and 'plan ' in str(s.values)]
        return mine[-1:]

    values = {
        v.key: v.value for v in arm.probe.wait_for(busy, 'a report of a busy policy')[0].values
    }
    assert values['policy'] == 'spline'
    assert float(values['act_p50_ms']) > 0
    assert int(values['refused_unreachable']) > 0
    print({key: value for key, value in values.items() if key.startswith(('act', 'rate', 'cpu'))})

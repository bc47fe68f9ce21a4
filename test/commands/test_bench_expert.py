"""`gae bench expert`: what a whole chunk takes, by the clock and of a core."""

from __future__ import annotations

import pytest

from action_expert.policies import make_policy
from gae_arm.commands.benches import expert_acts
from gae_arm.core.arm import load_arm
from gae_arm.core.motion import RobotState
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import Waypoint, WaypointPlan


def test_a_timed_policy_acts_as_the_policy_does():
    arm = load_arm(arm_file('panda'))
    names = (*arm.joints, *arm.gripper.joints)
    q = [0.0, -0.8, 0.0, -2.4, 0.0, 1.6, 0.8, *arm.gripper.positions(1.0)]
    state = RobotState(1, names, q, [0.0] * len(q), [0.0] * len(q))
    plan = WaypointPlan('plan', 0, arm.base_frame, '', (Waypoint([0.5, 0.0, 0.2]),), 10**15)
    timed = expert_acts.Timed(make_policy('expert', arm))
    chunk = timed.act(state, plan, None)
    assert chunk.policy.startswith(timed.name)
    assert timed.progress().plan_id == 'plan'
    assert len(timed.passed) == len(timed.computed) == 1


def test_chunks_of_one_core_are_counted_by_its_own_seconds(monkeypatch):
    def jobs(job, tasks, workers):
        assert workers == 1
        return [(task, ([5.0, 7.0], [2.0, 2.0])) for task in tasks]

    monkeypatch.setattr('gae_arm.demonstrations.workers.run_jobs', jobs)
    passed, computed, rate = expert_acts.rows('', 0)
    assert (passed.p50, passed.n, computed.p50) == (6.0, 6, 2.0)
    assert (rate.p50, rate.unit) == (pytest.approx(500.0), '1/s')

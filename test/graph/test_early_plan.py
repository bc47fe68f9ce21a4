"""A plan that comes before a node on simulated time has heard the time is not refused for that."""

from __future__ import annotations

from graph import graph
from rosgraph_msgs.msg import Clock

from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.progress import PlanRefusal
from gae_arm.ros import topics
from gae_arm.ros.plan_msgs import plan_to_msg, progress_from_msg
from gae_arm.ros.stamps import time_to_msg

NOW_NS = 436_000_000


def test_a_plan_waits_for_the_clock(tmp_path, own_domain):
    words = ('action_expert.launch.yaml', 'use_sim_time:=true', 'use_cloud:=false')
    with graph(tmp_path, *words) as (_, probe):
        progress = probe.listen(topics.PLAN_PROGRESS)
        plans, clock = (probe.publisher(t) for t in (topics.WAYPOINT_PLAN, topics.CLOCK))
        outside = (Waypoint((9.0, 0.0, 0.3)),)
        early = WaypointPlan('early', NOW_NS, 'panda_link0', '', outside, 60 * 10**9)
        plans.publish(plan_to_msg(early))
        times = iter(range(NOW_NS, 50 * 10**9, 20_000_000))

        def heard():
            clock.publish(Clock(clock=time_to_msg(next(times))))
            return progress

        probe.wait_for(heard, 'what becomes of the plan')
    told = progress_from_msg(progress[0])
    assert (told.plan_id, told.reason) == ('early', PlanRefusal.OUTSIDE_WORKSPACE), told

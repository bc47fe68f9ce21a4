"""A simulated arm on its table that a policy drives through the real streaming and governor."""

from __future__ import annotations

import functools

import numpy as np

from action_expert.policies import make_policy
from gae_arm.arm_control.arm_rules import make_governor
from gae_arm.arm_control.collision import CollisionModel
from gae_arm.arm_control.follower import ChunkFollower
from gae_arm.arm_control.ik import DifferentialIk
from gae_arm.arm_control.inputs import Inputs
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.limits import GovernorSettings, limited_arm
from gae_arm.arm_control.streaming import ChunkStreamer
from gae_arm.arm_sim.driver import ArmDriver
from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.core import geometry
from gae_arm.core.arm import load_arm
from gae_arm.core.cloud import Cloud
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.progress import PlanState

MS = 1_000_000
SETTINGS = GovernorSettings(use_cloud=False)


@functools.cache
def collision_of(name):
    return CollisionModel(Kinematics(limited_arm(load_arm(arm_file(name)), SETTINGS)))


class WorkCell:
    """Simulation, controller, follower and policy, all on one clock of 10 ms ticks.

    chunk_every: ticks from chunk to chunk. delay: ticks that a chunk takes to arrive, with
    inference and transport. log: what happened at each tick.
    """

    def __init__(self, policy, arm='panda', scene=0, chunk_every=7, delay=2, **settings):
        collision = collision_of(arm)
        self.arm = collision.kinematics.arm
        self.sim = ArmSimulation(load_arm(arm_file(arm)), scene)
        self.driver = ArmDriver(self.sim, interpolate_from_desired_state=True)
        self.follower = ChunkFollower(
            make_governor(collision, SETTINGS),
            DifferentialIk(collision.kinematics),
            ChunkStreamer(self.arm.base_frame),
        )
        self.policy = policy if not isinstance(policy, str) else make_policy(policy, self.arm)
        self.chunk_every, self.delay = chunk_every, delay
        self.sim.step(50)
        self.tick_count = 0
        self.states, self.reports, self.chunks, self.path = [], [], [], []
        self._coming = []

    @property
    def now_ns(self):
        return self.sim.stamp_ns

    def tick(self, plan, cloud=None):
        if plan is not None and self.tick_count % self.chunk_every == 0:
            chunk = self.policy.act(self.sim.observe(), plan, cloud)
            self.chunks.append(chunk)
            self.reports.append(self.policy.progress())
            self._coming.append((self.tick_count + self.delay, chunk))
        while self._coming and self._coming[0][0] <= self.tick_count:
            assert self.follower.accept(self._coming.pop(0)[1]) is None
        now = self.now_ns
        output = self.follower.tick(now, Inputs(self.sim.observe()))
        self.states.append(output.status)
        if output.trajectory is not None:
            self.driver.command_trajectory(output.trajectory, now)
        if self.follower.gripper is not None:
            self.driver.command_gripper(self.arm.gripper.positions(self.follower.gripper))
        self.driver.advance(now + 2 * MS * np.arange(1, 6))
        self.path.append(self.sim.T_base_ee())
        self.tick_count += 1

    def carry_out(self, plan, cloud=None, seconds=30.0):
        """Tick until the plan is done, or so long; return the seconds that it took."""
        start = self.tick_count
        while self.tick_count < start + 100 * seconds:
            self.tick(plan, cloud)
            if self.reports and self.reports[-1].state is PlanState.DONE:
                break
        return (self.tick_count - start) / 100

    def pose_of(self, name):
        return self.sim.T_base_body(name)


def plan(*waypoints, plan_id='plan', frame='panda_link0'):
    """Waypoints as (x, y, z[, opening])."""
    made = tuple(Waypoint(np.array(w[:3]), None, w[3] if len(w) > 3 else None) for w in waypoints)
    return WaypointPlan(plan_id, 0, frame, 'do it', made, 10**15)


def cloud_of(scene, stamp_ns=1, spacing=0.004):
    """A cloud of a table and all that is on it, sampled from the shapes, the hidden sides too."""
    grid = np.stack(np.meshgrid(np.arange(0.2, 0.8, 0.01), np.arange(-0.4, 0.4, 0.01)), -1)
    points = [np.concatenate([grid.reshape(-1, 2), np.zeros((grid[..., 0].size, 1))], axis=1)]
    for item in scene.objects:
        T = geometry.transform(geometry.quaternion_to_matrix(item.orientation), item.position)
        for part in item.parts:
            size = part.size
            if part.shape == 'cylinder':
                size = [2 * part.size[0], 2 * part.size[0], part.size[1]]
            steps = [np.append(np.arange(-s / 2, s / 2, spacing), s / 2) for s in size]
            local = np.stack(np.meshgrid(*steps), -1).reshape(-1, 3)
            if part.shape == 'cylinder':
                local = local[np.hypot(*local.T[:2]) <= part.size[0]]
            R = geometry.quaternion_to_matrix(part.orientation)
            local = local @ R.T + part.position
            points.append(geometry.transform_points(T, local))
    return Cloud(stamp_ns, 'panda_link0', np.concatenate(points).astype(np.float32))

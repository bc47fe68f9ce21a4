"""The whole simulation with its web page, for the page's tests and picture."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gae_msgs import msg as gae
from graph import Launched, Probe, graph
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters

from gae_arm.core.motion import ArmState
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_file import PlanFile
from gae_arm.ros import topics
from gae_arm.ros.plan_msgs import plan_to_msg

BASE_FRAME = 'panda_link0'


class ViewerRun:
    """What a planner and a person see of the running simulation."""

    def __init__(self, launched: Launched, probe: Probe, url: str) -> None:
        self.launched, self.probe, self.url = launched, probe, url
        self.statuses = probe.listen(topics.ARM_STATUS)
        self.plans = probe.listen(topics.WAYPOINT_PLAN)
        self.progresses = probe.listen(topics.PLAN_PROGRESS)
        self._proposals = probe.publisher(topics.PROPOSED_PLAN)

    @property
    def status(self) -> gae.ArmStatus:
        return self.statuses[-1]

    def wait_ready(self) -> None:
        """Wait until the arm can take a plan."""
        self.probe.wait_for(
            lambda: self.statuses and self.status.state != int(ArmState.HALTED),
            'the arm to be ready',
            120.0,
        )

    def propose(self, file: PlanFile) -> WaypointPlan:
        """Publish a plan for approval, as of now, under a new name."""
        plan = file.plan(f'test-{uuid.uuid4().hex[:8]}', self.probe.now_ns(), BASE_FRAME)
        self._proposals.publish(plan_to_msg(plan))
        return plan

    def set_real_time_factor(self, factor: float) -> None:
        """Let the simulation run faster or slower from now on; needs publish_clock."""
        value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=factor)
        request = SetParameters.Request(
            parameters=[Parameter(name='real_time_factor', value=value)]
        )
        self.probe.call(SetParameters, 'arm_sim/set_parameters', request)

    def progress(self) -> float:
        """The share of the newest plan that is done."""
        return self.progresses[-1].progress if self.progresses else 0.0


@contextmanager
def viewer_run(tmp: Path, port: int, *words: str) -> Iterator[ViewerRun]:
    """Launch the simulation with its page on `port`; stop it at the end."""
    words = ('sim.launch.yaml', 'viewer:=true', f'viewer_port:={port}', *words)
    with graph(tmp, *words) as (launched, probe):
        url = f'http://127.0.0.1:{port}'
        probe.wait_for(lambda: f'open {url} ' in launched.output, 'the page')
        probe.follow_clock_of('viewer')
        yield ViewerRun(launched, probe, url)

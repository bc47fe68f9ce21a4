"""A whole bag run again, in the order in which it was heard; deterministic, without a clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from gae_arm.core.cloud import Cloud
from gae_arm.core.motion import ActionChunk
from gae_arm.core.plan import WaypointPlan
from gae_arm.recording.rerun import chunks, clouds, plans
from gae_arm.recording.rerun.chunks import ChunkRerun
from gae_arm.recording.rerun.clouds import CloudMaker, compare_cloud
from gae_arm.recording.rerun.finding import Finding, Summary, summarise
from gae_arm.recording.rerun.memory import BagMemory
from gae_arm.recording.rerun.plans import Planner, compare_plan
from gae_arm.recording.said import Said

LAG_NS = 500_000_000
"""The recorder hears what a node made before some of what it made it from: so long is waited."""
MIDDLE_NS = 2_000_000_000
"""A first chunk that comes so long after the bag's beginning begins its plan."""

KINDS = (clouds.KIND, chunks.KIND, plans.KIND)


def remember(memory: BagMemory, said: Said) -> None:
    """Take a message into the memory, if it is one that something is made from."""
    value = said.value
    keep: dict[str, Callable[[], None]] = {
        'joint_states': lambda: memory.states.add(value.stamp_ns, value),
        'camera/color/image_raw': lambda: memory.colors.add(*value),
        'camera/aligned_depth_to_color/image_raw': lambda: memory.depths.add(*value),
        'camera/color/camera_info': lambda: memory.infos.add(*value),
        '/tf': lambda: memory.place(value, static=False),
        '/tf_static': lambda: memory.place(value, static=True),
        'points': lambda: memory.clouds.add(value.stamp_ns, value),
        'waypoint_plan': lambda: memory.plans.__setitem__(value.plan_id, value),
    }
    if said.topic in keep:
        keep[said.topic]()


@dataclass
class Rerun:
    """Compares what a bag says with what is made again of it.

    cloud_maker: also says where the camera is. chunk_rerun, planner: None: not run again.
    tolerance: up to which two are equal. findings: in order. paths: stamp, recorded and made
    position (3,) of each chunk's first action.
    """

    cloud_maker: CloudMaker
    chunk_rerun: ChunkRerun | None
    planner: Planner | None
    tolerance: float
    memory: BagMemory = field(default_factory=BagMemory)
    findings: list[Finding] = field(default_factory=list)
    paths: list[tuple[int, np.ndarray, np.ndarray]] = field(default_factory=list)
    _waiting: deque[Said] = field(default_factory=deque)
    _begin_ns: int | None = None

    def run(self, bag: Iterable[Said]) -> list[Summary]:
        """Take in all of it; return a summary of each kind."""
        for said in bag:
            self._begin_ns = said.log_ns if self._begin_ns is None else self._begin_ns
            remember(self.memory, said)
            if isinstance(said.value, (Cloud, ActionChunk, WaypointPlan)):
                self._waiting.append(said)
            while self._waiting and self._waiting[0].log_ns < said.log_ns - LAG_NS:
                self._compare(self._waiting.popleft())
        while self._waiting:
            self._compare(self._waiting.popleft())
        return [summarise(kind, self.findings, self.tolerance) for kind in KINDS]

    def _compare(self, said: Said) -> None:
        value = said.value
        if isinstance(value, Cloud):
            found = compare_cloud(value, self.cloud_maker, self.memory, self.tolerance)
            self.findings.append(found)
        elif isinstance(value, WaypointPlan):
            pose = self.cloud_maker.pose
            self.findings.append(compare_plan(value, self.planner, self.memory, pose))
        elif isinstance(value, ActionChunk) and self.chunk_rerun is not None:
            assert self._begin_ns is not None
            begins = value.sequence == 0 or said.log_ns - self._begin_ns > MIDDLE_NS
            found, made = self.chunk_rerun.compare(value, self.memory, begins)
            self.findings.append(found)
            if made is not None:
                self.paths.append((value.stamp_ns, value.position[0], made.position[0]))

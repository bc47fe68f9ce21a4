"""Chunks made again by a policy: from the state, cloud and plan that each recorded one names."""

from __future__ import annotations

import numpy as np

from action_expert.carrier import first_action
from action_expert.following import GuidePolicy
from action_expert.lifting import lifted
from gae_arm.core import geometry
from gae_arm.core.cloud import Cloud
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import ActionChunk
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.plan_check import PlanCheckSettings, check_places
from gae_arm.core.progress import PlanState
from gae_arm.core.transform_tree import TransformUnknownError
from gae_arm.recording.rerun.finding import Finding
from gae_arm.recording.rerun.memory import BagMemory, NotInBagError

KIND = 'chunk'


class ChunkRerun:
    """Has a policy act again wherever the recorded one did.

    A chunk is stamped with the state that it was made for, and names its plan and its cloud; a
    policy takes its time from the state. So the same version gives the same chunks, from the first
    one of a plan on; where that one, or one between, is not in the bag, the rest of the plan cannot
    be compared. What was commanded before a plan is in the first action of its first chunk.
    """

    def __init__(self, policy: GuidePolicy, checks: PlanCheckSettings) -> None:
        self.policy = policy
        self._checks = checks
        self._plan: WaypointPlan | None = None
        self._last: ActionChunk | None = None
        self._broken = ''

    def compare(
        self, recorded: ActionChunk, memory: BagMemory, begins: bool
    ) -> tuple[Finding, ActionChunk | None]:
        """Return how the chunk differs from the one made again, and that one.

        begins: whether, being the first chunk in the bag, it is the first one of its plan.
        """
        self._follow(recorded, begins)
        self._last = recorded
        try:
            if self._broken:
                raise NotInBagError(self._broken)
            made = self._made(recorded, memory)
        except NotInBagError as error:
            self._broken = str(error)
            return Finding(KIND, recorded.stamp_ns, left_out=str(error)), None
        except InvalidValueError as error:
            self._broken = 'an earlier chunk of the plan could not be made'
            shape = f'the re-run gives none: {error}'
            return Finding(KIND, recorded.stamp_ns, shape=shape), None
        return _difference(recorded, made), made

    def _follow(self, recorded: ActionChunk, begins: bool) -> None:
        """Find out whether the chunk begins a plan, goes on with it, or misses what was before."""
        last = self._last
        if last is None:
            first = begins
        else:
            first = recorded.sequence == 0 or recorded.plan_id != last.plan_id
            follows = recorded.sequence == last.sequence + 1
            if not first and not follows:
                self._broken = 'chunks before it are not in the bag'
        if first:
            self._plan, self._broken = None, ''
        elif last is None:
            self._broken = 'the bag begins in the middle of its plan'

    def _made(self, recorded: ActionChunk, memory: BagMemory) -> ActionChunk:
        state = memory.states.at(recorded.stamp_ns)
        cloud: Cloud | None = None
        if recorded.cloud_stamp_ns is not None:
            cloud = memory.clouds.at(recorded.cloud_stamp_ns)
        if self._plan is None:
            self._plan = self._begun(recorded, memory)
        chunk = self.policy.act(state, self._plan, cloud)
        done = self.policy.progress().state == PlanState.DONE
        return first_action(chunk) if done else chunk

    def _begun(self, recorded: ActionChunk, memory: BagMemory) -> WaypointPlan:
        """Return the plan in the base frame, and hand what was commanded before to the policy."""
        plan = memory.plan(recorded.plan_id)
        base = self.policy.arm.base_frame
        T = np.eye(4)
        if plan.frame_id != base:
            try:
                T = memory.transforms.lookup(base, plan.frame_id, plan.stamp_ns)
            except TransformUnknownError as error:
                raise NotInBagError(f'the frame of its plan is not in the bag: {error}') from error
        rotation = geometry.quaternion_to_matrix(recorded.orientation[0])
        start = geometry.transform(rotation, recorded.position[0])
        self.policy.resume(start, float(recorded.gripper[0]))
        return check_places(lifted(plan, T, base), self._checks)


def _difference(recorded: ActionChunk, made: ActionChunk) -> Finding:
    if len(made.times_ns) != len(recorded.times_ns):
        shape = f'{len(made.times_ns)} actions, recorded are {len(recorded.times_ns)}'
        return Finding(KIND, recorded.stamp_ns, shape=shape)
    sign = np.sign((made.orientation * recorded.orientation).sum(axis=1, keepdims=True))
    chord = np.linalg.norm(made.orientation - sign * recorded.orientation, axis=1)
    # The arc cosine of their product would lose half of the digits near equality.
    angle = 4 * np.arcsin(np.minimum(chord / 2, 1.0))
    return Finding(
        KIND,
        recorded.stamp_ns,
        {
            'position m': _most(made.position - recorded.position),
            'angle rad': float(angle.max()),
            'opening': _most(made.gripper - recorded.gripper),
            'time s': _most((made.times_ns - recorded.times_ns) * 1e-9),
        },
    )


def _most(differences: np.ndarray) -> float:
    return float(np.abs(differences).max())

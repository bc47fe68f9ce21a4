"""Training situations of recorded episodes: imported demonstrations, bags, or those made here.

What a plan should have said is known: the episode's own plans, or else its keyframes. A planner's
errors are added to them, and the network learns to undo these from the recorded clouds, with the
hand where it was. Without clouds (most imported data) a situation teaches the motion alone:
stage `action` of the training.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from action_expert.expert.twin import meant_waypoints, own_waypoints, said
from action_expert.following import PolicySettings
from action_expert.guide import Guide, make_guide
from action_expert.preparation import prepared
from action_expert.training.shards import write_shard
from action_expert.training.situation import Guides, Situation, situation
from gae_arm.core import geometry
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.demonstrations.dataset import Dataset
from gae_arm.demonstrations.episode import CloudTrack, Episode
from gae_arm.demonstrations.keyframes import keyframe_gripper
from gae_arm.demonstrations.oracle import PlanNoise
from gae_arm.demonstrations.situations import EXPIRY_NS, TRAVEL, SituationSettings

EPISODES = 256
"""Of a file of situations."""
PER_EPISODE = 32


@dataclass(frozen=True, eq=False)
class Stretch:
    """The steps `first` to `last` of an episode, which followed one plan.

    poses: float64 (K, 4, 4), T_base_ee meant. gripper: (K,), openings; NaN: as it is. reached:
    int64 (K,), the step at which each waypoint was reached, increasing.
    """

    first: int
    last: int
    poses: np.ndarray
    gripper: np.ndarray
    reached: np.ndarray


def stretches(episode: Episode) -> Iterator[Stretch]:
    """Yield what followed each plan of an episode, those that miss on purpose left out.

    An episode without plans is one stretch through its keyframes, or none without those.
    """
    plans = episode.plans
    if plans is None:
        if len(episode.keyframes):
            steps = episode.keyframes
            gripper = keyframe_gripper(episode.action_gripper, steps)
            yield Stretch(0, episode.steps - 1, episode.T_base_ee()[steps], gripper, steps)
        return
    ends = [*plans.steps[1:], episode.steps]
    for q, (first, end) in enumerate(zip(plans.steps, ends, strict=True)):
        if plans.mistaken[q]:
            continue
        rows = plans.rows(q)
        turns = geometry.quaternion_to_matrix(plans.orientation[rows])
        poses = geometry.transform(turns, plans.position[rows])
        behind = np.arange(rows.start, rows.stop) + 1
        reached = first + np.searchsorted(plans.next[first:end], behind)
        reached = np.minimum(reached, end - 1)
        yield Stretch(int(first), int(end) - 1, poses, plans.gripper[rows], reached)


class RecordedSituations:
    """Makes the situations of episodes; the same for an episode and a seed every time."""

    def __init__(self, settings: SituationSettings | None = None, seed: int = 0) -> None:
        self.settings, self._seed = settings or SituationSettings(), seed
        self._policy = PolicySettings()
        self._offsets = self._policy.period * np.arange(self._policy.actions)

    def __call__(self, number: int, episode: Episode) -> list[Situation]:
        """Return the situations of episode `number` of a data set."""
        rng = np.random.default_rng([self._seed, number])
        parts = [s for s in stretches(episode) if s.last > s.first]
        if not parts:
            return []
        plans = -(-PER_EPISODE // (self.settings.per_plan * len(parts)))
        return [s for _ in range(plans) for part in parts for s in self._of(episode, part, rng)]

    def _of(self, episode: Episode, part: Stretch, rng: np.random.Generator) -> list[Situation]:
        """Return situations of one plan with errors for a stretch."""
        T_ee = episode.T_base_ee()
        guides, own = self._guides(episode, part, T_ee[part.first], rng)
        out = []
        for step in rng.integers(part.first, part.last, self.settings.per_plan):
            now = guide_time(guides.erred, own, part, T_ee[:, :3, 3], int(step))
            moment = guides.moment(now, self._offsets, T_ee[step], float(episode.gripper[step]))
            hidden = rng.random() < self.settings.blind
            points = None if hidden else _points(episode.clouds, int(episode.stamps_ns[step]))
            out.append(situation(moment, guides, points))
        return out

    def _guides(
        self, episode: Episode, part: Stretch, T_start: np.ndarray, rng: np.random.Generator
    ) -> tuple[Guides, np.ndarray]:
        """Return the guides of a plan with errors, and which of their waypoints are the plan's."""
        noise = self._noise(rng)
        orientations = geometry.matrix_to_quaternion(part.poses[:, :3, :3])
        grippers = [None if np.isnan(g) else float(g) for g in part.gripper]
        exact = map(Waypoint, part.poses[:, :3, 3], orientations, grippers)
        waypoints = tuple(noise.apply(w, np.eye(4), rng) for w in exact)
        plan = WaypointPlan('plan', 0, episode.base_frame, '', waypoints, EXPIRY_NS)
        opening = float(episode.gripper[part.first])
        filled = prepared(plan, T_start, opening, None, self._policy)
        meant = meant_waypoints(filled, plan, part.poses)
        guides = Guides(
            make_guide(T_start, opening, filled, self._policy, TRAVEL),
            make_guide(T_start, opening, meant, self._policy, TRAVEL),
            said(filled, plan),
        )
        return guides, own_waypoints(filled, plan)

    def _noise(self, rng: np.random.Generator) -> PlanNoise:
        """Return errors of a plan; none along a line of sight, which nobody recorded."""
        settings, size = self.settings, rng.random(3)
        if size[0] < settings.exact:
            return PlanNoise()
        return PlanNoise(size[1] * settings.waypoint_noise, size[2] * settings.orientation_noise)


def guide_time(
    guide: Guide, own: np.ndarray, part: Stretch, position: np.ndarray, step: int
) -> float:
    """Return when a guide (s on its clock) is as far as the arm was at a step of a stretch.

    own: (K,), the guide's waypoint of each of the stretch's. position: (T, 3), m, of the arm.
    Between two waypoints the share of the way counts: people are faster and slower than guides.
    """
    k = min(int(np.searchsorted(part.reached, step, side='right')), len(own) - 1)
    begin = int(part.reached[k - 1]) if k else part.first
    end = max(int(part.reached[k]), begin + 1)
    way = np.linalg.norm(np.diff(position[begin : end + 1], axis=0), axis=1)
    share = float(way[: step - begin].sum() / max(way.sum(), 1e-9))
    leaves = {event.waypoint: event.leave for event in guide.events}
    last = int(own[k - 1]) if k else None
    start = 0.0 if last is None else float(leaves.get(last, guide.arrivals[last]))
    return start + min(share, 1.0) * (float(guide.arrivals[own[k]]) - start)


def write_situations(
    dataset: Dataset, folder: Path, make: RecordedSituations | None = None
) -> Iterator[int]:
    """Write files of the situations of all whole episodes; yield how many each file has.

    Files that are there already are not made again.
    """
    make = make or RecordedSituations()
    name = dataset.folder.resolve().name
    numbers = list(dataset.paths)
    for begin in range(0, len(numbers), EPISODES):
        path = folder / f'recorded-{name}-{numbers[begin]:09d}.safetensors'
        if path.exists():
            continue
        chosen = numbers[begin : begin + EPISODES]
        found = [s for n in chosen for s in make(n, dataset.stored(n).load(images=False))]
        if found:
            write_shard(path, found)
        yield len(found)


def _points(track: CloudTrack | None, stamp_ns: int) -> np.ndarray | None:
    """Return the newest cloud (N, 3), float32, that is not later than a stamp; None: no cloud."""
    if track is None or not len(track.stamps_ns):
        return None
    i = int(np.searchsorted(track.stamps_ns, stamp_ns, side='right')) - 1
    return None if i < 0 else track.cloud(i).astype(np.float32)

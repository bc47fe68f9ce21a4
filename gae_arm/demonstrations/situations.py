"""Training situations of the action expert: a moment of a story, a plan that errs, what was meant.

A seed gives the situations of one scene. The hand is beside its way as far as errors of the plan
would bring it, so that the network cannot trust its own pose and has to look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from action_expert.expert.condition import Moment, find_aim
from action_expert.expert.twin import meant_waypoints, said
from action_expert.following import PolicySettings
from action_expert.guide import Guide, make_guide
from action_expert.preparation import prepared
from action_expert.shift import apart, beside
from action_expert.training.situation import Guides, Situation, situation
from gae_arm.arm_sim.tasks.axes import TRAINING, Ranges
from gae_arm.arm_sim.tasks.errors import SamplingError
from gae_arm.arm_sim.tasks.registry import TASKS, find_task
from gae_arm.arm_sim.tasks.steps import Lift, Step
from gae_arm.core import geometry
from gae_arm.core.cloud import Cloud
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.settings import Settings, setting
from gae_arm.demonstrations.glimpse import STROKE, Camera, Flaws
from gae_arm.demonstrations.oracle import PlanNoise
from gae_arm.demonstrations.pedestals import raised
from gae_arm.demonstrations.story import Story, World, carried_over, counterfactual
from gae_arm.demonstrations.ways import NoWayError, Ways, grouped

HELD_OUT_TASKS = ('stack_three', 'sort_by_colour')
"""Never trained on."""
HOME, HOME_SPREAD = np.array([0.31, 0.0, 0.55]), np.array([0.08, 0.12, 0.08])
"""m: where stories begin, and by how much that differs."""
MISSED = np.array([0.008, 0.0007, 0.003, 0.02, 0.05, 0.02])
"""m and rad: by what a grasp misses, along the axes of the hand; fingers centre what they hold."""
TRAVEL = 0.6
"""s that fingers take from closed to open."""
STRAYED = np.array([0.006, 0.006, 0.006, 0.03, 0.03, 0.03])
"""m and rad: by what the hand is off where its plan would have it."""
LAG = 0.12
"""s: the hand is behind its command by as much at most."""
STALE = 0.1
"""s: a cloud shows the world as it was so long before the hand was where it is, at most."""
EXPIRY_NS = 10**15
FAR_APART = 0.25
"""m: a hand so far from its aim is not looked at, unless it holds something."""


@dataclass(frozen=True)
class SituationSettings(Settings):
    """How situations are drawn; shares of all, standard deviations where noise is meant."""

    per_plan: int = setting(4, 'situations of one plan', low=1, high=100)
    waypoint_noise: float = setting(0.035, 'largest, along each axis, m', low=0.0, high=0.5)
    orientation_noise: float = setting(0.30, 'largest, about each axis, rad', low=0.0, high=1.0)
    depth_noise: float = setting(0.06, 'largest, of waypoints, along the sight, m', low=0.0, high=1)
    exact: float = setting(0.1, 'share of plans without errors', low=0.0, high=1.0)
    unturned: float = setting(0.12, 'share of plans without orientations', low=0.0, high=1.0)
    blind: float = setting(0.05, 'share of situations without a cloud', low=0.0, high=1.0)
    erased: float = setting(0.03, 'share of plans that say nothing', low=0.0, high=1.0)
    aside: float = setting(0.25, 'share of stories that nobody asked for', low=0.0, high=1.0)
    raised: float = setting(0.3, 'share of things on a pedestal', low=0.0, high=1.0)
    hurried: float = setting(0.5, 'share of situations near a grasp or release', low=0.0, high=1.0)


class SituationMaker:
    """Makes situations; a seed, a scene.

    tasks: names; None: all but the held-out ones. clouds: False leaves all of them out.
    """

    def __init__(
        self,
        settings: SituationSettings | None = None,
        ranges: Ranges = TRAINING,
        tasks: Sequence[str] | None = None,
        clouds: bool = True,
    ) -> None:
        self.settings = settings or SituationSettings()
        self.policy = PolicySettings()
        self.tasks = tuple(tasks or (t for t in TASKS if t not in HELD_OUT_TASKS))
        self._ranges, self._clouds, self._camera = ranges, clouds, Camera()
        self._offsets = self.policy.period * np.arange(self.policy.actions)

    def __call__(self, seed: int) -> list[Situation]:
        """Return the situations of a scene: none where it has no room for its objects."""
        rng = np.random.default_rng(seed)
        task = find_task(self.tasks[int(rng.integers(len(self.tasks)))])
        try:
            instance = task.sample(int(rng.integers(2**62)), self._ranges)
        except SamplingError:
            return []
        groups = list(grouped(instance.steps))
        if rng.random() < self.settings.aside:
            groups = [counterfactual(instance, rng) or groups[0]]
        if len(groups) == 1 and isinstance(groups[0][0], Lift):
            instance = raised(instance, groups[0], self.settings.raised, rng)
        out = []
        world, T_hand, opened = World.of(instance), _home(rng), True
        for group in groups:
            try:
                story = _story(group, world, opened, rng)
            except NoWayError:
                break
            out += self._situations(story, T_hand, opened, rng)
            T_hand = story.keyframes[-1].T_base_ee
            opened = next(k.gripper for k in story.keyframes[::-1] if k.gripper is not None) > 0.5
            world = story.world(T_hand, True, True)
        return out

    def _situations(
        self, story: Story, T_hand: np.ndarray, opened: bool, rng: np.random.Generator
    ) -> list[Situation]:
        """Return situations of one plan for a story."""
        flaws = Flaws.draw(rng)
        T_start = beside_by(T_hand, 2 * STRAYED, rng)
        guides = self._guides(story, T_start, float(opened), flaws, rng)
        moments = (self._moment(story, guides, rng) for _ in range(self.settings.per_plan))
        return [
            situation(moment, guides, self._seen(story, moment, flaws, rng)) for moment in moments
        ]

    def _moment(self, story: Story, guides: Guides, rng: np.random.Generator) -> Moment:
        now = self._time(guides.erred, rng)
        T_hand = self._strayed(guides, now, rng)
        return guides.moment(now, self._offsets, T_hand, _opening(story, guides.erred, now, rng))

    def _guides(
        self,
        story: Story,
        T_start: np.ndarray,
        opening: float,
        flaws: Flaws,
        rng: np.random.Generator,
    ) -> Guides:
        settings, view = self.settings, story.before.instance.view
        exact = rng.random() < settings.exact
        noise = PlanNoise(
            0.0 if exact else rng.uniform(0.0, settings.waypoint_noise),
            0.0 if exact else rng.uniform(0.0, settings.orientation_noise),
            flaws.pixel or (rng.random() < 0.15) * rng.uniform(0.0, settings.depth_noise),
        )
        turned = rng.random() >= settings.unturned
        waypoints = []
        for keyframe in story.keyframes:
            w = noise.apply(keyframe.waypoint(), view.T_base_camera, rng)
            waypoints.append(Waypoint(w.position, w.orientation if turned else None, w.gripper))
        meant = np.array(carried_over(story.keyframes, story.grasp, story.slip))
        if rng.random() < settings.erased:
            waypoints = [Waypoint(T_start[:3, 3]) for _ in waypoints]
            meant = np.repeat(T_start[None], len(waypoints), axis=0)
        plan = WaypointPlan('plan', 0, 'base', '', tuple(waypoints), EXPIRY_NS)
        silent = turned or not self._clouds
        cloud = None if silent else self._before(story, T_start, opening, waypoints, flaws, rng)
        filled = prepared(plan, T_start, opening, cloud, self.policy)
        return Guides(
            make_guide(T_start, opening, filled, self.policy, TRAVEL),
            make_guide(T_start, opening, meant_waypoints(filled, plan, meant), self.policy, TRAVEL),
            said(filled, plan),
        )

    def _before(
        self,
        story: Story,
        T_start: np.ndarray,
        opening: float,
        waypoints: Sequence[Waypoint],
        flaws: Flaws,
        rng: np.random.Generator,
    ) -> Cloud:
        """Return what is seen of the grasp when the plan comes: it says how to grasp."""
        centre = waypoints[story.grasp or 0].position[None]
        points = self._camera.cloud(story.before, T_start, opening, centre, flaws, rng)
        return Cloud(1, 'base', points)

    def _time(self, guide: Guide, rng: np.random.Generator) -> float:
        """Return a time of the guide: any, or shortly before something is touched."""
        touches = np.flatnonzero(guide.waypoints.touches)
        if len(touches) and rng.random() < self.settings.hurried:
            arrival = guide.arrivals[touches[int(rng.integers(len(touches)))]]
            return float(np.clip(arrival + rng.uniform(-1.2, 0.2), 0.0, guide.duration))
        return rng.uniform(0.0, guide.duration)

    def _strayed(self, guides: Guides, now: float, rng: np.random.Generator) -> np.ndarray:
        """Return where the hand is: where it was said or meant to be, or anywhere near.

        If it always lay towards what was meant, the network would ask the hand, not the cloud.
        """
        then = np.array([max(0.0, now - rng.uniform(0.0, LAG))])
        T_erred = guides.erred.sample(then)
        T_meant = guides.meant_at(then)
        shift = apart(T_erred, T_meant)
        kind = rng.random()
        share = 0.0 if kind < 0.2 else 1.0 if kind < 0.35 else rng.uniform(0.0, 1.0)
        far = 0.5 if kind < 0.35 else 1.0 if kind < 0.5 else 3.5
        return beside_by(beside(T_erred, share * shift)[0], far * STRAYED, rng)

    def _seen(
        self, story: Story, moment: Moment, flaws: Flaws, rng: np.random.Generator
    ) -> np.ndarray | None:
        if not self._clouds or rng.random() < self.settings.blind:
            return None
        guide, now = moment.guide, float(moment.times[0])
        T_then = moment.T_base_ee @ _since(guide, now - rng.uniform(0.0, STALE), now)
        grasped, released = (_over(guide, k, now) for k in (story.grasp, story.release))
        ended = story.grasp is None and moment.next_waypoint == len(guide.arrivals) - 1
        world = story.world(T_then, grasped, released or ended)
        aim = guide.waypoints.poses[find_aim(guide.waypoints, moment.next_waypoint), :3, 3]
        centres = np.array([aim, moment.T_base_ee[:3, 3]])
        if np.linalg.norm(centres[0] - centres[1]) > FAR_APART and not grasped:
            centres = centres[:1]
        return self._camera.cloud(world, T_then, moment.opening, centres, flaws, rng)


def _story(group: Sequence[Step], world: World, opened: bool, rng: np.random.Generator) -> Story:
    way = next(
        Ways(world.instance).find(group, world.poses, world.joints, _home(rng), opened), None
    )
    if way is None:
        raise NoWayError(f'no way to do {group!r}')
    slip = beside_by(np.eye(4), MISSED, rng)
    return Story(tuple(group), tuple(way), world, slip)


def _since(guide: Guide, then: float, now: float) -> np.ndarray:
    """Return T_now_then (4, 4): where the hand was on its guide, seen from where it is."""
    T_then, T_now = guide.sample(np.array([max(then, 0.0), now]))
    return geometry.invert(T_now) @ T_then


def _home(rng: np.random.Generator) -> np.ndarray:
    """Return a pose (4, 4) of the hand where a story begins, pointing down, turned anyhow."""
    down = geometry.rpy_to_matrix(np.pi, 0.0, rng.uniform(-np.pi, np.pi))
    return geometry.transform(down, HOME + HOME_SPREAD * rng.uniform(-1, 1, 3))


def beside_by(T: np.ndarray, spread: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a pose (4, 4) off by random shifts and turns, m and rad (6,)."""
    return beside(T[None], (spread * rng.standard_normal(6))[None])[0]


def _over(guide: Guide, keyframe: int | None, now: float) -> bool:
    """Return whether the fingers have moved at a keyframe of the plan."""
    if keyframe is None:
        return False
    done = [e for e in guide.events if guide.waypoints.sources[e.waypoint] == keyframe]
    return bool(done) and now > (done[-1].act + done[-1].leave) / 2


def _opening(story: Story, guide: Guide, now: float, rng: np.random.Generator) -> float:
    """Return how far open the gripper is: as asked, or as wide as what it holds."""
    asked = float(guide.openings(np.array([now - TRAVEL / 2]))[0])
    first = story.steps[0]
    held = _over(guide, story.grasp, now) and not _over(guide, story.release, now)
    if held and isinstance(first, Lift):
        grasps = story.before.instance.items[first.item].grasps
        return float(np.clip(grasps[int(rng.integers(len(grasps)))].width / (2 * STROKE), 0, 1))
    return asked

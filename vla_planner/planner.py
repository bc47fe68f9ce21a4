"""An instruction and an image in, a plan out, or the reason why there is none."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gae_arm.core import checks, geometry
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.instruction import ErrorCode
from gae_arm.core.plan import ImageAnchor, Waypoint, WaypointPlan
from gae_arm.core.plan_check import PlanCheckSettings, Reach, check_places, check_reach
from gae_arm.core.plan_transform import plan_in_frame
from gae_arm.core.progress import PlanRefusedError
from gae_arm.core.projection import project
from vla_planner import gripper
from vla_planner.backends.backend import Backend
from vla_planner.backends.waiting import Answering
from vla_planner.conversation import Conversation
from vla_planner.conversation_log import ConversationLog
from vla_planner.depth import depth_at
from vla_planner.errors import PlannerError
from vla_planner.formats.format import Format
from vla_planner.formats.registry import find_format
from vla_planner.hand import PRESENT
from vla_planner.lifting import lift, refused
from vla_planner.picture import Picture, Scene, whole, workspace
from vla_planner.profile import Profile
from vla_planner.prompts import Prompts, Turn
from vla_planner.scale import scale_named
from vla_planner.sense import check_hand_is_empty, check_sense
from vla_planner.sketch import NEXT, Sketch, Spot
from vla_planner.words import check_words, checked_instruction


@dataclass(frozen=True, eq=False)
class Thought(checks.Contract):
    """What came of thinking.

    plan: in the frame of the camera; None: the model says that nothing is left to do. notes: what a
    person should know about how the answer was read. moved: (M, 2, 3), metres, base frame: what
    will have been moved for the instruction when the plan has been carried out.
    """

    plan: WaypointPlan | None
    notes: tuple[str, ...] = ()
    moved: np.ndarray = field(default_factory=lambda: np.zeros((0, 2, 3)))


@dataclass(frozen=True, eq=False)
class Wish(checks.Contract):
    """What is asked of the planner, beside the scene.

    expiry_ns: from the image's stamp until the plan may no longer be used. present: R_base_ee
    (3, 3), q: (N,), rad, opening: 0.0 to 1.0: how arm and gripper stand, if that is known.
    canceled: whether nobody waits any more. anchored: told the anchors as soon as they are known.
    sketched: told where in the image, pixels, the waypoints of an answer are, (N, 2), and their
    grippers, before they are checked. begun: told a plan's beginning while the model is still
    writing the rest. again: whether a plan for this instruction has just been carried out. moved:
    (M, 2, 3), metres, base frame: from where to where the plans before moved things for it. aside:
    T_base_ee (4, 4), where the hand hides nothing: there it goes at the end of a plan that is a
    part of more, before the model looks again; None: it stays where it is.
    """

    instruction: str
    expiry_ns: int = 60_000_000_000
    present: np.ndarray | None = None
    q: np.ndarray | None = None
    opening: float | None = None
    canceled: Callable[[], bool] = lambda: False
    anchored: Callable[[tuple[ImageAnchor, ...]], None] = lambda _: None
    sketched: Callable[[np.ndarray, tuple[float | None, ...]], None] = lambda *_: None
    begun: Callable[[WaypointPlan], None] | None = None
    again: bool = False
    moved: np.ndarray = field(default_factory=lambda: np.zeros((0, 2, 3)))
    aside: np.ndarray | None = None


class VlmPlanner:
    """Asks a model what its profile says, and lets nothing out that was not checked.

    rules: where waypoints may be. reach: of the arm; None: not checked. log: of conversations.
    Used by one thread at a time.
    """

    def __init__(
        self,
        profile: Profile,
        prompts: Prompts,
        backend: Backend,
        rules: PlanCheckSettings | None = None,
        reach: Reach | None = None,
        log: ConversationLog | None = None,
    ) -> None:
        self.profile, self.backend = profile, backend
        self.rules = rules or PlanCheckSettings()
        self._prompts, self._reach, self._log = prompts, reach, log
        self._answering = Answering(backend)
        self._format = find_format(profile.format)
        self._anchors_format = find_format(profile.anchors_format or profile.format)
        self._count = 0

    def think(self, scene: Scene, wish: Wish) -> Thought:
        """Return what comes next; raise PlannerError with a code and a sentence."""
        begun = time.perf_counter_ns()
        instruction = checked_instruction(wish.instruction)
        if self.profile.knows_words:
            check_words(instruction, self.backend)
        self._count += 1
        plan_id = f'plan-{scene.frame.stamp_ns}-{self._count}'
        asking = _Asking(self, scene, self._picture(scene), wish, plan_id)
        two_step = self.profile.protocol == 'two_step'
        thought = (asking.two_steps if two_step else asking.one_step)(instruction)
        if thought.plan is None:
            return thought
        latency_ns = time.perf_counter_ns() - begun
        plan = dataclasses.replace(thought.plan, latency_ns=latency_ns)
        moves = geometry.transform_points(scene.T_base_camera, gripper.moves(plan))
        return dataclasses.replace(thought, plan=plan, moved=np.concatenate([wish.moved, moves]))

    def converse(self, wish: Wish, plan_id: str, simpler: bool = False) -> Conversation:
        """Return a new conversation about one plan; simpler: see `Profile.leaning`."""
        return Conversation(
            self.profile,
            self._prompts,
            self._answering,
            plan_id,
            wish.canceled,
            self._log,
            self.profile.leaning(wish.again, simpler),
        )

    def read(self, form: Format, picture: Picture, text: str) -> Sketch:
        """Return what an answer says; raise InvalidValueError where it cannot be used."""
        scale = scale_named(self.profile.scale) if self.profile.scale else form.scale
        sketch = form.read(text, picture.size, scale)
        if sketch.outcome == 'done' and not self.profile.says_done:
            raise InvalidValueError('the answer is "done", which this model cannot tell')
        return sketch

    def plan_of(
        self,
        sketch: Sketch,
        picture: Picture,
        scene: Scene,
        wish: Wish,
        plan_id: str,
        part: bool = False,
    ) -> WaypointPlan:
        """Return a sketch as a checked plan in the camera's frame; raise PlanRefusedError.

        part: whether more is to be done after it.
        """
        lifted = lift(sketch, picture, scene, self.rules.table_height, wish.present)
        if not lifted.waypoints:
            raise refused(0, 'the answer has no waypoints')
        stamp_ns = scene.frame.stamp_ns
        plan = WaypointPlan(
            plan_id=plan_id,
            stamp_ns=stamp_ns,
            frame_id=scene.base_frame,
            instruction=wish.instruction,
            waypoints=(*lifted.waypoints, *(_aside(lifted.waypoints, wish) if part else ())),
            expiry_ns=stamp_ns + wish.expiry_ns,
            anchors=lifted.anchors,
            planner=self.backend.name,
            moved=wish.moved,
        )
        plan = check_places(plan, self.rules)
        check_sense(plan.waypoints, scene)
        if self.profile.empty_hand and wish.opening is not None:
            check_hand_is_empty(plan.waypoints, wish.opening)
        self._check_reach(plan, wish)
        return plan_in_frame(plan, scene.frame.frame_id, geometry.invert(scene.T_base_camera))

    def _check_reach(self, plan: WaypointPlan, wish: Wish) -> None:
        """Check that the arm gets to the waypoints; those without orientation, pointing down."""
        if self._reach is None:
            return
        poses, turn = [], PRESENT
        for waypoint in plan.waypoints:
            if waypoint.orientation is not None:
                turn = geometry.quaternion_to_matrix(waypoint.orientation)
            poses.append(geometry.transform(turn, waypoint.position))
        check_reach(np.array(poses), np.arange(len(poses)), self._reach, wish.q)

    def _picture(self, scene: Scene) -> Picture:
        profile = self.profile
        if profile.see == 'workspace':
            return workspace(scene, profile.width, profile.height)
        return whole(scene, profile.longest)

    @property
    def prompts(self) -> Prompts:
        """Return what the model is told."""
        return self._prompts

    @property
    def formats(self) -> tuple[Format, Format]:
        """Return how it answers with anchors alone, and with waypoints."""
        return self._anchors_format, self._format


@dataclass(eq=False)
class _Asking:
    """One plan being asked for."""

    planner: VlmPlanner
    scene: Scene
    picture: Picture
    wish: Wish
    plan_id: str
    spots: tuple[Spot, ...] = ()
    heard: int = 0
    order: str = ''

    def one_step(self, instruction: str) -> Thought:
        """Return what the model answers to one question; or, if that is an order, to that one."""
        conversation = self.planner.converse(self.wish, self.plan_id)
        found = conversation.ask(self._question(instruction), self._understood_or_next, self._hear)
        if isinstance(found, Thought):
            return found
        self.order = found
        conversation = self.planner.converse(self.wish, self.plan_id, simpler=True)
        try:
            thought = conversation.ask(self._question(found), self._understood, self._hear)
        except PlannerError as error:
            error.left = True
            raise
        return dataclasses.replace(thought, notes=(f'next: {found}', *thought.notes))

    def _question(self, order: str) -> Turn:
        moved = self._recalled(self.planner.formats[1])
        prompt = self.planner.prompts.prompt
        text = prompt.substitute(instruction=order, anchors='[]', moved=moved)
        return Turn('user', text.strip(), self.picture.rgb)

    def two_steps(self, instruction: str) -> Thought:
        """Return what it answers after it was told how far its anchors are."""
        conversation = self.planner.converse(self.wish, self.plan_id)
        prompts = self.planner.prompts
        moved = self._recalled(self.planner.formats[0])
        text = prompts.anchors.substitute(instruction=instruction, moved=moved)
        anchored = conversation.ask(Turn('user', text, self.picture.rgb), self._anchored)
        if anchored is None:
            return Thought(None)
        text = prompts.prompt.substitute(
            instruction=instruction, anchors=json.dumps(anchored), moved=moved
        )
        return conversation.ask(Turn('user', text), self._understood, self._hear)

    def _recalled(self, form: Format) -> str:
        """Return how the model is told what has been moved; nothing that was out of view."""
        scene = self.scene
        seen = geometry.transform_points(geometry.invert(scene.T_base_camera), self.wish.moved)
        places = self.picture.to_place(project(scene.frame.intrinsics, seen))
        return form.recall(places[np.isfinite(places).all((1, 2))])

    def _anchored(self, text: str) -> list[dict[str, object]] | None:
        """Return the anchors of an answer with their depths, None where nothing is left to do."""
        sketch = self.planner.read(self.planner.formats[0], self.picture, text)
        if self._outcome(sketch) == 'done':
            return None
        if not sketch.spots:
            raise InvalidValueError('the answer has no anchors')
        self.spots = sketch.spots
        self._tell_anchors(sketch.spots)
        pixels = [self.picture.to_image(spot.place) for spot in sketch.spots]
        out: list[dict[str, object]] = []
        for i, (spot, pixel) in enumerate(zip(sketch.spots, pixels, strict=True)):
            try:
                depth = depth_at(self.scene.frame, pixel)
            except InvalidValueError as error:
                raise refused(i, f'anchor {i}, {spot.label!r}: {error}') from error
            point = np.round(1000 * spot.place).astype(int).tolist()
            out.append({'label': spot.label, 'point': point, 'depth': round(depth, 3)})
        return out

    def _understood_or_next(self, text: str) -> Thought | str:
        """Return what an answer comes to, or the order that it says comes next."""
        sketch = self.planner.read(self.planner.formats[1], self.picture, text)
        return sketch.order if sketch.outcome == NEXT else self._thought(sketch)

    def _understood(self, text: str) -> Thought:
        """Return what an answer with waypoints comes to."""
        return self._thought(self.planner.read(self.planner.formats[1], self.picture, text))

    def _thought(self, sketch: Sketch) -> Thought:
        if self._outcome(sketch) == 'done':
            return Thought(None)
        if self.spots:
            sketch = dataclasses.replace(sketch, spots=self.spots)
        else:
            self._tell_anchors(sketch.spots)
        self._tell_waypoints(sketch)
        cut = ('the answer broke off; what was whole of it was taken',) if sketch.cut else ()
        return Thought(self._plan(sketch), (*sketch.notes, *cut))

    def _plan(self, sketch: Sketch) -> WaypointPlan:
        return self.planner.plan_of(
            sketch, self.picture, self.scene, self.wish, self.plan_id, part=bool(self.order)
        )

    def _outcome(self, sketch: Sketch) -> str:
        if sketch.outcome == 'absent':
            meant = repr(self.wish.instruction.strip())
            if self.order:
                meant = f'{self.order!r}, which comes next for {meant}'
            raise PlannerError(
                ErrorCode.OBJECT_NOT_FOUND,
                f'{self.planner.backend.name} does not see what is meant by {meant}',
            )
        if sketch.outcome == NEXT:
            raise InvalidValueError(f'the answer is an order, {sketch.order!r}, and no places')
        return sketch.outcome

    def _tell_anchors(self, spots: tuple[Spot, ...]) -> None:
        self.wish.anchored(
            tuple(ImageAnchor(s.label, self.picture.to_image(s.place)) for s in spots)
        )

    def _tell_waypoints(self, sketch: Sketch) -> None:
        pixels = [self.picture.to_image(stroke.place) for stroke in sketch.strokes]
        grippers = tuple(stroke.gripper for stroke in sketch.strokes)
        self.wish.sketched(np.array(pixels).reshape(-1, 2), grippers)

    def _hear(self, so_far: str) -> None:
        """Tell a plan's beginning when the answer has another whole waypoint."""
        if self.wish.begun is None:
            return
        try:
            sketch = self.planner.read(self.planner.formats[1], self.picture, so_far)
            if sketch.outcome != 'plan' or len(sketch.strokes) <= max(self.heard, 1):
                return
            self.heard = len(sketch.strokes)
            sketch = dataclasses.replace(sketch, spots=self.spots or sketch.spots)
            self.wish.begun(self._plan(sketch))
        except (InvalidValueError, PlanRefusedError):
            return  # Not yet enough, or not fit: the whole answer decides.


def _aside(waypoints: Sequence[Waypoint], wish: Wish) -> tuple[Waypoint, ...]:
    """Return the way out of the picture for a hand that is open after these waypoints."""
    if wish.aside is None or not gripper.ends_open([w.gripper for w in waypoints]):
        return ()
    turn = geometry.matrix_to_quaternion(wish.aside[:3, :3])
    return (Waypoint(wish.aside[:3, 3], turn, waypoints[-1].gripper),)

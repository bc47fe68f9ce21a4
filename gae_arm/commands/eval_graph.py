"""A trial on the real graph: the nodes act, a planner in here thinks, the physics judges.

The nodes are started anew for every trial: where the table is, the governor is told at its start,
and nothing of one trial can spoil the next.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_sim.tasks.checker import Verdict
from gae_arm.arm_sim.tasks.errors import SamplingError
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.commands.heard_arm import HeardArm
from gae_arm.commands.running_graph import running_graph
from gae_arm.core.arm import load_arm
from gae_arm.core.camera import CameraFrame
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import RobotState
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import WaypointPlan
from gae_arm.core.progress import PlanProgress, PlanState
from gae_arm.core.truth import Truth
from gae_arm.demonstrations.score import STUCK, Outcome, Score
from gae_arm.demonstrations.settling import SETTLING_S
from gae_arm.demonstrations.ways import NoWayError
from gae_arm.demonstrations.workplace import NoPlanError, Planner
from gae_arm.evaluation.planners import make_planner
from gae_arm.evaluation.trial import Result, Trial, without_scene

if TYPE_CHECKING:
    from gae_arm.ros.camera_input import CameraInput, CameraView
    from gae_arm.ros.observer import Observer

START_SECONDS = 240.0
"""The first start of the nodes compiles for minutes on a busy machine."""
SILENCE_SECONDS = 30.0
STOPS = {PlanState.STUCK: STUCK, PlanState.REFUSED: 'refused'}


def run_graph_trial(trial: Trial, real_time_factor: float) -> Result:
    """Carry a trial out on a graph of its own. real_time_factor: simulated seconds a second.

    Raises InvalidValueError for a trial whose errors only a cell can make, GaeError when the nodes
    do not start, die or fall silent.
    """
    _check(trial)
    try:
        instance = trial.instance()
    except SamplingError as error:
        return without_scene(trial, error)
    arguments = {
        'arm': trial.arm,
        'task': trial.task,
        'seed': str(trial.seed),
        'ranges': trial.words,
        'policy': trial.policy,
        'table_height': repr(instance.table_height),
        'publish_clock': 'true',
        'real_time_factor': repr(real_time_factor),
        'camera_rate': repr(trial.rollout.camera_rate * real_time_factor),
    }
    with running_graph('sim', arguments) as graph:
        from gae_arm.ros.observer import Observer

        with Observer('evaluation', graph.is_well) as observer:
            place = GraphPlace(observer, trial.arm, instance)
            planner = make_planner(trial.planner, trial.noise, trial.seed)
            outcome = GraphRun(place, planner).run()
    return Result(trial, instance.length, outcome, instance.rejects)


def _check(trial: Trial) -> None:
    """Check that what the trial asks for can be had on a graph."""
    only_here = {
        'pixel noise': trial.pixel_noise,
        'lost points': trial.lost_points,
        'moved target': trial.move,
        'delay': trial.rollout.delay,
        'lost clouds': trial.rollout.drop,
        'thinking time': trial.rollout.thinking,
        'weights of your own': trial.weights,
        'steps of the flow': trial.flow_steps - 1,
    }
    wanted = [name for name, value in only_here.items() if value]
    if wanted:
        raise InvalidValueError(
            f'{", ".join(wanted)}: not through ROS; there are: errors of waypoints and orientations'
        )


class GraphPlace:
    """The running nodes as a planner sees them, see `Workplace`.

    Ready when it is made: the arm waits for plans, and the truth comes.
    """

    def __init__(self, observer: Observer, arm: str, instance: TaskInstance) -> None:
        from gae_arm.ros import topics
        from gae_arm.ros.motion_msgs import state_from_msg
        from gae_arm.ros.truth_msgs import truth_from_msg

        self.observer, self.instance = observer, instance
        self.arm = load_arm(arm_file(arm))
        self.heard = HeardArm(observer)
        self.moments: deque[Truth] = deque(maxlen=1000)
        self._states: deque[RobotState] = deque(maxlen=1)
        self._views: deque[CameraView] = deque(maxlen=1)
        self._camera: CameraInput | None = None
        node = observer.node
        topics.JOINT_STATES.subscription(node, lambda m: self._states.append(state_from_msg(m)))
        topics.SCENE_TRUTH.subscription(node, lambda m: self.moments.append(truth_from_msg(m)))
        observer.follow_clock_of('action_expert', START_SECONDS)
        self.heard.until_ready(Console(quiet=True), START_SECONDS)
        observer.wait_for(lambda: self._states and self.moments, 'the truth', SILENCE_SECONDS)

    @property
    def now_ns(self) -> int:
        """Return the time on /clock, nanoseconds."""
        return self.observer.now_ns()

    @property
    def T_base_camera(self) -> np.ndarray:
        """Return the pose (4, 4) of the camera's optical frame."""
        return self.instance.view.T_base_camera

    def observe(self) -> RobotState:
        """Return the newest state of the arm."""
        return self._states[-1]

    def truth(self) -> Truth:
        """Return the newest truth."""
        self.moments.clear()
        self.observer.wait_for(lambda: self.moments, 'the truth', SILENCE_SECONDS)
        return self.moments[-1]

    def frame(self) -> CameraFrame:
        """Return what the camera sees next."""
        from gae_arm.ros.camera_input import CameraInput, CameraInputSettings

        views = self._views
        if self._camera is None:
            self._camera = CameraInput(
                self.observer.node,
                CameraInputSettings(),
                self.arm.base_frame,
                views.append,
                streams=('depth', 'info', 'color'),
                needs_state=False,
            )
        views.clear()
        self.observer.wait_for(lambda: views, 'an image', SILENCE_SECONDS)
        return views[-1].frame


class GraphRun:
    """One task carried out by the nodes; as `Rollout` does it in a cell."""

    def __init__(self, place: GraphPlace, planner: Planner) -> None:
        from gae_arm.ros import topics
        from gae_arm.ros.plan_msgs import progress_from_msg

        self._place, self._planner = place, planner
        self._score = Score(place.instance)
        self._kinematics = Kinematics(place.arm)
        self._progress: PlanProgress | None = None
        self._plan: WaypointPlan | None = None
        self._plans = 0
        self._last_ns: int | None = None
        node = place.observer.node
        self._publisher = topics.WAYPOINT_PLAN.publisher(node)
        topics.PLAN_PROGRESS.subscription(node, lambda msg: self._take(progress_from_msg(msg)))

    def run(self) -> Outcome:
        """Run until success, failure, or nothing more is to be done."""
        place = self._place
        self._planner.begin(place)
        self._next_plan()
        place.moments.clear()
        end_ns: int | None = None
        while self._see() is Verdict.RUNNING:
            self._follow()
            if self._plan is None:
                end_ns = end_ns or place.now_ns + round(SETTLING_S * 1e9)
                if place.now_ns >= end_ns:
                    break
        return self._score.outcome(self._plans)

    def _see(self) -> Verdict:
        """Take in what has come of the truth, at least one moment."""
        place = self._place
        place.observer.wait_for(lambda: place.moments, 'the truth', SILENCE_SECONDS)
        while place.moments and self._score.verdict is Verdict.RUNNING:
            truth = place.moments.popleft()
            q = place.observe().select(place.arm.joints)
            self._score.see(truth, self._kinematics.forward(q)[:3, 3])
            if self._last_ns is not None and place.heard.status is not None:
                seconds = (truth.stamp_ns - self._last_ns) * 1e-9
                self._score.intervene(place.heard.status, seconds)
            self._last_ns = truth.stamp_ns
        return self._score.verdict

    def _follow(self) -> None:
        """Go on with the next plan when this one is done, with none when it never will be."""
        progress = self._progress
        if self._plan is None or progress is None:
            return
        if progress.state == PlanState.DONE:
            self._next_plan()
        elif progress.state in STOPS:
            self._plan = None
            self._score.stop(STOPS[progress.state], progress.message)

    def _next_plan(self) -> None:
        self._plan = self._progress = None
        try:
            self._plan = self._planner.plan(self._place)
        except (NoWayError, NoPlanError) as error:
            cause = 'out of reach' if isinstance(error, NoWayError) else 'no plan'
            self._score.stop(cause, str(error))
        if self._plan is not None:
            self._plans += 1
            self._send(self._plan)

    def _send(self, plan: WaypointPlan) -> None:
        from gae_arm.ros.plan_msgs import plan_to_msg

        observer, count = self._place.observer, self._publisher.get_subscription_count
        # action_expert carries it out, arm_control learns from it what the hand may touch.
        observer.wait_for(lambda: count() >= 2, 'who hears plans', SILENCE_SECONDS)
        self._publisher.publish(plan_to_msg(plan))

    def _take(self, progress: PlanProgress) -> None:
        if self._plan is not None and progress.plan_id == self._plan.plan_id:
            self._progress = progress

"""The one governor in front of the arm: no command passes that breaks a rule, whoever sends it.

What it guarantees, tick by tick:

1. The arm is on a *timeline*: states on a grid of times, jerk constant in between, that ends
   standing. At every moment the rest of it is a motion within all limits that ends in a stop.
2. A new motion starts at the timeline's next point, follows the command for the look-ahead, then
   stops. It replaces the rest of the timeline only after position, velocity, acceleration and
   jerk, at and between its points, and every distance rule have been checked for the *whole* of it.
3. Otherwise the arm brakes: the shortest stop, checked in the same way; where even that is not
   certain (something has moved into its way), it is still taken, because nothing stops sooner.

By induction the arm is never in a state from which it cannot stop within its limits.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gae_arm.arm_control.cause import Cause
from gae_arm.arm_control.clearance import ClearanceGuard, Rule
from gae_arm.arm_control.command import JointCommand, Path, checked_path, outside_limits
from gae_arm.arm_control.feedback import Feedback
from gae_arm.arm_control.inputs import InputGuard, Inputs
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.motion_filter import MotionFilter
from gae_arm.arm_control.pacing import Pacing
from gae_arm.arm_control.rules import ObstacleRule
from gae_arm.arm_control.timeline import Timeline
from gae_arm.core.arm import ArmConfig
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason
from gae_arm.core.trajectory import JointTrajectory

ARRIVED, ARRIVED_SPEED = 1e-4, 1e-3
"""rad, rad/s: so near the end of its path, the arm comes to a stand."""
SMOOTHING = 0.05
"""s: how fast the command's clock slows down when the command asks for too much."""
ATTEMPTS = 2
"""Speeds that are tried in one tick, each half of the one before, until a motion is certain."""


@dataclass(frozen=True)
class GovernorOutput:
    """What one tick gives.

    trajectory: to be sent to the controller now; None while the arm's position is not known, or
    after it has not followed: then nothing must be sent.
    clock_rate: how fast the command's own clock ran against the arm's in this step, 0 to 1; the
    source of commands moves on by so much: it counts what is executed.
    following: whether the arm follows the command; False while it brakes or stands.
    """

    status: ArmStatus
    trajectory: JointTrajectory | None
    clock_rate: float
    following: bool


@dataclass(frozen=True)
class _Plan:
    """States to follow, None to brake; what limits them; the command's clock rate."""

    states: np.ndarray | None
    cause: Cause | None
    rate: float = 0.0


class Governor:
    """Turns commands into trajectories for one arm, and says why when it does not.

    arm: with the limits to keep (`limits.limited_arm`). settings: as they were given there.
    rules: the distances to keep; obstacles: the rule of the live cloud, None without one.
    speed_cap: share of the speed of any command at which it is followed at most, 0 to 1.
    Raises InvalidValueError for limits that allow no quick stop.

    All times are the caller's. One thread calls it; `stop` may come from another one.
    """

    def __init__(
        self,
        arm: ArmConfig,
        settings: GovernorSettings,
        rules: Sequence[Rule] = (),
        obstacles: ObstacleRule | None = None,
    ) -> None:
        self.arm = arm
        self.settings = settings
        self._step = settings.step_ns * 1e-9
        self._motion = MotionFilter(arm, self._step)
        self._obstacles = obstacles
        if settings.use_cloud and obstacles is None:
            raise InvalidValueError('use_cloud is on, but there is no rule for obstacles')
        self._clearance = ClearanceGuard([*rules, *([obstacles] if obstacles else [])])
        self._inputs = InputGuard(settings)
        self._pacing = Pacing(arm.joints, self._motion.limits, settings)
        self._feedback = Feedback(arm, settings)
        self._timeline: Timeline | None = None
        self._now_ns = 0
        self._lock = threading.Lock()
        self._latched: Cause | None = None
        self._halting: Cause | None = None
        self._shortest = False
        self._speed = self._rate = 0.0
        self._rate_per_speed = 0.0
        self._seen: tuple[int | None, np.ndarray] = (None, np.zeros((0, 4)))
        self.speed_cap = 1.0

    def compile(self) -> None:
        """Have the kernels compiled or loaded: seconds, which no tick may take."""
        self._motion.compile()
        self._clearance.compile()
        two = np.zeros((2, len(self.arm.joints)))
        Path(np.array([0, 1]), two).sample(0, self._step, 1)

    @property
    def latched(self) -> Cause | None:
        """Why the arm stands until `resume`; None if it does not."""
        return self._latched

    def stop(self, message: str = 'a stop was requested') -> None:
        """Brake from the next tick on and stand until `resume`."""
        with self._lock:
            self._latched = Cause(HaltReason.STOP_REQUESTED, message)

    def resume(self, now_ns: int, inputs: Inputs) -> tuple[bool, str]:
        """Release what is latched, if nothing speaks against it; return success and a sentence.

        Needed are a standing arm and fresh inputs. If the arm was moved meanwhile, it goes on from
        where it is now. Where a distance rule is broken there, only motion that does not make it
        worse is followed, as ever: nobody has to lift the arm out by hand.
        """
        latched = self._latched
        if latched is None:
            return True, 'there was nothing to resume from'
        self.advance(now_ns)
        if self._timeline is not None and not self._timeline.standing:
            return False, 'not resumed: the arm is still braking'
        cause = self._fresh_joints(inputs) or self._inputs.cloud(inputs, self._now_ns)
        cause = cause or self._stand(inputs)
        if cause is not None:
            return False, f'not resumed: {cause.message}'
        with self._lock:
            if self._latched is not latched:
                return False, f'not resumed: {(self._latched or latched).message}'
            self._latched = self._halting = None
        assert self._timeline is not None
        breach = self._clearance.breach(self._timeline.states[0, 0])
        return True, 'resumed' if breach is None else f'resumed, to move away: {breach.message}'

    def advance(self, now_ns: int) -> Timeline | None:
        """Move on to the present; return the timeline, whose start is where a motion may begin.

        None while the arm's position is not known. A clock that goes back halts the arm.
        """
        back = (self._now_ns - now_ns) * 1e-9
        if back > self.settings.clock_tolerance:
            self._latched = self._latched or Cause(
                HaltReason.CLOCK_MISMATCH, f'the node clock went back by {back:.3f} s'
            )
            if self._timeline is not None:
                # One period has passed in truth, as between any two ticks.
                passed_ns = self._timeline.step_ns
                self._timeline.move_clock(now_ns - self._now_ns - passed_ns)
            self._now_ns = now_ns
        self._now_ns = max(now_ns, self._now_ns)
        if self._timeline is not None:
            self._timeline.advance(self._now_ns + self._timeline.step_ns // 2)
        return self._timeline

    def tick(self, now_ns: int, inputs: Inputs, command: JointCommand | None) -> GovernorOutput:
        """Return what the arm does next; called once per period, late or early does no harm."""
        self.advance(now_ns)
        cause = self._halt_cause(inputs)
        timeline = self._timeline
        if timeline is None:
            assert cause is not None
            return GovernorOutput(self._status(ArmState.HALTED, cause, 0.0), None, 0.0, False)
        path = None
        if cause is None:
            path, cause = self._usable(command)
        if cause is None and self._halting is not None and not timeline.standing:
            cause = self._halting  # Once braking, the arm comes to a stand before it goes on.
        self._halting = cause
        plan = _Plan(None, cause) if path is None or cause else self._follow(timeline, path)
        return self._output(timeline, plan)

    # -- may it move? -----------------------------------------------------------------------------

    def _halt_cause(self, inputs: Inputs) -> Cause | None:
        """Return why the arm must not move, whatever the command is."""
        stale = self._fresh_joints(inputs)
        if self._timeline is None:
            cause = self._latched or stale or self._stand(inputs)
            if cause is not None:
                return cause
        elif stale is None:
            self._compare(inputs, self._timeline)
        cloud = self._inputs.cloud(inputs, self._now_ns)
        self._see(inputs)
        plan = self._inputs.plan(inputs, self._now_ns)
        return self._latched or stale or cloud or plan or inputs.refusal

    def _fresh_joints(self, inputs: Inputs) -> Cause | None:
        stale = self._inputs.joint_state(inputs, self._now_ns)
        if stale is None and inputs.joint_state is not None:
            return self._feedback.missing(inputs.joint_state)
        return stale

    def _stand(self, inputs: Inputs) -> Cause | None:
        """Begin a timeline where the arm stands, unless there is one; return why it cannot."""
        state = inputs.joint_state
        assert state is not None
        self._see(inputs)
        timeline = self._timeline
        if timeline is None or self._feedback.disagrees(state, timeline) is not None:
            position = self._feedback.start(state)
            if isinstance(position, Cause):
                return position
            step_ns = self.settings.step_ns
            timeline = Timeline(self._now_ns + step_ns, step_ns, position)
        self._timeline = timeline
        return None

    def _compare(self, inputs: Inputs, timeline: Timeline) -> None:
        """Latch a stop if the arm does not do what it is told; if it stands, fall silent too.

        To send the old position to an arm that was moved would make it jump back.
        """
        assert inputs.joint_state is not None
        wrong = self._feedback.disagrees(inputs.joint_state, timeline)
        if wrong is None:
            return
        self._latched = self._latched or wrong
        if timeline.standing and wrong.reason == HaltReason.CONTROLLER_FAILED:
            self._timeline = None

    def _see(self, inputs: Inputs) -> None:
        """Take over the cloud if it, or what is exempt from it, is new."""
        if self._obstacles is None or inputs.cloud is None:
            return
        stamp_ns, exempt = self._seen
        if stamp_ns == inputs.cloud_stamp_ns and np.array_equal(exempt, inputs.exempt):
            return
        self._seen = (inputs.cloud_stamp_ns, inputs.exempt)
        self._obstacles.see(inputs.cloud, inputs.exempt)
        self._clearance.forget(HaltReason.OBSTACLE_NEAR)

    def _usable(self, command: JointCommand | None) -> tuple[Path | None, Cause | None]:
        """Return the path of a command, or why it is not to be followed."""
        if command is None:
            return None, Cause(HaltReason.NO_COMMAND, 'there is no command')
        path = checked_path(command, self.arm.joints)
        if isinstance(path, Cause):
            return None, path
        return path, self._inputs.chunk(command.stamp_ns, self._now_ns)

    # -- how it moves -----------------------------------------------------------------------------

    def _follow(self, timeline: Timeline, path: Path) -> _Plan:
        """Return a motion along the path; without states the arm must brake."""
        start_ns, here = timeline.start_ns, timeline.states[0, 0]
        lower, upper = self._motion.limits[:2]
        wanted = path.sample(start_ns, self._step, self.settings.look_ahead_steps + 1)
        # Beyond the outermost of a command's points goes the curve through them, not the command.
        asked = np.clip(wanted[:, 0], path.position.min(axis=0), path.position.max(axis=0))
        cause = outside_limits(asked, lower, upper, self.arm.joints)
        pace, limit = self._pacing.rate(wanted, here)
        if cause is not None or pace == 0:
            self._halting = cause or limit
            return _Plan(None, self._halting)
        ahead = path.steps(start_ns, self._step)
        if ahead == 0 and self._arrived(timeline, wanted[0, 0]):
            return _Plan(None, None)
        near, nearby = self._clearance.speed_scale(here, np.clip(wanted[-1, 0], lower, upper))
        cause = limit if pace <= near else nearby
        near = min(near, self.speed_cap)
        rise = self._step / max(self.settings.ramp, self._step)
        self._speed = min(near, self._speed + rise)
        rate = min(self._speed, self._smoothed(pace, rise))
        for _ in range(ATTEMPTS if rate > 0 else 0):
            states = self._along(timeline, path, ahead, rate)
            refusal = self._clearance.refusal(states, self._step)
            if refusal is None and self._motion.within_limits(states):
                return _Plan(states, cause, rate)
            cause, rate = refusal or cause, rate / 2
            self._speed = min(self._speed, rate)
        return _Plan(None, cause)

    def _smoothed(self, pace: float, rise: float) -> float:
        """Return a clock rate on the way from the last one to `pace`, upwards by at most `rise`.

        What a command asks for comes and goes with the points that it is made of.
        """
        if pace > self._rate:
            return min(pace, self._rate + rise)
        return self._rate + (pace - self._rate) * min(1.0, self._step / SMOOTHING)

    def _along(self, timeline: Timeline, path: Path, ahead: float, rate: float) -> np.ndarray:
        """Return States along the path, which goes on for `ahead` steps, at a clock rate."""
        steps = int(np.clip(ahead / rate, 1, self.settings.look_ahead_steps))
        targets = path.sample(timeline.start_ns, self._step, steps, rate)
        targets[:, 0] = np.clip(targets[:, 0], *self._motion.limits[:2])
        return self._motion.follow(self._motion.brake(timeline.states), targets, self._speed)

    def _arrived(self, timeline: Timeline, target: np.ndarray) -> bool:
        q, v, _ = timeline.states[0]
        return bool(np.abs(q - target).max() < ARRIVED and np.abs(v).max() < ARRIVED_SPEED)

    def _brake(self, timeline: Timeline) -> np.ndarray:
        """Return the shortest stop, or the rest of the timeline if only that is certain."""
        rest = timeline.states
        if self._shortest or timeline.standing:
            return rest
        states = self._motion.brake(rest)
        if not self._motion.within_limits(states):
            return rest
        certain = self._clearance.refusal(states, self._step) is None
        if not certain and self._clearance.refusal(rest, self._step) is None:
            return rest
        self._shortest = True
        return states

    def _output(self, timeline: Timeline, plan: _Plan) -> GovernorOutput:
        following = plan.states is not None
        self._shortest = self._shortest and not following
        states = self._brake(timeline) if plan.states is None else plan.states
        timeline.replace(states)
        speed = float(np.linalg.norm(states[0, 1]))
        if not following:
            if timeline.standing:
                self._speed = self._rate = 0.0
            rate = min(1.0, self._rate_per_speed * speed)
        else:
            rate = self._rate = plan.rate
            self._rate_per_speed = rate / speed if speed > 0 else 0.0
        standing = not states[:, 1:].any()
        idle = plan.cause is None or plan.cause.reason == HaltReason.NO_COMMAND
        state = (ArmState.HOLDING if idle else ArmState.HALTED) if standing else ArmState.MOVING
        return GovernorOutput(
            status=self._status(state, plan.cause, plan.rate),
            trajectory=timeline.trajectory(self.arm.joints, self._motion.limits[4]),
            clock_rate=rate,
            following=following,
        )

    def _status(self, state: ArmState, cause: Cause | None, scale: float) -> ArmStatus:
        reason, message = (HaltReason.NONE, '') if cause is None else (cause.reason, cause.message)
        return ArmStatus(self._now_ns, state, reason, message, scale)

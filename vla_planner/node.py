"""The thinking node: an instruction in plain words comes in, waypoint plans go out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np
from gae_msgs.action import ExecuteInstruction
from gae_msgs.msg import ArmStatus, PlanProgress
from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from std_msgs.msg import String

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.reach import Reach
from gae_arm.core.arm import ArmConfig, load_arm
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.instruction import ErrorCode, InstructionFeedback, InstructionResult, Stage
from gae_arm.core.motion import RobotState
from gae_arm.core.paths import arm_file
from gae_arm.core.plan import ImageAnchor
from gae_arm.core.plan import WaypointPlan as Plan
from gae_arm.core.plan_check import PlanCheckSettings
from gae_arm.ros import diagnostics, parameters, topics
from gae_arm.ros.camera_input import CameraInput, CameraInputSettings, CameraView
from gae_arm.ros.camera_msgs import image_to_msg
from gae_arm.ros.motion_msgs import status_from_msg
from gae_arm.ros.plan_msgs import (
    feedback_to_msg,
    plan_to_msg,
    progress_from_msg,
    result_to_msg,
    withdrawal,
)
from gae_arm.ros.run import run_node
from gae_arm.viewer.plan_on_image import draw_plan
from vla_planner.anchor_watch import AnchorWatch
from vla_planner.conversation_log import ConversationLog
from vla_planner.errors import PlannerError
from vla_planner.make import make_planner
from vla_planner.picture import Scene
from vla_planner.planner import VlmPlanner, Wish
from vla_planner.pursuit import Pursuit, beginning
from vla_planner.settings import PlannerNodeSettings, PursuitSettings
from vla_planner.words import checked_instruction
from vla_planner.worker import Answer, ThinkingWorker

ACTION = 'execute_instruction'
TICK = 0.05
FEEDBACK_NS = 200_000_000
ENDS = {ErrorCode.SUCCESS: 'succeed', ErrorCode.CANCELED: 'canceled'}
"""How a goal ends by its code; all others abort it."""


class VlaPlannerNode(Node):
    """Node `vla_planner`; see docs/planner.md and docs/reference.md.

    The executor's thread hears and speaks, another one thinks. One instruction at a time: a new
    one takes the place of the one before.
    """

    def __init__(self) -> None:
        super().__init__('vla_planner')
        self._settings = parameters.declare(self, PlannerNodeSettings)
        self._pursuing = parameters.declare(self, PursuitSettings)
        rules = parameters.declare(self, PlanCheckSettings)
        camera = parameters.declare(self, CameraInputSettings)
        arm = load_arm(arm_file(self._settings.arm))
        self._base_frame, self._gripper = arm.base_frame, arm.gripper
        self._aside = Kinematics(arm).forward(arm.home)
        self._worker = ThinkingWorker(partial(self._make_planner, arm, rules))
        self._view: CameraView | None = None
        self._pursuit: Pursuit | None = None
        self._goal: ServerGoalHandle | None = None
        self._instruction, self._approval = '', False
        self._out: Plan | None = None
        self._wish: Wish | None = None
        self._watch: AnchorWatch | None = None
        self._told: tuple[Stage, float] | None = None
        self._told_ns = 0
        self._anchors: SimpleQueue[tuple[Scene, tuple[ImageAnchor, ...]]] = SimpleQueue()
        self._begun: SimpleQueue[Plan] = SimpleQueue()
        self._loaded = False
        self._latency_ms: list[float] = []
        self._image_age_ns = round(camera.max_age * 1e9)
        self._make_topics(camera)

    def _make_planner(self, arm: ArmConfig, rules: PlanCheckSettings) -> VlmPlanner:
        settings = self._settings
        reach = Reach(Kinematics(arm)).check if settings.check_reach else None
        log = ConversationLog(Path(settings.log_folder)) if settings.log_folder else None
        return make_planner(settings.model, rules, reach, log, settings.device)

    def _make_topics(self, camera: CameraInputSettings) -> None:
        self._plans = topics.WAYPOINT_PLAN.publisher(self)
        self._proposals = topics.PROPOSED_PLAN.publisher(self)
        self._images = topics.ANNOTATED_IMAGE.publisher(self)
        self._diagnostics = diagnostics.Diagnostics(self)
        self._load = diagnostics.ProcessLoad()
        self._camera = CameraInput(
            self,
            camera,
            self._base_frame,
            self._take_view,
            streams=('depth', 'color', 'info'),
            needs_state=False,
        )
        topics.INSTRUCTION.subscription(self, self._take_words)
        topics.PLAN_PROGRESS.subscription(self, self._take_progress)
        topics.ARM_STATUS.subscription(self, self._take_arm)
        self._server = ActionServer(
            self,
            ExecuteInstruction,
            ACTION,
            execute_callback=self._finish_goal,
            handle_accepted_callback=self._take_goal,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )
        self.create_timer(TICK, self._tick)
        self.create_timer(1.0, self._report)

    # -- in ---------------------------------------------------------------------------------------

    def _take_words(self, msg: String) -> None:
        self._begin(msg.data, approval=False, goal=None)

    def _take_goal(self, goal: ServerGoalHandle) -> None:
        # `goal.execute` is called when the end is known: a callback that waited for it would keep
        # the executor busy.
        self._begin(goal.request.instruction, goal.request.require_approval, goal)

    def _take_view(self, view: CameraView) -> None:
        self._view = view
        pursuit, watch = self._pursuit, self._watch
        if pursuit is None or watch is None or not pursuit.moving:
            return
        waypoint = 0 if pursuit.progress is None else pursuit.progress.waypoint
        gone = watch.look(view.frame, view.T_base_camera, waypoint)
        if gone:
            self.get_logger().info(f'planning again: {gone}')
            self._withdraw()
            pursuit.again(gone, self._now_ns())

    def _take_progress(self, msg: PlanProgress) -> None:
        if self._pursuit is None:
            return
        try:
            self._pursuit.take_progress(progress_from_msg(msg), self._now_ns())
            if self._pursuit.completed and self._wish is None:
                self._out = None
        except InvalidValueError as error:
            self.get_logger().warning(f'plan_progress: {error}')

    def _take_arm(self, msg: ArmStatus) -> None:
        if self._pursuit is None:
            return
        try:
            self._pursuit.take_arm(status_from_msg(msg), self._now_ns())
        except InvalidValueError as error:
            self.get_logger().warning(f'arm_status: {error}')

    # -- one instruction --------------------------------------------------------------------------

    def _begin(self, instruction: str, approval: bool, goal: ServerGoalHandle | None) -> None:
        self._end_now(ErrorCode.PREEMPTED, 'another instruction has come')
        self.get_logger().info(f'instruction: {instruction[:200]!r}')
        self._pursuit = Pursuit(self._pursuing, approval, self._now_ns())
        self._instruction, self._goal, self._approval = instruction, goal, approval
        self._told = None
        self._tell(None)
        try:
            checked_instruction(instruction)
        except PlannerError as error:
            self._pursuit.failed(error)

    def _tick(self) -> None:
        self._say_loaded()
        self._show_anchors()
        answer = self._worker.take()
        pursuit = self._pursuit
        if answer is not None and pursuit is not None and answer.wish is self._wish:
            self._wish = None
            self._take_answer(answer, pursuit)
        self._start_early()
        if pursuit is None:
            return
        if self._goal is not None and self._goal.is_cancel_requested:
            self._end_now(ErrorCode.CANCELED, 'canceled')
            return
        if self._worker.loaded.is_set():
            self._think(pursuit)
            pursuit.tick(self._now_ns(), self._camera.record.last_drop or 'no images come')
        self._tell(pursuit.plan if pursuit.progress else None)
        if pursuit.result is not None:
            self._end(pursuit.result)

    def _think(self, pursuit: Pursuit) -> None:
        """Have the model think about the newest image, if it is fresh enough."""
        view, now_ns = self._view, self._now_ns()
        if view is None or not pursuit.wants_image(view.frame.stamp_ns):
            return
        if now_ns - view.frame.stamp_ns > self._image_age_ns:
            return
        try:
            scene = Scene(view.frame, view.T_base_camera, self._base_frame)
        except PlannerError as error:
            pursuit.failed(error)
            return
        planner, early = self._worker.planner, False
        if planner is not None:
            pursuit.sees_end = planner.profile.sees_end
            early = planner.profile.starts_early and not self._approval
        self._begun = SimpleQueue()
        self._wish = Wish(
            self._instruction,
            round(self._pursuing.plan_expiry * 1e9),
            opening=self._opening(view.state),
            canceled=lambda: pursuit is not self._pursuit,
            anchored=lambda anchors: self._anchors.put((scene, anchors)),
            begun=self._begun.put if early else None,
            again=pursuit.completed,
            moved=pursuit.moved,
            aside=self._aside,
        )
        pursuit.thinking(now_ns)
        self._worker.ask(scene, self._wish)

    def _opening(self, state: RobotState | None) -> float | None:
        """Return how far the gripper is open, None where that is not known."""
        if state is None:
            return None
        try:
            return self._gripper.opening(state.select(self._gripper.joints))
        except InvalidValueError:
            return None

    def _take_answer(self, answer: Answer, pursuit: Pursuit) -> None:
        now_ns = self._now_ns()
        if answer.error is not None:
            self._withdraw()
            pursuit.failed(answer.error)
            return
        assert answer.thought is not None
        for note in answer.thought.notes:
            self.get_logger().warning(note)
        plan = pursuit.thought(answer.thought, now_ns)
        if plan is None:
            self._withdraw()
            return
        self._latency_ms = [*self._latency_ms[-99:], plan.latency_ns * 1e-6]
        self._show(answer.scene, plan)
        self._watch = AnchorWatch(plan, answer.scene) if self._settings.watch_anchors else None
        self._tell(plan, Stage.PLAN)
        self._out = plan
        (self._proposals if self._approval else self._plans).publish(plan_to_msg(plan))

    def _start_early(self) -> None:
        """Send the arm to the first waypoint of a plan that the model is still writing."""
        if self._wish is None or self._begun.empty():
            return
        begun = beginning(self._begun.get_nowait())
        if self._out is None or self._out.plan_id != begun.plan_id:
            self._out = begun
            self._plans.publish(plan_to_msg(begun))

    def _end_now(self, code: ErrorCode, why: str) -> None:
        if self._pursuit is not None:
            self._pursuit.cancel(code, why)
            assert self._pursuit.result is not None
            self._end(self._pursuit.result)

    def _end(self, result: InstructionResult) -> None:
        """Let go of the instruction; where it is not done, the arm is to stand."""
        goal, self._goal, self._pursuit = self._goal, None, None
        self._watch = self._wish = None
        if result.error_code is not ErrorCode.SUCCESS:
            self._withdraw()
        said = result.error_code.name + (f': {result.error_msg}' if result.error_msg else '')
        self.get_logger().info(f'{said} ({result.plans_used} plans)')
        if goal is not None:
            goal.execute(partial(self._finish_goal, result=result))

    @staticmethod
    def _finish_goal(
        goal: ServerGoalHandle, result: InstructionResult | None = None
    ) -> ExecuteInstruction.Result:
        assert result is not None
        end = ENDS.get(result.error_code, 'abort')
        getattr(goal, end)()
        return result_to_msg(result)

    # -- out --------------------------------------------------------------------------------------

    def _withdraw(self) -> None:
        """Take back the plan that is on its way; the arm holds."""
        plan, self._out = self._out, None
        if plan is None:
            return
        msg = withdrawal(plan, self._now_ns())
        self._plans.publish(msg)
        if self._approval:
            self._proposals.publish(msg)

    def _tell(self, plan: Plan | None, stage: Stage | None = None) -> None:
        """Publish feedback: a new stage or plan at once, shares, new or old, now and then.

        What is said as soon as a goal is taken may not reach a client that was discovered just now.
        """
        pursuit, goal, now_ns = self._pursuit, self._goal, self._now_ns()
        if pursuit is None or goal is None or not goal.is_active:
            return
        news = stage or pursuit.stage, pursuit.share
        same = self._told is not None and self._told[0] == news[0]
        if same and now_ns - self._told_ns < FEEDBACK_NS:
            return
        self._told, self._told_ns = news, now_ns
        goal.publish_feedback(feedback_to_msg(InstructionFeedback(news[0], news[1], plan)))

    def _show_anchors(self) -> None:
        try:
            scene, anchors = self._anchors.get_nowait()
        except Empty:
            return
        self._tell(None, Stage.ANCHORS)
        self._show(scene, None, anchors)

    def _show(self, scene: Scene, plan: Plan | None, anchors: tuple[ImageAnchor, ...] = ()) -> None:
        image = draw_plan(scene.color, scene.frame.intrinsics, plan, anchors)
        frame = scene.frame
        self._images.publish(image_to_msg(image, 'rgb8', frame.stamp_ns, frame.frame_id))

    def _say_loaded(self) -> None:
        if self._loaded or not self._worker.loaded.is_set():
            return
        self._loaded = True
        if self._worker.error is not None:
            self.get_logger().error(f'no planner: {self._worker.error}')
        else:
            self.get_logger().info(f'ready: model {self._settings.model!r}')

    def _now_ns(self) -> int:
        return self.get_clock().now().nanoseconds

    def _report(self) -> None:
        pursuit = self._pursuit
        values: dict[str, object] = {
            'model': self._settings.model,
            'stage': 'none' if pursuit is None else pursuit.stage.name.lower(),
            'cpu_cores': self._load.cores(),
            **self._camera.record.values(),
        }
        if self._latency_ms:
            values['plan_latency_ms'] = float(np.median(self._latency_ms))
        level, text = diagnostics.OK, 'waits for an instruction'
        if self._worker.error is not None:
            level, text = diagnostics.ERROR, str(self._worker.error)
        elif not self._worker.loaded.is_set():
            level, text = diagnostics.WARN, 'the model is being loaded'
        elif pursuit is not None:
            text = f'pursues {self._instruction[:80]!r}'
        self._diagnostics.publish('planner', level, text, values)


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run_node(VlaPlannerNode, args)

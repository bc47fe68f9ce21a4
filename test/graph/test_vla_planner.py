"""An instruction becomes motion: the node, a model behind a server of the test, the real stack."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import yaml
from gae_msgs.action import ExecuteInstruction
from rclpy.action import ActionClient
from std_msgs.msg import String
from tabletop import tabletop

from gae_arm.arm_sim.camera import ideal_intrinsics
from gae_arm.arm_sim.settings import CAMERA_POSE
from gae_arm.core.errors import GaeError
from gae_arm.core.geometry import invert, transform_points
from gae_arm.core.instruction import ErrorCode, Stage
from gae_arm.core.motion import ArmState
from gae_arm.core.projection import project
from gae_arm.ros import topics

sys.path.insert(0, str(Path(__file__).parents[1] / 'vla_planner'))
from chat_server import chat_server

CAMERA = ideal_intrinsics(320, 240)
DONE = '{"status": "done"}'


@pytest.fixture(scope='module')
def server():
    with chat_server() as one:
        yield one


@pytest.fixture(scope='module')
def table(server, tmp_path_factory, domain):
    folder = tmp_path_factory.mktemp('planner')
    profile = {
        'backend': 'http',
        'model': 'test',
        'url': server.url,
        'format': 'ours',
        'prompt': '',
        'anchors_prompt': '',
        'retry_prompt': '',
        'retries': 0,
        'timeout': 8.0,
        'says_done': True,
        'starts_early': True,
    }
    (folder / 'profile.yaml').write_text(yaml.safe_dump(profile))
    words = ['planner:=true', f'model:={folder / "profile.yaml"}', 'viewer:=false']
    with tabletop(folder, *words) as one:
        yield one


class Goal:
    """One goal of the action, as a client sees it."""

    def __init__(self, table, instruction, approval=False):
        self.probe = table.probe
        self.client = ActionClient(self.probe.node, ExecuteInstruction, 'execute_instruction')
        self.probe.wait_for(self.client.server_is_ready, 'the planner')
        self.feedback = []
        self.wish = ExecuteInstruction.Goal(instruction=instruction, require_approval=approval)
        try:
            self.handle = self._sent(10.0)
        except GaeError:
            # A server that does not see its client yet answers into the void.
            self.handle = self._sent(60.0)
        assert self.handle.accepted
        self._result = self.handle.get_result_async()

    def _sent(self, seconds):
        sent = self.client.send_goal_async(self.wish, lambda m: self.feedback.append(m.feedback))
        self.probe.wait_for(sent.done, 'the goal to be taken', seconds)
        return sent.result()

    def stages(self):
        return {Stage(f.stage) for f in self.feedback}

    def wait_for(self, stage):
        self.probe.wait_for(lambda: stage in self.stages(), stage.name)

    def result(self):
        self.probe.wait_for(self._result.done, 'the result', 120.0)
        return self._result.result().result

    def cancel(self):
        asked = self.handle.cancel_goal_async()
        self.probe.wait_for(asked.done, 'the cancelation')


def point(place):
    """Thousandths of the image where a place (3,), base frame, is seen, and its depth."""
    local = transform_points(invert(CAMERA_POSE), np.asarray(place, float)[None])[0]
    u, v = (project(CAMERA, local) + 0.5) / [CAMERA.width, CAMERA.height] * 1000
    return {'point': [float(u), float(v)], 'depth': float(local[2])}


def pick_and_place(table):
    cube, bowl = table.pose('red_cube')[:3, 3], table.pose('white_bowl')[:3, 3]
    grasp, drop = {**point(cube)}, {**point(bowl)}
    return json.dumps(
        {
            'status': 'plan',
            'anchors': [
                {'label': 'red cube', 'point': grasp['point']},
                {'label': 'white bowl', 'point': drop['point']},
            ],
            'waypoints': [
                {**grasp, 'up': 0.12, 'gripper': 'open'},
                {**grasp, 'gripper': 'close'},
                {**grasp, 'up': 0.16},
                {**drop, 'up': 0.18},
                {**drop, 'up': 0.09, 'gripper': 'open'},
                {**drop, 'up': 0.18},
            ],
        }
    )


def hover(table, up):
    cube = table.pose('green_cube')[:3, 3]
    one = point(cube)
    anchors = [{'label': 'green cube', 'point': one['point']}]
    waypoints = [{**one, 'up': up}, {**one, 'up': up + 0.05}]
    return json.dumps({'anchors': anchors, 'waypoints': waypoints})


def standing(table, heard):
    """Wait until the arm stands."""
    table.probe.wait_for(lambda: heard and heard[-1].state != ArmState.MOVING, 'the arm to stand')


def test_an_instruction_is_carried_out_and_looked_at_again(table, server):
    answers, heard = [pick_and_place(table), DONE], threading.Event()

    def reply(request):
        heard.wait(30.0)
        return answers.pop(0)

    server.reply = reply
    images = table.probe.listen(topics.ANNOTATED_IMAGE)
    goal = Goal(table, 'put the red cube into the white bowl')
    goal.wait_for(Stage.THINKING)
    heard.set()
    result = goal.result()
    assert (result.error_code, result.error_msg) == (ErrorCode.SUCCESS, '')
    assert result.plans_used == 1
    assert table.is_in_bowl('red_cube')
    assert goal.stages() == set(Stage)
    moving = [f.progress for f in goal.feedback if f.stage == Stage.MOVING]
    assert moving == sorted(moving)
    assert any(f.plan and len(f.plan[0].waypoints) == 6 for f in goal.feedback)
    assert images[-1].encoding == 'rgb8'
    assert server.requests[-1]['messages'][0]['content'][0]['type'] == 'image_url'


def test_the_arm_is_on_its_way_while_the_model_still_writes(table, server):
    """The rest is not written before the arm moves; the whole plan then takes over."""
    heard = table.probe.listen(topics.ARM_STATUS)
    plans = table.probe.listen(topics.WAYPOINT_PLAN)
    standing(table, heard)
    text, moves = hover(table, 0.14).removesuffix(']}'), threading.Event()

    def pieces():
        yield text
        assert moves.wait(30)
        yield ']}'

    answers = [pieces(), DONE]
    server.reply = lambda request: answers.pop(0)
    goal = Goal(table, 'hover over the green cube')
    table.probe.wait_for(lambda: heard[-1].state == ArmState.MOVING, 'the arm to move')
    assert goal.stages() <= {Stage.THINKING}
    moves.set()
    assert goal.result().error_code == ErrorCode.SUCCESS
    assert [len(plan.waypoints) for plan in plans[-2:]] == [1, 2]
    assert plans[-2].plan_id == f'{plans[-1].plan_id}-begun'


def test_a_beginning_without_an_end_is_taken_back(table, server):
    heard = table.probe.listen(topics.ARM_STATUS)
    plans = table.probe.listen(topics.WAYPOINT_PLAN)
    text, begun = hover(table, 0.2).removesuffix(']}'), threading.Event()

    def pieces():
        yield text
        assert begun.wait(30)
        yield ', {"point": [500, 500], "depth": 9}]}'

    server.reply = lambda request: pieces()
    goal = Goal(table, 'hover over the green cube')
    table.probe.wait_for(lambda: plans and plans[-1].plan_id.endswith('-begun'), 'a beginning')
    begun.set()
    result = goal.result()
    assert result.error_code == ErrorCode.PLAN_REFUSED, result.error_msg
    table.probe.wait_for(lambda: not plans[-1].waypoints, 'the beginning to be taken back')
    standing(table, heard)


def test_what_the_model_cannot_see_is_not_looked_for(table, server):
    server.reply = lambda request: '{"status": "absent"}'
    result = Goal(table, 'lift the elephant').result()
    assert result.error_code == ErrorCode.OBJECT_NOT_FOUND
    assert result.error_msg == "test at 127.0.0.1 does not see what is meant by 'lift the elephant'"


@pytest.mark.parametrize(
    ('instruction', 'reply', 'code', 'says'),
    [
        ('', DONE, ErrorCode.INVALID_INSTRUCTION, 'the instruction is empty'),
        ('x' * 10_000, DONE, ErrorCode.INVALID_INSTRUCTION, 'has 10000 characters'),
        ('lift it', 'no idea', ErrorCode.ANSWER_INVALID, "no JSON in the answer: 'no idea'"),
        ('lift it', (500, 'text/html', b'oh'), ErrorCode.PLANNER_UNAVAILABLE, 'answers 500: oh'),
        (
            'lift it',
            '{"waypoints": [{"point": [500, 500], "depth": 9}]}',
            ErrorCode.PLAN_REFUSED,
            'waypoint 0 is',
        ),
    ],
)
def test_bad_input_ends_in_a_code_and_a_sentence(table, server, instruction, reply, code, says):
    server.reply = lambda request: reply
    result = Goal(table, instruction).result()
    assert result.error_code == code, result.error_msg
    assert says in result.error_msg


def test_a_model_that_hangs_ends_in_a_code_and_the_arm_stands(table, server):
    server.reply = server.hang(16.0)
    heard = table.probe.listen(topics.ARM_STATUS)
    result = Goal(table, 'lift the red cube').result()
    assert result.error_code == ErrorCode.PLANNER_TIMEOUT
    standing(table, heard)


def test_a_goal_is_canceled_while_the_arm_moves_and_the_arm_stands(table, server):
    answers = [hover(table, 0.1), DONE]
    server.reply = lambda request: answers.pop(0)
    heard = table.probe.listen(topics.ARM_STATUS)
    goal = Goal(table, 'hover over the green cube')
    goal.wait_for(Stage.MOVING)
    table.probe.wait_for(lambda: heard and heard[-1].state == ArmState.MOVING, 'the arm to move')
    goal.cancel()
    assert goal.result().error_code == ErrorCode.CANCELED
    standing(table, heard)


def test_a_new_instruction_takes_the_place_of_the_one_before(table, server):
    answers = [hover(table, 0.12), DONE]
    server.reply = lambda request: answers.pop(0)
    first = Goal(table, 'hover over the green cube')
    first.wait_for(Stage.MOVING)
    second = Goal(table, 'is anything left to do')
    assert first.result().error_code == ErrorCode.PREEMPTED
    assert first.result().error_msg == 'another instruction has come'
    assert second.result().error_code == ErrorCode.SUCCESS
    assert second.result().plans_used == 0


def test_words_on_a_topic_are_an_instruction_too(table, server):
    asked = len(server.requests)
    server.reply = lambda request: DONE
    table.probe.publisher(topics.INSTRUCTION).publish(String(data='anything left?'))
    table.probe.wait_for(lambda: len(server.requests) > asked, 'the model to be asked')


def test_a_plan_waits_for_a_person_if_asked_to(table, server):
    answer = hover(table, 0.1)
    server.reply = lambda request: answer
    proposed = table.probe.listen(topics.PROPOSED_PLAN)
    goal = Goal(table, 'hover over the green cube', approval=True)
    goal.wait_for(Stage.PLAN)
    table.probe.wait_for(lambda: proposed, 'a proposal')
    assert len(proposed[-1].waypoints) == 2
    assert Stage.MOVING not in goal.stages()
    goal.cancel()
    assert goal.result().error_code == ErrorCode.CANCELED
    table.probe.wait_for(lambda: not proposed[-1].waypoints, 'the proposal to be withdrawn')

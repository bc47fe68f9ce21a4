"""The three baselines, against the real streaming, governor and physics."""

import dataclasses

import numpy as np
import pytest
from work_cell import MS, WorkCell, cloud_of, plan

from action_expert.following import EndEffector, PolicySettings
from action_expert.policies import POLICIES, make_policy
from gae_arm.arm_control.inputs import Inputs
from gae_arm.arm_sim.scene import Scene, box, sample_scene
from gae_arm.core import geometry
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.motion import RobotState
from gae_arm.core.paths import arm_file
from gae_arm.core.progress import PlanRefusal, PlanRefusedError, PlanState

SCENE = sample_scene(3)
CUBE, BOWL = (
    next(item.position for item in SCENE.objects if item.name == name)
    for name in ('red_cube', 'white_bowl')
)
PANDA = load_arm(arm_file('panda'))


def pick_and_place(off=(0.0, 0.0)):
    """Two points and no more: where to grasp, where to let go."""
    x, y = CUBE[:2] + off
    return plan((x, y, 0.02, 0.0), (*BOWL[:2], 0.10, 1.0))


def home(stamp_ns=10**9, opening=1.0):
    joints = PANDA.joints + PANDA.gripper.joints
    position = np.concatenate([PANDA.home, PANDA.gripper.positions(opening)])
    return RobotState(stamp_ns, joints, position, np.zeros(9), np.zeros(9))


def in_bowl(cell):
    offset = cell.pose_of('red_cube')[:3, 3] - cell.pose_of('white_bowl')[:3, 3]
    return np.hypot(*offset[:2]) < 0.04 and offset[2] < 0.04


@pytest.mark.parametrize('name', sorted(POLICIES))
def test_each_policy_puts_the_cube_into_the_bowl(name):
    cell = WorkCell(name, scene=SCENE)
    took = cell.carry_out(pick_and_place(), cloud_of(SCENE))
    assert cell.reports[-1].state is PlanState.DONE
    assert in_bowl(cell)
    # Nothing waits longer than it has to, and the way that is done only grows.
    assert took < cell.policy.guide.duration + 1.0
    done = [report.progress for report in cell.reports]
    assert (np.diff(done) >= 0).all()
    assert done[-1] == 1.0
    waypoints = [report.waypoint for report in cell.reports]
    assert waypoints == sorted(waypoints)
    assert {report.state for report in cell.reports} == {PlanState.FOLLOWING, PlanState.DONE}


def test_servo_grasps_what_the_plan_misses():
    """3 cm off: where a finger comes down on the cube."""
    heights = {}
    for name in ('servo', 'spline'):
        cell = WorkCell(name, scene=SCENE)
        cell.carry_out(pick_and_place((0.02, -0.022)), cloud_of(SCENE), seconds=5.0)
        heights[name] = cell.pose_of('red_cube')[2, 3]
        assert {'servo', 'spline'} & {chunk.policy for chunk in cell.chunks} == {name}
    assert heights['servo'] > 0.08
    assert heights['spline'] < 0.04


def test_servo_without_a_cloud_is_spline_and_says_so():
    servo, spline = (make_policy(name, PANDA) for name in ('servo', 'spline'))
    one, other = (p.act(home(), pick_and_place(), None) for p in (servo, spline))
    assert one.policy == 'servo (spline)'
    np.testing.assert_array_equal(one.position, other.position)
    np.testing.assert_array_equal(one.orientation, other.orientation)


def test_servo_leaves_an_object_that_is_too_far_away():
    policy = make_policy('servo', PANDA, PolicySettings(capture=0.05))
    scene = Scene((box('cube', (0.04, 0.04, 0.04), 'red', 0.1).at(0.5, 0.1, 0.0),))
    near, far = plan((0.5, 0.06, 0.02, 0.0)), plan((0.5, 0.03, 0.02, 0.0), plan_id='far')
    assert policy.act(home(), near, cloud_of(scene)).policy == 'servo'
    np.testing.assert_allclose(policy.target, [0.0, 0.04, 0.0], atol=2e-3)
    assert policy.act(home(2 * 10**9), far, cloud_of(scene)).policy == 'servo (spline)'


def test_after_a_stop_it_goes_on_where_it_was():
    cell = WorkCell('spline', scene=SCENE)
    task = pick_and_place()
    cell.carry_out(task, seconds=1.0)
    cell.follower.governor.stop()
    cell.carry_out(task, seconds=2.0)
    assert cell.follower.governor.resume(cell.now_ns, Inputs(cell.sim.observe()))[0]
    cell.carry_out(task)
    assert in_bowl(cell)


def test_a_stop_while_the_fingers_should_close_does_not_lose_the_grasp():
    cell = WorkCell('spline', scene=SCENE)
    task = pick_and_place()
    while cell.policy.guide is None or cell.policy.clock.fingers_asked is None:
        cell.tick(task)
    cell.follower.governor.stop()
    cell.carry_out(task, seconds=6.0)
    assert cell.reports[-1].state is PlanState.STUCK
    assert 'the fingers do not go to the opening 0.00' in cell.reports[-1].message
    assert cell.follower.governor.resume(cell.now_ns, Inputs(cell.sim.observe()))[0]
    cell.carry_out(task)
    assert in_bowl(cell)


def test_an_arm_that_does_not_move_is_stuck_and_is_still_told_to_go():
    policy, task = make_policy('spline', PANDA), pick_and_place()
    for k in range(60):
        chunk = policy.act(home(10**9 + k * 100 * MS), task, None)
    report = policy.progress()
    assert report.state is PlanState.STUCK
    assert report.message.startswith('no progress for 5.9 s at 0% of the guide: the end effector ')
    assert report.waypoint == 0
    start, end = chunk.position[0], chunk.position[-1]
    T, _ = EndEffector(PANDA).measured(home())
    assert np.linalg.norm(start - T[:3, 3]) < 0.01
    assert np.linalg.norm(end - start) > 0.05


def test_a_new_plan_begins_where_the_arm_is_commanded():
    cell = WorkCell('spline', scene=SCENE)
    cell.carry_out(plan((0.5, 0.2, 0.3), plan_id='a'), seconds=1.0)
    cell.carry_out(plan((0.5, -0.2, 0.3), plan_id='b'), seconds=4.0)
    assert cell.reports[-1].state is PlanState.DONE
    np.testing.assert_allclose(cell.sim.T_base_ee()[:3, 3], [0.5, -0.2, 0.3], atol=0.008)
    change = next(i for i, chunk in enumerate(cell.chunks) if chunk.plan_id == 'b')
    before, after = cell.chunks[change - 1], cell.chunks[change]
    late = (after.stamp_ns - before.stamp_ns) * 1e-9
    commanded = [np.interp(late, 0.05 * np.arange(16), x) for x in before.position.T]
    np.testing.assert_allclose(after.position[0], commanded, atol=2e-3)


def test_chunks_are_what_the_contract_says():
    policy = make_policy('spline', PANDA, PolicySettings(actions=5, period=0.1))
    state, task = home(), pick_and_place()
    first = policy.act(state, task, cloud_of(SCENE, stamp_ns=7))
    assert first.times_ns.tolist() == [state.stamp_ns + k * 100 * MS for k in range(5)]
    assert (first.stamp_ns, first.sequence, first.plan_id) == (state.stamp_ns, 0, 'plan')
    assert (first.cloud_stamp_ns, first.frame_id, first.policy) == (7, 'panda_link0', 'spline')
    np.testing.assert_array_equal(first.gripper, 1.0)
    second = policy.act(home(state.stamp_ns + 50 * MS), task, None)
    assert (second.sequence, second.cloud_stamp_ns) == (1, None)


def test_the_first_action_is_where_the_arm_is():
    policy = make_policy('ik', PANDA)
    chunk = policy.act(home(), pick_and_place(), None)
    T, _ = EndEffector(PANDA).measured(home())
    np.testing.assert_allclose(chunk.position[0], T[:3, 3], atol=1e-9)
    turn = geometry.quaternion_to_matrix(chunk.orientation[0])
    np.testing.assert_allclose(turn, T[:3, :3], atol=1e-9)


def test_the_same_states_give_the_same_chunks():
    def chunks():
        policy = make_policy('servo', PANDA)
        states = [home(10**9 + k * 70 * MS) for k in range(5)]
        return [policy.act(state, pick_and_place(), cloud_of(SCENE)) for state in states]

    assert chunks() == chunks()


def test_complete_says_where_it_would_go_and_changes_nothing():
    policy = make_policy('spline', PANDA)
    waypoints = policy.complete(home(), pick_and_place(), None)
    assert waypoints.sources.tolist() == [0, 0, 0, 1, 1, 1]
    assert policy.guide is None
    policy.act(home(), pick_and_place(), None)
    np.testing.assert_array_equal(policy.guide.waypoints.poses, waypoints.poses)


def test_an_arm_that_was_carried_off_gets_a_new_guide():
    policy = make_policy('spline', PANDA)
    task = plan((0.5, 0.2, 0.3))
    policy.act(home(), task, None)
    guide, state = policy.guide, home(10**9 + 50 * MS)
    position = state.position.copy()
    position[0] += 0.4
    elsewhere = dataclasses.replace(state, position=position)
    chunk = policy.act(elsewhere, task, None)
    assert policy.guide is not guide
    T, _ = EndEffector(PANDA).measured(elsewhere)
    np.testing.assert_allclose(chunk.position[0], T[:3, 3], atol=1e-9)
    np.testing.assert_allclose(policy.guide.waypoints.poses[-1, :3, 3], [0.5, 0.2, 0.3])


def test_another_frame_is_refused():
    policy = make_policy('spline', PANDA)
    with pytest.raises(PlanRefusedError) as refused:
        policy.act(home(), plan((0.5, 0, 0.3), frame='camera'), None)
    assert refused.value.reason is PlanRefusal.UNKNOWN_FRAME
    assert str(refused.value) == "plan 'plan' is in frame 'camera', expected 'panda_link0'"


@pytest.mark.parametrize('joint', ['panda_joint4', 'panda_finger_joint1'])
def test_a_state_without_a_joint_is_refused(joint):
    state = home()
    keep = [i for i, name in enumerate(state.joint_names) if name != joint]
    arrays = {key: getattr(state, key)[keep] for key in ('position', 'velocity', 'effort')}
    names = tuple(state.joint_names[i] for i in keep)
    with pytest.raises(InvalidValueError, match=rf"no joint \['{joint}'\]"):
        make_policy('spline', PANDA).act(RobotState(1, names, **arrays), pick_and_place(), None)


def test_progress_before_any_plan_is_an_error():
    with pytest.raises(InvalidValueError, match="policy 'ik' has had no plan yet"):
        make_policy('ik', PANDA).progress()


def test_an_unknown_policy_is_named_with_those_that_there_are():
    with pytest.raises(InvalidValueError) as error:
        make_policy('magic', PANDA)
    assert str(error.value).startswith("policy 'magic' is unknown; there are: ['expert', ")

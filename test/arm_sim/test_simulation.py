import dataclasses
import threading
from pathlib import Path

import mujoco
import numpy as np
import pytest
import toy_arm

from gae_arm.arm_sim.scene import Part, Scene, SceneObject, bowl, box, sample_scene
from gae_arm.arm_sim.simulation import ArmSimulation, SimulationDivergedError
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import InvalidValueError

ARMS = {
    path.stem: load_arm(path)
    for path in sorted((Path(__file__).parents[2] / 'config' / 'arms').glob('*.yaml'))
}
EMPTY = Scene()


def arm_state(sim):
    """Return position, velocity and effort of the arm joints."""
    state, n = sim.observe(), len(sim.arm.joints)
    return state.position[:n], state.velocity[:n], state.effort[:n]


@pytest.mark.parametrize('name', ARMS)
def test_holds_home_within_a_milliradian(name):
    sim = ArmSimulation(ARMS[name], EMPTY)
    for _ in range(20):
        sim.step(50)
        position, velocity, _ = arm_state(sim)
        assert np.abs(position - sim.arm.home).max() < 1e-3
        assert np.abs(velocity).max() < 1e-3
    assert sim.contacts() == ()


@pytest.mark.parametrize('name', ARMS)
def test_effort_at_rest_is_the_weight_of_the_arm(name):
    """Gravity torque is the gradient of the potential energy: check by finite differences."""
    sim = ArmSimulation(ARMS[name], EMPTY)
    sim.step(200)
    data = mujoco.MjData(sim.model)
    sim.snapshot().show(data)
    _, _, effort = arm_state(sim)
    for joint, torque in zip(sim.arm.joints, effort, strict=True):
        adr = sim.model.joint(joint).qposadr[0]
        energy = []
        for step in (-1e-5, 1e-5):
            data.qpos[adr] += step
            mujoco.mj_kinematics(sim.model, data)
            mujoco.mj_comPos(sim.model, data)
            mujoco.mj_energyPos(sim.model, data)
            energy.append(data.energy[0])
            data.qpos[adr] -= step
        assert torque == pytest.approx((energy[1] - energy[0]) / 2e-5, abs=1e-3)


@pytest.mark.parametrize('name', ARMS)
def test_velocity_saturates_however_far_the_set_point_is(name):
    """Each joint alone: it reaches its limit, exceeds it by 1% at most, and arrives."""
    sim = ArmSimulation(ARMS[name], EMPTY)
    limits = sim.arm.limits
    for j in range(len(sim.arm.joints)):
        sim.reset()
        target = sim.arm.home.copy()
        target[j] += 0.5 if target[j] < 0.5 * (limits.lower[j] + limits.upper[j]) else -0.5
        sim.command_joints(target)
        fastest = 0.0
        for _ in range(500):
            sim.step()
            fastest = max(fastest, abs(arm_state(sim)[1][j]))
        assert 0.7 * limits.velocity[j] < fastest < 1.01 * limits.velocity[j], sim.arm.joints[j]
        assert np.abs(arm_state(sim)[0] - target).max() < 1e-3


@pytest.mark.parametrize('name', ARMS)
def test_feed_forward_follows_a_moving_set_point(name):
    """A sine of 0.3 rad/s amplitude on all joints is followed within a milliradian."""
    sim = ArmSimulation(ARMS[name], EMPTY)
    dt, amplitude, w = sim.timestep_ns / 1e9, 0.15, 2.0
    for k in range(1000):
        t = k * dt
        sim.command_joints(
            sim.arm.home + amplitude * (1 - np.cos(w * t)),
            np.full(len(sim.arm.joints), amplitude * w * np.sin(w * t)),
        )
        sim.step()
        expected = sim.arm.home + amplitude * (1 - np.cos(w * (t + dt)))
        assert np.abs(arm_state(sim)[0] - expected).max() < 1e-3


@pytest.mark.parametrize('name', ARMS)
def test_effort_saturates(name):
    sim = ArmSimulation(ARMS[name], EMPTY)
    limits = sim.arm.limits
    sim.command_joints(np.clip(sim.arm.home + 1.0, limits.lower, limits.upper))
    largest = np.zeros(len(sim.arm.joints))
    for _ in range(200):
        sim.step()
        largest = np.maximum(largest, np.abs(arm_state(sim)[2]))
    assert largest == pytest.approx(limits.effort, rel=1e-9)


@pytest.mark.parametrize('name', ARMS)
def test_gripper_moves_at_its_speed_and_squeezes_with_its_effort(name):
    arm = ARMS[name]
    cube = dataclasses.replace(box('cube', (0.04, 0.04, 0.04), 'red', 0.1), motion='fixed')
    sim = ArmSimulation(arm, EMPTY)
    tip = sim.T_base_ee()[:3, 3]
    sim.reset(Scene((dataclasses.replace(cube, position=tip),)))
    assert sim.observe().position[-2:] == pytest.approx(arm.gripper.opened)
    sim.command_gripper(arm.gripper.closed)
    sim.step(50)
    assert sim.observe().velocity[-2:] == pytest.approx([-arm.gripper.velocity] * 2, rel=1e-3)
    sim.step(500)
    state = sim.observe()
    assert state.position[-2:] == pytest.approx([0.02, 0.02], abs=1e-3)
    assert state.effort[-2:] == pytest.approx([-arm.gripper.effort] * 2, rel=1e-6)
    forces = [contact.force for contact in sim.contacts()]
    assert forces == pytest.approx([arm.gripper.effort] * 2, rel=1e-2)
    sim.command_gripper(arm.gripper.opened)
    sim.step(600)
    assert sim.observe().position[-2:] == pytest.approx(arm.gripper.opened, abs=1e-6)
    assert sim.contacts() == ()


def test_set_points_beyond_the_limits_saturate():
    sim = ArmSimulation(ARMS['panda'], EMPTY)
    target = sim.arm.home.copy()
    target[5] = 100.0
    sim.command_joints(target)
    sim.command_gripper([1.0, 1.0])
    sim.step(2000)
    assert arm_state(sim)[0][5] == pytest.approx(3.7525, abs=1e-3)
    assert sim.observe().position[-2:] == pytest.approx([0.04, 0.04], abs=1e-4)


def test_an_arm_that_is_blocked_pushes_on_with_its_limits():
    """The arm is sent through the table: it stops there, and its efforts stay in the limits."""
    sim = ArmSimulation(ARMS['ur5'], EMPTY)
    target = sim.arm.home.copy()
    target[1] += 0.8
    sim.command_joints(target)
    sim.step(1000)
    position, velocity, effort = arm_state(sim)
    assert sim.contacts()
    assert np.abs(velocity).max() < 0.05
    assert target[1] - position[1] > 0.1
    assert (np.abs(effort) <= sim.arm.limits.effort * (1 + 1e-9)).all()


@pytest.mark.parametrize('limit', ['velocity', 'effort'])
def test_a_joint_with_a_limit_of_zero_does_not_move(tmp_path, limit):
    limits = toy_arm.description()['limits']
    limits = limits | {limit: [0.0, *limits[limit][1:]]}
    sim = ArmSimulation(load_arm(toy_arm.write(tmp_path, limits=limits)), EMPTY)
    sim.command_joints(sim.arm.home + np.array([1.0, 0.0, 0.3]))
    sim.step(500)
    position = arm_state(sim)[0] - sim.arm.home
    assert abs(position[0]) < 1e-3
    assert position[2] == pytest.approx(0.3, abs=1e-3)


def drive(sim, seed):
    """Send random commands; return the states."""
    rng = np.random.default_rng(seed)
    states = []
    for _ in range(20):
        sim.command_joints(sim.arm.home + rng.normal(0, 0.3, len(sim.arm.joints)))
        sim.command_gripper(sim.arm.gripper.positions(rng.uniform()))
        sim.step(25)
        states.append(sim.snapshot().qpos)
    return np.array(states)


@pytest.mark.parametrize('name', ARMS)
def test_same_seed_and_commands_give_the_same_bits(name):
    first, second = ArmSimulation(ARMS[name], 3), ArmSimulation(ARMS[name], 3)
    states = drive(first, 0)
    assert np.array_equal(drive(second, 0), states)
    assert not np.array_equal(drive(ArmSimulation(ARMS[name], 3), 1), states)


def test_reset_forgets_everything():
    sim = ArmSimulation(ARMS['xarm7'], 3)
    states = drive(sim, 0)
    drive(sim, 1)
    sim.reset()
    assert np.array_equal(drive(sim, 0), states)
    sim.reset(4)
    sim.reset(3)
    assert np.array_equal(drive(sim, 0), states)


def test_looking_changes_nothing():
    looked_at, left_alone = ArmSimulation(ARMS['panda'], 1), ArmSimulation(ARMS['panda'], 1)
    for _ in range(50):
        looked_at.step(4)
        looked_at.observe(), looked_at.contacts(), looked_at.object_poses(), looked_at.T_base_ee()
        looked_at.snapshot()
        for _ in range(4):
            left_alone.step()
    assert np.array_equal(looked_at.snapshot().qpos, left_alone.snapshot().qpos)


def test_reset_keeps_the_model_while_only_poses_differ():
    sim = ArmSimulation(ARMS['panda'], 0)
    model = sim.model
    sim.reset(1)
    assert sim.model is model
    for item in sample_scene(1).objects:
        assert sim.T_base_body(item.name)[:3, 3] == pytest.approx(item.position)
    sim.reset(Scene((box('cube', (0.04, 0.04, 0.04), 'red', 0.06).at(0.5, 0.0),)))
    assert sim.model is not model
    assert list(sim.object_poses()) == ['cube']


def test_reset_moves_fixed_objects_too():
    wall = dataclasses.replace(box('wall', (0.02, 0.3, 0.2), 'blue', 1.0), motion='fixed')
    sim = ArmSimulation(ARMS['panda'], Scene((wall.at(0.5, 0.0),)))
    model = sim.model
    sim.reset(Scene((wall.at(0.6, 0.1, 0.3),)))
    sim.step(10)
    assert sim.model is model
    assert sim.T_base_body('wall')[:3, 3] == pytest.approx([0.6, 0.1, 0.1])


def test_time_counts_steps_and_never_goes_back():
    sim = ArmSimulation(ARMS['panda'], EMPTY, timestep_ns=1_000_000)
    assert sim.observe().stamp_ns == 0
    sim.step(7)
    assert sim.observe().stamp_ns == 7_000_000
    sim.reset()
    assert sim.observe().stamp_ns == sim.snapshot().stamp_ns == 7_000_000


def test_state_names_the_joints_in_order():
    sim = ArmSimulation(ARMS['ur5'], EMPTY)
    state = sim.observe()
    assert state.joint_names == sim.arm.joints + sim.arm.gripper.joints
    assert state.select(sim.arm.joints).tolist() == sim.arm.home.tolist()


def test_snapshot_shows_the_same_moment_in_another_data():
    sim = ArmSimulation(ARMS['panda'], 2)
    drive(sim, 0)
    snapshot = sim.snapshot()
    poses, ee = sim.object_poses(), sim.T_base_ee()
    sim.step(100)
    data = mujoco.MjData(snapshot.model)
    snapshot.show(data)
    for name, pose in poses.items():
        assert data.body(name).xpos.tolist() == pose[:3, 3].tolist()
    assert data.body(sim.arm.end_effector_frame).xpos.tolist() == ee[:3, 3].tolist()


def test_contacts_name_the_bodies_and_carry_the_weight():
    cube = box('cube', (0.04, 0.04, 0.04), 'red', 0.5).at(0.5, 0.0)
    sim = ArmSimulation(ARMS['panda'], Scene((cube,)))
    sim.step(500)
    (contact,) = sim.contacts()
    assert set(contact.bodies) == {'world', 'cube'}
    assert contact.force == pytest.approx(0.5 * 9.81, rel=1e-3)
    assert 0 < contact.depth < 1e-4


def test_touches_are_the_pairs_in_contact_in_both_orders():
    sim = ArmSimulation(ARMS['panda'], 1)
    for _ in range(20):
        sim.step(25)
        pairs = {contact.bodies for contact in sim.contacts()}
        assert sim.touches() == pairs | {(b, a) for a, b in pairs}
    assert pairs
    sim.reset(EMPTY)
    sim.step()
    assert sim.touches() == frozenset()


def test_the_fastest_is_the_quickest_joint_or_thing():
    cube = box('cube', (0.04, 0.04, 0.04), 'red', 0.5).at(0.5, 0.0)
    sim = ArmSimulation(ARMS['panda'], Scene((cube,)))
    sim.step(500)
    assert sim.fastest() < 1e-3
    sim.command_joints(sim.arm.home + 0.2)
    sim.step(50)
    assert sim.fastest() == np.abs(sim.observe().velocity).max() > 0.1


def test_speeds_are_those_of_the_places_of_things():
    cube = dataclasses.replace(
        box('cube', (0.04, 0.04, 0.04), 'red', 0.5), position=np.array([0.4, 0.5, 0.5])
    )
    sim = ArmSimulation(ARMS['panda'], Scene((cube,)))
    before = sim.object_poses()['cube'][:3, 3]
    sim.step(100)
    fallen = before - sim.object_poses()['cube'][:3, 3]
    assert fallen[2] == pytest.approx(0.5 * 9.81 * 0.2**2, rel=0.02)
    assert sim.object_speeds() == {'cube': pytest.approx(9.81 * 0.2, rel=1e-3)}


def test_objects_stay_where_they_lie():
    sim = ArmSimulation(ARMS['panda'], 0)
    sim.step(100)
    before = sim.object_poses()
    sim.step(2500)
    for name, pose in sim.object_poses().items():
        assert np.abs(pose - before[name]).max() < 1e-4, name


def test_bowl_keeps_what_falls_into_it():
    place = bowl('bowl', 0.075, 0.05, 'white', 0.2).at(0.5, 0.1)
    cube = box('cube', (0.025, 0.025, 0.025), 'red', 0.02).at(0.515, 0.11, 0.3)
    cube = dataclasses.replace(cube, position=np.array([0.515, 0.11, 0.12]))
    sim = ArmSimulation(ARMS['panda'], Scene((place, cube)))
    sim.step(1000)
    inside = np.linalg.inv(sim.T_base_body('bowl')) @ sim.T_base_body('cube')
    assert np.hypot(*inside[:2, 3]) < 0.04
    assert 0.01 < inside[2, 3] < 0.03
    touching = [set(contact.bodies) for contact in sim.contacts()]
    assert {'bowl', 'cube'} in touching
    assert {'world', 'cube'} not in touching


def test_button_gives_way_and_comes_back():
    """An object that slides on a spring: pressed by a weight, and up again without it."""
    cap = Part('cylinder', [0.03, 0.02], [0.8, 0.1, 0.1])
    button = SceneObject(
        'button', (cap,), 0.05, motion='slide', travel=[-0.015, 0.0], stiffness=200.0
    )
    button = dataclasses.replace(button, position=np.array([0.5, 0.0, 0.05]))
    weight = box('weight', (0.04, 0.04, 0.04), 'blue', 0.2).at(0.5, 0.0)
    weight = dataclasses.replace(weight, position=np.array([0.5, 0.0, 0.082]))
    sim = ArmSimulation(ARMS['panda'], Scene((button, weight)))
    sim.step(1000)
    depth = 0.25 * 9.81 / 200.0
    assert sim.T_base_body('button')[2, 3] == pytest.approx(0.05 - depth, abs=2e-4)


def test_commands_that_are_no_set_points_are_refused():
    sim = ArmSimulation(ARMS['panda'], EMPTY)
    with pytest.raises(InvalidValueError, match=r'position has shape \(6,\), expected \(7\)'):
        sim.command_joints(np.zeros(6))
    with pytest.raises(InvalidValueError, match=r'velocity\[0\] is not finite: nan'):
        sim.command_joints(np.zeros(7), np.full(7, np.nan))
    with pytest.raises(InvalidValueError, match=r'position has shape \(1,\), expected \(2\)'):
        sim.command_gripper([0.0])
    with pytest.raises(InvalidValueError, match=r"body 'cup' is unknown; there are: \["):
        sim.T_base_body('cup')
    with pytest.raises(InvalidValueError, match=r'timestep_ns is 4000000, allowed is'):
        ArmSimulation(ARMS['panda'], EMPTY, timestep_ns=4_000_000)
    sim.step(100)
    assert arm_state(sim)[0] == pytest.approx(sim.arm.home)


def test_physics_that_break_down_are_reported_and_can_be_reset(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    sim = ArmSimulation(ARMS['panda'], EMPTY)
    sim._data.qvel[0] = np.inf
    with pytest.raises(SimulationDivergedError, match=r'the physics diverged before 0\.002 s'):
        sim.step()
    assert 'Nan, Inf or huge value in QVEL at DOF 0' in caplog.text
    assert not list(tmp_path.iterdir())
    sim.reset()
    sim.step(10)
    assert arm_state(sim)[0] == pytest.approx(sim.arm.home)


def test_threads_may_look_while_another_steps():
    """Readers see whole states: what they see is one of the states of a run without readers."""
    sim, alone = ArmSimulation(ARMS['panda'], 0), ArmSimulation(ARMS['panda'], 0)
    seen, done = [], threading.Event()

    def look():
        while not done.is_set():
            snapshot = sim.snapshot()
            seen.append((snapshot.stamp_ns, snapshot.qpos))
            sim.observe()

    reader = threading.Thread(target=look)
    reader.start()
    for s in (sim, alone):
        s.command_joints(s.arm.home + 0.2)
    for _ in range(200):
        sim.step()
    done.set()
    reader.join()
    states = {0: alone.snapshot().qpos}
    for _ in range(200):
        alone.step()
        states[alone.stamp_ns] = alone.snapshot().qpos
    assert all(np.array_equal(states[stamp], qpos) for stamp, qpos in seen)

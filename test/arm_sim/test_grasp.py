"""A scripted grasp with every arm: the physics hold what the fingers hold."""

from pathlib import Path

import numpy as np
import pytest
from differential_ik import LineMover, gripper_down

from gae_arm.arm_sim.scene import Scene, box
from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.core.arm import load_arm

ARMS = {
    path.stem: load_arm(path)
    for path in sorted((Path(__file__).parents[2] / 'config' / 'arms').glob('*.yaml'))
}


def grasp(sim, x, y, yaw):
    """Go above, down, close, and up again."""
    mover = LineMover(sim)
    mover.move(gripper_down(x, y, 0.15, yaw), 1.5)
    mover.move(gripper_down(x, y, 0.02, yaw), 1.0)
    assert np.allclose(sim.T_base_ee(), gripper_down(x, y, 0.02, yaw), atol=2e-3)
    sim.command_gripper(sim.arm.gripper.closed)
    sim.step(500)
    mover.move(gripper_down(0.45, 0.0, 0.25, 0.0), 1.5)
    return mover


def in_hand(sim):
    """Return the pose (4, 4) of the cube in the end effector's frame."""
    return np.linalg.inv(sim.T_base_ee()) @ sim.T_base_body('cube')


@pytest.mark.parametrize('name', ARMS)
def test_cube_is_lifted_and_held_for_five_seconds(name):
    cube = box('cube', (0.04, 0.04, 0.04), 'red', 0.06).at(0.5, 0.1, 0.4)
    sim = ArmSimulation(ARMS[name], Scene((cube,)))
    grasp(sim, 0.5, 0.1, 0.4)
    before = in_hand(sim)
    sim.step(2500)
    assert sim.T_base_body('cube')[2, 3] == pytest.approx(0.25, abs=0.005)
    assert np.abs(in_hand(sim) - before).max() < 5e-4
    touching = {name for contact in sim.contacts() for name in contact.bodies}
    assert touching == {'cube', *finger_links(sim)}


@pytest.mark.parametrize('name', ARMS)
def test_cube_is_centred_by_the_fingers_when_grasped_askew(name):
    """1 cm and 12 degrees off: the fingers, coupled as in real grippers, pull it straight."""
    cube = box('cube', (0.04, 0.04, 0.04), 'red', 0.06).at(0.5, 0.11, 0.2)
    sim = ArmSimulation(ARMS[name], Scene((cube,)))
    grasp(sim, 0.5, 0.1, 0.0)
    assert sim.T_base_body('cube')[2, 3] == pytest.approx(0.25, abs=0.01)
    assert abs(in_hand(sim)[1, 3]) < 1e-3
    fingers = sim.observe().position[-2:]
    assert fingers[0] == pytest.approx(fingers[1], abs=1e-3)


def test_opened_gripper_lets_go():
    cube = box('cube', (0.04, 0.04, 0.04), 'red', 0.06).at(0.5, 0.1, 0.4)
    sim = ArmSimulation(ARMS['panda'], Scene((cube,)))
    grasp(sim, 0.5, 0.1, 0.4)
    sim.command_gripper(sim.arm.gripper.opened)
    sim.step(500)
    assert sim.T_base_body('cube')[2, 3] == pytest.approx(0.02, abs=1e-3)


def finger_links(sim):
    joints = [sim.model.joint(name) for name in sim.arm.gripper.joints]
    return [sim.model.body(int(joint.bodyid[0])).name for joint in joints]

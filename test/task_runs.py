"""Runs of tasks without an arm's work: objects are put where the steps of a task say."""

from __future__ import annotations

from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.arm_sim.tasks.checker import SuccessChecker, Verdict
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.steps import Lift, Press, Push, Put, Slide
from gae_arm.arm_sim.tasks.truth import observe_truth
from gae_arm.core.geometry import invert

JUST_ABOVE = 0.001


def carry_out(sim: ArmSimulation, instance: TaskInstance, steps: tuple | None = None) -> None:
    """Do the steps by moving objects in no time; a lifted object waits for its place."""
    for step in instance.steps if steps is None else steps:
        poses = sim.object_poses()
        if isinstance(step, Put):
            T = poses[step.onto] @ step.T_onto_item
            put_at(sim, step.item, T[:3, 3] + [0, 0, JUST_ABOVE])
        elif isinstance(step, Push):
            put_at(sim, step.item, [*poses[step.to][:2, 3], poses[step.item][2, 3]])
        elif isinstance(step, Slide):
            slide(sim, instance, step)
        elif isinstance(step, Press):
            sim.move_object(step.item, -step.by)
        else:
            assert isinstance(step, Lift)
        sim.step(50)


def put_at(sim: ArmSimulation, name: str, place) -> None:
    T = sim.T_base_body(name)
    T[:3, 3] = place
    sim.move_object(name, T)


def slide(sim: ArmSimulation, instance: TaskInstance, step: Slide) -> None:
    """Move a drawer and what lies in it."""
    cavity, before = instance.items[step.item].cavity, sim.T_base_body(step.item)
    inside = {
        name: invert(before) @ T
        for name, T in sim.object_poses().items()
        if name in instance.targets and cavity.holds((invert(before) @ T)[:3, 3], 0.05)
    }
    sim.move_object(step.item, step.to)
    for name, T_drawer_item in inside.items():
        if name != step.item:
            sim.move_object(name, sim.T_base_body(step.item) @ T_drawer_item)


def judge(
    sim: ArmSimulation, checker: SuccessChecker, seconds: float, pressing: bool = False
) -> Verdict:
    """Step on and return the verdict after at most so many seconds.

    pressing: whether a hand that is not there goes on pressing what the steps say.
    """
    held = [step for step in checker.instance.steps if pressing and isinstance(step, Press)]
    steps = 1 if held else 10
    for _ in range(round(seconds * 1e9 / sim.timestep_ns / steps)):
        for press in held:
            sim.move_object(press.item, -press.by)
        sim.step(steps)
        if checker.update(observe_truth(sim)) is not Verdict.RUNNING:
            break
    return checker.verdict


def started(sim: ArmSimulation, instance: TaskInstance) -> SuccessChecker:
    """Return a checker that has seen the start."""
    checker = SuccessChecker(instance)
    assert checker.update(observe_truth(sim)) is Verdict.RUNNING
    return checker

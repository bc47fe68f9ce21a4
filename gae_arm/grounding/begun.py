"""Tasks that are half done, or done: what a planner sees when it is asked again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.scene import SceneObject
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.steps import Push, Put, Slide, Step
from gae_arm.grounding import keyframes

OFF = 0.004
"""Metres, level, by which a hand misses where it puts something, at most."""


def parts(instance: TaskInstance) -> int:
    """Return after how many steps of a task something has visibly changed for good."""
    return sum(isinstance(step, Put | Push | Slide) for step in instance.steps)


def begun(instance: TaskInstance, done: int, rng: np.random.Generator) -> TaskInstance:
    """Return a task of which so many parts are done: its items are there, its steps are the rest.

    done: 0 to `parts(instance)`.
    """
    items = dict(instance.items)
    steps = instance.steps[len([*_doing(instance, items, done, rng)]) :]
    bodies = {body.name: body for item in items.values() for body in item.bodies}
    objects = tuple(bodies.get(body.name, body) for body in instance.scene.objects)
    scene = dataclasses.replace(instance.scene, objects=objects)
    return dataclasses.replace(instance, scene=scene, items=items, steps=steps)


def carried(instance: TaskInstance, done: int, rightward: np.ndarray) -> list[np.ndarray]:
    """Return from where to where the hand moved what it held, in a task's first `done` parts.

    rightward: as `keyframes.hold` takes it. Each (2, 3), metres, base frame; pushes are none.
    """
    items, before = dict(instance.items), dict(instance.items)
    out = []
    for step in _doing(instance, items, done, np.random.default_rng(0)):
        match step:
            case Put():
                place = keyframes.hold(before[step.item], rightward).place
                way = items[step.item].body.position - before[step.item].body.position
                out.append(np.stack([place, place + way]))
            case Slide():
                out.append(keyframes.slide(before[step.item], step.to).points[[1, 3]])
        before = dict(items)
    return out


def upon(instance: TaskInstance, whole: TaskInstance) -> dict[str, str]:
    """Return what stands on or in what, by name, in a task that was begun; whole: before it was."""
    done = whole.steps[: len(whole.steps) - len(instance.steps)]
    return {step.item: step.onto for step in done if isinstance(step, Put)}


def moved(item: Item) -> np.ndarray:
    """Return the pose (4, 4) of an item's moving body where it starts."""
    T = item.T_base_item.copy()
    if item.body.motion == 'slide':
        T[:3, 3] += T[:3, :3] @ item.body.axis * item.body.start
    return T


def _doing(
    instance: TaskInstance, items: dict[str, Item], done: int, rng: np.random.Generator
) -> Iterator[Step]:
    """Do the steps of a task until so many parts are done: change `items`; yield each step."""
    within: dict[str, str] = {}
    for step in instance.steps:
        if not done:
            return
        if isinstance(step, Put):
            within[step.item] = step.onto
        _do(step, items, within, rng)
        done -= isinstance(step, Put | Push | Slide)
        yield step


def _do(
    step: Step, items: dict[str, Item], within: dict[str, str], rng: np.random.Generator
) -> None:
    """Do a step: change `items`."""
    off = rng.uniform(-OFF, OFF, 3) * [1, 1, 0]
    match step:
        case Put():
            goal = (moved(items[step.onto]) @ step.T_onto_item)[:3, 3] + off
            items[step.item] = _set_down(items[step.item], goal, rng.uniform(-np.pi, np.pi))
        case Push():
            item = items[step.item]
            goal = items[step.to].body.position * [1, 1, 0] + item.body.position * [0, 0, 1] + off
            bodies = [_carried(body, goal - item.body.position) for body in item.bodies]
            items[step.item] = _with_bodies(item, bodies)
        case Slide():
            drawer = items[step.item]
            way = drawer.T_base_item[:3, :3] @ drawer.body.axis * (step.to - drawer.body.start)
            body = dataclasses.replace(drawer.body, start=step.to)
            items[step.item] = dataclasses.replace(drawer, body=body)
            for name in (name for name, onto in within.items() if onto == step.item):
                bodies = [_carried(body, way) for body in items[name].bodies]
                items[name] = _with_bodies(items[name], bodies)


def _set_down(item: Item, goal: np.ndarray, yaw: float) -> Item:
    """Return an item with its frame at `goal` (3,), upright, turned by `yaw` rad."""
    x, y, z = goal
    return item.at(float(x), float(y), yaw, float(z) - item.rest)


def _carried(body: SceneObject, way: np.ndarray) -> SceneObject:
    return dataclasses.replace(body, position=body.position + way)


def _with_bodies(item: Item, bodies: list[SceneObject]) -> Item:
    return dataclasses.replace(item, body=bodies[-1], base=bodies[0] if item.base else None)

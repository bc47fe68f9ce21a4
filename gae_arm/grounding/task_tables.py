"""Tables of the simulator's tasks, and what the hand does first about the instruction."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_sim.ray_scene import rows_in_place
from gae_arm.arm_sim.tasks.axes import AXES, Choices, Ranges
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.arm_sim.tasks.steps import Lift, Press, Push, Put, Slide
from gae_arm.core.errors import InvalidValueError
from gae_arm.grounding import keyframes
from gae_arm.grounding.begun import moved
from gae_arm.grounding.keyframes import Keyframes
from gae_arm.grounding.table import Table


def all_shapes(ranges: Ranges) -> Ranges:
    """Return the ranges with every kind of object in its part: names have to be taught."""
    axis = AXES['shape']
    both: dict[str, Choices] = {}
    for part, region in axis.training.items():
        other = axis.held_out[part]
        assert isinstance(region, Choices)
        assert isinstance(other, Choices)
        both[part] = Choices((*region.options, *other.options))
    return ranges.override('shape', **both)


def draw_task(ranges: Ranges, rng: np.random.Generator) -> TaskInstance:
    """Return a scene of a random task."""
    task = list(TASKS.values())[int(rng.integers(len(TASKS)))]
    return task.sample(int(rng.integers(2**62)), ranges)


def task_table(instance: TaskInstance) -> Table:
    """Return the table of a task: its items that words may mean, then all else that is there."""
    meant = {n: item for n, item in instance.items.items() if n not in instance.obstacles}
    table = Table(instance.table_height, items=meant)
    bodies = {body.name: rows_in_place(body) for body in instance.scene.objects}
    for item in meant.values():
        table.rows.append(np.concatenate([bodies.pop(body.name) for body in item.bodies]))
    table.rows += bodies.values()
    return table


def first_keyframes(instance: TaskInstance, rightward: np.ndarray) -> Keyframes:
    """Return what the hand does first: until it has let go of something, or there is no more.

    rightward: unit vector (3,), level, to the right in the image. Raises InvalidValueError for
    steps that have no such beginning.
    """
    items = instance.items
    match instance.steps:
        case (Lift() as lift, Put() as put, *_):
            onto = items[put.onto]
            goal = moved(onto) @ put.T_onto_item
            return keyframes.carry(items[lift.item], onto, goal[:3, 3], rightward)
        case (Lift() as lift, *_):
            return keyframes.pick(items[lift.item], rightward)
        case (Push() as step, *_):
            mark = items[step.to].body.position
            height = instance.table_height + step.height
            return keyframes.push(items[step.item], step.to, mark, height, step.radius)
        case (Press() as step, *_):
            place = (items[step.item].T_base_item @ step.T_item_ee)[:3, 3]
            return keyframes.press(items[step.item], place, step.by, rightward)
        case (Slide() as step, *_):
            return keyframes.slide(items[step.item], step.to)
    raise InvalidValueError(f'{instance.task} begins with {instance.steps[:1]}')

"""Things that do not stand on the table: heights of which no task knows anything.

A network that only saw things on tables knows how high they are before it looks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from gae_arm.arm_sim.scene import Part, SceneObject
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.steps import Put, Step
from gae_arm.core import geometry

HEIGHT, BROADER = (0.015, 0.13), (-0.2, 0.9)
"""m; and by what share of a thing's reach a pedestal is broader than it, at most."""
GREY = np.array([0.5, 0.5, 0.5])


def raised(
    instance: TaskInstance, group: Sequence[Step], share: float, rng: np.random.Generator
) -> TaskInstance:
    """Return the task with what is lifted, or what it is put on, on a pedestal, each by `share`.

    What is fixed, or slides in something that is, stays where it is.
    """
    names = dict.fromkeys(step.item for step in group)
    names |= dict.fromkeys(step.onto for step in group if isinstance(step, Put))
    bodies = {body.name: body for body in instance.scene.objects}
    pedestals = []
    for name in names:
        body = bodies[name]
        if body.motion != 'free' or instance.items[name].base or rng.random() >= share:
            continue
        pedestal = _pedestal(body, instance.table_height, rng)
        pedestals.append(pedestal)
        top = 2 * (pedestal.position[2] - instance.table_height)
        bodies[name] = dataclasses.replace(body, position=body.position + np.array([0.0, 0.0, top]))
    objects = (*bodies.values(), *pedestals)
    return dataclasses.replace(instance, scene=dataclasses.replace(instance.scene, objects=objects))


def _pedestal(body: SceneObject, table_height: float, rng: np.random.Generator) -> SceneObject:
    """Return a block on the table, under a body."""
    height = rng.uniform(*HEIGHT)
    sides = 2 * body.reach * (1 + rng.uniform(*BROADER, 2))
    turn = geometry.rpy_to_matrix(0, 0, rng.uniform(-np.pi, np.pi))
    return SceneObject(
        name=f'{body.name}_pedestal',
        parts=(Part('box', np.array([*sides, height]), GREY),),
        position=np.array([*body.position[:2], table_height + height / 2]),
        orientation=geometry.matrix_to_quaternion(turn),
        motion='fixed',
    )

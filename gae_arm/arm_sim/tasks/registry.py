"""All tasks by name."""

from __future__ import annotations

from gae_arm.arm_sim.tasks.pick_up import PickUp
from gae_arm.arm_sim.tasks.place_into_container import PlaceIntoContainer
from gae_arm.arm_sim.tasks.press_button import PressButton
from gae_arm.arm_sim.tasks.task import Task
from gae_arm.core import checks

TASKS: dict[str, Task] = {
    task.name: task for task in (PickUp(), PressButton(), PlaceIntoContainer())
}
LENGTHS = ('short', 'mid', 'long')


def find_task(name: str) -> Task:
    """Return the task of a name; InvalidValueError lists those that there are."""
    return TASKS[checks.known('task', name, TASKS)]

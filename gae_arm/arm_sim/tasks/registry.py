"""All tasks by name."""

from __future__ import annotations

from gae_arm.arm_sim.tasks.drawers import DrawerPutAway, OpenDrawer
from gae_arm.arm_sim.tasks.pick_up import PickUp
from gae_arm.arm_sim.tasks.place_into_container import PlaceIntoContainer
from gae_arm.arm_sim.tasks.playground import Playground
from gae_arm.arm_sim.tasks.press_button import PressButton
from gae_arm.arm_sim.tasks.push_to_mark import PushToMark
from gae_arm.arm_sim.tasks.sort_by_colour import SortByColour
from gae_arm.arm_sim.tasks.stacking import StackThree, StackTwo
from gae_arm.arm_sim.tasks.task import Task
from gae_arm.core import checks

LENGTHS = ('short', 'mid', 'long')
TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        PickUp(),
        PushToMark(),
        PressButton(),
        PlaceIntoContainer(),
        StackTwo(),
        OpenDrawer(),
        SortByColour(),
        DrawerPutAway(),
        StackThree(),
    )
}


STAGES: dict[str, Task] = {**TASKS, Playground.name: Playground()}
"""What the node `arm_sim` lays out: all tasks, and a table to talk about."""


def find_task(name: str) -> Task:
    """Return the task of a name; InvalidValueError lists those that there are."""
    return TASKS[checks.known('task', name, TASKS)]

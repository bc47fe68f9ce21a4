"""Press a button."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_sim.objects.button import TRAVEL
from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.tasks.conditions import Condition, Joint
from gae_arm.arm_sim.tasks.draft import Draft
from gae_arm.arm_sim.tasks.phrases import Templates
from gae_arm.arm_sim.tasks.steps import Press
from gae_arm.arm_sim.tasks.task import HAND_XY, Plot, Task
from gae_arm.core.geometry import rpy_to_matrix, transform

PRESSED = 0.7
"""Share of the travel at which a button counts as pressed."""


def pressed(button: Item) -> Condition:
    """Return that a button is down."""
    return Joint(button.name, -2 * TRAVEL, -PRESSED * TRAVEL)


class PressButton(Task):
    """Press one button down."""

    name = 'press_button'
    length = 'short'
    time_limit_s = 20.0
    success = 'its plunger is down by 70% of its travel for 0.2 s; no other button was by 50%'
    hold_s = 0.2
    templates = Templates(
        training=('press {object}', 'push {object}', 'push {object} down'),
        held_out=('hit {object}', 'actuate {object}'),
        fresh=(
            'activate {object}',
            'lay a finger on {object} and press',
        ),
    )

    def compose(self, draft: Draft) -> Plot:
        """See `Task`."""
        item = draft.add('button', draft.first_spot())
        above = transform(rpy_to_matrix(np.pi, 0, 0), [0, 0, item.top])
        return Plot(
            words={'object': item.name},
            alike=(('button', item.name),),
            way=(HAND_XY, item.body.position[:2]),
            goal=(pressed(item),),
            steps=(Press(item.name, above, TRAVEL),),
        )

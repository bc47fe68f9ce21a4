"""Pick an object up and hold it."""

from __future__ import annotations

from gae_arm.arm_sim.tasks.conditions import Lifted
from gae_arm.arm_sim.tasks.draft import Draft
from gae_arm.arm_sim.tasks.phrases import Templates
from gae_arm.arm_sim.tasks.steps import Lift
from gae_arm.arm_sim.tasks.task import HAND_XY, Plot, Task

HEIGHT = 0.08


class PickUp(Task):
    """Lift one object off the table."""

    name = 'pick_up'
    length = 'short'
    time_limit_s = 20.0
    success = 'the object is 8 cm higher than it was, held by the robot alone'
    templates = Templates(
        training=('pick up {object}', 'lift {object}', 'take {object}', 'grasp {object}'),
        held_out=('raise {object} off the table', 'get hold of {object} and hold it up'),
        fresh=(
            'pluck {object} from the table',
            'let me see {object} up in the air',
        ),
    )

    def compose(self, draft: Draft) -> Plot:
        """See `Task`."""
        item = draft.add('picked', draft.first_spot())
        place = item.body.position
        return Plot(
            words={'object': item.name},
            alike=(('picked', item.name),),
            way=(HAND_XY, place[:2]),
            goal=(Lifted(item.name, float(place[2]) + HEIGHT),),
            steps=(Lift(item.name),),
        )

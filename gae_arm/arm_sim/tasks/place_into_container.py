"""Put an object into a container."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.tasks.conditions import Inside
from gae_arm.arm_sim.tasks.draft import Draft
from gae_arm.arm_sim.tasks.phrases import Templates
from gae_arm.arm_sim.tasks.steps import Lift, Put
from gae_arm.arm_sim.tasks.task import Plot, Task, let_go
from gae_arm.core.geometry import transform


def inside(item: Item, container: Item) -> Inside:
    """Return that an item lies in a container: its frame at most as high over the rim as it is."""
    assert container.cavity is not None
    return Inside(item.name, container.name, container.cavity, item.rest)


def put_inside(item: Item, container: Item) -> Put:
    """Return the step that puts an item onto the floor of a container, in its middle."""
    assert container.cavity is not None
    x, y = container.cavity.center
    return Put(
        item.name,
        container.name,
        transform(np.eye(3), [x, y, container.cavity.low + item.rest]),
    )


class PlaceIntoContainer(Task):
    """Put one object into a bowl, onto a tray or a plate."""

    name = 'place_into_container'
    length = 'mid'
    time_limit_s = 40.0
    success = 'the object lies still in the hollow of the container, released'
    templates = Templates(
        training=(
            'put {object} into {container}',
            'place {object} in {container}',
            'pick up {object} and drop it into {container}',
        ),
        held_out=(
            'move {object} over to {container} and let go',
            'load {container} with {object}',
        ),
        fresh=(
            'dump {object} into {container}',
            '{container} is where I want {object}',
        ),
    )

    def compose(self, draft: Draft) -> Plot:
        """See `Task`."""
        item = draft.add('stowed', draft.first_spot())
        container = draft.add('container')
        return Plot(
            words={'object': item.name, 'container': container.name},
            alike=(('stowed', item.name), ('stowed', item.name), ('container', container.name)),
            way=(item.body.position[:2], container.body.position[:2]),
            goal=(inside(item, container), *let_go(item.name)),
            steps=(Lift(item.name), put_inside(item, container)),
        )

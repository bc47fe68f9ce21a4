"""Sort three objects into containers of their colours."""

from __future__ import annotations

from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.tasks import looks
from gae_arm.arm_sim.tasks.draft import Draft
from gae_arm.arm_sim.tasks.phrases import Templates
from gae_arm.arm_sim.tasks.place_into_container import inside, put_inside
from gae_arm.arm_sim.tasks.steps import Lift, Step
from gae_arm.arm_sim.tasks.task import Plot, Task, let_go

COUNT = 3
CONTAINER_SCALE = 0.8
"""Three containers are smaller than one, or there would be no room for them."""


class SortByColour(Task):
    """Put three objects into the containers of the same colours."""

    name = 'sort_by_colour'
    length = 'long'
    time_limit_s = 90.0
    success = 'each of the three objects lies still in the container of its colour, released'
    templates = Templates(
        training=(
            'put the {colors} objects into the containers of the same colours',
            'sort the {colors} objects into the containers by colour',
        ),
        held_out=(
            'distribute the {colors} things so that each lies in the vessel of its own colour',
            'bring the {colors} things to the matching vessels',
        ),
        fresh=(
            'give each of the {colors} objects the container of its own colour',
            'group the {colors} things: every one into the same colour',
        ),
    )

    def compose(self, draft: Draft) -> Plot:
        """See `Task`."""
        colors: tuple[str, ...] = ()
        for _ in range(COUNT):
            colors = (*colors, looks.draw_color(draft.streams, colors))
        kind = draft.streams.draw('shape', 'container')
        containers = [
            draft.add('container', color=color, kind=kind, scale=CONTAINER_SCALE)
            for color in colors[1:]
        ]
        first = draft.add('stowed', draft.first_spot(), color=colors[0])
        containers.insert(
            0, draft.add('container', color=colors[0], kind=kind, scale=CONTAINER_SCALE)
        )
        items = [first, *(draft.add('stowed', color=color) for color in colors[1:])]
        pairs = list(zip(items, containers, strict=True))
        names = tuple(item.name for item in items)
        return Plot(
            words={'colors': f'{colors[0]}, {colors[1]} and {colors[2]}'},
            meant=(*names, *(container.name for container in containers)),
            alike=tuple(('stowed', name) for name in names),
            taken=colors,
            way=(first.body.position[:2], containers[0].body.position[:2]),
            goal=(*(inside(*pair) for pair in pairs), *let_go(*names)),
            steps=tuple(step for pair in pairs for step in _carry(*pair)),
        )


def _carry(item: Item, container: Item) -> tuple[Step, ...]:
    return Lift(item.name), put_inside(item, container)

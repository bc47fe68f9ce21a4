"""A table to talk about: a handful of things that the words tell apart, none in the way."""

from __future__ import annotations

from gae_arm.arm_sim.tasks.axes import TRAINING, Choices, Ranges, Spans
from gae_arm.arm_sim.tasks.draft import Draft
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.phrases import BOOKS, Templates
from gae_arm.arm_sim.tasks.place_into_container import inside, put_inside
from gae_arm.arm_sim.tasks.steps import Lift
from gae_arm.arm_sim.tasks.task import Plot, Task, let_go

CAST = (
    ('stowed', 'red', 'cube'),
    ('container', 'green', 'bowl'),
    ('stowed', 'blue', 'cube'),
    ('stowed', 'yellow', 'cylinder'),
    ('button', 'orange', 'button'),
)
"""Role, colour and kind of everything on the table; the instruction is about the first two."""


class Playground(Task):
    """Where a person tries what the arm understands; judged by `spoken_goal`."""

    name = 'playground'
    length = 'mid'
    time_limit_s = 40.0
    success = 'that of whatever is asked for'
    templates = Templates(*(('put {object} into {container}',) for _ in BOOKS))

    def sample(self, seed: int, ranges: Ranges = TRAINING) -> TaskInstance:
        """See `Task`; nothing else is on the table, which is where `arm_control` expects it."""
        ranges = ranges.override('distractors', count=Choices((0,)))
        ranges = ranges.override('obstacles', count=Choices((0,)))
        return super().sample(seed, ranges.override('table_height', height=Spans(((0.0, 0.0),))))

    def compose(self, draft: Draft) -> Plot:
        """See `Task`."""
        role, color, kind = CAST[0]
        item = draft.add(role, draft.first_spot(), color=color, kind=kind)
        container, *_ = [draft.add(role, color=color, kind=kind) for role, color, kind in CAST[1:]]
        return Plot(
            words={'object': item.name, 'container': container.name},
            alike=(),
            way=(item.body.position[:2], container.body.position[:2]),
            goal=(inside(item, container), *let_go(item.name)),
            steps=(Lift(item.name), put_inside(item, container)),
        )

    def _speak(self, draft: Draft, plot: Plot) -> tuple[str, dict[str, str]]:
        items = {name: draft.items[name] for name in plot.words.values()}
        words = {name: f'the {item.color} {item.kind}' for name, item in items.items()}
        return 'put {} into {}'.format(*words.values()), words

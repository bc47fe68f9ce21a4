"""Push an object along the table onto a printed mark."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.tasks.conditions import Near, NotLifted
from gae_arm.arm_sim.tasks.draft import Draft
from gae_arm.arm_sim.tasks.errors import DrawRejectedError
from gae_arm.arm_sim.tasks.layout import Spot, reachable, within_reach
from gae_arm.arm_sim.tasks.phrases import Templates
from gae_arm.arm_sim.tasks.steps import Push
from gae_arm.arm_sim.tasks.task import HAND_XY, Plot, Task, let_go

DISTANCE = (0.15, 0.24)
TOLERANCE, LIFTED = 0.03, 0.03
BEHIND, BESIDE = 0.10, 0.03
"""Metres that the fingers need behind the object, and on either side of the way."""


class PushToMark(Task):
    """Push one object onto a mark."""

    name = 'push_to_mark'
    length = 'short'
    time_limit_s = 25.0
    success = (
        "the object lies still, its middle at most 3 cm from the mark's, released, and was never "
        'lifted by 3 cm'
    )
    templates = Templates(
        training=('push {object} onto {mark}', 'slide {object} to {mark}'),
        held_out=(
            'shove {object} over to {mark}',
            'get {object} over to {mark} without lifting it',
        ),
        fresh=(
            'sweep {object} onto {mark}',
            'scrape {object} along until it covers {mark}',
        ),
    )

    def compose(self, draft: Draft) -> Plot:
        """See `Task`."""
        item = draft.add('pushed', draft.first_spot())
        start = item.body.position[:2]
        mark = draft.add('mark', within_reach(_away_from(item)))
        end = mark.body.position[:2]
        behind = start - BEHIND * (end - start) / np.linalg.norm(end - start)
        if not reachable(behind):
            raise DrawRejectedError(f'no hand gets behind {item.name!r}')
        draft.layout.keep_way_free(behind, end, item.reach + BESIDE)
        return Plot(
            words={'object': item.name, 'mark': mark.name},
            alike=(('pushed', item.name), ('pushed', item.name), ('mark', mark.name)),
            way=(HAND_XY, behind),
            goal=(Near(item.name, mark.name, TOLERANCE), *let_go(item.name)),
            steps=(Push(item.name, mark.name, min(item.height / 2, 0.03), item.reach),),
            rules=(('not pushed', NotLifted(item.name, float(item.body.position[2]) + LIFTED)),),
        )


def _away_from(item: Item) -> Spot:
    """Return places at the distance of a push."""

    def spot(rng: np.random.Generator) -> tuple[float, float, float]:
        distance, angle = rng.uniform(*DISTANCE), rng.uniform(-np.pi, np.pi)
        x, y = item.body.position[:2] + distance * np.array([np.cos(angle), np.sin(angle)])
        return float(x), float(y), rng.uniform(-np.pi, np.pi)

    return spot

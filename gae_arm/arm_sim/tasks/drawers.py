"""Drawers: one to open, and one to put something into and close."""

from __future__ import annotations

import numpy as np

from gae_arm.arm_sim.objects.cabinet import BOARD, DEPTH, HANDLE_OUT, TRAVEL, headroom
from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.tasks.conditions import Inside, Joint
from gae_arm.arm_sim.tasks.draft import Draft
from gae_arm.arm_sim.tasks.errors import DrawRejectedError
from gae_arm.arm_sim.tasks.layout import Spot, anywhere, reachable
from gae_arm.arm_sim.tasks.phrases import Templates
from gae_arm.arm_sim.tasks.steps import Lift, Put, Slide
from gae_arm.arm_sim.tasks.task import HAND_XY, Plot, Task, let_go
from gae_arm.core.geometry import transform

OPEN, SHUT = 0.10, 0.012
"""Metres: from here on a drawer is open; up to here it is shut."""
TURN = 0.9
"""Radians by which a cabinet may be turned from facing the arm."""
HANDLE_BACK = DEPTH / 2 + BOARD + HANDLE_OUT + TRAVEL / 2
"""Metres from a cabinet's middle to its handle when the drawer is half open."""
HANDLE_X, HANDLE_Y = (0.38, 0.50), (-0.18, 0.18)
HAND_RADIUS = 0.07
AIR = 0.02
"""Metres between an opened drawer and what is beside it."""
ROOM = 0.006
"""Metres of air over what is put into a drawer."""


class OpenDrawer(Task):
    """Pull a drawer open."""

    name = 'open_drawer'
    length = 'mid'
    time_limit_s = 30.0
    success = 'the drawer is open by 10 cm, still and released'
    templates = Templates(
        training=('open {drawer}', 'pull {drawer} open', 'pull out {drawer}'),
        held_out=('draw {drawer} out by its handle', 'get {drawer} to stand open'),
        fresh=(
            'yank {drawer} open',
            'let me look into {drawer}',
        ),
    )

    def compose(self, draft: Draft) -> Plot:
        """See `Task`."""
        drawer = draft.add('drawer', _behind_handle(draft.first_spot(TURN)))
        _keep_hand_free(draft, drawer)
        return Plot(
            words={'drawer': drawer.name},
            alike=(('stowed', drawer.name),),
            way=(HAND_XY, _handle_place(drawer, 0.0)),
            goal=(Joint(drawer.name, OPEN, TRAVEL * 1.1), *let_go(drawer.name)),
            steps=(Slide(drawer.name, drawer.body.axis, (OPEN + TRAVEL) / 2),),
        )


class DrawerPutAway(Task):
    """Put an object into an open drawer and close it."""

    name = 'drawer_put_away'
    length = 'long'
    time_limit_s = 60.0
    success = 'the object lies in the drawer, the drawer is shut to 12 mm, both released and still'
    templates = Templates(
        training=(
            'put {object} into {drawer} and close it',
            'place {object} in {drawer}, then close it',
        ),
        held_out=(
            'stow {object} in {drawer} and shut it afterwards',
            'hide {object} inside {drawer}, then push it shut',
        ),
        fresh=(
            'file {object} in {drawer} and leave that shut',
            'let {object} vanish: into {drawer} with it, then slide that closed',
        ),
    )

    def compose(self, draft: Draft) -> Plot:
        """See `Task`."""
        item = draft.add('stowed', draft.first_spot())
        spot = _behind_handle(anywhere(HANDLE_X, HANDLE_Y, TURN))
        start = draft.streams['object_pose'].uniform(0.92, 1.0) * TRAVEL
        drawer = draft.add('drawer', spot, start=start)
        _keep_hand_free(draft, drawer)
        put = _put_into(item, drawer, start)
        assert drawer.cavity is not None
        return Plot(
            words={'object': item.name, 'drawer': drawer.name},
            alike=(('stowed', item.name),),
            way=(item.body.position[:2], _handle_place(drawer, start)),
            goal=(
                Inside(item.name, drawer.name, drawer.cavity, item.rest),
                Joint(drawer.name, -0.005, SHUT),
                *let_go(item.name, drawer.name),
            ),
            steps=(Lift(item.name), put, Slide(drawer.name, drawer.body.axis, 0.0)),
        )


def _put_into(item: Item, drawer: Item, start: float) -> Put:
    """Return the step that puts an item into the middle of the part that is pulled out."""
    assert drawer.cavity is not None
    if item.height + ROOM > headroom(drawer):
        raise DrawRejectedError(f'{item.name!r} is too high for {drawer.name!r}')
    x = drawer.cavity.center[0] - drawer.cavity.half[0] + start / 2
    T = transform(np.eye(3), [x, 0.0, drawer.cavity.low + item.rest])
    return Put(item.name, drawer.name, T)


def _behind_handle(handle: Spot) -> Spot:
    """Return places of a cabinet whose handle, half open, is at a drawn place."""

    def spot(rng: np.random.Generator) -> tuple[float, float, float]:
        x, y, yaw = handle(rng)
        return x + HANDLE_BACK * np.cos(yaw), y + HANDLE_BACK * np.sin(yaw), yaw

    return spot


def _handle_place(drawer: Item, opened: float) -> np.ndarray:
    """Return where the handle is, (2,), metres, if the drawer is so far open."""
    grasp = drawer.grasps[0].T_object_ee[:3, 3] * [1, 0, 1] + opened * drawer.body.axis
    return (drawer.T_base_item @ np.append(grasp, 1.0))[:2]


def _keep_hand_free(draft: Draft, drawer: Item) -> None:
    """Keep the way of drawer and hand free, and raise DrawRejectedError if something is there."""
    start, end = _handle_place(drawer, 0.0), _handle_place(drawer, TRAVEL + 0.03)
    if not (reachable(start) and reachable(end)):
        raise DrawRejectedError(f'the handle of {drawer.name!r} goes where no hand gets')
    front = drawer.T_base_item[:2, :2] @ drawer.body.axis[:2] * drawer.extent / 2
    closed = drawer.body.position[:2] + front
    opened = closed + (end - start)
    for first, last, radius in (
        (start, end, HAND_RADIUS),
        (closed, opened, drawer.extent / 2 + AIR),
    ):
        draft.layout.keep_way_free(first, last, radius)
        for other in draft.layout.items:
            apart = np.linalg.norm(np.linspace(first, last, 5) - other.body.position[:2], axis=1)
            if other.name != drawer.name and apart.min() < other.reach + radius:
                raise DrawRejectedError(f'{other.name!r} is in the way of {drawer.name!r}')

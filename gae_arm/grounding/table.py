"""Random tables, crowded with things that are easily taken for one another."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass, field

import numpy as np

from gae_arm.arm_sim.objects.catalogue import make_item
from gae_arm.arm_sim.objects.item import Build, Item, Look
from gae_arm.arm_sim.ray_scene import part_rows, placed
from gae_arm.arm_sim.scene import COLORS, SceneObject
from gae_arm.arm_sim.tasks.draft import CLUTTER, CLUTTER_X, CLUTTER_Y
from gae_arm.arm_sim.tasks.errors import DrawRejectedError
from gae_arm.arm_sim.tasks.layout import Layout, anywhere
from gae_arm.arm_sim.tasks.sort_by_colour import CONTAINER_SCALE
from gae_arm.core.geometry import quaternion_to_matrix, transform
from gae_arm.grounding.stock import Stock, Stocked

GRASPABLE = (
    'cube',
    'box',
    'cylinder',
    'ball',
    'prism',
    'mug',
    'bottle',
    'hammer',
    'screwdriver',
)
FLAT = ('cube', 'box', 'cylinder', 'prism')
SMALL = ('cube', 'box', 'cylinder', 'ball', 'prism')
CONTAINERS = ('bowl', 'plate', 'tray')
BUTTONS, MARKS = ('button', 'square_button'), ('disc', 'cross')
DRAWERS = ('drawer', 'knob_drawer', 'upright_drawer')
STANDING_DRAWERS = DRAWERS[:2]
"""Of those, the ones that stand on the tables of this file."""
CROWD = (*GRASPABLE, *SMALL, *CONTAINERS, *BUTTONS, *MARKS)
DRAWER_TURN = 0.9
"""Radians by which a drawer may be turned away from the arm."""
LIKE_ANOTHER = 0.6
"""Share of objects that have the colour, and the kind, of one that is there already."""
GAPS = (0.008, 0.05)
JITTER = np.array([0.006, 0.006, 0.0])
MOST_BLOCKS = 6
"""On a table with what towers are built of."""
OPEN_FROM = 0.07
"""Metres; a drawer that is less open takes nothing."""
SORT_SHARE, TOWER_SHARE, DRAWER_SHARE = 0.2, 0.2, 0.3
"""Of tables with containers and things of their colours, with a few blocks, with a drawer."""


@dataclass(eq=False)
class Table:
    """What is on a table.

    items: those that words may mean, by name. rows: for the ray caster, by label: first the items
    in their order, then what only stands around. on: what an item stands on or in, by name.
    """

    height: float
    items: dict[str, Item] = field(default_factory=dict)
    rows: list[np.ndarray] = field(default_factory=list)
    on: dict[str, str] = field(default_factory=dict)

    def label(self, name: str) -> int:
        """Return the label of an item in the picture."""
        return list(self.items).index(name)

    def of_kind(self, *kinds: str) -> list[str]:
        """Return the names of all items of these kinds."""
        return [name for name, item in self.items.items() if item.kind in kinds]

    def add(self, item: Item, rows: tuple[np.ndarray, ...], on: str = '') -> None:
        """Add an item that stands where it is, with the rows of its bodies."""
        name, number = item.name, 2
        while name in self.items:
            name, number = f'{item.name}_{number}', number + 1
        if name != item.name:
            item = dataclasses.replace(item, body=dataclasses.replace(item.body, name=name))
        moved = [placed(r, _pose(b)) for r, b in zip(rows, item.bodies, strict=True)]
        self.items[name] = item
        self.rows.append(np.concatenate(moved))
        if on:
            self.on[name] = on


def _pose(body: SceneObject) -> np.ndarray:
    """Return where a body is: what slides, as far along its axis as it starts."""
    rotation = quaternion_to_matrix(body.orientation)
    along = body.start * body.axis if body.motion == 'slide' else np.zeros(3)
    return transform(rotation, body.position + rotation @ along)


def is_open(item: Item) -> bool:
    """Return whether a drawer is so far open that things can be put into it; other things are."""
    return item.kind not in DRAWERS or item.body.start > OPEN_FROM


def inside(container: Item) -> np.ndarray:
    """Return where things go in a container, (3,), metres, in the frame of its moving body.

    In a drawer: in the middle of what is pulled out.
    """
    cavity = container.cavity
    assert cavity is not None
    x, y = cavity.center
    if container.kind in DRAWERS:
        x += container.body.start / 2 - cavity.half[0]
    return np.array([x, y, cavity.low])


class TableMaker:
    """Makes tables from a stock of objects."""

    def __init__(self, stock: Stock, largest_crowd: int = 8) -> None:
        self._stock = stock
        self._largest = largest_crowd

    def make(self, height: float, rng: np.random.Generator) -> Table:
        """Return a table of a height, metres, with at least two things on it."""
        table, layout = Table(height), Layout(height, tall_gap=0.0)
        gap = rng.uniform(*GAPS)
        plot = rng.random()
        if plot < SORT_SHARE:
            self._sort(table, layout, gap, rng)
        elif plot < SORT_SHARE + TOWER_SHARE:
            self._towers(table, layout, gap, rng)
        wanted = [STANDING_DRAWERS[int(rng.integers(2))]] if rng.random() < DRAWER_SHARE else []
        # What is to be sorted is spoken of by its colours: few other things may have them.
        most = 3 if plot < SORT_SHARE else self._largest + 1 - len(table.items)
        wanted += [''] * int(rng.integers(0 if len(table.items) > 1 else 2, most))
        for kind in wanted:
            self._try(table, layout, self._draw(table, kind, rng), gap, rng)
        for _ in range(int(rng.integers(0, 3))):
            self._pile(table, rng)
        self._scenery(table, layout, rng)
        return table

    def _sort(self, table: Table, layout: Layout, gap: float, rng: np.random.Generator) -> None:
        """Add up to three small containers and things of their colours, some of them inside."""
        kind = CONTAINERS[int(rng.integers(len(CONTAINERS)))]
        for color in rng.permutation(list(COLORS))[: int(rng.integers(2, 4))]:
            there = len(table.items)
            bowl = self._stock.take(kind, str(color), rng, CONTAINER_SCALE)
            self._try(table, layout, bowl, gap, rng)
            thing = self._stock.take(SMALL[int(rng.integers(len(SMALL)))], str(color), rng)
            if len(table.items) > there and rng.random() < 0.5:
                self._set(table, thing, list(table.items)[-1], rng)
            else:
                self._try(table, layout, thing, gap, rng)

    def _towers(self, table: Table, layout: Layout, gap: float, rng: np.random.Generator) -> None:
        """Add a few blocks, none, two or three of them upon each other."""
        kinds = ('cube', 'box', 'prism')
        upright, usual = int(rng.integers(0, 3)), kinds[int(rng.integers(len(kinds)))]
        for number in range(int(rng.integers(3, MOST_BLOCKS + 1))):
            other = rng.random() >= LIKE_ANOTHER
            kind = kinds[int(rng.integers(len(kinds)))] if other else usual
            color = list(COLORS)[int(rng.integers(len(COLORS)))]
            block = self._stock.take(kind, color, rng)
            if number and number <= upright and table.items:
                self._set(table, block, list(table.items)[-1], rng)
            else:
                self._try(table, layout, block, gap, rng)

    def _try(
        self,
        table: Table,
        layout: Layout,
        stocked: Stocked,
        gap: float,
        rng: np.random.Generator,
    ) -> None:
        """Put an object somewhere if there is room."""
        with contextlib.suppress(DrawRejectedError):
            self._put(table, layout, stocked, gap, rng)

    def _draw(self, table: Table, kind: str, rng: np.random.Generator) -> Stocked:
        there = list(table.items.values())
        color = list(COLORS)[int(rng.integers(len(COLORS)))]
        if there and rng.random() < LIKE_ANOTHER:
            color = there[int(rng.integers(len(there)))].color
        if not kind:
            kind = CROWD[int(rng.integers(len(CROWD)))]
            other = there[int(rng.integers(len(there)))].kind if there else kind
            if other not in DRAWERS and rng.random() < LIKE_ANOTHER:
                kind = other
        return self._stock.take(kind, color, rng)

    def _put(
        self, table: Table, layout: Layout, stocked: Stocked, gap: float, rng: np.random.Generator
    ) -> None:
        item, turn = stocked.item, np.pi
        if item.kind in DRAWERS:
            turn = DRAWER_TURN
            if rng.random() < 0.6:
                start = float(rng.uniform(0.3, 1.0)) * item.body.travel[1]
                body = dataclasses.replace(item.body, start=start)
                item = dataclasses.replace(item, body=body)
        spot = anywhere(turn=turn)
        table.add(layout.put(item, spot, rng, gap), stocked.rows)

    def _pile(self, table: Table, rng: np.random.Generator) -> None:
        """Put something small onto or into something else, if there is anything for it."""
        free = [
            name
            for name in table.of_kind(*CONTAINERS, *FLAT, *DRAWERS)
            if name not in table.on.values() and is_open(table.items[name])
        ]
        if not free:
            return
        name = free[int(rng.integers(len(free)))]
        kinds = SMALL if table.items[name].cavity else FLAT
        kind = kinds[int(rng.integers(len(kinds)))]
        color = list(COLORS)[int(rng.integers(len(COLORS)))]
        self._set(table, self._stock.take(kind, color, rng), name, rng)

    def _set(self, table: Table, stocked: Stocked, onto: str, rng: np.random.Generator) -> None:
        """Put an object onto or into another one."""
        below = table.items[onto]
        place = inside(below) if below.cavity else np.array([0.0, 0.0, below.top])
        x, y, foot = _pose(below.body)[:3] @ [*place, 1.0] + rng.uniform(-1, 1, 3) * JITTER
        turn = rng.uniform(-np.pi, np.pi)
        table.add(stocked.item.at(float(x), float(y), turn, float(foot)), stocked.rows, on=onto)

    def _scenery(self, table: Table, layout: Layout, rng: np.random.Generator) -> None:
        """Add posts among the objects and clutter around them."""
        for _ in range(int(rng.integers(0, 3))):
            look = Look('white', COLORS['white'])
            post = make_item('post', 'post', look, Build(rng.uniform(0.8, 1.2)))
            try:
                there = layout.put(post, anywhere(), rng)
            except DrawRejectedError:
                continue
            table.rows.append(placed(part_rows(there.body), _pose(there.body)))
        for _ in range(int(rng.integers(0, 4))):
            kind = CLUTTER[int(rng.integers(len(CLUTTER)))]
            color = list(COLORS)[int(rng.integers(len(COLORS)))]
            y = rng.choice((-1.0, 1.0)) * rng.uniform(*CLUTTER_Y)
            item = make_item(kind, kind, Look(color, COLORS[color]), Build(rng.uniform(0.7, 1.1)))
            there = item.at(rng.uniform(*CLUTTER_X), y, rng.uniform(-np.pi, np.pi), table.height)
            table.rows.append(placed(part_rows(there.body), _pose(there.body)))

"""What the words for a thing may mean besides it: the same noun and colour."""

from __future__ import annotations

from collections.abc import Sequence

from gae_arm.arm_sim.objects.item import Item
from gae_arm.grounding.composed import split
from gae_arm.grounding.speech import BOOK


def alike(text: str, items: Sequence[Item], label: int) -> tuple[int, ...]:
    """Return the labels of all that a sentence may mean by its noun and colour for one of them.

    Size, place and order are left out: of 'the leftmost red cube' all red cubes. Empty if none of
    its nouns is in the sentence.
    """
    target, said = items[label], f' {" ".join(split(text))} '
    nouns = [n for n in BOOK.nouns[target.kind] if f' {n} ' in said]
    colored = [n for n in nouns if f' {target.color} {n} ' in said]
    if not nouns:
        return ()
    kinds = BOOK.kinds(max(colored or nouns, key=len))
    return tuple(
        i
        for i, item in enumerate(items)
        if item.kind in kinds and (not colored or item.color == target.color)
    )

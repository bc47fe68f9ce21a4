"""Sentences put together from parts, so that there are many more than are written down.

None is a sentence of the held-out phrase book: `HELD_OUT` are the shapes of those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from gae_arm.arm_sim.tasks.phrases import BOOKS
from gae_arm.arm_sim.tasks.registry import TASKS


@dataclass(frozen=True)
class Parts:
    """An order in parts, one of each is said.

    {v}: a verb; {a}: what the hand goes to first, {b}: what second.
    """

    verbs: tuple[str, ...]
    forms: tuple[str, ...]
    tails: tuple[str, ...] = ('',)

    def say(self, rng: np.random.Generator) -> str:
        """Return a phrase."""
        verb, form, tail = (
            part[int(rng.integers(len(part)))] for part in (self.verbs, self.forms, self.tails)
        )
        return form.replace('{v}', verb) + (f' {tail}' if tail else '')


_GRASPS = ('grasp', 'grab', 'take', 'seize', 'grip', 'clutch', 'catch', 'get', 'fetch', 'hold')
_PUTS = ('put', 'place', 'set', 'drop', 'lay', 'move', 'bring', 'carry', 'transfer', 'leave')
_SLIDES = ('push', 'slide', 'shove', 'nudge', 'drag', 'scoot')
PARTS = {
    'pick': Parts(
        (*_GRASPS, 'lift', 'raise', 'pick up', 'hoist', 'take up', 'elevate', 'heave'),
        (
            '{v} {a}',
            '{v} {a}',
            'reach for {a} and {v} it',
            'go to {a} and {v} it',
            'find {a} and {v} it',
            '{a} is what you should {v}',
            '{a} is to be {v}',
            '{v} this for me, {a}',
            '{a} has to be in your hand, {v} it',
            'close your fingers on {a} and {v} it',
        ),
        (
            *('', '', '', 'up', 'into the air', 'with the gripper', 'from the table', 'up high'),
            *('and lift it', 'and keep it up', 'and hold on to it', 'and raise it', 'in the hand'),
        ),
    ),
    'carry': Parts(
        (*_PUTS, 'stow', 'throw', 'toss', 'deposit', 'insert'),
        (
            '{v} {a} into {b}',
            '{v} {a} in {b}',
            '{v} {a} inside {b}',
            '{v} {a} within {b}',
            'into {b} {v} {a}',
            'grab {a}, go to {b} and let it fall in',
            'pick {a} up and {v} it into {b}',
            'take {a} and {v} it inside {b}',
            'get {a} and {v} it in {b}',
            '{a} belongs in {b}, {v} it there',
            '{a} should be in {b}',
            '{b} is where {a} goes',
            '{b} shall hold {a}',
            'have {a} end up in {b}',
            'hold {a} over {b} and release it',
            'lift {a} over to {b} and open the gripper',
            'fill {b} up with {a}',
            '{b} gets {a} inside',
        ),
        ('', '', '', 'from above', 'and leave it there', 'and release it', 'and go back'),
    ),
    'stack': Parts(
        (*_PUTS, 'stack', 'pile', 'stand', 'rest', 'park'),
        (
            '{v} {a} on {b}',
            '{v} {a} onto {b}',
            '{v} {a} on top of {b}',
            '{v} {a} above {b}',
            'on {b} {v} {a}',
            'on top of {b} {v} {a}',
            'pick {a} up and {v} it on {b}',
            'take {a} and {v} it on top of {b}',
            'lift {a} and {v} it onto {b}',
            '{a} belongs on {b}, {v} it there',
            '{a} should stand on {b}',
            '{b} should carry {a}',
            'have {a} rest on {b}',
            'with {a} in hand go over {b} and {v} it on top',
        ),
        ('', '', '', 'and release it', 'and leave it there', 'so that it stays', 'from above'),
    ),
    'push': Parts(
        _SLIDES,
        (
            '{v} {a} to {b}',
            '{v} {a} onto {b}',
            '{v} {a} across to {b}',
            '{v} {a} along the table to {b}',
            '{v} {a} over the table onto {b}',
            '{v} {a} until it is on {b}',
            '{v} {a} as far as {b}',
            'without picking it up {v} {a} to {b}',
            'without lifting it {v} {a} onto {b}',
            '{a} has to slide to {b}, {v} it',
            'move {a} to {b}, only {v} it',
            'make {a} slide onto {b}',
        ),
        ('', '', '', 'with closed fingers', 'along the table'),
    ),
    'press': Parts(
        ('press', 'push', 'click', 'tap', 'punch', 'touch', 'strike', 'poke', 'trigger', 'operate'),
        (
            '{v} {a}',
            '{v} {a}',
            '{v} on {a}',
            '{v} down {a}',
            '{v} {a} down',
            'give {a} a push',
            '{a} should go down, {v} it',
            'go to {a} and {v} it',
            'put a finger on {a} and {v} it',
        ),
        ('', '', '', 'once', 'and let it go', 'and release it', 'from above', 'with a finger'),
    ),
    'open': Parts(
        ('open', 'pull', 'draw', 'slide', 'tug'),
        (
            'open {a}',
            '{v} {a} open',
            '{v} open {a}',
            '{v} out {a}',
            '{v} {a} out',
            '{a} should be open, {v} it',
            '{a} must come out, {v} it',
            'take the handle of {a} and {v} it open',
            'grab {a} and {v} it open',
            'have {a} open',
            'get {a} open',
        ),
        ('', '', '', 'all the way', 'by the handle', 'towards you', 'as far as it goes'),
    ),
    'put away': Parts(
        (*_PUTS, 'stow', 'hide', 'store', 'tuck'),
        (
            '{v} {a} in {b} and close it',
            '{v} {a} into {b} and shut it',
            '{v} {a} inside {b}, then close {b}',
            '{v} {a} away in {b} and push it shut',
            '{v} {a} within {b} and then shut it',
            'take {a}, {v} it in {b} and close that',
            'get {a} into {b}, then push {b} shut',
            '{a} should be in {b} and {b} shut',
            'shut {b} with {a} in it',
            'close {b} after you {v} {a} in it',
            'pick up {a}, {v} it inside {b} and shut it after that',
        ),
    ),
    'close': Parts(
        ('close', 'shut', 'push', 'slide'),
        (
            'close {a}',
            'shut {a}',
            '{v} {a} closed',
            '{v} {a} shut',
            '{a} should be shut, {v} it',
            '{a} should be closed',
            'have {a} closed',
            'get {a} shut',
            'make {a} stand closed',
            'push {a} in',
            'push {a} back in',
        ),
        ('', '', '', 'all the way', 'again', 'by the handle', 'as far as it goes'),
    ),
}
"""More ways to say what is to be done, by what that is."""
OPENINGS = (
    *('', '', '', '', 'hey', 'ok', 'okay', 'well', 'then', 'hello', 'kindly', 'alright', 'first'),
    *('and', 'quick', 'listen', 'good', 'dear robot', 'hello robot', 'arm', 'yes', 'now then'),
)
REQUESTS = (
    *('{}', '{}', 'please {}', 'can you {}', 'will you {}', 'would you {}', 'you should {}'),
    *('you have to {}', 'you must {}', 'try to {}', 'help me, {}', 'i need you to {}', 'let us {}'),
    *('we want you to {}', 'i ask you to {}', 'be so kind and {}', 'it is time to {}', 'just {}'),
    *('do this, {}', 'your job is this, {}', 'i would be glad if you {}', 'could you please {}'),
)
CLOSINGS = (
    *('', '', '', '', 'please', 'now', 'for me', 'thanks', 'thank you', 'at once', 'if you can'),
    *('with care', 'slowly', 'when you are ready', 'this time', 'ok', 'right away', 'robot'),
)


def framing(rng: np.random.Generator) -> str:
    """Return a sentence around an order {}, put together from parts."""
    opening, request, closing = (
        part[int(rng.integers(len(part)))] for part in (OPENINGS, REQUESTS, CLOSINGS)
    )
    return ' '.join(filter(None, (opening, request, closing)))


def shape_of(phrase: str) -> str:
    """Return the words of a phrase, with - for what is filled in."""
    return ' '.join(split(re.sub(r'{\w*}', ' - ', phrase)))


def split(sentence: str) -> list[str]:
    """Return the words of a sentence: lower case, punctuation left out."""
    return ''.join(c if c.isalnum() or c == '-' else ' ' for c in sentence.lower()).split()


HELD_OUT = {
    shape_of(phrase)
    for phrase in (
        *BOOKS['held_out'].frames,
        *(template for task in TASKS.values() for template in task.templates.of('held_out')),
    )
}
"""Shapes of sentences that are not taught."""

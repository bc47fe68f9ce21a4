"""Write docs/tasks.md from the code: `.venv/bin/python docs/make_tasks_page.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gae_arm.arm_sim.tasks.axes import AXES, Region
from gae_arm.arm_sim.tasks.phrases import BOOKS
from gae_arm.arm_sim.tasks.registry import TASKS

FILE = Path(__file__).parent / 'tasks.md'
INTRODUCTION = """# Tasks

Written by `docs/make_tasks_page.py` from the code; a test holds them together.

![A scene of each task, with its instruction](images/tasks.jpg)

A task draws a scene for every seed: the same one, bit for bit, in every process.

```python
from gae_arm.arm_sim.tasks.axes import TRAINING
from gae_arm.arm_sim.tasks.checker import SuccessChecker
from gae_arm.arm_sim.tasks.registry import find_task
from gae_arm.arm_sim.tasks.truth import observe_truth
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file

ranges = TRAINING.held_out_in('colour', 'light')  # no names: in all axes
instance = find_task('stack_two').sample(seed=7, ranges=ranges)
print(instance.instruction)
simulation = instance.simulate(load_arm(arm_file('panda')))
checker = SuccessChecker(instance)
simulation.step(10)  # ... and command it
print(checker.update(observe_truth(simulation)))
```

The node `arm_sim` starts in a task with its parameter `task`; `arm_sim/reset` draws another seed
of it.

Success is judged by poses, contacts and joint positions of the simulation, held for a time; a
broken rule or the time limit ends a run. Rules of all tasks: nothing that is meant falls off the
table, and nothing else is lifted by 4 cm or pressed half-way (*wrong object*)."""
AXES_OF_RANDOMISATION = """## Axes of randomisation

Each axis has its own stream of random numbers, so that another range on one changes nothing on the
others. Where a scene has no room, the next draw is taken: at most 200 of them, counted in
`rejects`."""
WORDS = """## Words

What means an object, brackets being optional:

    the [SIZE] [COLOUR] NOUN
    the leftmost [COLOUR] NOUN, the [COLOUR] NOUN farthest to the left
    the COLOUR NOUN RELATION the COLOUR NOUN

Left, right, front and behind are meant as in the camera's image; *in front* is lower in it, nearer
to the camera. Words mean exactly one object: what is called large is at least 1.2 times as large as
all else that the noun may mean, and what is said to be left is further left than anything else
that the words might mean. A draw without such words is rejected."""


def page() -> str:
    """Return the text of the page."""
    tasks = (
        (f'`{name}`', task.length, task.success, f'{task.hold_s:g}', f'{task.time_limit_s:g}')
        for name, task in TASKS.items()
    )
    axes = (
        (f'`{name}`', axis.meaning, _region(axis.training), _region(axis.held_out))
        for name, axis in AXES.items()
    )
    parts = [
        INTRODUCTION,
        _table(['task', 'length', 'success', 'held for, s', 'time limit, s'], tasks),
        AXES_OF_RANDOMISATION,
        _table(['axis', 'meaning', 'training', 'held out'], axes),
        WORDS,
        _table(['', 'training', 'held out'], _words()),
        '### Templates',
        _table(['task', 'training', 'held out'], _templates()),
    ]
    return '\n\n'.join(parts) + '\n'


def _region(region: Region) -> str:
    return '<br>'.join(f'{key}: {values}' for key, values in region.items())


def _words() -> Iterable[Sequence[str]]:
    training, held_out = BOOKS['training'], BOOKS['held_out']
    for kind in training.nouns:
        yield f'noun, {kind}', ', '.join(training.nouns[kind]), ', '.join(held_out.nouns[kind])
    for part in ('sizes', 'relations', 'superlatives'):
        for key, words in getattr(training, part).items():
            others = getattr(held_out, part)[key]
            yield f'{part[:-1]}, {key}', _listed(words), _listed(others)
    for part in ('frames', 'exclusions'):
        words, others = (dict.fromkeys(getattr(book, part)) for book in (training, held_out))
        yield part[:-1], _listed(words), _listed(others)


def _templates() -> Iterable[Sequence[str]]:
    for name, task in TASKS.items():
        yield f'`{name}`', _listed(task.templates.training), _listed(task.templates.held_out)


def _listed(phrases: Iterable[str]) -> str:
    return '<br>'.join(f'`{phrase}`' for phrase in phrases)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ['---'] * len(head), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


if __name__ == '__main__':
    FILE.write_text(page())
    print(FILE)

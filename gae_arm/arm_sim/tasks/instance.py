"""One task in one scene: what is there, what is asked for, and how to tell that it is done."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from gae_arm.arm_sim.camera import add_camera
from gae_arm.arm_sim.model import Modifier
from gae_arm.arm_sim.objects.item import Item
from gae_arm.arm_sim.scene import Scene
from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.arm_sim.tasks.conditions import Condition
from gae_arm.arm_sim.tasks.steps import Step
from gae_arm.arm_sim.tasks.view import View
from gae_arm.core import checks
from gae_arm.core.arm import ArmConfig


@dataclass(frozen=True, eq=False)
class TaskInstance(checks.Contract):
    """What a task asks for in the scene of one seed. All but `instruction` is privileged truth.

    task, length, time_limit_s: of the task. seed: what it was drawn from, after `rejects` draws
        that could not be used.
    scene, view: what there is, and the camera that sees it.
    instruction: in words; each object in it is meant by exactly one description. words: these
        descriptions, by name.
    items: objects in the workspace by name, those of the task and distractors. targets: names of
        the objects that the words mean, in their order. distractors: names of the others.
        obstacles: names of posts in the way.
    goal: success is all of them at once for `hold_s` seconds. rules: what must hold all the time;
        each with the failure that it is to break it: 'wrong object', 'dropped' or 'not pushed'.
    steps: what to do, for a demonstrator.
    """

    task: str
    length: str
    time_limit_s: float
    seed: int
    rejects: int
    scene: Scene
    view: View
    instruction: str
    items: Mapping[str, Item]
    targets: tuple[str, ...]
    distractors: tuple[str, ...]
    obstacles: tuple[str, ...]
    goal: tuple[Condition, ...]
    rules: tuple[tuple[str, Condition], ...]
    hold_s: float
    steps: tuple[Step, ...]
    words: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Validate; all names are those of items."""
        checks.text('instruction', self.instruction, allow_empty=False)
        object.__setattr__(self, 'items', dict(self.items))
        object.__setattr__(self, 'words', dict(self.words))
        for name in (*self.targets, *self.distractors):
            checks.known('item', name, self.items)

    @property
    def table_height(self) -> float:
        """Return the height of the table's surface in the arm's base frame, metres."""
        return self.scene.surroundings.table_height

    def modifiers(self, width: int = 320, height: int = 240) -> tuple[Modifier, ...]:
        """Return what adds its camera to a model: see `build_model`."""
        return (partial(add_camera, settings=self.view.camera(width, height)),)

    def simulate(self, arm: ArmConfig, width: int = 320, height: int = 240) -> ArmSimulation:
        """Return a simulation of it with this arm at home; images have width x height pixels."""
        return ArmSimulation(arm, self.scene, modifiers=self.modifiers(width, height))

    def fingerprint(self) -> str:
        """Return a hash of everything in it: equal for the same seed in every process."""
        digest = hashlib.sha256()
        _feed(digest, self)
        return digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    """Hash a value by its parts, bit for bit."""
    if isinstance(value, np.ndarray):
        digest.update(f'{value.dtype}{value.shape}'.encode() + value.tobytes())
    elif dataclasses.is_dataclass(value):
        digest.update(type(value).__name__.encode())
        for field in dataclasses.fields(value):
            _feed(digest, getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key in sorted(value):
            _feed(digest, (key, value[key]))
    elif isinstance(value, tuple):
        digest.update(f'({len(value)}'.encode())
        for part in value:
            _feed(digest, part)
    else:
        digest.update(f'{value!r};'.encode())

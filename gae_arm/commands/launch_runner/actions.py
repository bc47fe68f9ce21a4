"""What a launch file says, typed: one frozen dataclass for each action."""

from __future__ import annotations

from dataclasses import dataclass

from gae_arm.commands.launch_runner.source import Where
from gae_arm.commands.launch_runner.template import Template

Scalar = bool | int | float | str
Pairs = tuple[tuple[Template, Template], ...]


@dataclass(frozen=True)
class Condition:
    """`if` (wanted True) or `unless` (wanted False)."""

    expression: Template
    wanted: bool


@dataclass(frozen=True)
class Action:
    """Base of all actions."""

    where: Where
    condition: Condition | None


@dataclass(frozen=True)
class Argument(Action):
    """`arg`: declares a launch argument; default None means that it must be given."""

    name: str
    default: Template | None
    description: str | None
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Let(Action):
    """`let`: sets a variable."""

    name: Template
    value: Template


@dataclass(frozen=True)
class SetEnvironment(Action):
    """`set_env`: sets an environment variable."""

    name: Template
    value: Template


@dataclass(frozen=True)
class UnsetEnvironment(Action):
    """`unset_env`: removes an environment variable, if it is set."""

    name: Template


@dataclass(frozen=True)
class Log(Action):
    """`log`: says something."""

    message: Template


@dataclass(frozen=True)
class PushNamespace(Action):
    """`push_ros_namespace`: prefixes the namespaces of the nodes that follow in this scope."""

    namespace: Template


@dataclass(frozen=True)
class SetRemap(Action):
    """`set_remap`: remaps a name of all nodes that follow in this scope."""

    source: Template
    target: Template


@dataclass(frozen=True)
class Group(Action):
    """`group`: actions in a scope of their own; without forwarding the scope starts with `keep`."""

    scoped: bool
    forwarding: bool
    keep: Pairs
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Include(Action):
    """`include`: another launch file, with arguments."""

    file: Template
    arguments: Pairs


@dataclass(frozen=True)
class Options:
    """How a process runs. Times in seconds; None: not said.

    required: `on_exit: shutdown`, everything ends when this process does.
    """

    cwd: Template | None
    prefix: Template | None
    output: Template | None
    environment: Pairs
    respawn: Template | None
    respawn_delay: float | None
    respawn_max_retries: int | None
    sigterm_timeout: float | None
    sigkill_timeout: float | None
    emulate_tty: bool | None
    required: bool


@dataclass(frozen=True)
class Executable(Action):
    """`executable`: any program."""

    command: tuple[Template, ...]
    label: Template | None
    shell: bool
    options: Options


@dataclass(frozen=True)
class Parameter:
    """One parameter; the names of nested ones are joined by dots.

    value: a literal, a template that is typed when it is known, or a list of both.
    kind: what it must become, one of `values.KINDS`; None: whatever YAML makes of it.
    """

    where: Where
    names: tuple[Template, ...]
    value: Scalar | Template | tuple[Scalar | Template, ...]
    kind: str | None


@dataclass(frozen=True)
class ParameterFile:
    """`param: [{from: FILE}]`; substitute: expand `$(...)` inside the file."""

    where: Where
    path: Template
    substitute: bool


@dataclass(frozen=True)
class Node(Action):
    """`node`: a ROS node; package None means that `executable` is a path."""

    package: Template | None
    executable: Template
    label: Template | None
    name: Template | None
    namespace: Template | None
    parameters: tuple[ParameterFile | tuple[Parameter, ...], ...]
    remaps: Pairs
    arguments: tuple[Template, ...]
    ros_arguments: tuple[Template, ...]
    options: Options


@dataclass(frozen=True)
class Document:
    """A launch file that was read: its root's line and its actions."""

    where: Where
    deprecated: str | None
    actions: tuple[Action, ...]

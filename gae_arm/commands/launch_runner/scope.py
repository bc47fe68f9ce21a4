"""What the actions of a launch file read and write while they run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path


@dataclass
class Place:
    """The file whose actions run.

    included: the file that was included last from it, with all that this one included.
    """

    file: Path
    included: Path | None = None


@dataclass(frozen=True)
class Scope:
    """Variables and environment, changed in place, and the place in the files.

    As in ROS, `include` opens no scope: what the included file sets stays set, unless the include
    stands in a `group`. The pushed namespace is the variable `ros_namespace`. remaps: of names, for
    all nodes that follow.
    """

    variables: dict[str, str]
    environment: dict[str, str]
    place: Place
    remaps: list[tuple[str, str]] = field(default_factory=list)

    def inner(self) -> Scope:
        """Return a copy for a group; changes in it do not come out."""
        return replace(
            self,
            variables=dict(self.variables),
            environment=dict(self.environment),
            remaps=list(self.remaps),
        )

    def included(self, file: Path) -> Scope:
        """Return the scope for an included file: same variables, same environment."""
        return replace(self, place=Place(file))

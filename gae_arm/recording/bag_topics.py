"""Which topic of a bag is which of the stack's: by name, by remapping, or under a namespace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gae_arm.core.errors import ConfigError, InvalidValueError


def parse_remaps(words: Sequence[str]) -> dict[str, str]:
    """Return recorded name to new name of each FROM:=TO, both absolute."""
    out = {}
    for word in words:
        old, sign, new = word.partition(':=')
        if not (old and sign and new):
            raise InvalidValueError(f'{word!r} is no remapping; write FROM:=TO')
        out[absolute(old)] = absolute(new)
    return out


def absolute(name: str) -> str:
    """Return the name with its slash in front."""
    return name if name.startswith('/') else f'/{name}'


def find_topics(
    there: Iterable[str], wanted: Iterable[str], remaps: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return recorded name by wanted name, for those that are there.

    there: names in the bag. wanted: names of the stack, relative or absolute. remaps: recorded name
    to name of the stack. A relative name is also found under one namespace: `/left/joint_states`
    is `joint_states`. Raises ConfigError where several are: then a remapping must say which.
    """
    renamed = {(remaps or {}).get(name, name): name for name in there}
    found = {}
    for name in wanted:
        if absolute(name) in renamed:
            found[name] = renamed[absolute(name)]
            continue
        under = [old for new, old in renamed.items() if new.endswith(absolute(name))]
        if len(under) > 1 and not name.startswith('/'):
            raise ConfigError(
                f'the bag has {sorted(under)}: say which is {name!r} with --remap FROM:={name}'
            )
        if under and not name.startswith('/'):
            found[name] = under[0]
    return found

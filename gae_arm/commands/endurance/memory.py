"""How much memory the nodes of a launch take, as the kernel counts it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

PROC = Path('/proc')
NAME = re.compile(r'__node:=(\w+)')
MEGABYTE = 1e6


class MemoryWatch:
    """Looks at the nodes below a process now and then.

    seen: by node, (s, MB) of each look. Counted is what a process has for itself (RssAnon): images
    in shared memory and code in files are not among it.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._nodes: dict[str, int] = {}
        self.seen: dict[str, list[tuple[float, float]]] = {}

    def look(self, now: float) -> None:
        """Look at all nodes that there are; now: s."""
        if not self._nodes:
            self._nodes = nodes_below(self._root)
        for name, pid in self._nodes.items():
            megabytes = private_megabytes(pid)
            if megabytes is not None:
                self.seen.setdefault(name, []).append((now, megabytes))

    def growth(self, since: float) -> dict[str, list[float]]:
        """Return, by node, MB of each look from `since` on, s, above the first of them."""
        later = {name: [mb for at, mb in looks if at >= since] for name, looks in self.seen.items()}
        return {name: [mb - looks[0] for mb in looks] for name, looks in later.items() if looks}


def nodes_below(root: int) -> dict[str, int]:
    """Return the process of each node that a process has started, by its name."""
    found = {}
    for pid in _below(root):
        name = NAME.search(_read(pid, 'cmdline'))
        if name:
            found[name[1]] = pid
    return found


def private_megabytes(pid: int) -> float | None:
    """Return the memory that a process has for itself, MB; None if there is no such process."""
    found = re.search(r'RssAnon:\s+(\d+) kB', _read(pid, 'status'))
    return int(found[1]) * 1024 / MEGABYTE if found else None


def _below(root: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for folder in PROC.glob('[0-9]*'):
        parent = re.search(r'PPid:\s+(\d+)', _read(int(folder.name), 'status'))
        if parent:
            children.setdefault(int(parent[1]), []).append(int(folder.name))
    waiting = [root]
    while waiting:
        born = children.get(waiting.pop(), [])
        yield from born
        waiting += born


def _read(pid: int, name: str) -> str:
    """Return a file of a process, '' if it has ended."""
    try:
        return (PROC / str(pid) / name).read_text(errors='replace')
    except OSError:
        return ''

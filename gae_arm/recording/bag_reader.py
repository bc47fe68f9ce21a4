"""Bags of `gae record` and `ros2 bag record`, MCAP or sqlite3; also cut off or without metadata.

What can be read is read. Where a file ends too early, `Bag.problems` says so after the reading.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.recording import bag_metadata, mcap_file, sqlite_file
from gae_arm.recording.bag_message import BagMessage, CutOffError
from gae_arm.recording.bag_metadata import BagTopic, Counts

READERS = {'.mcap': mcap_file, '.db3': sqlite_file}


@dataclass
class Bag:
    """One recording: a folder, or a file of one.

    topics: by name. files: in order. parameters: of the nodes that ran, by node, where `gae record`
    wrote the bag. problems: sentences; more may come while messages are read.
    """

    path: Path
    files: tuple[Path, ...]
    topics: dict[str, BagTopic] = field(default_factory=dict)
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def messages(self) -> Iterator[BagMessage]:
        """Iterate over all messages in the order in which they were written: as they were heard."""
        for path in self.files:
            try:
                yield from READERS[path.suffix].messages(path)
            except CutOffError as error:
                self._note(f'{path} is cut off: {error}; what came before is used')

    def count(self) -> Counts:
        """Read all of it, and return what there is."""
        counts = Counts()
        for message in self.messages():
            counts.add(message.topic, message.log_ns)
        return counts

    def _note(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def open_bag(path: Path) -> Bag:
    """Open a bag; ConfigError for what is none, is empty, or is compressed file by file."""
    bag = Bag(path, _files(path))
    for file in bag.files:
        try:
            topics, parameters = READERS[file.suffix].contents(file)
        except (CutOffError, InvalidValueError, sqlite3.Error) as error:
            bag.problems.append(f'{file} cannot be read: {error}')
            continue
        bag.topics |= topics
        bag.parameters |= parameters
    if not bag.topics:
        why = f': {"; ".join(bag.problems)}' if bag.problems else ''
        raise ConfigError(f'{path} holds no messages{why}')
    return bag


def _files(path: Path) -> tuple[Path, ...]:
    """Return the storage files: as metadata.yaml names them, or what lies in the folder."""
    if path.is_file():
        return (_known(path),)
    if not path.is_dir():
        raise ConfigError(f'there is no bag {path}')
    found = sorted((p for p in path.iterdir() if p.suffix in READERS), key=_number)
    named = _named(path)
    missing = [name for name in named if not (path / name).is_file()]
    if missing:
        compressed = [name for name in missing if name.endswith('.zstd')]
        hint = '; compressed files: unpack them with `zstd -d`' if compressed else ''
        raise ConfigError(f'{path} lacks {missing}, which its {bag_metadata.FILE} names{hint}')
    files = tuple(_known(path / name) for name in named) or tuple(found)
    if not files:
        there = sorted(p.name for p in path.iterdir())
        raise ConfigError(f'{path} is no bag: no .mcap and no .db3 in it; there are: {there}')
    return files


def _named(folder: Path) -> list[str]:
    path = folder / bag_metadata.FILE
    if not path.is_file():
        return []  # Its writer was killed: that is no reason not to read.
    try:
        said = yaml.safe_load(path.read_text())[bag_metadata.KEY]
        names = [Path(name).name for name in said['relative_file_paths']]
        mode = said.get('compression_mode') or ''
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigError(f'{path} is no metadata of a bag: {error!r}') from error
    if mode.lower() == 'message':
        raise ConfigError(
            f'{folder} was recorded with --compression-mode message, which is not read; '
            '`ros2 bag convert` writes it again without'
        )
    return names


def _known(path: Path) -> Path:
    if path.suffix not in READERS:
        hint = ' (unpack it with `zstd -d`)' if path.suffix == '.zstd' else ''
        raise ConfigError(f'{path} is no bag that is read here: {sorted(READERS)}{hint}')
    return path


def _number(path: Path) -> tuple[int, str]:
    """Order split files by the number at the end of their names."""
    digits = path.stem.rpartition('_')[2]
    return (int(digits) if digits.isdecimal() else 0, path.name)

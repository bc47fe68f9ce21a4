"""A data set: one folder with `meta.json`, `failures.jsonl` and the episodes' files.

    DATASET/meta.json
    DATASET/failures.jsonl
    DATASET/episodes/00000/00000012-5f0c1e6b9a3d7788.safetensors

A thousand episodes to a folder. Episodes are written atomically and never changed; the meta file
says how they were made, and what it counts can be counted again from the rest.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gae_arm.core import checks
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.demonstrations.atomic import write_atomically
from gae_arm.demonstrations.episode import Episode
from gae_arm.demonstrations.episode_file import (
    SUFFIX,
    CorruptEpisodeError,
    StoredEpisode,
    number_of,
    verify,
    write_episode,
)
from gae_arm.demonstrations.images import ImageCoding

FORMAT = 'gae demonstrations'
VERSION = 1
META = 'meta.json'
FAILURES = 'failures.jsonl'
PER_FOLDER = 1000
MAX_NUMBER = 99_999_999


@dataclass(frozen=True)
class Failure:
    """An attempt that became no episode; `cause` is a short name that can be counted."""

    cause: str
    message: str = ''

    def __post_init__(self) -> None:
        """Validate."""
        checks.text('cause', self.cause, allow_empty=False)
        checks.text('message', self.message)


@dataclass
class Dataset:
    """A data set on disk.

    folder: where it is. recipe: what made it, plain JSON; a data set has one recipe.
    paths: file of each episode by number, ascending. problems: files that are no episodes, in
    sentences (checksums are looked at by `verified` and `check`).
    """

    folder: Path
    recipe: Mapping[str, Any]
    paths: dict[int, Path] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @staticmethod
    def open(folder: Path) -> Dataset:
        """Open a data set; ConfigError if there is none or one of another version."""
        dataset = Dataset(folder, _read_meta(folder)['recipe'])
        for path in sorted((folder / 'episodes').glob(f'*/*{SUFFIX}')):
            dataset._take(path)
        return dataset

    @staticmethod
    def create(folder: Path, recipe: Mapping[str, Any]) -> Dataset:
        """Open a data set to add to it, or begin one.

        Raises ConfigError where the folder holds one of another recipe, naming the differences, or
        anything else.
        """
        if (folder / META).exists():
            dataset = Dataset.open(folder)
            _same_recipe(folder, dataset.recipe, recipe)
            return dataset
        if folder.is_file() or (folder.exists() and any(folder.iterdir())):
            raise ConfigError(f'{folder} is no data set and not empty')
        dataset = Dataset(folder, json.loads(json.dumps(recipe)))
        dataset.write_meta()
        return dataset

    def __len__(self) -> int:
        """Return the number of episodes."""
        return len(self.paths)

    def stored(self, number: int) -> StoredEpisode:
        """Return an episode by its number, by memory map; ConfigError names those there are."""
        if number not in self.paths:
            there = list(self.paths)
            shown = f'{there[:3] + there[-1:]}, {len(there)} in all' if len(there) > 8 else there
            raise ConfigError(f'{self.folder} has no episode {number}; there are: {shown}')
        return StoredEpisode(self.paths[number])

    def verified(self) -> Iterator[StoredEpisode]:
        """Iterate over the whole episodes, reading each once; corrupt ones become problems."""
        for number, path in list(self.paths.items()):
            try:
                verify(path)
                yield StoredEpisode(path)
            except CorruptEpisodeError as error:
                self.problems.append(str(error))
                del self.paths[number]

    def add(self, number: int, episode: Episode, coding: ImageCoding | None = None) -> Path:
        """Write an episode under a number; DiskFullError or ConfigError if impossible."""
        folder = self.episode_folder(number)
        path = write_episode(folder, number, episode, coding or ImageCoding())
        self._take(path)
        return path

    def episode_folder(self, number: int) -> Path:
        """Return the folder that an episode belongs into."""
        checks.integer('episode number', number, 0, MAX_NUMBER)
        return self.folder / 'episodes' / f'{number // PER_FOLDER:05d}'

    def failures(self) -> dict[int, Failure]:
        """Return the attempts that failed by number; a half-written last line is left out."""
        try:
            lines = (self.folder / FAILURES).read_text().splitlines()
        except FileNotFoundError:
            return {}
        found = {}
        for line in lines:
            try:
                entry = json.loads(line)
                found[int(entry['number'])] = Failure(entry['cause'], entry['message'])
            except (InvalidValueError, KeyError, TypeError, ValueError):
                continue
        return found

    def write_meta(self) -> None:
        """Write `meta.json`: format, version, recipe, and what the data set holds by now."""
        causes = Counter(failure.cause for failure in self.failures().values())
        meta = {
            'format': FORMAT,
            'version': VERSION,
            'recipe': self.recipe,
            'episodes': len(self.paths),
            'bytes': sum(path.stat().st_size for path in self.paths.values()),
            'failures': dict(sorted(causes.items())),
        }
        text = json.dumps(meta, indent=2) + '\n'
        write_atomically(self.folder / META, text.encode())

    def _take(self, path: Path) -> None:
        try:
            number = number_of(path)
        except CorruptEpisodeError as error:
            self.problems.append(str(error))
            return
        if number in self.paths and path != self.paths[number]:
            self.problems.append(f'{path.name}: episode {number} is there twice')
            return
        self.paths[number] = path


def _read_meta(folder: Path) -> dict[str, Any]:
    path = folder / META
    try:
        meta = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise ConfigError(f'{folder} is no data set: it has no {META}') from error
    except (OSError, ValueError) as error:
        raise ConfigError(f'{path} cannot be read: {error}') from error
    said = (meta.get('format'), meta.get('version')) if isinstance(meta, dict) else None
    if said != (FORMAT, VERSION) or not isinstance(meta.get('recipe'), dict):
        raise ConfigError(
            f'{path} says format and version {said}, this program reads {(FORMAT, VERSION)}'
        )
    return meta


def _same_recipe(folder: Path, there: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    asked = json.loads(json.dumps(asked))
    keys = sorted(set(there) | set(asked))
    other = [k for k in keys if there.get(k) != asked.get(k)]
    if other:
        told = '; '.join(f'{k} is {there.get(k)!r} there, {asked.get(k)!r} now' for k in other)
        raise ConfigError(f'{folder} holds a data set of another recipe: {told}')

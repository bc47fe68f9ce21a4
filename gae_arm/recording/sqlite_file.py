"""sqlite3 files as `ros2 bag record -s sqlite3` writes them (.db3), opened for reading only."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gae_arm.recording.bag_message import BagMessage, CutOffError
from gae_arm.recording.bag_metadata import BagTopic
from gae_arm.recording.offered_qos import profiles_from_yaml

Contents = tuple[dict[str, BagTopic], dict[str, dict[str, Any]]]


def contents(path: Path) -> Contents:
    """Return topics by name; such a file has no parameters. Raises CutOffError."""
    with _opened(path) as database:
        columns = [row[1] for row in _rows(path, database, 'PRAGMA table_info(topics)')]
        wanted = [c for c in ('offered_qos_profiles', 'type_description_hash') if c in columns]
        query = f'SELECT name, type, {", ".join([*wanted, "serialization_format"])} FROM topics'
        topics = {}
        for name, type_name, *words, encoding in _rows(path, database, query):
            said = dict(zip(wanted, words, strict=True))
            if encoding == 'cdr':
                qos = profiles_from_yaml(said.get('offered_qos_profiles') or '')
                type_hash = said.get('type_description_hash') or ''
                topics[name] = BagTopic(name, type_name, qos, type_hash)
    return topics, {}


def messages(path: Path) -> Iterator[BagMessage]:
    """Iterate over the messages in the order of their times; CutOffError where the file breaks."""
    query = (
        'SELECT topics.name, messages.timestamp, messages.data FROM messages '
        'JOIN topics ON messages.topic_id = topics.id ORDER BY messages.timestamp, messages.id'
    )
    with _opened(path) as database:
        for name, log_ns, data in _rows(path, database, query):
            yield BagMessage(name, log_ns, data)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    # `immutable`: no lock and no journal is made beside a bag on a read-only disk.
    journal = path.with_name(f'{path.name}-wal').exists()
    uri = f'{path.resolve().as_uri()}?mode=ro{"" if journal else "&immutable=1"}'
    try:
        database = sqlite3.connect(uri, uri=True)
    except sqlite3.Error as error:
        raise CutOffError(str(error)) from error
    with contextlib.closing(database):
        yield database


def _rows(path: Path, database: sqlite3.Connection, query: str) -> Iterator[Any]:
    try:
        yield from database.execute(query)
    except sqlite3.Error as error:
        hint = f'`sqlite3 {path} .recover` saves what is in it'
        raise CutOffError(f'{error} ({path.stat().st_size:,} bytes); {hint}') from error

"""MCAP files of the ROS 2 profile, read from the front: whole ones, and those cut off anywhere."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.records import Channel, McapRecord, Message, Metadata, Schema
from mcap.stream_reader import StreamReader

from gae_arm.recording.bag_message import BagMessage, CutOffError
from gae_arm.recording.bag_metadata import BagTopic
from gae_arm.recording.bag_writer import SETTINGS
from gae_arm.recording.offered_qos import profiles_from_yaml

LARGEST = 256 * 1024 * 1024
"""Bytes of a record; a larger one is no record but a broken file."""

Contents = tuple[dict[str, BagTopic], dict[str, dict[str, Any]]]


def contents(path: Path) -> Contents:
    """Return topics by name, and the parameters of nodes, of a file.

    By its index; without one the whole file is read. Topics without messages are among them.
    Raises CutOffError where not even the beginning can be read.
    """
    try:
        with path.open('rb') as file:
            reader = make_reader(file)
            summary = reader.get_summary()
            metadata = list(reader.iter_metadata())
        if summary is None or not summary.channels:
            return _scanned(path)
    except (McapError, OSError, struct.error, ValueError):
        return _scanned(path)
    return _contents(summary.schemas, summary.channels, metadata)


def messages(path: Path) -> Iterator[BagMessage]:
    """Iterate over the messages in the order of the file; CutOffError where it ends too early."""
    names: dict[int, str] = {}
    for record in _records(path):
        if isinstance(record, Channel):
            names[record.id] = record.topic
        elif isinstance(record, Message) and record.channel_id in names:
            yield BagMessage(names[record.channel_id], record.log_time, record.data)


def _records(path: Path) -> Iterator[McapRecord]:
    with path.open('rb') as file:
        try:
            yield from StreamReader(file, validate_crcs=False, record_size_limit=LARGEST).records
        except (McapError, struct.error, ValueError, EOFError) as error:
            size, at = path.stat().st_size, file.tell()
            why = str(error) or type(error).__name__
            raise CutOffError(f'no whole record behind byte {at:,} of {size:,} ({why})') from error


def _scanned(path: Path) -> Contents:
    schemas: dict[int, Schema] = {}
    channels: dict[int, Channel] = {}
    metadata: list[Metadata] = []
    try:
        for record in _records(path):
            if isinstance(record, Schema):
                schemas[record.id] = record
            elif isinstance(record, Channel):
                channels[record.id] = record
            elif isinstance(record, Metadata):
                metadata.append(record)
    except CutOffError:
        if not channels:
            raise
    return _contents(schemas, channels, metadata)


def _contents(
    schemas: dict[int, Schema], channels: dict[int, Channel], metadata: list[Metadata]
) -> Contents:
    topics = {
        channel.topic: BagTopic(
            channel.topic,
            schemas[channel.schema_id].name,
            profiles_from_yaml(channel.metadata.get('offered_qos_profiles', '')),
            channel.metadata.get('topic_type_hash', ''),
        )
        for channel in channels.values()
        if channel.schema_id in schemas and channel.message_encoding == 'cdr'
    }
    parameters = {}
    for entry in metadata:
        words = dict(entry.metadata)
        if entry.name == SETTINGS and 'node' in words:
            node = words.pop('node')
            parameters[node] = {name: json.loads(word) for name, word in words.items()}
    return topics, parameters

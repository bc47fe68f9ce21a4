"""A bag as `ros2 bag record -s mcap` writes it: a folder with one MCAP file and `metadata.yaml`.

The MCAP file follows the profile `ros2`: message bytes as they came (CDR), definitions of the types
embedded, QoS and type hash in each channel's metadata; chunks with index, not compressed. Read by
`ros2 bag`, Foxglove, and the libraries mcap and rosbags.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcap.writer import CompressionType, Writer

from gae_arm.core.errors import ConfigError, GaeError
from gae_arm.demonstrations.atomic import write_atomically
from gae_arm.recording import bag_metadata
from gae_arm.recording.bag_metadata import BagTopic, Counts
from gae_arm.recording.bag_stream import RESERVE, BagStream
from gae_arm.recording.definitions import message_definition
from gae_arm.recording.offered_qos import profiles_to_yaml

CHUNK = 1024 * 1024
"""Bytes of messages that are written, and read again, as one piece."""
SETTINGS = 'gae/parameters'
"""Name of the records that keep the parameters of a node."""


class BagWriter:
    """Writes one bag; for one thread. `close` it, or it has no index and no metadata.yaml.

    folder: of the bag, new or empty. counts: what was written. full: the disk is: close it now.
    Raises ConfigError for a folder that holds something, DiskFullError.
    """

    def __init__(self, folder: Path, reserve: int = RESERVE) -> None:
        if folder.is_file() or (folder.exists() and any(folder.iterdir())):
            raise ConfigError(f'{folder} is there already; nothing is overwritten')
        self.folder = folder
        self.counts = Counts()
        self._stream = BagStream(folder / f'{folder.resolve().name}_0.mcap', reserve)
        self._topics: dict[str, BagTopic] = {}
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, int] = {}
        self._broken = False
        self._writer = Writer(
            self._stream,  # type: ignore[arg-type]
            chunk_size=CHUNK,
            compression=CompressionType.NONE,
        )
        self._writer.start('ros2', 'gae')
        self._note_whole()

    @property
    def full(self) -> bool:
        """Whether the disk is full; what was written is safe, and there is room for the end."""
        return self._stream.full

    @property
    def size(self) -> int:
        """Return bytes on the disk."""
        return self._stream.tell()

    def add_topic(self, topic: BagTopic) -> None:
        """Open a channel; ConfigError where the type's definition is not installed."""
        if topic.name in self._topics:
            raise ConfigError(f'topic {topic.name!r} is in the bag already')
        if topic.type_name not in self._schemas:
            text = message_definition(topic.type_name)
            schema = self._writer.register_schema(topic.type_name, 'ros2msg', text.encode())
            self._schemas[topic.type_name] = schema
        metadata = {
            'offered_qos_profiles': profiles_to_yaml(topic.qos),
            'topic_type_hash': topic.type_hash,
        }
        schema = self._schemas[topic.type_name]
        self._topics[topic.name] = topic
        self._channels[topic.name] = self._writer.register_channel(
            topic.name, 'cdr', schema, metadata
        )

    def add_parameters(self, node: str, values: Mapping[str, Any]) -> None:
        """Keep the parameters of a node, so that a re-run has the same settings."""
        words = {name: json.dumps(value) for name, value in values.items()}
        self._writer.add_metadata(SETTINGS, {'node': node, **words})

    def write(
        self, topic: str, log_ns: int, data: bytes, publish_ns: int, sequence: int = 0
    ) -> None:
        """Write one message: when it was heard and published, nanoseconds, and its bytes.

        Raises DiskFullError when there is no room even in the reserve; then only `close` helps.
        """
        try:
            self._writer.add_message(
                self._channels[topic], log_ns, data, publish_ns, sequence % 2**32
            )
        except GaeError:
            self._broken = True
            raise
        self.counts.add(topic, log_ns)
        if self._stream.tell() != self._whole[0]:
            self._note_whole()

    def flush(self) -> None:
        """Write what is in memory: a killed process loses only what came after. DiskFullError."""
        try:
            self._writer.flush()
        except GaeError:
            self._broken = True
            raise
        self._note_whole()

    def _note_whole(self) -> None:
        """Note that the file can be cut off here, and what it then holds."""
        self._whole = self._stream.tell(), copy.deepcopy(self.counts)

    def close(self) -> None:
        """Write index and metadata; again is fine.

        Where not even that has room, the file is cut off after its last whole chunk: it is read
        like a bag whose writer was killed.
        """
        if self._stream.closed:
            return
        try:
            if not self._broken:
                text = bag_metadata.to_yaml(self._information())
                self._writer.add_metadata('rosbag2', {'serialized_metadata': text})
                self._writer.finish()
        except GaeError:
            self._broken = True
        if self._broken:
            size, self.counts = self._whole
            self._stream.keep(size)
        self._stream.close()
        whole = bag_metadata.to_yaml({bag_metadata.KEY: self._information()})
        write_atomically(self.folder / bag_metadata.FILE, whole.encode())

    def _information(self) -> dict[str, Any]:
        topics = list(self._topics.values())
        return bag_metadata.information(self._stream.path.name, topics, self.counts)

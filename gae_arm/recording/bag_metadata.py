"""`metadata.yaml` of a bag folder, version 9, as rosbag2 of ROS 2 Jazzy writes and reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from gae_arm.recording.offered_qos import OfferedQos

FILE = 'metadata.yaml'
KEY = 'rosbag2_bagfile_information'
VERSION = 9
DISTRO = 'jazzy'


@dataclass(frozen=True)
class BagTopic:
    """One topic of a bag.

    type_name: such as sensor_msgs/msg/Image. type_hash: RIHS01 of the type; '' where not known.
    qos: what its publishers offered; empty where nobody knows.
    """

    name: str
    type_name: str
    qos: tuple[OfferedQos, ...] = ()
    type_hash: str = ''


@dataclass
class Counts:
    """What a bag holds: messages by topic, first and last time, nanoseconds."""

    messages: dict[str, int] = field(default_factory=dict)
    start_ns: int = 0
    end_ns: int = 0

    @property
    def total(self) -> int:
        """Return the number of messages."""
        return sum(self.messages.values())

    def add(self, topic: str, log_ns: int) -> None:
        """Count one message."""
        first = not self.messages
        self.messages[topic] = self.messages.get(topic, 0) + 1
        self.start_ns = log_ns if first else min(self.start_ns, log_ns)
        self.end_ns = log_ns if first else max(self.end_ns, log_ns)


def information(file: str, topics: Sequence[BagTopic], counts: Counts) -> dict[str, Any]:
    """Return what the bag's metadata says of its one file."""
    start = {'nanoseconds_since_epoch': counts.start_ns}
    duration = {'nanoseconds': counts.end_ns - counts.start_ns}
    return {
        'version': VERSION,
        'storage_identifier': 'mcap',
        'duration': duration,
        'starting_time': start,
        'message_count': counts.total,
        'topics_with_message_count': [
            {'topic_metadata': _topic(topic), 'message_count': counts.messages.get(topic.name, 0)}
            for topic in topics
        ],
        'compression_format': '',
        'compression_mode': '',
        'relative_file_paths': [file],
        'files': [
            {
                'path': file,
                'starting_time': start,
                'duration': duration,
                'message_count': counts.total,
            }
        ],
        'custom_data': None,
        'ros_distro': os.environ.get('ROS_DISTRO', DISTRO),
    }


def to_yaml(data: Mapping[str, Any]) -> str:
    """Return YAML without anchors, which not every reader of bags knows."""
    return yaml.dump(dict(data), Dumper=_Plain, sort_keys=False)


def _topic(topic: BagTopic) -> dict[str, Any]:
    return {
        'name': topic.name,
        'type': topic.type_name,
        'serialization_format': 'cdr',
        'offered_qos_profiles': [profile.as_dict() for profile in topic.qos],
        'type_description_hash': topic.type_hash,
    }


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

"""QoS of a recorded topic, as rosbag2 keeps it: a list of YAML mappings, one per publisher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from gae_arm.core import checks
from gae_arm.core.errors import InvalidValueError

RELIABILITY = ('system_default', 'reliable', 'best_effort', 'unknown', 'best_available')
DURABILITY = ('system_default', 'transient_local', 'volatile', 'unknown', 'best_available')
HISTORY = ('system_default', 'keep_last', 'keep_all', 'unknown')
"""Words of metadata version 9; older bags have the numbers, which are their places here."""

INFINITE = {'sec': 9223372036, 'nsec': 854775807}


@dataclass(frozen=True)
class OfferedQos:
    """What one publisher offered.

    depth: 0 where it is not known: discovery does not tell it.
    """

    reliability: str = 'reliable'
    durability: str = 'volatile'
    history: str = 'unknown'
    depth: int = 0

    def __post_init__(self) -> None:
        """Validate."""
        checks.known('reliability', self.reliability, RELIABILITY)
        checks.known('durability', self.durability, DURABILITY)
        checks.known('history', self.history, HISTORY)
        checks.integer('depth', self.depth, 0, 2**31 - 1)

    def as_dict(self) -> dict[str, Any]:
        """Return the mapping of metadata version 9."""
        return {
            'history': self.history,
            'depth': self.depth,
            'reliability': self.reliability,
            'durability': self.durability,
            'deadline': dict(INFINITE),
            'lifespan': dict(INFINITE),
            'liveliness': 'automatic',
            'liveliness_lease_duration': dict(INFINITE),
            'avoid_ros_namespace_conventions': False,
        }


def profiles_to_yaml(profiles: tuple[OfferedQos, ...]) -> str:
    """Return the text that a channel keeps."""
    return yaml.safe_dump([profile.as_dict() for profile in profiles], sort_keys=False).strip()


def profiles_from_yaml(data: str | list[Any]) -> tuple[OfferedQos, ...]:
    """Return the profiles of a channel, or of metadata.yaml; InvalidValueError for other content.

    What a newer version may have added is passed over.
    """
    try:
        items = yaml.safe_load(data) if isinstance(data, str) else data
        return tuple(
            OfferedQos(
                _word(item['reliability'], RELIABILITY),
                _word(item['durability'], DURABILITY),
                _word(item['history'], HISTORY),
                int(item['depth']),
            )
            for item in items or []
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, IndexError) as error:
        raise InvalidValueError(f'no QoS profiles: {error}: {data!r}') from error


def _word(value: str | int, words: tuple[str, ...]) -> str:
    return words[value] if isinstance(value, int) else value

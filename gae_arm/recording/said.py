"""A bag in the words of the stack: decoded messages, in the order in which they were heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.recording.bag_reader import Bag
from gae_arm.recording.bag_topics import find_topics

Decode = Callable[[str, str, bytes], Any]
"""Maps topic of the stack, type name and bytes to a contract; raises InvalidValueError."""


@dataclass(frozen=True)
class Said:
    """One decoded message: topic of the stack, when it was heard (ns), and the contract."""

    topic: str
    log_ns: int
    value: Any


class DecodedBag:
    """The messages of a bag that matter, decoded.

    wanted: topics of the stack; those that the bag lacks are in `missing`. remaps: recorded name to
    name of the stack. broken: what could not be decoded, counted by reason. Raises ConfigError
    where none of `wanted` is there, listing what is.
    """

    def __init__(
        self, bag: Bag, decode: Decode, wanted: Collection[str], remaps: Mapping[str, str]
    ) -> None:
        self.bag = bag
        self.broken: Counter[str] = Counter()
        self._decode = decode
        found = find_topics(bag.topics, wanted, remaps)
        self._topics = {recorded: name for name, recorded in found.items()}
        self.missing = [name for name in wanted if name not in found]
        if not found:
            raise ConfigError(
                f'{bag.path} has none of {sorted(wanted)}; it has: {sorted(bag.topics)}'
            )

    def __iter__(self) -> Iterator[Said]:
        """Iterate over the messages that can be decoded."""
        for message in self.bag.messages():
            name = self._topics.get(message.topic)
            if name is None:
                continue
            type_name = self.bag.topics[message.topic].type_name
            try:
                yield Said(name, message.log_ns, self._decode(name, type_name, message.data))
            except InvalidValueError as error:
                self.broken[str(error)] += 1

    def problems(self) -> list[str]:
        """Return what was wrong so far, in sentences."""
        broken = [f'{count} messages: {reason}' for reason, count in self.broken.items()]
        return [*self.bag.problems, *broken]

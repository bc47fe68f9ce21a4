"""One message of a bag, as the readers of all storages give it."""

from __future__ import annotations

from dataclasses import dataclass

from gae_arm.core.errors import GaeError


@dataclass(frozen=True)
class BagMessage:
    """log_ns: when it was heard, nanoseconds. data: as it came over the wire (CDR)."""

    topic: str
    log_ns: int
    data: bytes


class CutOffError(GaeError):
    """A file ends, or breaks, before its end; the message says where."""

"""Time on the wire: builtin_interfaces Time and Duration against integer nanoseconds."""

from __future__ import annotations

from builtin_interfaces.msg import Duration, Time

NANOSECONDS = 1_000_000_000


def time_to_msg(stamp_ns: int) -> Time:
    """Return the message of a time in nanoseconds."""
    sec, nanosec = divmod(int(stamp_ns), NANOSECONDS)
    return Time(sec=sec, nanosec=nanosec)


def time_from_msg(msg: Time | Duration) -> int:
    """Return nanoseconds of a time or duration message."""
    return msg.sec * NANOSECONDS + msg.nanosec


def duration_to_msg(duration_ns: int) -> Duration:
    """Return the message of a duration in nanoseconds."""
    sec, nanosec = divmod(int(duration_ns), NANOSECONDS)
    return Duration(sec=sec, nanosec=nanosec)

"""rclpy's executor, for a process that a signal may end at any moment."""

from __future__ import annotations

from rclpy.executors import SingleThreadedExecutor


class Executor(SingleThreadedExecutor):
    """A SingleThreadedExecutor that may be left half made.

    Where a signal ends the context while rclpy 7 makes its executor, `__init__` raises, and then
    `__del__` writes a traceback because this attribute is not there yet.
    """

    _sigint_gc = None

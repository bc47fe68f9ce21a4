"""rclpy's executor, for a process that a signal may end at any moment."""

from __future__ import annotations

from rclpy.executors import SingleThreadedExecutor


class Executor(SingleThreadedExecutor):
    """A SingleThreadedExecutor that may be left half made.

    Where a signal ends the context while rclpy makes its executor, `__init__` raises, and rclpy's
    own `__del__` would then write a traceback: it looks for what is not there yet.
    """

    def __del__(self) -> None:
        """Let go of what there is."""
        if hasattr(self, '_sigint_gc'):
            super().__del__()

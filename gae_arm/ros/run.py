"""How every node starts and ends: Ctrl-C is success, bad input is a sentence, never a traceback."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.logging import get_logger
from rclpy.node import Node

from gae_arm.core.errors import GaeError
from gae_arm.ros.executor import Executor


def run_node(make: Callable[[], Node], args: list[str] | None = None) -> None:
    """Make the node, spin it until SIGINT or SIGTERM, and end the process with an exit code.

    0 after a signal, 1 when the node could not be made or one of its threads died; then the log
    says why. A node with a `close()` method is closed before ROS shuts down.
    """
    context_made = False

    def interrupt(*_: Any) -> None:
        if not context_made:
            os._exit(0)
        # Else ROS, which has seen the signal first, ends the context, and that the executor.

    signal.signal(signal.SIGINT, interrupt)
    rclpy.init(args=args)
    context_made = True
    node, code = None, 0
    NodeThread.failed = False
    try:
        node = make()
        executor = Executor()
        executor.add_node(node)
        executor.spin()
    except ExternalShutdownException:
        pass
    except GaeError as error:
        get_logger(make.__name__).fatal(str(error))
        code = 1
    except Exception:
        if rclpy.ok():
            raise  # Else a signal has ended ROS under the node's feet: that is no error.
    finally:
        if node is not None:
            getattr(node, 'close', lambda: None)()
            node.destroy_node()
        rclpy.try_shutdown()
    sys.exit(1 if NodeThread.failed else code)


class NodeThread(threading.Thread):
    """A thread of a node. If it dies, the log says why and the process ends with exit code 1."""

    failed = False

    def __init__(self, node: Node, work: Callable[[], None]) -> None:
        super().__init__(name=work.__name__.strip('_'), daemon=True)
        self._node, self._work = node, work
        self.start()

    def run(self) -> None:
        """Work until done; a thread that is gone must not leave a node that seems to live."""
        try:
            self._work()
        except Exception:
            if not self._node.context.ok():
                return  # A signal has ended ROS under the thread's feet: nothing died.
            self._node.get_logger().fatal(f'{self.name} died:\n{traceback.format_exc()}')
            NodeThread.failed = True
            rclpy.try_shutdown()

"""Does DDS deliver between two processes? Image-sized messages at sensor QoS, as a camera sends.

Run as a module it is the sending process: `python -m gae_arm.ros.loopback TOPIC COUNT`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from array import array
from dataclasses import dataclass

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image

from gae_arm.ros import qos
from gae_arm.ros.stamps import time_from_msg

WIDTH, HEIGHT, RATE = 640, 480, 30.0
DISCOVERY_TIMEOUT = 15.0


@dataclass(frozen=True)
class Delivery:
    """sent, received: messages. latency: seconds from publish to callback, (received,)."""

    sent: int
    received: int
    latency: np.ndarray


def measure(count: int = 60) -> Delivery:
    """Start a sending process and receive from it; call it without rclpy initialised."""
    rclpy.init()
    node = Node('doctor_receiver')
    topic = f'doctor_loopback_{time.monotonic_ns()}'
    latency: list[float] = []

    def receive(msg: Image) -> None:
        now = node.get_clock().now().nanoseconds
        latency.append((now - time_from_msg(msg.header.stamp)) / 1e9)

    node.create_subscription(Image, topic, receive, qos.SENSOR)
    sender = subprocess.Popen(
        [sys.executable, '-m', 'gae_arm.ros.loopback', topic, str(count)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while sender.poll() is None:
            executor.spin_once(timeout_sec=0.05)
        executor.spin_once(timeout_sec=0.2)
        sent = int(sender.communicate()[0].strip() or 0)
    finally:
        sender.kill()
        node.destroy_node()
        rclpy.shutdown()
    return Delivery(sent, len(latency), np.array(latency))


def _send(topic: str, count: int) -> int:
    """Publish `count` images at RATE once somebody listens; return how many were sent."""
    rclpy.init()
    node = Node('doctor_sender')
    publisher = node.create_publisher(Image, topic, qos.SENSOR)
    deadline = time.monotonic() + DISCOVERY_TIMEOUT
    while publisher.get_subscription_count() == 0:
        if time.monotonic() > deadline:
            return 0
        time.sleep(0.01)
    msg = Image(height=HEIGHT, width=WIDTH, encoding='rgb8', step=3 * WIDTH)
    msg.data = array('B', bytes(3 * WIDTH * HEIGHT))
    for _ in range(count):
        msg.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(msg)
        time.sleep(1 / RATE)
    time.sleep(0.2)
    node.destroy_node()
    rclpy.shutdown()
    return count


if __name__ == '__main__':
    print(_send(sys.argv[1], int(sys.argv[2])))

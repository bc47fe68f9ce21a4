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
from sensor_msgs.msg import Image

from gae_arm.core.errors import GaeError
from gae_arm.ros import qos
from gae_arm.ros.observer import Observer
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
    topic = f'doctor_loopback_{time.monotonic_ns()}'
    latency: list[float] = []
    with Observer('doctor_receiver') as observer:

        def receive(msg: Image) -> None:
            latency.append((observer.now_ns() - time_from_msg(msg.header.stamp)) / 1e9)

        observer.node.create_subscription(Image, topic, receive, qos.SENSOR)
        command = [sys.executable, '-m', 'gae_arm.ros.loopback', topic, str(count)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
            observer.wait_for(lambda: sender.poll() is not None, 'the sending process')
            observer.spin(0.2)
            sent = int(sender.communicate()[0].strip() or 0)
    return Delivery(sent, len(latency), np.array(latency))


def _send(topic: str, count: int) -> int:
    """Publish `count` images at RATE once somebody listens; return how many were sent."""
    with Observer('doctor_sender') as observer:
        publisher = observer.node.create_publisher(Image, topic, qos.SENSOR)
        try:
            observer.wait_for(publisher.get_subscription_count, 'a receiver', DISCOVERY_TIMEOUT)
        except GaeError:
            return 0
        msg = Image(height=HEIGHT, width=WIDTH, encoding='rgb8', step=3 * WIDTH)
        msg.data = array('B', bytes(3 * WIDTH * HEIGHT))
        for _ in range(count):
            msg.header.stamp = observer.node.get_clock().now().to_msg()
            publisher.publish(msg)
            observer.spin(1 / RATE)
    return count


if __name__ == '__main__':
    print(_send(sys.argv[1], int(sys.argv[2])))

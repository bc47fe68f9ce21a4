"""The point-cloud node as seen from another process: latency, losses, processor."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import PointCloud2

from gae_arm.ros import topics
from gae_arm.ros.observer import Observer
from gae_arm.ros.stamps import time_from_msg


@dataclass(frozen=True)
class CloudWatch:
    """sent: images. latency: s, camera stamp to arrival of the cloud, (clouds,). cores: (n,)."""

    sent: int
    latency: np.ndarray
    cores: np.ndarray


def watch(scene: Path, rate: float, seconds: float) -> CloudWatch:
    """Have a process send `scene` and hear the clouds; call it without rclpy initialised."""
    latency: list[float] = []
    cores: list[float] = []
    with Observer('cloud_watch') as observer:

        def take(msg: PointCloud2) -> None:
            latency.append((observer.now_ns() - time_from_msg(msg.header.stamp)) / 1e9)

        def load(msg: DiagnosticArray) -> None:
            values = (value for status in msg.status for value in status.values)
            cores.extend(float(value.value) for value in values if value.key == 'cpu_cores')

        topics.POINTS.subscription(observer.node, take)
        topics.DIAGNOSTICS.subscription(observer.node, load)
        observer.wait_for(lambda: cores, 'the point-cloud node', timeout=180.0)
        cores.clear()
        command = [sys.executable, '-m', 'gae_arm.ros.camera_source', str(scene)]
        with subprocess.Popen(
            [*command, str(rate), str(seconds)], stdout=subprocess.PIPE, text=True
        ) as source:
            observer.wait_for(lambda: source.poll() is not None, 'the camera', seconds + 60.0)
            sent = int(source.communicate()[0].strip() or 0)
    return CloudWatch(sent, np.array(latency), np.array(cores))

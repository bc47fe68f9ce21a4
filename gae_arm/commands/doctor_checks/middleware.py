"""ROS 2 on this machine: the session's settings, and whether DDS delivers between processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gae_arm.commands.doctor_checks.finding import Finding, Level, judge, ok

LOST_SHARE = 0.02
PROFILE_ADVICE = (
    'run through ./gae, or: export FASTRTPS_DEFAULT_PROFILES_FILE=<share of gae_arm>/'
    'config/fastdds.xml'
)


def check_middleware() -> Iterator[Finding]:
    """Yield what ROS 2 and DDS tell; says so and ends where ROS 2 cannot be imported."""
    try:
        import gae_msgs.msg
        import rclpy
    except ImportError as error:
        yield Finding(Level.FAILURE, 'ros', str(error), './gae setup')
        return
    yield ok(
        'ros',
        f'rclpy from {Path(rclpy.__file__).parent}, gae_msgs from {Path(gae_msgs.__file__).parent}',
    )
    yield _profile()
    yield _domain()
    yield _loopback()


def _profile() -> Finding:
    path = os.environ.get('FASTRTPS_DEFAULT_PROFILES_FILE', '')
    if path and not Path(path).is_file():
        return Finding(Level.FAILURE, 'dds profile', f'{path} is not there', PROFILE_ADVICE)
    return judge(
        'dds profile',
        bool(path),
        path or 'none: large images get lost at sensor QoS',
        PROFILE_ADVICE,
        Level.WARNING,
    )


def _domain() -> Finding:
    domain = os.environ.get('ROS_DOMAIN_ID', '0')
    discovery = os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
    return judge(
        'domain',
        domain.isdigit() and int(domain) <= 101,
        f'{domain}, discovery {discovery}',
        'set ROS_DOMAIN_ID to a number from 0 to 101',
    )


def _loopback() -> Finding:
    from gae_arm.ros import loopback

    delivery = loopback.measure()
    if delivery.sent == 0 or delivery.received == 0:
        return Finding(
            Level.FAILURE, 'dds delivery',
            f'{delivery.received} of {delivery.sent} images arrived from another process',
            'check the firewall for loopback UDP and multicast, ROS_DOMAIN_ID, and /dev/shm '
            '(fastdds shm clean)',
        )  # fmt: skip
    lost = 1 - delivery.received / delivery.sent
    p50, p99 = np.percentile(delivery.latency, [50, 99]) * 1e3
    return judge(
        'dds delivery',
        lost <= LOST_SHARE,
        f'{delivery.received} of {delivery.sent} images of 640x480 arrived from another process, '
        f'latency p50 {p50:.1f} ms, p99 {p99:.1f} ms',
        PROFILE_ADVICE,
        Level.WARNING,
    )

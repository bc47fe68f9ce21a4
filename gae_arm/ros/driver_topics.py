"""The stack's side of `driver_bridge`, on a real arm: the driver may have our names for its own."""

from __future__ import annotations

import dataclasses

from gae_arm.ros import topics

JOINT_STATES = dataclasses.replace(topics.JOINT_STATES, name='gae/joint_states')
GRIPPER_COMMAND = dataclasses.replace(topics.GRIPPER_COMMAND, name='gae/gripper_commands')


def of_camera(topic: topics.Topic, namespace: str) -> topics.Topic:
    """Return a topic of the camera as a driver of this namespace publishes it."""
    return dataclasses.replace(topic, name=f'{namespace}/{topic.name.removeprefix("camera/")}')

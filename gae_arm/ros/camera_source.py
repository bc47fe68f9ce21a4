"""A camera and an arm that stand still, at a camera's pace: the sending side of a measurement.

Run as a process: `python -m gae_arm.ros.camera_source SCENE.npz RATE SECONDS`. The file holds
depth (H, W), K (3, 3), joint_names and positions. Prints how many images it sent.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.motion import RobotState
from gae_arm.ros import topics
from gae_arm.ros.camera_msgs import frame_to_msgs
from gae_arm.ros.motion_msgs import state_to_msg
from gae_arm.ros.observer import Observer
from gae_arm.ros.stamps import time_to_msg

STATE_RATE = 100.0


def send(path: str, rate: float, seconds: float) -> int:
    """Publish the scene for `seconds`; return the number of images."""
    with np.load(path) as scene:
        depth, K = scene['depth'], scene['K']
        names, positions = tuple(scene['joint_names'].tolist()), scene['positions']
    intrinsics = CameraIntrinsics(depth.shape[1], depth.shape[0], K)
    _, image, info = frame_to_msgs(CameraFrame(0, 'camera', intrinsics, depth))
    zeros = np.zeros(len(names))
    state = state_to_msg(RobotState(0, names, positions, zeros, zeros))
    with Observer('camera_source') as observer:
        images = topics.DEPTH.publisher(observer.node)
        infos = topics.CAMERA_INFO.publisher(observer.node)
        states = topics.JOINT_STATES.publisher(observer.node)
        observer.wait_for(images.get_subscription_count, 'somebody who hears the images')
        sent, start = 0, time.monotonic()
        for tick in range(round(seconds * STATE_RATE)):
            stamp = time_to_msg(observer.now_ns())
            state.header.stamp = stamp
            states.publish(state)
            if tick * rate // STATE_RATE != (tick - 1) * rate // STATE_RATE:
                image.header.stamp = info.header.stamp = stamp
                infos.publish(info)
                images.publish(image)
                sent += 1
            time.sleep(max(start + (tick + 1) / STATE_RATE - time.monotonic(), 0))
        observer.spin(0.5)
    return sent


if __name__ == '__main__':
    print(send(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))

"""Write the data set beside this file: lerobot 0.4.4 (pip install lerobot==0.4.4) does it all.

python made_with_lerobot.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset

HOME = np.array([0.0, -0.31, 0.0, -2.346, 0.0, 2.036, 0.785])
TURN = 0.02 * np.array([1, 0.5, -0.3, 0.4, 0, 0.2, -1])
NAMES = [*(f'panda_joint{i}' for i in range(1, 8)), 'gripper']
IMAGE = {'shape': (48, 64, 3), 'names': ['height', 'width', 'channels']}
FEATURES = {
    'observation.state': {'dtype': 'float32', 'shape': (8,), 'names': NAMES},
    'action': {'dtype': 'float32', 'shape': (8,), 'names': NAMES},
    'observation.images.front': {'dtype': 'video', **IMAGE},
    'observation.images.wrist': {'dtype': 'image', **IMAGE},
}

dataset = LeRobotDataset.create(
    'local/small', 10, FEATURES, Path(sys.argv[1]), robot_type='panda', vcodec='h264'
)
for number, task in enumerate(['lift the cube', 'push the button']):
    sign = 1 - 2 * number
    for t in range(12 + 3 * number):
        state = np.append(HOME + sign * t * TURN, 1.0 if t < 6 else 0.0).astype(np.float32)
        front = np.zeros((48, 64, 3), np.uint8)
        front[..., 0] = 5 * t
        front[10:20, 4 * t % 48 : 4 * t % 48 + 8, 1] = 255
        dataset.add_frame(
            {
                'observation.state': state,
                'action': state + 0.01,
                'observation.images.front': front,
                'observation.images.wrist': np.full((48, 64, 3), 20 * number + t, np.uint8),
                'task': task,
            }
        )
    dataset.save_episode()
dataset.finalize()

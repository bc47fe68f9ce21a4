"""The layout of LeRobotDataset v3, as far as both directions need it.

    meta/info.json  meta/stats.json  meta/tasks.parquet
    meta/episodes/chunk-000/file-000.parquet     one row an episode: where its rows and frames are
    data/chunk-000/file-000.parquet              one row a step, many episodes to a file
    videos/KEY/chunk-000/file-000.mp4            frames of one camera, episodes one after another

Specification: https://huggingface.co/docs/lerobot/lerobot-dataset-v3 and lerobot 0.4 itself. Beside
it we write `meta/gae.json`: what our episodes say in words and LeRobot has no place for.
"""

from __future__ import annotations

import importlib
from typing import Any

from gae_arm.core.errors import MissingDependencyError

VERSION = 'v3.0'
CHUNK_FILES = 1000
DATA_MEGABYTES, VIDEO_MEGABYTES = 100, 200
DATA_PATH = 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'
VIDEO_PATH = 'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4'
EPISODES_PATH = 'meta/episodes/chunk-000/file-000.parquet'
TASKS_PATH, INFO_PATH, STATS_PATH = 'meta/tasks.parquet', 'meta/info.json', 'meta/stats.json'
WORDS_PATH = 'meta/gae.json'

STATE, VELOCITY, POSE = 'observation.state', 'observation.velocity', 'observation.ee_pose'
ACTION, STAMP = 'action', 'stamp_ns'
COLOR, DEPTH = 'observation.images.', 'observation.depth.'
CAMERA_K, CAMERA_POSE, CAMERA_STAMP = 'camera.{}.K', 'camera.{}.T_base_camera', 'camera.{}.stamp_ns'
POSE_NAMES = ['x', 'y', 'z', 'qx', 'qy', 'qz', 'qw']
GRIPPER = 'gripper'
COUNTERS = {
    'timestamp': 'float32',
    'frame_index': 'int64',
    'episode_index': 'int64',
    'index': 'int64',
    'task_index': 'int64',
}


def library(name: str) -> Any:
    """Import pyarrow, pyarrow.parquet, av or h5py; MissingDependencyError says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDependencyError(
            f'{name.split(".")[0]} is missing: `pip install -r requirements/data.txt`'
        ) from error

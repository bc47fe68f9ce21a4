"""Parameters of the node `arm_control` beside those of governor, streaming and kinematics."""

from __future__ import annotations

from dataclasses import dataclass

from gae_arm.core.settings import Settings, setting


@dataclass(frozen=True)
class ArmControlSettings(Settings):
    """Parameters of the node `arm_control`; names, ranges and descriptions as ROS shows them."""

    arm: str = setting('panda', 'arm: a name in config/arms, or a YAML file')
    controller: str = setting(
        'joint_trajectory_controller',
        'the controller that is commanded: its namespace, relative or from the root',
    )
    joint_prefix: str = setting(
        '', "what that controller puts before the arm's joint names; joint states come without"
    )
    table: bool = setting(True, 'there is a table: the arm keeps off all that is below its surface')
    table_height: float = setting(
        0.0, "height of the table's surface in the base frame, m", low=-2.0, high=2.0
    )
    table_noise: float = setting(
        0.02, 'cloud points this far above the surface are the table, m', low=0.0, high=0.1
    )
    site_radius: float = setting(
        0.12,
        'around where the plan grasps or lets go, the cloud is no obstacle, m',
        low=0.0,
        high=0.5,
    )
    carry_radius: float = setting(
        0.12,
        'around the end effector, while it carries, the cloud is none either, m',
        low=0.0,
        high=0.5,
    )
    gripper_keep_alive: float = setting(
        1.0,
        'how often the gripper command is repeated, Hz; 0 = only when it changes',
        low=0.0,
        high=100.0,
    )
    path_rate: float = setting(
        10.0, 'poses on executed_path a second, while the arm moves; 0 = none', low=0.0, high=100.0
    )
    path_length: int = setting(1000, 'poses that executed_path keeps', low=1, high=100_000)
    max_command_points: int = setting(
        1000, 'longer messages on joint_command are refused', low=1, high=10_000
    )
    preflight: bool = setting(
        False,
        'a real arm: it stands from the start, and resume waits for `gae doctor --arm` to pass',
    )
    preflight_lasts: float = setting(
        600.0, 'so long after that check the arm may be released, s', low=1.0, high=86_400.0
    )
    first_speed: float = setting(
        1.0,
        'share of the speed of whatever is asked for, until full_speed is called',
        low=0.01,
        high=1.0,
    )
    real_time_priority: int = setting(
        40, 'SCHED_FIFO priority to ask the system for; 0 = do not ask', low=0, high=98
    )
    lock_memory: bool = setting(True, 'ask the system to keep all memory in RAM')

"""Every topic of the stack: name, type, QoS, and how fresh it has to be.

Nodes make their publishers and subscriptions from here, `gae doctor` and the table in docs/ read
the same list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from gae_msgs.msg import ActionChunk, ArmStatus, PlanProgress, SceneTruth, WaypointPlan
from nav_msgs.msg import Path
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState, PointCloud2
from std_msgs.msg import Float64MultiArray, String
from tf2_msgs.msg import TFMessage
from trajectory_msgs.msg import JointTrajectory
from visualization_msgs.msg import MarkerArray

from gae_arm.ros import qos


@dataclass(frozen=True)
class Topic:
    """One topic.

    name: relative names take the node's namespace and can be remapped. min_rate: Hz, 0 where
    messages come on occasion. max_age: seconds from a header's stamp to now, None without header.
    """

    name: str
    type: type
    qos: QoSProfile
    meaning: str
    min_rate: float = 0.0
    max_age: float | None = None

    def publisher(self, node: Node) -> Publisher:
        """Make the node's publisher."""
        return node.create_publisher(self.type, self.name, self.qos)

    def subscription(
        self, node: Node, callback: Callable[[Any], None], raw: bool = False
    ) -> Subscription:
        """Make the node's subscription; `raw` hands over bytes, not a message."""
        return node.create_subscription(self.type, self.name, callback, self.qos, raw=raw)

    @property
    def type_name(self) -> str:
        """The type as `ros2 topic list -t` prints it, such as sensor_msgs/msg/Image."""
        return f'{self.type.__module__.split(".")[0]}/msg/{self.type.__name__}'


COLOR = Topic(
    'camera/color/image_raw', Image, qos.SENSOR, 'colour image, rgb8', min_rate=5.0, max_age=0.5
)
DEPTH = Topic(
    'camera/aligned_depth_to_color/image_raw',
    Image,
    qos.SENSOR,
    'depth on the pixels of the colour image: 16UC1 millimetres or 32FC1 metres, 0 = none',
    min_rate=5.0,
    max_age=0.5,
)
CAMERA_INFO = Topic(
    'camera/color/camera_info',
    CameraInfo,
    qos.SENSOR,
    'intrinsics of both images',
    min_rate=5.0,
    max_age=0.5,
)
CAMERA = (COLOR, DEPTH, CAMERA_INFO)
JOINT_STATES = Topic(
    'joint_states',
    JointState,
    qos.SENSOR,
    'positions, velocities and efforts of arm and finger joints',
    min_rate=50.0,
    max_age=0.1,
)
JOINT_TRAJECTORY = Topic(
    'joint_trajectory_controller/joint_trajectory',
    JointTrajectory,
    qos.COMMAND,
    'what the arm does next; replaces what it did before',
)
GRIPPER_COMMAND = Topic(
    'gripper_controller/commands',
    Float64MultiArray,
    qos.COMMAND,
    'positions of the finger joints, m or rad, as a forward_command_controller takes them',
)
POINTS = Topic(
    'points',
    PointCloud2,
    qos.SENSOR,
    'workspace in the base frame: cropped, without the robot, uncoloured',
    min_rate=5.0,
    max_age=0.25,
)
POINTS_VIEW = Topic(
    'points/view', PointCloud2, qos.SENSOR, 'the same now and then, in colour, for people'
)
INSTRUCTION = Topic(
    'instruction',
    String,
    qos.COMMAND,
    'what the arm shall do, in plain words; the same as a goal of `execute_instruction`',
)
ANNOTATED_IMAGE = Topic(
    'annotated_image',
    Image,
    qos.LATCHED,
    'the image that the newest plan was made from, with its anchors and waypoints, rgb8',
)
WAYPOINT_PLAN = Topic(
    'waypoint_plan',
    WaypointPlan,
    qos.LATCHED,
    'sparse waypoints that the arm carries out; replaces the plan before',
)
PROPOSED_PLAN = Topic(
    'proposed_plan',
    WaypointPlan,
    qos.LATCHED,
    'a plan that waits for a person to approve it, which puts it on `waypoint_plan`',
)
PLAN_PROGRESS = Topic(
    'plan_progress',
    PlanProgress,
    qos.LATCHED,
    'how far the arm is with the plan, that it is done, or why it is refused',
)
ACTION_CHUNK = Topic(
    'action_chunk',
    ActionChunk,
    qos.COMMAND,
    'end-effector poses and gripper at absolute times, for the next moments',
    max_age=0.3,
)
JOINT_COMMAND = Topic(
    'joint_command',
    JointTrajectory,
    qos.COMMAND,
    'joint motion from any other source; passes the governor like everything else',
)
ARM_STATUS = Topic(
    'arm_status', ArmStatus, qos.LATCHED, 'moving, holding or halted, and the typed reason'
)
MARKERS = Topic('markers', MarkerArray, qos.LATCHED, 'plan, anchors and status, for rviz')
PLANNED_PATH = Topic('planned_path', Path, qos.LATCHED, 'the guide through the waypoints')
EXECUTED_PATH = Topic('executed_path', Path, qos.LATCHED, 'where the end effector has been')
ROBOT_DESCRIPTION = Topic('robot_description', String, qos.LATCHED, 'URDF of arm and gripper')
TF = Topic('/tf', TFMessage, qos.EVENTS, 'poses of the links', min_rate=10.0, max_age=0.2)
TF_STATIC = Topic('/tf_static', TFMessage, qos.LATCHED, 'pose of the camera and of fixed links')
OBJECT_POSES = Topic(
    'arm_sim/object_poses',
    TFMessage,
    qos.SENSOR,
    'where the simulated objects truly are, in the base frame: for tests and evaluation only',
)
SCENE_TRUTH = Topic(
    'arm_sim/truth',
    SceneTruth,
    qos.SENSOR,
    'that, what moves and what touches what: what success is judged by',
)
CLOCK = Topic('/clock', Clock, qos.SENSOR, 'simulation time, when asked for')
DIAGNOSTICS = Topic(
    '/diagnostics', DiagnosticArray, qos.EVENTS, 'health of every node, refused commands and why'
)

INPUTS = (
    COLOR,
    DEPTH,
    CAMERA_INFO,
    JOINT_STATES,
    ROBOT_DESCRIPTION,
    TF,
    TF_STATIC,
    INSTRUCTION,
)
"""What drivers and people send; all else the stack makes of it."""

ALL = tuple(value for value in list(globals().values()) if isinstance(value, Topic))

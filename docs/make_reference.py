"""Write docs/reference.md from the code: `.venv/bin/python docs/make_reference.py`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

from action_expert.following import PolicySettings
from action_expert.settings import ExpertSettings
from gae_arm.arm_control.ik import IkSettings
from gae_arm.arm_control.limits import GovernorSettings
from gae_arm.arm_control.settings import ArmControlSettings
from gae_arm.arm_control.streaming import StreamSettings
from gae_arm.arm_driver.settings import DriverSettings
from gae_arm.arm_sim.settings import ArmSimSettings
from gae_arm.commands.main import VERBS
from gae_arm.core.plan_check import PlanCheckSettings
from gae_arm.core.settings import Settings
from gae_arm.point_cloud.calibration.health import HealthSettings
from gae_arm.point_cloud.calibration.node import HealthNodeSettings
from gae_arm.point_cloud.settings import CloudNodeSettings
from gae_arm.point_cloud.workspace import WorkspaceSettings
from gae_arm.ros import topics
from gae_arm.ros.camera_input import CameraInputSettings
from gae_arm.ros.topics import Topic
from gae_arm.shadow.settings import ShadowSourceSettings
from gae_arm.viewer.settings import MarkersSettings, ViewerSettings
from vla_planner.settings import PlannerNodeSettings, PursuitSettings

FILE = Path(__file__).parent / 'reference.md'
NODES: dict[str, tuple[type[Settings], ...]] = {
    'action_expert': (ExpertSettings, PlanCheckSettings, PolicySettings),
    'arm_control': (ArmControlSettings, GovernorSettings, StreamSettings, IkSettings),
    'arm_sim': (ArmSimSettings,),
    'driver_bridge': (DriverSettings,),
    'shadow_source': (ShadowSourceSettings,),
    'point_cloud': (CloudNodeSettings, CameraInputSettings, WorkspaceSettings),
    'plan_markers': (MarkersSettings,),
    'viewer': (ViewerSettings,),
    'calibration_health': (HealthNodeSettings, CameraInputSettings, HealthSettings),
    'vla_planner': (
        PlannerNodeSettings,
        PursuitSettings,
        CameraInputSettings,
        PlanCheckSettings,
    ),
}
SERVICES = [
    ('`stop`', '`std_srvs/srv/Trigger`', 'the arm brakes and stands until `resume`'),
    (
        '`resume`',
        '`std_srvs/srv/Trigger`',
        'release what is latched; refused, with the reason, while something speaks against it',
    ),
    (
        '`full_speed`',
        '`std_srvs/srv/Trigger`',
        'end the slow first motion of a real arm; the limits stay',
    ),
    (
        '`preflight_passed`',
        '`std_srvs/srv/Trigger`',
        'with `preflight`: `gae doctor --arm` says that all is well; `resume` works from then on',
    ),
    ('`arm_sim/reset`', '`gae_msgs/srv/ResetScene`', 'arm home, the scene of a seed laid out'),
]
FRAMES = [
    (
        'links of the URDF',
        '`arm_sim` on `/tf`, `/tf_static`',
        "base, links, flange, end effector; names are those of the arm's URDF",
    ),
    (
        '`camera_color_optical_frame`',
        '`arm_sim` on `/tf_static`',
        "z forward, x right, y down (REP-103); its parent is the arm's base frame",
    ),
]


def reference() -> str:
    """Return the text of the reference."""
    parts = [
        '# Reference',
        'Written by `docs/make_reference.py` from the code; a test holds them together.',
        '## Commands',
        'In a sourced ROS workspace `./gae VERB` is also `ros2 run gae_arm gae VERB`.',
        _table(['command', 'does'], ((f'`./gae {verb}`', text) for verb, text in VERBS.items())),
        '## Topics',
        'Names are relative unless they begin with `/`: a namespace or a remapping moves them.\n'
        'Stamps are on the node clock. What is older than its greatest age is refused.',
        _table(['topic', 'type', 'QoS', 'greatest age', 'meaning'], map(_topic, topics.ALL)),
        '## Services',
        _table(['service', 'type', 'meaning'], SERVICES),
        '## Frames',
        _table(['frame', 'published by', 'meaning'], FRAMES),
    ]
    for node, classes in NODES.items():
        rows = (_parameter(field) for cls in classes for field in dataclasses.fields(cls))
        parts.append(f'## Parameters of {node}\n\n*live*: may be changed while the node runs.')
        parts.append(_table(['parameter', 'default', 'live', 'meaning'], rows))
    return '\n\n'.join(parts) + '\n'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ['---'] * len(head), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def _topic(topic: Topic) -> Sequence[str]:
    quality = topic.qos.reliability.name.lower().replace('_', ' ')
    if topic.qos.durability.name == 'TRANSIENT_LOCAL':
        quality += ', latched'
    age = f'{topic.max_age} s' if topic.max_age else ''
    return f'`{topic.name}`', f'`{topic.type_name}`', quality, age, topic.meaning


def _parameter(field: dataclasses.Field) -> Sequence[str]:
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    shown = str(default).lower() if isinstance(default, bool) else f'{default}'
    live = 'yes' if field.metadata['live'] else ''
    return f'`{field.name}`', f'`{shown}`', live, field.metadata['description']


if __name__ == '__main__':
    FILE.write_text(reference())
    print(FILE)

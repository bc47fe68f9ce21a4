"""Parameters of the nodes that show something."""

from __future__ import annotations

from dataclasses import dataclass

from gae_arm.core.settings import Settings, setting


@dataclass(frozen=True)
class MarkersSettings(Settings):
    """Parameters of the node `plan_markers`."""

    arm: str = setting('panda', 'arm: a name in config/arms, or a YAML file')
    rate: float = setting(5.0, 'marker arrays a second at most', low=0.1, high=30.0)


@dataclass(frozen=True)
class ViewerSettings(Settings):
    """Parameters of the node `viewer`."""

    arm: str = setting('panda', 'arm: a name in config/arms, or a YAML file')
    host: str = setting(
        '127.0.0.1',
        'address to listen on; there is no login: who reaches the page can stop the arm, release '
        'it and approve plans',
    )
    port: int = setting(8080, 'port of the page; 0 = any free one', low=0, high=65535)
    rate: float = setting(20.0, 'updates of robot and texts a second', low=1.0, high=60.0)
    cloud_rate: float = setting(5.0, 'clouds a second at most', low=0.1, high=30.0)
    cloud_points: int = setting(
        30_000, 'larger clouds are thinned out to this many points', low=100, high=1_000_000
    )

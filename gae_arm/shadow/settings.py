"""Parameters of the node `shadow_source`."""

from __future__ import annotations

from dataclasses import dataclass

from gae_arm.core.settings import Settings, setting


@dataclass(frozen=True)
class ShadowSourceSettings(Settings):
    """Which real image is shown, and which arm stands before it."""

    rgbd: str = setting('', 'folder with the scenes; docs/shadow.md')
    scene: str = setting('', 'name of the scene')
    arm: str = setting('panda', 'arm: a name in config/arms, or a YAML file; it begins at home')
    clear: float = setting(
        0.15,
        'so far around it the depth is taken for the arm that was filmed, m',
        low=0.0,
        high=0.5,
    )
    rate: float = setting(8.0, 'images a second', low=1.0, high=30.0)

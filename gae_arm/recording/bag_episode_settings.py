"""How demonstrations are cut out of bags."""

from __future__ import annotations

from dataclasses import dataclass

from gae_arm.core.settings import Settings, setting
from gae_arm.recording.segments import SPLITS


@dataclass(frozen=True)
class BagEpisodeSettings(Settings):
    """Rates, splitting, and what is too short or too poor; seconds."""

    rate: float = setting(20.0, 'steps a second', low=1.0, high=1000.0)
    camera_rate: float = setting(10.0, 'frames and clouds a second, at most', low=0.1, high=120.0)
    split: str = setting(
        'auto',
        'what is one episode: the whole bag, or what came of each sentence in it (words); auto: '
        'words where there are any',
        choices=SPLITS,
    )
    trim: bool = setting(True, 'leave out the time before and after the motion')
    shortest: float = setting(1.0, 'demonstrations that are shorter are left out, s', low=0.0)
    longest_gap: float = setting(
        0.3, 'without joint states, with which a demonstration is left out, s', low=0.01, high=10.0
    )
    instruction: str = setting('', 'what was asked for, where the bag does not say')
    task: str = setting('', 'name of the task')

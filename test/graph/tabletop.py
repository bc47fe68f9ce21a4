"""The simulated arm with all that moves it, for tests: its truth beside what users see."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from graph import Launched, Probe, graph

from gae_arm.core.geometry import quaternion_to_matrix, transform
from gae_arm.ros import topics

ROOT = Path(__file__).parents[2]
CUBE_TO_BOWL = ROOT / 'config' / 'plans' / 'cube_to_bowl.yaml'
# On simulation time and slower than real: what is tested does not hang on how busy the machine is.
SLOWLY = ('publish_clock:=true', 'real_time_factor:=0.4', 'camera_rate:=8.0')


class Tabletop:
    """A running stack, its own probe, and where the objects truly are."""

    def __init__(self, launched: Launched, probe: Probe) -> None:
        self.launched, self.probe = launched, probe
        self._poses = probe.listen(topics.OBJECT_POSES)
        probe.wait_for(lambda: self._poses, 'the poses of the objects')
        probe.follow_clock_of('action_expert')

    def pose(self, name: str) -> np.ndarray:
        """T_base_object (4, 4), as it is now."""
        self._poses.clear()
        msg = self.probe.wait_for(lambda: self._poses, 'the poses of the objects')[-1]
        one = next(t for t in msg.transforms if t.child_frame_id == name)
        p, q = one.transform.translation, one.transform.rotation
        return transform(quaternion_to_matrix([q.x, q.y, q.z, q.w]), [p.x, p.y, p.z])

    def gae(self, *words: str) -> subprocess.CompletedProcess:
        """Run `gae WORDS` as a user does; return code and output."""
        command = [sys.executable, '-m', 'gae_arm.commands.main', *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=300.0, check=False)

    def send(self, file: Path, *words: str) -> subprocess.CompletedProcess:
        """Run `gae plan send`."""
        return self.gae('plan', 'send', str(file), *words)

    def is_in_bowl(self, name: str) -> bool:
        """Whether an object lies in the bowl: its centre is within the rim, on the bottom."""
        x, y, z = (np.linalg.inv(self.pose('white_bowl')) @ self.pose(name))[:3, 3]
        return bool(np.hypot(x, y) < 0.05 and 0.0 < z < 0.05)


@contextmanager
def tabletop(tmp: Path, *words: str) -> Iterator[Tabletop]:
    """Run the simulated arm with everything on."""
    with graph(tmp, 'sim.launch.yaml', *SLOWLY, *words) as parts:
        yield Tabletop(*parts)

"""Where frames were at a time: what /tf and /tf_static tell, kept and looked up.

tf2's Python buffer is a compiled package that no Python index has; this is the part of it that
the stack needs, the same with and without a ROS installation.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.errors import GaeError

HISTORY_NS = 10_000_000_000


class TransformUnknownError(GaeError):
    """Two frames are not connected, or not at that time; the message says why."""


@dataclass
class _Link:
    """A frame in its parent over time; a static one has a single entry and holds at any time."""

    parent: str
    static: bool
    stamps: list[int] = field(default_factory=list)
    poses: list[np.ndarray] = field(default_factory=list)


class TransformTree:
    """Frames and their parents.

    max_extrapolation_ns: a lookup may be this much newer than the newest pose of a moving frame,
    which is then taken as it is.
    """

    def __init__(self, max_extrapolation_ns: int = 100_000_000) -> None:
        self.max_extrapolation_ns = max_extrapolation_ns
        self._links: dict[str, _Link] = {}

    def add(
        self,
        parent: str,
        child: str,
        T_parent_child: np.ndarray,
        stamp_ns: int,
        static: bool = False,
    ) -> None:
        """Take in one transform (4, 4); raises InvalidValueError if it is not rigid."""
        pose = geometry.rigid(f'transform from {child!r} to {parent!r}', T_parent_child)
        link = self._links.get(child)
        if link is None or link.parent != parent or link.static != static or static:
            self._links[child] = _Link(parent, static, [stamp_ns], [pose])
            return
        if stamp_ns < link.stamps[-1] - HISTORY_NS:  # The clock was set back: a bag played anew.
            self._links[child] = _Link(parent, static, [stamp_ns], [pose])
            return
        where = bisect_right(link.stamps, stamp_ns)
        if where and link.stamps[where - 1] == stamp_ns:
            return
        link.stamps.insert(where, stamp_ns)
        link.poses.insert(where, pose)
        old = bisect_left(link.stamps, link.stamps[-1] - HISTORY_NS)
        del link.stamps[:old], link.poses[:old]

    def lookup(self, target: str, source: str, stamp_ns: int) -> np.ndarray:
        """Return T_target_source (4, 4) at a time: maps points of `source` into `target`.

        Between two poses it interpolates. Raises TransformUnknownError when the frames are not
        connected, or a moving one on the way was not heard of around that time.
        """
        ways = {}
        for frame in (target, source):
            ways[frame] = self._to_root(frame, stamp_ns)
        (root, T_root_target), (other, T_root_source) = ways[target], ways[source]
        if root != other:
            raise TransformUnknownError(
                f'no transform from {source!r} to {target!r}: {source!r} hangs on {other!r}, '
                f'{target!r} on {root!r}; known frames: {self.frames()}'
            )
        return geometry.invert(T_root_target) @ T_root_source

    def frames(self) -> list[str]:
        """Return the names of all frames."""
        return sorted({*self._links, *(link.parent for link in self._links.values())})

    def _to_root(self, frame: str, stamp_ns: int) -> tuple[str, np.ndarray]:
        T = np.eye(4)
        seen = {frame}
        while (link := self._links.get(frame)) is not None:
            T = self._pose(frame, link, stamp_ns) @ T
            frame = link.parent
            if frame in seen:
                raise TransformUnknownError(f'the frames form a ring: {sorted(seen)}')
            seen.add(frame)
        return frame, T

    def _pose(self, frame: str, link: _Link, stamp_ns: int) -> np.ndarray:
        if link.static:
            return link.poses[-1]
        after = bisect_left(link.stamps, stamp_ns)
        if after < len(link.stamps) and link.stamps[after] == stamp_ns:
            return link.poses[after]
        if after == len(link.stamps):
            late_ns = stamp_ns - link.stamps[-1]
            if late_ns > self.max_extrapolation_ns:
                raise TransformUnknownError(
                    f'the newest transform of {frame!r} is {late_ns / 1e9:.3f} s older than asked '
                    f'for, allowed are {self.max_extrapolation_ns / 1e9} s'
                )
            return link.poses[-1]
        if after == 0:
            early_ns = link.stamps[0] - stamp_ns
            raise TransformUnknownError(
                f'the oldest transform of {frame!r} is {early_ns / 1e9:.3f} s newer than asked for'
            )
        begin, end = link.stamps[after - 1 : after + 1]
        share = (stamp_ns - begin) / (end - begin)
        return geometry.interpolate(link.poses[after - 1], link.poses[after], share)

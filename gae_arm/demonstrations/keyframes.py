"""Sparse keyframes of a trajectory, from its kinematics: gripper events, stops, sharp turns.

A demonstration is labelled with what a planner would have said: the few poses that pin the motion
down. Gripper events and the end always count. Of the places where the arm stands or turns sharply,
those are taken, one after the other, that lie farthest from the way through the ones already taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gae_arm.core import geometry
from gae_arm.core.plan import Waypoint, WaypointPlan
from gae_arm.core.settings import Settings, setting
from gae_arm.demonstrations.episode import Episode

TURN_RADIUS = 0.1
MIDDLE = 0.5


@dataclass(frozen=True)
class KeyframeSettings(Settings):
    """What counts as a keyframe."""

    most: int = setting(6, 'keyframes of one episode at most', low=2, high=64)
    smoothing: float = setting(0.2, 'width of the average over time, s', low=0.0, high=2.0)
    slow: float = setting(0.15, 'a stop: below this share of the fast speed', low=0.0, high=1.0)
    turn: float = setting(0.8, 'a sharp turn, rad', low=0.1, high=3.2)
    reach: float = setting(0.03, 'way before and after a turn that gives it, m', low=1e-3, high=0.5)
    apart: float = setting(0.02, 'keyframes nearer to the way through the others, m', low=0.0)
    hysteresis: float = setting(0.1, 'of an opening about its middle', low=0.0, high=0.45)


def find_keyframes(
    stamps_ns: np.ndarray,
    position: np.ndarray,
    orientation: np.ndarray,
    gripper: np.ndarray,
    settings: KeyframeSettings | None = None,
) -> np.ndarray:
    """Return the steps of the keyframes, int64 (K,), increasing, the last one T - 1.

    stamps_ns (T,), position (T, 3) m, orientation (T, 4), gripper (T,) as commanded, 0 to 1. Where
    there are more gripper events than fit, the first ones are taken. A stop before the arm has
    moved is none.
    """
    rules = settings or KeyframeSettings()
    # Orientations as points on a small sphere: a turn on the spot is motion like any other.
    turning = TURN_RADIUS * geometry.quaternion_to_matrix(orientation)[..., :2]
    way = np.concatenate([position, turning.reshape(len(position), 6)], 1)
    way = _smooth(stamps_ns, way, rules.smoothing)
    last = len(way) - 1
    events = [t for t in gripper_events(gripper, rules.hysteresis) if t < last]
    chosen = sorted({*events[: rules.most - 1], last})
    wanted = sorted({*_stops(stamps_ns, way, rules.slow), *_turns(way, rules)})
    while len(chosen) < rules.most and wanted:
        distance = [_off_the_way(way, t, chosen) for t in wanted]
        farthest = int(np.argmax(distance))
        if distance[farthest] <= rules.apart:
            break
        chosen = sorted({*chosen, wanted.pop(farthest)})
    return np.asarray(chosen, np.int64)


def gripper_events(gripper: np.ndarray, hysteresis: float = 0.1) -> list[int]:
    """Return the steps at which the gripper, (T,), closes or opens: passes its middle.

    The middle of what it does in this episode, so that a gripper which holds a thick object counts.
    """
    low, high = float(gripper.min()), float(gripper.max())
    if high - low < 2 * hysteresis:
        return []
    share = (gripper - low) / (high - low)
    is_open, events = bool(share[0] > MIDDLE), []
    for t, value in enumerate(share):
        if value < MIDDLE - hysteresis if is_open else value > MIDDLE + hysteresis:
            is_open = not is_open
            events.append(t)
    return events


def keyframe_gripper(gripper: np.ndarray, keyframes: np.ndarray) -> np.ndarray:
    """Return the opening (K,) to be reached at each keyframe: where the gripper then comes to rest.

    At an event the gripper has only begun to move; its aim is the median until the next event.
    """
    edges = [0, *gripper_events(gripper), len(gripper)]
    period = np.searchsorted(edges, keyframes, 'right') - 1
    return np.array([np.median(gripper[edges[p] : edges[p + 1]]) for p in period])


def plan_of(
    episode: Episode, T_frame_base: np.ndarray | None = None, frame_id: str | None = None
) -> WaypointPlan:
    """Return the episode's keyframes as a plan, which never expires.

    In the base frame, or, with T_frame_base (4, 4) and its name, in another one, such as the first
    camera's. InvalidValueError for an episode without keyframes.
    """
    T = np.eye(4) if T_frame_base is None else T_frame_base
    poses = T @ episode.T_base_ee()[episode.keyframes]
    openings = keyframe_gripper(episode.action_gripper, episode.keyframes)
    orientations = geometry.matrix_to_quaternion(poses[:, :3, :3])
    return WaypointPlan(
        plan_id=f'keyframes at {episode.keyframes.tolist()}',
        stamp_ns=int(episode.stamps_ns[0]),
        frame_id=frame_id or episode.base_frame,
        instruction=episode.instruction,
        waypoints=tuple(map(Waypoint, poses[:, :3, 3], orientations, openings)),
        expiry_ns=int(episode.stamps_ns[-1]) + 1,
        planner='keyframes',
    )


def _smooth(stamps_ns: np.ndarray, values: np.ndarray, width: float) -> np.ndarray:
    """Average (T, D) over `width` seconds, symmetric, narrower towards both ends."""
    period = float(np.median(np.diff(stamps_ns))) / 1e9
    count = len(values)
    half = np.minimum(np.arange(count), np.arange(count)[::-1])
    half = np.minimum(half, round(width / period / 2))
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, 0)])
    steps = np.arange(count)
    return (total[steps + half + 1] - total[steps - half]) / (2 * half + 1)[:, None]


def _stops(stamps_ns: np.ndarray, way: np.ndarray, slow: float) -> list[int]:
    """Return the middle of every stretch of low speed between two of motion."""
    speed = np.linalg.norm(np.gradient(way, stamps_ns / 1e9, axis=0), axis=1)
    still = speed < slow * np.percentile(speed, 90)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(np.int8), [0]])))
    spans = edges.reshape(-1, 2)
    return [int(a + b - 1) // 2 for a, b in spans if a > 0 and b < len(still)]


def _turns(way: np.ndarray, rules: KeyframeSettings) -> list[int]:
    """Return where the direction of the way changes sharply: the largest change of each corner."""
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1))])
    inside = np.flatnonzero((along >= rules.reach) & (along <= along[-1] - rules.reach))
    before = way[inside] - _at(way, along, along[inside] - rules.reach)
    after = _at(way, along, along[inside] + rules.reach) - way[inside]
    scale = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    cosine = (before * after).sum(1) / np.maximum(scale, 1e-12)
    angle = np.arccos(np.clip(cosine, -1, 1))
    found: list[int] = []
    for i in np.argsort(-angle):
        here = along[inside[i]]
        if angle[i] < rules.turn:
            break
        if all(abs(here - along[t]) > rules.reach for t in found):
            found.append(int(inside[i]))
    return found


def _at(way: np.ndarray, along: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the points (N, D) at lengths (N,) along the way (T, D)."""
    # Equal lengths, while the arm stands, would leave np.interp undefined.
    along = along + 1e-9 * np.arange(len(along))
    return np.stack([np.interp(lengths, along, column) for column in way.T], 1)


def _off_the_way(way: np.ndarray, t: int, chosen: list[int]) -> float:
    """Return how far step t is from the straight line between its chosen neighbours."""
    k = int(np.searchsorted(chosen, t))
    start, end = way[chosen[k - 1] if k else 0], way[chosen[k]]
    line = end - start
    share = np.clip((way[t] - start) @ line / max(line @ line, 1e-12), 0, 1)
    return float(np.linalg.norm(way[t] - start - share * line))

"""Bench of the calibration: error of the camera's pose, and what its health check tells and costs.

All in simulation, against the known truth. Hand-eye calibration beside OpenCV's closed-form
solvers, on recordings of 20 images of the same board and hand; the health check with the noise of a
stereo depth camera. `--recordings 4 --poses 1` takes less than a minute.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gae_arm.commands.benches.measure import Row, compare, summary

if TYPE_CHECKING:
    from gae_arm.commands.benches.board_rig import BoardRig

VIEWS = 20
SIZES = ((320, 240), (640, 480))
OURS = 'joint refinement'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gae bench calibration`."""
    parser.add_argument(
        '--recordings', type=int, metavar='N', default=100, help='of 20 views each, in each mode'
    )
    parser.add_argument(
        '--poses', type=int, metavar='N', default=20, help='of each arm before each camera'
    )


def rows(args: argparse.Namespace) -> Iterator[Row]:
    """Yield the errors of the calibration, then what the health check tells and costs."""
    from gae_arm.point_cloud.calibration.pose_fit import MODES

    for mode in MODES:
        yield from _calibration(mode, args.recordings, args.seed)
    for size in SIZES:
        yield from _health(size, args.poses, args.seed)
    for size in SIZES:
        yield from _cost(size, args.seed)


def _calibration(mode: str, recordings: int, seed: int) -> Iterator[Row]:
    from gae_arm.commands.benches.board_rig import BoardRig

    with BoardRig(mode) as rig:
        errors = []
        for k in range(recordings):
            errors.append(_errors(rig, mode, np.random.default_rng((seed, k))))
            _progress(f'{mode}: recording', k + 1, recordings)
    for column, (what, unit) in enumerate((('position', 'mm'), ('rotation', 'deg'))):
        found = {name: [e[name][column] for e in errors] for name in errors[0]}
        ours = summary(f"{mode}: error of the camera's {what}", unit, found.pop(OURS))
        for solver, values in found.items():
            peer, p50 = f'OpenCV {solver}', float(np.median(values))
            yield Row(ours.name, unit, ours.p50, ours.p99, ours.n, peer, p50)


def _errors(rig: BoardRig, mode: str, rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """Return the error, mm and deg, of every way to calibrate from one recording."""
    from gae_arm.commands.benches.board_rig import BOARD, INTRINSICS, apart
    from gae_arm.point_cloud.calibration.board import BoardNotSeenError, find_board
    from gae_arm.point_cloud.calibration.hand_eye import SOLVERS, calibrate

    hands, sightings = [], []
    for positions in rig.good_positions(rng, VIEWS):
        frame, state = rig.record(positions, rng)
        assert frame.color is not None
        try:
            sightings.append(find_board(BOARD, frame.color, INTRINSICS))
        except BoardNotSeenError:
            continue
        hands.append(rig.hand_pose(state.position))
    boards = np.array([s.T_camera_board for s in sightings])
    found = {OURS: calibrate(mode, np.array(hands), sightings).T_parent_camera}
    for solver, method in SOLVERS.items():
        found[solver] = _closed_form(mode, np.array(hands), boards, method)
    return {name: apart(rig.T_camera, T) for name, T in found.items()}


def _closed_form(mode: str, hands: np.ndarray, boards: np.ndarray, method: int) -> np.ndarray:
    """Return the camera's pose (4, 4) as OpenCV's documentation says to find it."""
    import cv2

    from gae_arm.core.geometry import invert, transform
    from gae_arm.point_cloud.calibration.pose_fit import EYE_TO_HAND

    A = invert(hands) if mode == EYE_TO_HAND else hands
    R, t = cv2.calibrateHandEye(
        list(A[:, :3, :3]),
        list(A[:, :3, 3]),
        list(boards[:, :3, :3]),
        list(boards[:, :3, 3]),
        method=method,
    )
    return transform(np.asarray(R), np.asarray(t)[:, 0])


def _health(size: tuple[int, int], poses: int, seed: int) -> Iterator[Row]:
    from gae_arm.commands.benches.health_watch import ARMS, BUMP, VIEWS, Tally, WatchedArm

    tally = Tally()
    for number, arm in enumerate(ARMS):
        for view, T_base_camera in enumerate(VIEWS):
            with WatchedArm(arm, T_base_camera, size, seed) as watched:
                watched.watch(poses, np.random.default_rng((seed, number, view)), tally)
        _progress(f'{_name(size)}: arm', number + 1, len(ARMS))
    name = f'health, {_name(size)}:'
    bump = f'{name} bumps of {1e3 * BUMP:.0f} mm'
    yield _share(f'{bump} reported within 2 s', len(tally.delays), tally.bumps)
    if tally.delays:
        yield summary(f'{bump}, time to the warning', 's', tally.delays)
    yield _share(f'{name} false alarms', tally.alarms, len(tally.shifts))
    if tally.shifts:
        yield summary(f'{name} shift without a bump', 'mm', tally.shifts)
        largest = max(tally.shifts)
        yield Row(f'{name} largest shift without a bump', 'mm', largest, largest, len(tally.shifts))


def _cost(size: tuple[int, int], seed: int) -> Iterator[Row]:
    from gae_arm.commands.benches.health_watch import ARMS, VIEWS, WatchedArm

    for arm in ARMS:
        with WatchedArm(arm, VIEWS[1], size, seed) as watched:
            yield from compare(f'health, {_name(size)}: check of a frame, {arm}', watched.check())


def _name(size: tuple[int, int]) -> str:
    return f'{size[0]}x{size[1]}'


def _share(name: str, count: int, of: int) -> Row:
    share = 100 * count / of if of else 0.0
    return Row(name, '%', share, share, of)


def _progress(what: str, done: int, of: int) -> None:
    if done % max(1, of // 5) == 0:
        print(f'{what} {done} of {of}', file=sys.stderr)

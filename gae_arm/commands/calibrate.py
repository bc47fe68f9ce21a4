"""Find where the camera stands (hand-eye calibration), or print a board for it.

  gae calibrate board --output board.pdf
  gae calibrate record --arm panda --output FOLDER
  gae calibrate FOLDER --arm panda --mode eye-to-hand --output config/camera.yaml

FOLDER is a recording: images of the board, and the arm's joints at each, made by `record` from
the running camera and arm (docs/calibration.md).
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from gae_arm.commands.calibrate_record import record
from gae_arm.core.arm import ArmConfig, load_arm
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.geometry import matrix_to_quaternion
from gae_arm.core.paths import arm_file
from gae_arm.point_cloud.calibration.board import (
    DEFAULTS,
    Board,
    BoardNotSeenError,
    BoardSighting,
    find_board,
)
from gae_arm.point_cloud.calibration.board_sheet import save_sheet
from gae_arm.point_cloud.calibration.extrinsics import Extrinsics, save_extrinsics
from gae_arm.point_cloud.calibration.hand_eye import HandEyeResult, HandEyeSettings, calibrate
from gae_arm.point_cloud.calibration.pose_fit import EYE_TO_HAND, MODES
from gae_arm.point_cloud.calibration.recording import Recording, hand_poses, load_recording

MILLI = 1e3
SCALE_TOLERANCE = 0.003


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        'target', metavar='FOLDER', help="a recording; 'record' to make one, 'board' to print one"
    )
    parser.add_argument('--arm', help='a name in config/arms, or a YAML file')
    parser.add_argument(
        '--driver', help='record: of a real arm beside arm.launch.yaml; a name in config/drivers'
    )
    parser.add_argument('--mode', choices=MODES, help='where the camera is')
    parser.add_argument(
        '--link',
        help='link that carries the board (eye-to-hand) or the camera (eye-in-hand); the end '
        'effector by default',
    )
    parser.add_argument('--output', type=Path, help='camera.yaml; FOLDER; board.pdf or board.png')
    noise = HandEyeSettings()
    parser.add_argument(
        '--position-noise',
        type=float,
        default=MILLI * noise.position_noise,
        help="how exact the arm is: standard deviation of the hand's position, mm (%(default).3g)",
    )
    parser.add_argument(
        '--rotation-noise',
        type=float,
        default=math.degrees(noise.rotation_noise),
        help='the same of its rotation, degrees (%(default).3g)',
    )
    board = parser.add_argument_group('board', 'as the recording says by default, else charuco')
    board.add_argument('--board', choices=DEFAULTS, help='kind of board')
    board.add_argument('--columns', type=int, help='squares or tags from left to right')
    board.add_argument('--rows', type=int, help='squares or tags from top to bottom')
    board.add_argument('--square', type=float, help='from one square or tag to the next, mm')
    board.add_argument('--marker', type=float, help='edge of a marker, mm')
    board.add_argument('--dictionary', help="OpenCV's name of the markers, such as 5x5_100")


def run(args: argparse.Namespace) -> int:
    """Do it; return 0 if the camera's pose was found."""
    console = Console()
    if args.target == 'board':
        return _print_board(args, console)
    if args.target == 'record':
        _need(args, 'arm', 'output')
        arm = load_arm(arm_file(args.arm))
        return record(args.output, _board(args, None), arm.base_frame, console, args.driver)
    _need(args, 'arm', 'mode')
    arm = load_arm(arm_file(args.arm))
    recording = load_recording(Path(args.target))
    board = _board(args, recording.board)
    link = args.link or arm.end_effector_frame
    poses = hand_poses(arm, link, recording.views)
    sightings = _find_boards(recording, board, console)
    seen = [i for i, sighting in enumerate(sightings) if sighting is not None]
    settings = dataclasses.replace(
        HandEyeSettings(),
        position_noise=args.position_noise / MILLI,
        rotation_noise=math.radians(args.rotation_noise),
    )
    found = [sighting for sighting in sightings if sighting is not None]
    result = calibrate(args.mode, poses[seen], found, settings)
    console.print(_view_table(recording, sightings, result), _solver_table(result))
    _conclude(args, arm, link, recording, result, console)
    return 0


def _need(args: argparse.Namespace, *names: str) -> None:
    missing = [f'--{name}' for name in names if getattr(args, name) is None]
    if missing:
        raise InvalidValueError(f'{", ".join(missing)} missing; see gae calibrate --help')


def _print_board(args: argparse.Namespace, console: Console) -> int:
    _need(args, 'output')
    paper = save_sheet(args.output, _board(args, None))
    console.print(
        f'{args.output}: print on {paper} at 100 %, glue it on something flat, measure it'
    )
    return 0


def _board(args: argparse.Namespace, recorded: Board | None) -> Board:
    """Return the recorded board, or the default of its kind, changed as the options say."""
    kind = args.board or (recorded.kind if recorded else 'charuco')
    same = recorded is not None and recorded.kind == kind
    values = dataclasses.asdict(recorded) if same and recorded else {**DEFAULTS[kind], 'kind': kind}
    given = {
        'columns': args.columns,
        'rows': args.rows,
        'square': args.square and args.square / MILLI,
        'marker': args.marker and args.marker / MILLI,
        'dictionary': args.dictionary,
    }
    return Board(**{**values, **{key: v for key, v in given.items() if v is not None}})


def _find_boards(
    recording: Recording, board: Board, console: Console
) -> list[BoardSighting | None]:
    """Look for the board in all images; None, with a line that says why, where it is not seen."""
    out: list[BoardSighting | None] = []
    for view in recording.views:
        try:
            out.append(find_board(board, view.read(), recording.intrinsics))
        except BoardNotSeenError as error:
            console.print(f'[yellow]{view.image.name}: {error}[/]')
            out.append(None)
    return out


def _view_table(
    recording: Recording, sightings: list[BoardSighting | None], result: HandEyeResult
) -> Table:
    table = Table('image', title='views: where the board is seen, against where the hand says')
    for column in ('corners', 'distance\nm', 'corners off\npx', 'hand off\nmm', 'hand off\ndeg'):
        table.add_column(column, justify='right')
    table.add_column('', no_wrap=True)
    rows = zip(result.position_residuals, result.rotation_residuals, result.inliers, strict=True)
    for view, sighting in zip(recording.views, sightings, strict=True):
        if sighting is None:
            table.add_row(view.image.name, *['-'] * 5, 'board not seen', style='yellow')
            continue
        position, rotation, used = next(rows)
        table.add_row(
            view.image.name,
            f'{len(sighting.pixels)}',
            f'{np.linalg.norm(sighting.T_camera_board[:3, 3]):.2f}',
            f'{sighting.error:.2f}',
            f'{MILLI * position:.2f}',
            f'{math.degrees(rotation):.3f}',
            '' if used else 'outlier, not used',
            style=None if used else 'red',
        )
    return table


def _solver_table(result: HandEyeResult) -> Table:
    table = Table('solver', title='residuals, root mean square')
    for column in ('views', 'position mm', 'rotation deg'):
        table.add_column(column, justify='right')
    for name, (position, rotation) in result.solvers.items():
        row = f'{MILLI * position:.2f}', f'{math.degrees(rotation):.3f}'
        table.add_row(name, f'{len(result.inliers)}', *row)
    row = f'{MILLI * result.position_rms:.2f}', f'{math.degrees(result.rotation_rms):.3f}'
    table.add_row('joint refinement', f'{result.inliers.sum()}', *row, style='bold')
    return table


def _conclude(
    args: argparse.Namespace,
    arm: ArmConfig,
    link: str,
    recording: Recording,
    result: HandEyeResult,
    console: Console,
) -> None:
    """Print the pose and what to mind, and write the file."""
    parent = arm.base_frame if args.mode == EYE_TO_HAND else link
    extrinsics = Extrinsics(parent, recording.camera_frame, result.T_parent_camera)
    lines = _summary(extrinsics, result)
    console.print(*lines, sep='\n')
    for warning in _warnings(result):
        console.print(f'[yellow]mind: {warning}[/]')
    if args.output is None:
        console.print('not saved: give --output camera.yaml')
        return
    comments = (
        f'Written by: gae calibrate {args.target} --arm {args.arm} --mode {args.mode}',
        *lines,
    )
    save_extrinsics(args.output, extrinsics, comments)
    console.print(f'written to {args.output}')


def _summary(extrinsics: Extrinsics, result: HandEyeResult) -> tuple[str, ...]:
    T = extrinsics.T_parent_camera
    xyz, xyzw = (
        ', '.join(f'{x:.5f}' for x in values)
        for values in (T[:3, 3], matrix_to_quaternion(T[:3, :3]))
    )
    return (
        f'{extrinsics.camera_frame} in {extrinsics.parent_frame}: xyz ({xyz}) m, xyzw ({xyzw})',
        f'standard deviation {MILLI * result.position_deviation:.2f} mm, '
        f'{math.degrees(result.rotation_deviation):.3f} deg',
        f'residuals {MILLI * result.position_rms:.2f} mm, '
        f'{math.degrees(result.rotation_rms):.3f} deg (root mean square) in '
        f'{result.inliers.sum()} of {len(result.inliers)} views',
    )


def _warnings(result: HandEyeResult) -> list[str]:
    out = []
    excess, deviation = result.board_scale - 1, result.board_scale_deviation
    if abs(excess) > max(SCALE_TOLERANCE, 4 * deviation):
        out.append(
            f'the board seems {abs(excess):.1%} {"larger" if excess > 0 else "smaller"} '
            f'(+- {deviation:.1%}) than stated: measure its squares, or the focal length is wrong'
        )
    if result.noise > 2:
        out.append(
            f'residuals are {result.noise:.1f} times what the noise explains: is the arm less '
            'exact than --position-noise and --rotation-noise say, or the lens uncalibrated?'
        )
    return out

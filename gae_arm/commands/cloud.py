"""Draw the cloud of one RGB-D image of your own camera, and say what is on it.

COLOUR is an image. DEPTH is a .npy file (floats: metres, integers: millimetres) or a 16-bit image
(millimetres), aligned to the colour image. CAMERA is YAML or JSON: intrinsics (3x3) and, if they
are known, extrinsics (4x4, pose of the optical frame in the arm's base frame); or what
`ros2 topic echo --once .../camera_info` prints; or a file of ROS's camera_calibration.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

from gae_arm.core.errors import ConfigError
from gae_arm.point_cloud.outliers import statistical_inliers
from gae_arm.point_cloud.pipeline import CloudPipeline, WorkspaceCloud
from gae_arm.point_cloud.planes import Plane, find_plane
from gae_arm.point_cloud.ply import write_ply
from gae_arm.point_cloud.rgbd_files import load_rgbd
from gae_arm.point_cloud.sheet import draw_sheet
from gae_arm.point_cloud.workspace import WorkspaceSettings

EVERYWHERE = 1e3
TABLE_TILT = math.radians(15)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `gae cloud`."""
    parser.add_argument('color', type=Path, metavar='COLOUR')
    parser.add_argument('depth', type=Path, metavar='DEPTH')
    parser.add_argument('camera', type=Path, metavar='CAMERA')
    parser.add_argument('--view', type=Path, metavar='F', help='write a picture: .png or .jpg')
    parser.add_argument('--ply', type=Path, metavar='F', help='write the coloured cloud')
    parser.add_argument(
        '--crop',
        type=float,
        nargs=6,
        metavar=('X0', 'Y0', 'Z0', 'X1', 'Y1', 'Z1'),
        default=[-EVERYWHERE] * 3 + [EVERYWHERE] * 3,
        help='corners of the box to keep, m, base frame (optical frame without extrinsics)',
    )
    parser.add_argument(
        '--range', type=float, nargs=2, metavar=('MIN', 'MAX'), default=[0.1, 3.0], help='depths, m'
    )
    parser.add_argument('--voxel', type=float, default=0.0, help='one point per cube, m; 0: all')
    parser.add_argument('--keep-edges', action='store_true', help='do not drop flying pixels')
    parser.add_argument('--clean', action='store_true', help='drop outliers (needs Open3D)')


def run(args: argparse.Namespace) -> int:
    """Read the image, make its cloud, print what is on it, write what is asked for."""
    frame, T_base_camera = load_rgbd(args.color, args.depth, args.camera)
    settings = WorkspaceSettings(
        crop_min=tuple(args.crop[:3]),
        crop_max=tuple(args.crop[3:]),
        range_min=args.range[0],
        range_max=args.range[1],
        voxel_size=args.voxel,
        edge_angle=math.pi / 2 if args.keep_edges else WorkspaceSettings.edge_angle,
    )
    T = np.eye(4) if T_base_camera is None else T_base_camera
    cloud = CloudPipeline(settings).process(frame, T)
    points, pixels = cloud.points, cloud.pixels
    if args.clean:
        inliers = statistical_inliers(points)
        points, pixels = points[inliers], pixels[inliers]
    plane = _table(points, T_base_camera)
    facts = _facts(cloud, points, plane, T)
    print('\n'.join(facts))
    if args.view is not None:
        page = draw_sheet(frame, points, pixels, T_base_camera, facts, plane)
        try:
            page.save(args.view)
        except (OSError, ValueError) as error:
            raise ConfigError(f'{args.view} cannot be written: {error}') from error
    if args.ply is not None:
        colors = None if frame.color is None else frame.color.reshape(-1, 3)[pixels]
        write_ply(args.ply, points, colors)
    return 0


def _table(points: np.ndarray, T_base_camera: np.ndarray | None) -> Plane | None:
    """Return the largest level plane, or the largest of all where nobody knows what is level."""
    if T_base_camera is None:
        return find_plane(points)
    return find_plane(points, up=(0, 0, 1), max_tilt=TABLE_TILT)


def _facts(
    cloud: WorkspaceCloud, points: np.ndarray, plane: Plane | None, T_base_camera: np.ndarray
) -> list[str]:
    """Return what a person can compare with what stands in front of the camera."""
    facts = [
        f'{cloud.valid / cloud.total:.1%} of {cloud.total:,} pixels have a reading',
        f'{len(points):,} points used',
    ]
    if len(points):
        depth = (points - T_base_camera[:3, 3]) @ T_base_camera[:3, 2]
        low, middle, high = np.percentile(depth, [0, 50, 100])
        facts.append(f'depth {low:.3f} to {high:.3f} m, median {middle:.3f} m')
        for axis, low, high in zip('xyz', points.min(0), points.max(0), strict=True):
            facts.append(f'{axis} from {low:.3f} to {high:.3f} m')
    if plane is None:
        return [*facts, 'no plane found']
    share = f'{plane.inliers:.1%} of the points within 5 mm, RMS {1000 * plane.rms:.1f} mm'
    away = abs(float(plane.distance(T_base_camera[None, :3, 3])[0]))
    facts += [f'largest plane: {share}', f'plane to camera: {away:.3f} m']
    if not np.array_equal(T_base_camera, np.eye(4)):
        tilt = math.degrees(math.acos(min(1.0, float(plane.normal[2]))))
        facts.append(f'plane at z = {plane.offset:.3f} m, {tilt:.1f} degrees off level')
    return facts

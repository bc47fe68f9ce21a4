"""The self-mask: nothing of the robot is left, and no more than the margin is taken with it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import EVERYWHERE, intrinsics
from toy_arm import URDF

from gae_arm.core import geometry
from gae_arm.core.arm import load_arm
from gae_arm.core.camera import CameraFrame
from gae_arm.core.collision_geometry import box, collision_triangles
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.paths import arm_file
from gae_arm.core.urdf import load_urdf
from gae_arm.point_cloud.pipeline import CloudPipeline
from gae_arm.point_cloud.render_depth import render_depth
from gae_arm.point_cloud.robot_mask import RobotMask

CUBE = """<robot name="r"><link name="cube"><collision><geometry><box size="0.1 0.2 0.3"/>
</geometry></collision></link></robot>"""
MARGIN, CELL = 0.02, 0.005


def box_distance(points, size):
    """Distance to a box around the origin; 0 inside."""
    return np.linalg.norm(np.maximum(np.abs(points) - np.divide(size, 2), 0), axis=-1)


@pytest.mark.parametrize(('margin', 'cell'), [(0.0, 0.005), (0.02, 0.005), (0.03, 0.004)])
def test_the_promise_about_distances(margin, cell):
    mask = RobotMask(CUBE, margin=margin, cell=cell)
    points = np.random.default_rng(0).uniform(-0.25, 0.25, (20000, 3)).astype(np.float32)
    inside = mask.contains(points, mask.link_transforms({}))
    distance = box_distance(points, [0.1, 0.2, 0.3])
    assert inside[distance <= margin].all()
    assert not inside[distance > margin + 2.5 * cell].any()


@pytest.fixture(scope='module', params=['panda', 'ur5', 'xarm7'])
def arm(request):
    return load_arm(arm_file(request.param))


@pytest.fixture(scope='module')
def mask(arm):
    return RobotMask.of_arm(arm, MARGIN, CELL)


@pytest.fixture(scope='module')
def bare_mask(arm):
    return RobotMask.of_arm(arm, 0.0, CELL)


@pytest.fixture(scope='module')
def triangles(arm):
    return collision_triangles(load_urdf(arm))


def random_state(arm, seed):
    random = np.random.default_rng(seed)
    low, high = np.maximum(arm.limits.lower, -3), np.minimum(arm.limits.upper, 3)
    return dict(zip(arm.joints, random.uniform(low, high), strict=True))


def surface_points(triangles, poses, random, per_link=300):
    """Points on the robot's surface (N, 3), base frame."""
    out = []
    for T, (_, t) in zip(poses, triangles.items(), strict=True):
        chosen = t[random.integers(len(t), size=per_link)]
        weights = random.dirichlet([1, 1, 1], per_link)
        out.append(geometry.transform_points(T, np.einsum('nk,nkj->nj', weights, chosen)))
    return np.concatenate(out)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 999))
def test_everything_within_the_margin_is_masked_in_every_pose(arm, mask, triangles, seed):
    random = np.random.default_rng(seed)
    poses = mask.link_transforms(random_state(arm, seed))
    points = surface_points(triangles, poses, random)
    shift = random.normal(size=points.shape)
    shift *= 0.999 * MARGIN / np.linalg.norm(shift, axis=1, keepdims=True)
    assert mask.contains(points, poses).all()
    assert mask.contains(points + shift, poses).all()


def distance_to(point, triangles):
    """Distance of one point (3,) to the nearest of triangles (T, 3, 3)."""
    a, b, c = np.moveaxis(triangles, 1, 0)
    normal = np.cross(b - a, c - a)
    inside, nearest = np.ones(len(a), bool), np.inf
    for p, q in ((a, b), (b, c), (c, a)):
        along = np.einsum('ij,ij->i', point - p, q - p) / np.einsum('ij,ij->i', q - p, q - p)
        on_edge = p + np.clip(along, 0, 1)[:, None] * (q - p)
        nearest = min(nearest, np.linalg.norm(point - on_edge, axis=1).min())
        inside &= np.einsum('ij,ij->i', np.cross(q - p, point - p), normal) >= 0
    height = np.abs(np.einsum('ij,ij->i', point - a, normal)) / np.linalg.norm(normal, axis=1)
    return min(nearest, height[inside].min(initial=np.inf))


@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 999))
def test_nothing_far_beyond_the_margin_is_masked(arm, mask, bare_mask, triangles, seed):
    random = np.random.default_rng(seed)
    poses = mask.link_transforms(random_state(arm, seed))
    placed = np.concatenate(
        [
            geometry.transform_points(T, t.reshape(-1, 3)).reshape(-1, 3, 3)
            for T, t in zip(poses, triangles.values(), strict=True)
        ]
    )
    area = np.cross(placed[:, 1] - placed[:, 0], placed[:, 2] - placed[:, 0])
    placed = placed[np.linalg.norm(area, axis=1) > 0]
    around = surface_points(triangles, poses, random, 12)
    around = around + random.uniform(-0.06, 0.06, around.shape)
    masked = around[mask.contains(around, poses) & ~bare_mask.contains(around, poses)]
    assert len(masked) > 20
    assert max(distance_to(p, placed) for p in masked) < MARGIN + 2.5 * CELL


@pytest.mark.parametrize('dtype', [np.uint16, np.float32])
@pytest.mark.parametrize('seed', range(3))
def test_no_pixel_of_the_robot_is_left_in_the_cloud(arm, mask, triangles, seed, dtype):
    """A camera sees the arm over a table: of the arm nothing stays, of the table nearly all."""
    poses = mask.link_transforms(random_state(arm, seed))
    parts = zip(poses, triangles.values(), strict=True)
    robot = [geometry.transform_points(T, t.reshape(-1, 3)).reshape(-1, 3, 3) for T, t in parts]
    table = box([3.0, 3.0, 0.02]) + np.array([0, 0, -0.7])
    camera = intrinsics(160, 120)
    T_base_camera = geometry.look_at([1.6, 0.9, 1.1], [0.1, 0, 0.2])
    T = geometry.invert(T_base_camera)
    with_table = render_depth(np.concatenate([*robot, table]), T, camera)
    alone = render_depth(np.concatenate(robot), T, camera)
    is_robot = (alone > 0) & (alone == with_table)
    assert is_robot.sum() > 300
    depth = with_table if dtype == np.float32 else np.round(1000 * with_table).astype(np.uint16)
    pipeline = CloudPipeline(EVERYWHERE, mask)
    cloud = pipeline.process(CameraFrame(0, 'camera', camera, depth), T_base_camera, poses)
    kept = np.zeros(depth.size, bool)
    kept[cloud.pixels] = True
    kept = kept.reshape(depth.shape)
    assert not kept[is_robot].any()
    lost = (with_table > 0) & ~kept & ~is_robot
    assert cloud.robot == (with_table > 0).sum() - kept.sum()
    assert lost.sum() < 0.25 * is_robot.sum(), 'of the table only what the margin covers'
    points = cloud.points[:: max(len(cloud.points) // 500, 1)]
    assert not mask.contains(points, poses).any()


def test_a_camera_on_the_wrist_sees_around_the_link_it_sits_on():
    """The link's grid reaches behind the image plane, so no rectangle bounds it."""
    mask = RobotMask(CUBE, margin=0.0)
    depth = np.full((48, 64), 120, np.uint16)
    pipeline = CloudPipeline(EVERYWHERE, mask)
    image = CameraFrame(0, 'camera', intrinsics(), depth)
    cloud = pipeline.process(image, np.eye(4), mask.link_transforms({}))
    expected = ~mask.contains(
        CloudPipeline(EVERYWHERE).process(image, np.eye(4)).points, np.eye(4)[None]
    )
    assert 0 < expected.sum() < depth.size
    np.testing.assert_array_equal(cloud.pixels, np.flatnonzero(expected))


def test_a_robot_behind_the_camera_masks_nothing():
    mask = RobotMask(CUBE)
    image = CameraFrame(0, 'camera', intrinsics(), np.full((48, 64), 400, np.uint16))
    behind = geometry.transform(np.eye(3), [0, 0, -1])[None]
    assert CloudPipeline(EVERYWHERE, mask).process(image, np.eye(4), behind).robot == 0


def test_without_a_joint_state_the_robot_stays():
    mask = RobotMask(CUBE)
    image = CameraFrame(0, 'camera', intrinsics(), np.full((48, 64), 100, np.uint16))
    cloud = CloudPipeline(EVERYWHERE, mask).process(image, np.eye(4), None)
    assert (cloud.robot, len(cloud.points)) == (0, 48 * 64)


def test_fingers_that_no_joint_state_reports_are_taken_as_opened(arm, mask):
    home = dict(zip(arm.joints, arm.home, strict=True))
    opened = dict(zip(arm.gripper.joints, arm.gripper.opened, strict=True))
    np.testing.assert_array_equal(
        mask.link_transforms(home), mask.link_transforms({**home, **opened})
    )


def test_joint_states_that_are_refused():
    mask = RobotMask(URDF, 'base')
    with pytest.raises(InvalidValueError, match=r"no position of \['bend'\]; there are: \['lift"):
        mask.link_transforms({'turn': 0, 'lift': 0})
    with pytest.raises(InvalidValueError, match='position of bend is not finite: nan'):
        mask.link_transforms({'turn': 0, 'lift': 0, 'bend': float('nan')})
    with pytest.raises(
        InvalidValueError, match=r'T_base_links has shape \(4, 4\), expected \(3, 4'
    ):
        mask.contains(np.zeros((1, 3)), np.eye(4))


@pytest.mark.parametrize(
    ('urdf', 'options', 'error', 'message'),
    [
        ('<robot name="r"><link name="a"/></robot>', {}, ConfigError, 'no collision geometry'),
        (CUBE.replace('0.1 0.2 0.3', '100 200 300'), {}, ConfigError, "link 'cube' spans"),
        (
            CUBE,
            {'base': 'arm'},
            InvalidValueError,
            r"base link 'arm' is unknown; there are: \['cube",
        ),
        (CUBE, {'margin': -0.01}, InvalidValueError, 'margin is -0.01'),
        (CUBE, {'cell': 0.0}, InvalidValueError, 'cell is 0.0'),
    ],
)
def test_robots_that_cannot_be_masked(urdf, options, error, message):
    with pytest.raises(error, match=message):
        RobotMask(urdf, **options)

"""Convex pieces enclose what they are made from, and little more."""

from __future__ import annotations

import coal
import numpy as np
import pytest
from three_arms import ARMS, collision_of

from gae_arm.arm_control.convex import cut, decompose, faces, hull
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.core import geometry
from gae_arm.core.collision_geometry import box, collision_triangles


def height(triangles: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How far points (P, 3) are outside the planes of a polyhedron's faces (F, 3, 3), (P,)."""
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    offsets = np.einsum('ij,ij->i', normals, triangles[:, 0])
    return (points @ normals.T - offsets).max(axis=1)


def area(triangles: np.ndarray) -> float:
    sides = triangles[:, 1:] - triangles[:, :1]
    return float(np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1).sum() / 2)


@pytest.mark.parametrize('name', ARMS)
def test_the_pieces_enclose_the_collision_geometry(name):
    """Corners and other spots on the faces of every link lie in a piece of that link."""
    kinematics, pieces = collision_of(name).kinematics, collision_of(name).pieces
    random = np.random.default_rng(0)
    triangles = collision_triangles(kinematics.urdf)
    assert {piece.link for piece in pieces} == set(triangles)
    for link, own in triangles.items():
        weights = random.dirichlet(np.ones(3), len(own))
        spots = np.concatenate([own.reshape(-1, 3), np.einsum('ti,tij->tj', weights, own)])
        spots = random.permutation(spots)[:3000]
        outside = np.full(len(spots), np.inf)
        for piece in (piece for piece in pieces if piece.link == link):
            T_joint_link = joint_to_link(kinematics, piece.joint, link)
            moved = geometry.transform_points(T_joint_link, spots)
            outside = np.minimum(outside, height(piece.triangles, moved))
        assert outside.max() < 1e-7, link


def joint_to_link(kinematics: Kinematics, joint: int, link: str) -> np.ndarray:
    model = kinematics.model
    frame = next(f for f in model.frames if f.name == link and f.parentJoint == joint)
    return frame.placement.homogeneous


@pytest.mark.parametrize('name', ARMS)
def test_the_pieces_are_closed_convex_polyhedra(name):
    for piece in collision_of(name).pieces:
        corners = np.array(piece.shape.points())
        assert height(piece.triangles, corners).max() < 1e-9
        edges = piece.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2, 3)
        there = {(tuple(a), tuple(b)) for a, b in edges.tolist()}
        assert all((b, a) in there for a, b in there), 'an edge has a face on one side only'


def test_a_hollow_is_not_filled():
    """An L of two boxes becomes two boxes: the volume in its corner stays free."""
    beam, post = box([0.4, 0.1, 0.1]), box([0.1, 0.1, 0.3]) + np.array([-0.15, 0, 0.2])
    shapes = decompose(np.concatenate([beam, post]), most_pieces=4)
    volume = sum(shape.computeVolume() for shape in shapes)
    assert volume < 1.1 * (0.4 * 0.1 * 0.1 + 0.1 * 0.1 * 0.3)
    whole = hull(np.concatenate([beam, post]).reshape(-1, 3))
    assert whole.computeVolume() > 1.5 * volume
    ball, far = coal.Sphere(0.02), coal.Transform3s(np.eye(3), np.array([0.05, 0.0, 0.15]))
    request, here = coal.DistanceRequest(), coal.Transform3s()
    nearest = [coal.distance(s, here, ball, far, request, coal.DistanceResult()) for s in shapes]
    assert min(nearest) == pytest.approx(0.08, abs=0.03)


@pytest.mark.parametrize('size', [[0.3, 0.2, 0.1], [1.0, 1.0, 1e-3]])
def test_what_is_convex_stays_one_piece(size):
    shapes = decompose(box(size))
    assert len(shapes) == 1
    assert shapes[0].computeVolume() == pytest.approx(np.prod(size))


def test_a_cut_parts_a_surface_without_loss():
    random = np.random.default_rng(0)
    triangles = random.normal(size=(200, 3, 3))
    for axis in range(3):
        low, high = cut(triangles, axis, 0.1)
        assert low[:, :, axis].max() < 0.1 + 1e-12
        assert high[:, :, axis].min() > 0.1 - 1e-12
        assert area(low) + area(high) == pytest.approx(area(triangles))


def test_faces_look_outward():
    triangles = faces(hull(box([2.0, 3.0, 4.0]).reshape(-1, 3)))
    assert area(triangles) == pytest.approx(2 * (6 + 8 + 12))
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    assert (np.einsum('ij,ij->i', normals, triangles.mean(1)) > 0).all()


@pytest.mark.parametrize('points', [np.zeros((5, 3)), np.eye(3), np.eye(4, 3), np.eye(6, 3) * 0.1])
def test_flat_points_are_refused(points):
    """Not by qhull: it would end the process."""
    flat = points * [1.0, 1.0, 0.0]
    with pytest.raises(ValueError, match=r'points that enclose no volume$'):
        hull(flat)
    with pytest.raises(ValueError, match=r'^2 triangles that enclose no volume$'):
        decompose(flat[np.array([[0, 1, 2], [2, 1, 0]])])

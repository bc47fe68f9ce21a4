"""How far the arm is from itself, from the table and boxes, and from the live cloud.

Distances are signed: zero when touching, negative by the depth of penetration. The arm's geometry
is the convex pieces of `convex.py`, which enclose the URDF's collision geometry, so a distance is
never larger than the true one (beyond 1e-6 m, coal's tolerance).
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pinocchio as pin

from gae_arm.arm_control.cloud_distance import (
    Pieces,
    nearest,
    obstacle_points,
    pack,
    without_strays,
)
from gae_arm.arm_control.convex import ConvexPiece, convex_pieces
from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.pair_distance import (
    BodyPairs,
    Nearest,
    polyhedron,
    solid_below,
    solid_box,
)
from gae_arm.arm_control.travel import Travel
from gae_arm.core import checks, geometry

SAMPLES = 100
"""Random configurations in all of which two links must touch, or be equally far from each other
within `STEADY` metres, to be left out for good: no motion of the arm changes that."""
STEADY = 1e-3
IN_PLACE = 0.2
"""Links behind the first joint alone that stay within this distance from its axis, m, are taken to
turn in place: like the base, they stand on the table and touch what is beside them, or not."""
NEAR = 0.1
"""Distances of all pairs at once are exact below this, m, and bounded from below above it."""


@dataclass(frozen=True, eq=False)
class Clearance(checks.Contract):
    """The nearest two things of a kind, and how near.

    distance: m, negative if they overlap; infinite if there is nothing to compare. first: a link.
    second: a link, 'table', a box's name or 'cloud'. point_first, point_second: float64 (3,), the
    nearest spots on both, m, base frame. Names are '' and points NaN if there is nothing.
    """

    distance: float
    first: str
    second: str
    point_first: np.ndarray
    point_second: np.ndarray


_CHANGING: dict[tuple[str, bytes, bytes], np.ndarray] = {}
NOTHING = Clearance(np.inf, '', '', np.full(3, np.nan), np.full(3, np.nan))


@dataclass(frozen=True, eq=False)
class BoxObstacle(checks.Contract):
    """A box that stands in the arm's way.

    name: for messages. T_base_box: float64 (4, 4), pose of its centre. size: float64 (3,), edge
    lengths, m.
    """

    name: str
    T_base_box: np.ndarray
    size: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze the arrays."""
        checks.text('name', self.name, allow_empty=False)
        object.__setattr__(self, 'T_base_box', geometry.rigid('T_base_box', self.T_base_box))
        object.__setattr__(self, 'size', checks.array('size', self.size, (3,)))
        for edge in self.size:
            checks.number('size', edge, 1e-6)


class CollisionModel:
    """Distances of one arm; not for two threads at once (Pinocchio's and coal's data is reused).

    table_height: m, of the table's surface in the base frame; all below it is solid. None: no
    table. boxes: further obstacles. table_noise: m; cloud points at most so far above the table's
    surface are the table. pieces: the arm's geometry. gripper_links: the links of the fingers and
    the one they slide on.

    Never compared with each other: links rigidly connected or with one joint between them, parts of
    the gripper, links that always touch or are always equally far apart (`SAMPLES`). Never compared
    with table, boxes and cloud: the base and what turns in place on it (`IN_PLACE`).

    self_names, environment_names: the K and M pairs that are compared, named as in `Clearance`; of
    a link with several pieces each has its own place among the latter.
    self_reach (K, N), environment_reach (M, N): m/rad, by which their distances change at most per
    radian of each joint, in every configuration. Raises ConfigError as `convex_pieces` does,
    InvalidValueError for a height that is not finite.
    """

    def __init__(
        self,
        kinematics: Kinematics,
        table_height: float | None = 0.0,
        boxes: Sequence[BoxObstacle] = (),
        table_noise: float = 0.01,
    ) -> None:
        self.kinematics = kinematics
        self.table_height = None
        if table_height is not None:
            self.table_height = checks.number('table_height', table_height)
        self.table_noise = checks.number('table_noise', table_noise, 0.0)
        self.pieces = convex_pieces(kinematics)
        self.gripper_links = _gripper_links(kinematics, {piece.link for piece in self.pieces})
        self._data = kinematics.model.createData()
        self._joints = [piece.joint for piece in self.pieces]
        self._moving = [i for i, piece in enumerate(self.pieces) if self._moves(piece)]
        self._packed: dict[frozenset[str], tuple[list[ConvexPiece], list[int], Pieces]] = {}
        self._add_obstacles(boxes)
        self._choose_pairs()

    @property
    def floor(self) -> float:
        """Return the height, m, up to which points of a cloud are the table's; -inf without one."""
        return -np.inf if self.table_height is None else self.table_height + self.table_noise

    def self_distance(self, q: npt.ArrayLike, opening: float = 1.0) -> Clearance:
        """Return the two links nearest to each other at joint positions q (N,), rad.

        opening: the gripper's, 0.0 closed to 1.0 open. Raises InvalidValueError for NaN, a wrong
        shape or an opening out of range.
        """
        return self._clearance(self._self_pairs.nearest(self._body_transforms(q, opening)))

    def environment_distance(self, q: npt.ArrayLike, opening: float = 1.0) -> Clearance:
        """Return the link and the obstacle, table or box, nearest to each other; like the above."""
        return self._clearance(self._environment_pairs.nearest(self._body_transforms(q, opening)))

    def self_distances(self, q: npt.ArrayLike, opening: float = 1.0) -> np.ndarray:
        """Return the distance of each pair of `self_names`, (K,), m; a lower bound above `NEAR`.

        At other positions p they are at least self_distances(q) - self_reach @ |p - q|.
        """
        return self._self_pairs.distances(self._body_transforms(q, opening), NEAR)

    def environment_distances(self, q: npt.ArrayLike, opening: float = 1.0) -> np.ndarray:
        """Return the distance of each pair of `environment_names`, (M,), m; like the above."""
        return self._environment_pairs.distances(self._body_transforms(q, opening), NEAR)

    def cloud_distance(
        self,
        q: npt.ArrayLike,
        points_base: npt.ArrayLike,
        opening: float = 1.0,
        ignore: Collection[str] = (),
    ) -> Clearance:
        """Return the link that moves with the arm and the point nearest to each other.

        points_base: (N, 3), m, base frame; may be empty. Points of the table are left out: it has a
        distance of its own. ignore: links left out, `gripper_links` while grasping for example.
        Raises InvalidValueError as above, for points that are not finite and for links that have
        no geometry.
        """
        points = checks.array('points_base', points_base, (None, 3))
        # Always a new C-ordered array: the kernel is compiled once for each memory layout.
        points = np.array(points[points[:, 2] > self.floor], order='C')
        return self.obstacle_distance(q, points, opening, ignore)

    def obstacle_distance(
        self,
        q: npt.ArrayLike,
        points: np.ndarray,
        opening: float = 1.0,
        ignore: Collection[str] = (),
        within: float = np.inf,
    ) -> Clearance:
        """Return what `cloud_distance` does, for points that are known to be obstacles.

        points: float64 (N, 3), C-ordered, m, base frame, finite, above the table; not checked.
        within: m; what is no nearer counts as infinitely far, and costs next to nothing.
        """
        pieces, joints, packed = self._pack(frozenset(ignore))
        T_base_joint = self._joint_transforms(q, opening)[joints]
        distance, k, i, *spot = nearest(packed, T_base_joint, points, float(within))
        if k < 0:
            return NOTHING
        T = T_base_joint[joints.index(pieces[k].joint)]
        on_link = T[:3, :3] @ spot + T[:3, 3]
        return Clearance(distance, pieces[k].link, 'cloud', on_link, points[i])

    def compile(self) -> None:
        """Have the kernel compiled or loaded: seconds, which no tick may take."""
        above = np.array([[0.0, 0.0, 10.0 + abs(self.table_height or 0.0)]])
        self.cloud_distance(self.kinematics.arm.home, above)
        obstacle_points(above, np.zeros((0, 4)), 0.0)
        without_strays(above, 0.02, 1)

    def is_free(self, q: npt.ArrayLike, margin: float = 0.0, opening: float = 1.0) -> bool:
        """Return whether links, table and boxes are further than margin, m, from each other."""
        return bool(
            self.environment_distance(q, opening).distance > margin
            and self.self_distance(q, opening).distance > margin
        )

    def joint_reach(self) -> np.ndarray:
        """Return (N,), m/rad: no point of the arm moves further per radian of each joint."""
        return self._travel.seen_from_base.max(axis=0)

    def _add_obstacles(self, boxes: Sequence[BoxObstacle]) -> None:
        """Set what stands beside the pieces among the bodies: boxes, then the table."""
        self._bodies = [polyhedron(piece.shape) for piece in self.pieces]
        self._names = [piece.link for piece in self.pieces]
        self._bodies += [solid_box(box.size) for box in boxes]
        self._names += [box.name for box in boxes]
        poses = [box.T_base_box for box in boxes]
        if self.table_height is not None:
            self._bodies.append(solid_below(self.table_height))
            self._names.append('table')
            poses.append(np.eye(4))
        self._T_base_obstacle = np.array(poses).reshape(-1, 4, 4)

    def _choose_pairs(self) -> None:
        self._travel = Travel(self.kinematics, self.pieces)
        groups = self._by_name(_apart(self.kinematics, self._joints))
        changing = self._changing(BodyPairs(self._bodies, groups))
        self._self_pairs = BodyPairs(self._bodies, list(itertools.compress(groups, changing)))
        self.self_names, self.self_reach = self._describe(self._self_pairs)
        obstacles = range(len(self.pieces), len(self._bodies))
        groups = [[pair] for pair in itertools.product(self._moving, obstacles)]
        self._environment_pairs = BodyPairs(self._bodies, groups)
        self.environment_names, self.environment_reach = self._describe(self._environment_pairs)

    def _by_name(self, pairs: Iterable[tuple[int, int]]) -> list[list[tuple[int, int]]]:
        out: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for i, j in pairs:
            out.setdefault((self._names[i], self._names[j]), []).append((i, j))
        return list(out.values())

    def _changing(self, pairs: BodyPairs) -> np.ndarray:
        """Return which groups of pairs neither always touch nor are always as far apart, (K,)."""
        limits = self.kinematics.arm.limits
        # Every model of an arm has the same, and the samples take a tenth of a second.
        key = self.kinematics.urdf, limits.lower.tobytes(), limits.upper.tobytes()
        if key not in _CHANGING:
            random = np.random.default_rng(0)
            poses = (
                self._body_transforms(random.uniform(limits.lower, limits.upper), random.uniform())
                for _ in range(SAMPLES)
            )
            distances = np.array([pairs.distances(transforms) for transforms in poses])
            low, high = distances.min(axis=0), distances.max(axis=0)
            _CHANGING[key] = (high > 0.0) & (high - low > STEADY)
        return _CHANGING[key]

    def _describe(self, pairs: BodyPairs) -> tuple[tuple[tuple[str, str], ...], np.ndarray]:
        """Return names and reach of all groups."""
        names, reach = [], np.zeros((len(pairs.groups), self.kinematics.n))
        for k, group in enumerate(pairs.groups):
            names.append((self._names[group[0][0]], self._names[group[0][1]]))
            reach[k] = np.max([self._reach(i, j) for i, j in group], axis=0)
        return tuple(names), reach

    def _reach(self, i: int, j: int) -> np.ndarray:
        if j < len(self.pieces):
            return self._travel.between(i, j)
        if np.isinf(self._bodies[j].radius):
            return self._travel.of_height(i, self._first_axis())
        return self._travel.seen_from_base[i]

    def _first_axis(self) -> np.ndarray:
        """Return the axis of the first joint, (3,), base frame; 0 if that joint slides."""
        return self.kinematics.jacobian(self.kinematics.arm.home)[3:, 0]

    def _moves(self, piece: ConvexPiece) -> bool:
        """Return whether the arm moves a piece, other than by turning it in place."""
        kinematics = self.kinematics
        first, *others = kinematics.arm_joints
        if piece.joint != first:
            return piece.joint in (*others, *kinematics.gripper_joints)
        T_base_first = self._joint_transforms(kinematics.arm.home, 1.0)[first]
        axis = T_base_first[:3, :3].T @ self._first_axis()
        off_axis = np.linalg.norm(np.cross(axis, piece.triangles), axis=-1)
        return not axis.any() or bool(off_axis.max() > IN_PLACE)

    def _body_transforms(self, q: npt.ArrayLike, opening: float) -> np.ndarray:
        """Return T_base_body (B, 4, 4) of the pieces and the obstacles."""
        T_base_piece = self._joint_transforms(q, opening)[self._joints]
        return np.concatenate([T_base_piece, self._T_base_obstacle])

    def _joint_transforms(self, q: npt.ArrayLike, opening: float) -> np.ndarray:
        """Return T_base_joint (J, 4, 4) of all joints of the model."""
        kinematics = self.kinematics
        positions = kinematics.positions(kinematics.checked(q), opening)
        pin.forwardKinematics(kinematics.model, self._data, positions)
        return kinematics.T_base_root @ [T.homogeneous for T in self._data.oMi]

    def _clearance(self, found: Nearest | None) -> Clearance:
        if found is None:
            return NOTHING
        names = self._names[found.first], self._names[found.second]
        return Clearance(found.distance, *names, found.point_first, found.point_second)

    def _pack(self, ignore: frozenset[str]) -> tuple[list[ConvexPiece], list[int], Pieces]:
        """Return the moving pieces without some links, their joints, and both for the kernel."""
        if ignore not in self._packed:
            for link in ignore:
                checks.known('link', link, {piece.link for piece in self.pieces})
            moving = [self.pieces[i] for i in self._moving]
            chosen = [piece for piece in moving if piece.link not in ignore]
            joints = sorted({piece.joint for piece in chosen})
            bodies = [[piece for piece in chosen if piece.joint == joint] for joint in joints]
            packed = pack([[piece.triangles for piece in body] for body in bodies])
            self._packed[ignore] = [piece for body in bodies for piece in body], joints, packed
        return self._packed[ignore]


def _gripper_links(kinematics: Kinematics, with_geometry: set[str]) -> tuple[str, ...]:
    """Return the links with geometry that the gripper's joints move or slide on."""
    model = kinematics.model
    joints = [model.getFrameId(name, pin.FrameType.JOINT) for name in kinematics.arm.gripper.joints]
    carriers = [model.frames[model.frames[joint].parentFrame].name for joint in joints]
    moved = [
        frame.name
        for frame in model.frames
        if frame.type == pin.FrameType.BODY and frame.parentJoint in kinematics.gripper_joints
    ]
    return tuple(link for link in dict.fromkeys([*carriers, *moved]) if link in with_geometry)


def _apart(kinematics: Kinematics, joints: Sequence[int]) -> list[tuple[int, int]]:
    """Return the pairs of pieces, carried by these joints, between which more than one joint is."""
    parents, gripper = kinematics.model.parents, kinematics.gripper_joints
    return [
        (i, j)
        for (i, a), (j, b) in itertools.combinations(enumerate(joints), 2)
        if a != b and parents[a] != b and parents[b] != a and not (a in gripper and b in gripper)
    ]

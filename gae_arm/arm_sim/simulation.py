"""The simulated arm and its table, stepped in time: commands in, states out, no ROS."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass

import mujoco
import numpy as np
import numpy.typing as npt

from gae_arm.arm_sim.model import TIMESTEP, Modifier, build_model, joint_addresses
from gae_arm.arm_sim.scene import IDENTITY, Scene, SceneObject, sample_scene
from gae_arm.arm_sim.world import wxyz
from gae_arm.core import checks, geometry
from gae_arm.core.arm import ArmConfig
from gae_arm.core.errors import GaeError
from gae_arm.core.geometry import transform
from gae_arm.core.motion import RobotState

# Unless somebody takes them, MuJoCo writes warnings to MUJOCO_LOG.TXT in the working folder.
mujoco.set_mju_user_warning(logging.getLogger('mujoco').warning)

BAD_STATES = (
    mujoco.mjtWarning.mjWARN_BADQPOS,
    mujoco.mjtWarning.mjWARN_BADQVEL,
    mujoco.mjtWarning.mjWARN_BADQACC,
)


class SimulationDivergedError(GaeError):
    """The physics produced values that are not finite or absurdly large."""


@dataclass(frozen=True)
class Contact:
    """Two bodies that touch: links of the arm, objects, or 'world' (table and floor).

    depth: metres, how far they overlap at most. force: normal force, N, all points together.
    """

    bodies: tuple[str, str]
    depth: float
    force: float


@dataclass(frozen=True)
class Snapshot:
    """One moment, to be drawn elsewhere: `show` puts it into a renderer's own MjData."""

    stamp_ns: int
    model: mujoco.MjModel
    qpos: np.ndarray

    def show(self, data: mujoco.MjData) -> None:
        """Set positions, and poses of bodies, cameras and lights, in `data` of the same model."""
        data.qpos[:] = self.qpos
        mujoco.mj_kinematics(self.model, data)
        mujoco.mj_comPos(self.model, data)
        mujoco.mj_camlight(self.model, data)


class ArmSimulation:
    """An arm on its table, and the objects on it.

    The arm holds its last set points; before the first, its home pose with an open gripper. The
    same arm, scene and commands give bit-identical states. All methods may be called from several
    threads, and `step` runs without Python's GIL. Times count from 0 and never go back.
    """

    def __init__(
        self,
        arm: ArmConfig,
        scene: Scene | int = 0,
        timestep_ns: int = round(TIMESTEP * 1e9),
        modifiers: Iterable[Modifier] = (),
    ) -> None:
        """Build the model.

        scene: a scene, or the seed of a random one. timestep_ns: of the physics, nanoseconds.
        modifiers: see `build_model`.
        """
        self.arm = arm
        self.timestep_ns = checks.integer('timestep_ns', timestep_ns, 100_000, 2_000_000)
        self.joint_names = arm.joints + arm.gripper.joints
        self._modifiers = tuple(modifiers)
        self._lock = threading.RLock()
        self._steps = 0
        self._touching: frozenset[int] = frozenset()
        self._touches: frozenset[tuple[str, str]] = frozenset()
        self.scene = Scene()
        self._build(scene if isinstance(scene, Scene) else sample_scene(scene))

    @property
    def stamp_ns(self) -> int:
        """Return the simulated time, nanoseconds."""
        return self._steps * self.timestep_ns

    def reset(
        self, scene: Scene | int | None = None, modifiers: Iterable[Modifier] | None = None
    ) -> None:
        """Put the arm to its home pose and the objects to their places, at rest.

        scene: a scene, the seed of a random one, or None: the present one again. modifiers: see
        `build_model`; None: those there were. The model is built anew only for other modifiers or
        if the scenes differ in more than where objects are; `model` is another then.
        """
        with self._lock:
            if scene is None:
                scene = self.scene
            elif not isinstance(scene, Scene):
                scene = sample_scene(scene)
            if modifiers is not None:
                self._modifiers = tuple(modifiers)
            if modifiers is None and _without_poses(scene) == _without_poses(self.scene):
                self._place(scene)
            else:
                self._build(scene)

    def command_joints(
        self, position: npt.ArrayLike, velocity: npt.ArrayLike | None = None
    ) -> None:
        """Set the set points of the arm joints: position (N,) rad, velocity (N,) rad/s (or zero).

        They hold until the next call. Beyond the limits they saturate. Raises InvalidValueError
        for another number of joints and for values that are not finite.
        """
        n = len(self.arm.joints)
        q = checks.array('position', position, (n,))
        v = np.zeros(n) if velocity is None else checks.array('velocity', velocity, (n,))
        self._command(slice(0, n), q, v)

    def command_gripper(self, position: npt.ArrayLike) -> None:
        """Set the set points of the finger joints (M,), m or rad; as in `command_joints`."""
        n, m = len(self.arm.joints), len(self.arm.gripper.joints)
        q = checks.array('position', position, (m,))
        self._command(slice(n, n + m), q, np.zeros(m))

    def step(self, n: int = 1) -> None:
        """Advance `n` time steps; raise SimulationDivergedError if the physics broke down."""
        with self._lock:
            mujoco.mj_step(self.model, self._data, n)
            self._steps += n
            self._poses_are_current = False
            if any(self._data.warning[kind].number for kind in BAD_STATES):
                raise SimulationDivergedError(
                    f'the physics diverged before {self.stamp_ns / 1e9:.3f} s; reset() restarts it'
                )

    def step_to(self, position: np.ndarray, velocity: np.ndarray) -> None:
        """Do one time step with set points as in `command_joints`, float64 (N,), unchecked."""
        with self._lock:
            self._command(slice(0, len(self.arm.joints)), position, velocity)
            self.step()

    def observe(self) -> RobotState:
        """Return positions, velocities and efforts of the arm joints, then of the finger joints.

        Effort is that of the drives, gravity compensation included, as real arms report it.
        """
        with self._lock:
            data = self._data
            return RobotState(
                self.stamp_ns,
                self.joint_names,
                data.qpos[self._qpos],
                data.qvel[self._dofs],
                data.qfrc_actuator[self._dofs],
            )

    def T_base_ee(self) -> np.ndarray:
        """Return the pose (4, 4) of the end effector in the arm's base frame."""
        return self.T_base_body(self.arm.end_effector_frame)

    def T_base_body(self, name: str) -> np.ndarray:
        """Return the pose (4, 4) of an object or a link in the arm's base frame."""
        with self._lock:
            i = self._body_ids[checks.known('body', name, self._body_ids)]
            self._refresh_poses()
            return transform(self._data.xmat[i].reshape(3, 3), self._data.xpos[i])

    def object_poses(self) -> dict[str, np.ndarray]:
        """Return the poses (4, 4) of all objects in the arm's base frame."""
        with self._lock:
            self._refresh_poses()
            ids, names = self._object_ids, [item.name for item in self.scene.objects]
            T = transform(self._data.xmat[ids].reshape(-1, 3, 3), self._data.xpos[ids])
            return dict(zip(names, T, strict=True))

    def object_joints(self) -> dict[str, float]:
        """Return how far the sliding and turning objects are on their travel, m or rad."""
        with self._lock:
            return {
                item.name: float(self._data.qpos[self.model.joint(item.name).qposadr[0]])
                for item in self.scene.objects
                if item.motion in ('slide', 'hinge')
            }

    def object_speeds(self) -> dict[str, float]:
        """Return how fast all objects move: m/s of their frame's origin, rad/s if they turn."""
        with self._lock:
            speeds = dict.fromkeys((item.name for item in self.scene.objects), 0.0)
            for name, dofs in self._object_dofs.items():
                velocity = self._data.qvel[dofs]
                speeds[name] = float(np.sqrt(velocity @ velocity))
            return speeds

    def fastest(self) -> float:
        """Return the largest speed of all joints, those of free objects too, m/s or rad/s."""
        with self._lock:
            return float(np.abs(self._data.qvel).max(initial=0.0))

    def move_object(self, name: str, where: npt.ArrayLike) -> None:
        """Put an object elsewhere, at rest, in no time.

        where: T_base_object (4, 4) of a free object; a number, m or rad on its travel, of one that
        slides or turns. Raises InvalidValueError for an unknown or fixed object, or a bad `where`.
        """
        movable = {item.name: item for item in self.scene.objects if item.motion != 'fixed'}
        item = movable[checks.known('movable object', name, movable)]
        if item.motion == 'free':
            T = geometry.rigid(f'pose of {name!r}', where)
            values = [*T[:3, 3], *wxyz(geometry.matrix_to_quaternion(T[:3, :3]))]
        else:
            values = [checks.number(f'place of {name!r}', where, *item.travel)]  # type: ignore[arg-type]
        with self._lock:
            joint = self.model.joint(name)
            qpos, dof = joint.qposadr[0], joint.dofadr[0]
            self._data.qpos[qpos : qpos + len(values)] = values
            self._data.qvel[dof : dof + len(values) - (item.motion == 'free')] = 0.0
            self._poses_are_current = False

    def contacts(self) -> tuple[Contact, ...]:
        """Return which bodies touched in the last step, each pair once."""
        with self._lock:
            data = self._data
            found: dict[tuple[str, str], tuple[float, float]] = {}
            force = np.zeros(6)
            for i, (a, b) in enumerate(self.model.geom_bodyid[data.contact.geom[: data.ncon]]):
                mujoco.mj_contactForce(self.model, data, i, force)
                pair = (self.model.body(a).name, self.model.body(b).name)
                depth, total = found.get(pair, (0.0, 0.0))
                depth = max(depth, -float(data.contact.dist[i]))
                found[pair] = (depth, total + float(force[0]))
            return tuple(Contact(pair, *values) for pair, values in sorted(found.items()))

    def touches(self) -> frozenset[tuple[str, str]]:
        """Return the pairs of bodies that touched in the last step, each in both orders."""
        with self._lock:
            data, n = self._data, self.model.nbody
            bodies = self.model.geom_bodyid[data.contact.geom[: data.ncon]]
            keys = frozenset((bodies[:, 0] * n + bodies[:, 1]).tolist())
            if keys != self._touching:
                names = self._body_names
                pairs = [(names[key // n], names[key % n]) for key in keys]
                self._touches = frozenset([*pairs, *((b, a) for a, b in pairs)])
                self._touching = keys
            return self._touches

    def snapshot(self) -> Snapshot:
        """Return this moment for drawing; a copy of a few hundred numbers."""
        with self._lock:
            return Snapshot(self.stamp_ns, self.model, self._data.qpos.copy())

    def _command(self, which: slice, position: np.ndarray, velocity: np.ndarray) -> None:
        with self._lock:
            self._set_position[which], self._set_velocity[which] = position, velocity
            controls = self._drives.control(self._set_position, self._set_velocity)
            self._data.ctrl[: len(controls)] = controls

    def _refresh_poses(self) -> None:
        if not self._poses_are_current:
            mujoco.mj_kinematics(self.model, self._data)
            self._poses_are_current = True

    def _build(self, scene: Scene) -> None:
        self.model, self._drives = build_model(
            self.arm, scene, self.timestep_ns / 1e9, self._modifiers
        )
        model = self.model
        self._data = mujoco.MjData(model)
        self._qpos = joint_addresses(model, self.joint_names)
        self._dofs = np.array([model.joint(name).dofadr[0] for name in self.joint_names])
        self._body_ids = {model.body(i).name: i for i in range(model.nbody)}
        self._body_names = [model.body(i).name for i in range(model.nbody)]
        self._object_ids = np.array([self._body_ids[i.name] for i in scene.objects], np.int64)
        self._object_dofs = {
            item.name: _dofs_of(model, item) for item in scene.objects if item.motion != 'fixed'
        }
        self._touching, self._touches = frozenset(), frozenset()
        self._place(scene)

    def _place(self, scene: Scene) -> None:
        """Set all state: arm at home, objects where the scene says."""
        data = self._data
        mujoco.mj_resetData(self.model, data)
        for item in scene.objects:
            if item.motion == 'free':
                start = self.model.joint(item.name).qposadr[0]
                data.qpos[start : start + 7] = *item.position, *wxyz(item.orientation)
            else:
                self.model.body(item.name).pos = item.position
                self.model.body(item.name).quat = wxyz(item.orientation)
                if item.motion != 'fixed':
                    data.qpos[self.model.joint(item.name).qposadr[0]] = item.start
        self._set_position = np.concatenate([self.arm.home, self.arm.gripper.opened])
        self._set_velocity = np.zeros(len(self.joint_names))
        data.qpos[self._qpos] = self._set_position
        self._command(slice(0, 0), np.zeros(0), np.zeros(0))
        mujoco.mj_forward(self.model, data)
        self.scene, self._poses_are_current = scene, True


def _dofs_of(model: mujoco.MjModel, item: SceneObject) -> slice:
    """Return the degrees of freedom whose speed counts: of what is free, those that shift it."""
    start = int(model.joint(item.name).dofadr[0])
    return slice(start, start + (3 if item.motion == 'free' else 1))


def _without_poses(scene: Scene) -> Scene:
    objects = (
        dataclasses.replace(
            item,
            position=np.zeros(3),
            orientation=np.array(IDENTITY),
            start=float(item.travel[0]),
        )
        for item in scene.objects
    )
    return dataclasses.replace(scene, objects=tuple(objects))

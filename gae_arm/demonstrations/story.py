"""A task as a story without physics: where everything is when the hand is here or there.

A kinematic demonstration. What the hand holds goes along with it, what it pushes or pulls moves as
far as it does, what it has let go of is in its place. Millions of moments cost what thousands of
simulated ones do; what only physics knows (slipping, lagging, colliding) is not in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gae_arm.arm_sim.ray_scene import part_rows, placed
from gae_arm.arm_sim.scene import SceneObject
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.steps import Lift, Push, Put, Slide, Step
from gae_arm.core import geometry
from gae_arm.demonstrations import moves
from gae_arm.demonstrations.moves import Keyframe


@dataclass
class World:
    """Where the objects of a task are: poses T_base_object (4, 4), and m along what slides."""

    instance: TaskInstance
    poses: dict[str, np.ndarray] = field(default_factory=dict)
    joints: dict[str, float] = field(default_factory=dict)

    @staticmethod
    def of(instance: TaskInstance) -> World:
        """Return the world as the task begins."""
        world = World(instance)
        for body in instance.scene.objects:
            T = geometry.transform(geometry.quaternion_to_matrix(body.orientation), body.position)
            start = body.start if body.motion == 'slide' else 0.0
            T[:3, 3] += T[:3, :3] @ body.axis * start
            world.poses[body.name], world.joints[body.name] = T, start
        return world

    def copy(self) -> World:
        """Return a world of its own."""
        return World(self.instance, dict(self.poses), dict(self.joints))

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the parts (N, PART_COLUMNS) of all objects, and how many each has."""
        rows = [placed(part_rows(body), self.poses[body.name]) for body in self._bodies]
        return np.concatenate(rows), np.array([len(r) for r in rows])

    @property
    def _bodies(self) -> Sequence[SceneObject]:
        return self.instance.scene.objects


@dataclass(frozen=True, eq=False)
class Story:
    """One group of steps, done through keyframes, from one world to the next.

    steps: of the group. keyframes: of the hand. before: the world when it begins. slip: float64
    (4, 4), T_ee_held: by what the hand misses the grasp, seen from the hand.
    """

    steps: tuple[Step, ...]
    keyframes: tuple[Keyframe, ...]
    before: World
    slip: np.ndarray

    @property
    def grasp(self) -> int | None:
        """Return the keyframe at which something is taken hold of."""
        if not isinstance(self.steps[0], (Lift, Slide)):
            return None
        return next(i for i, k in enumerate(self.keyframes) if k.gripper == 0.0)

    @property
    def release(self) -> int | None:
        """Return the keyframe at which it is let go of."""
        if self.grasp is None:
            return None
        later = range(self.grasp + 1, len(self.keyframes))
        return next((i for i in later if self.keyframes[i].gripper), None)

    def world(self, T_base_ee: np.ndarray, held: bool, over: bool) -> World:
        """Return the world with the hand at a pose; held: after the grasp; over: after letting go.

        What has been let go of lies where it was meant to.
        """
        world, first = self.before.copy(), self.steps[0]
        if isinstance(first, Push):
            self._push(world, first, T_base_ee, over)
        elif isinstance(first, (Lift, Slide)) and held:
            assert self.grasp is not None
            T_grasp = self.keyframes[self.grasp].T_base_ee
            end = None if self.release is None else self.keyframes[self.release].T_base_ee
            T = end if over and end is not None else T_base_ee
            if isinstance(first, Slide):
                self._slide(world, first, T_grasp, T)
            else:
                slip = np.eye(4) if over else geometry.invert(self.slip)
                T_ee_item = geometry.invert(T_grasp) @ world.poses[first.item]
                world.poses[first.item] = T @ slip @ T_ee_item
                if over:
                    world.poses[first.item][2, 3] -= moves.DROP
        return world

    def _slide(self, world: World, step: Slide, T_grasp: np.ndarray, T_base_ee: np.ndarray) -> None:
        body = next(b for b in world.instance.scene.objects if b.name == step.item)
        axis = world.poses[step.item][:3, :3] @ step.axis
        way = float((T_base_ee[:3, 3] - T_grasp[:3, 3]) @ axis)
        joint = float(np.clip(world.joints[step.item] + way, *body.travel))
        shift = (joint - world.joints[step.item]) * axis
        world.poses[step.item] = moves.shifted(world.poses[step.item], shift)
        world.joints[step.item] = joint

    def _push(self, world: World, step: Push, T_base_ee: np.ndarray, over: bool) -> None:
        T = world.poses[step.item]
        along = (world.poses[step.to][:3, 3] - T[:3, 3]) * [1, 1, 0]
        length = max(float(np.linalg.norm(along)), 1e-9)
        ahead = along / length
        reach = float((world.poses[step.to][:3, 3] - self.keyframes[-2].T_base_ee[:3, 3]) @ ahead)
        low = T_base_ee[2, 3] < self.keyframes[1].T_base_ee[2, 3] + 0.04
        way = float((T_base_ee[:3, 3] - T[:3, 3]) @ ahead) + reach if low else 0.0
        way = length if over else float(np.clip(way, 0.0, length))
        world.poses[step.item] = moves.shifted(T, way * ahead)


def carried_over(
    keyframes: Sequence[Keyframe], grasp: int | None, slip: np.ndarray
) -> list[np.ndarray]:
    """Return where the hand has to be (4, 4) at each keyframe if it holds a thing with a slip.

    Before the grasp and at it, where the keyframes say; afterwards, so that the thing gets where
    it was meant to.
    """
    out = []
    held = False
    for i, keyframe in enumerate(keyframes):
        out.append(keyframe.T_base_ee @ slip if held else keyframe.T_base_ee)
        held = (held or i == grasp) and keyframe.gripper != 1.0
    return out


def counterfactual(instance: TaskInstance, rng: np.random.Generator) -> tuple[Step, ...] | None:
    """Return steps that nobody asked for: something else is lifted, or put on something else.

    The demonstration goes where the plan says, whatever else is there to be grasped.
    """
    loose = [n for n, item in instance.items.items() if item.grasps and item.base is None]
    loose = [n for n in loose if instance.items[n].body.motion == 'free']
    if not loose:
        return None
    name = loose[int(rng.integers(len(loose)))]
    lift = Lift(name)
    puts = [s for s in instance.steps if isinstance(s, Put) and s.onto != name]
    if not puts or rng.random() < 0.5:
        return (lift,)
    put = puts[int(rng.integers(len(puts)))]
    T = put.T_onto_item.copy()
    T[2, 3] += instance.items[name].rest - instance.items[put.item].rest
    return (lift, Put(name, put.onto, T, None))

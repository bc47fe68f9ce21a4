"""The robot in the scene: the URDF's visual meshes, moved by the joint states."""

from __future__ import annotations

import numpy as np
import viser

from gae_arm.core import geometry
from gae_arm.core.collision_geometry import visual_triangles
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.kinematic_tree import KinematicTree
from gae_arm.core.motion import RobotState
from gae_arm.viewer import palette
from gae_arm.viewer.web.smooth_mesh import smooth_mesh

STILL = 1e-4  # rad or m: smaller motion is not sent


class RobotLayer:
    """Draws one robot, every link in `base_frame`."""

    def __init__(self, scene: viser.SceneApi, base_frame: str) -> None:
        self._scene, self._base_frame = scene, base_frame
        self._urdf = ''
        self._tree: KinematicTree | None = None
        self._links: dict[str, viser.MeshHandle] = {}
        self._drawn: np.ndarray | None = None

    def show(self, urdf: str, state: RobotState | None) -> bool:
        """Draw the robot at this state, and return whether it is there; hidden without a state.

        Raises ConfigError for a URDF or mesh that cannot be read and InvalidValueError when the
        state lacks a joint.
        """
        if urdf and urdf != self._urdf:
            self._urdf = urdf
            self._build(urdf)
        if self._tree is None or state is None:
            return False
        self._place(self._tree, state)
        return True

    def _build(self, urdf: str) -> None:
        for handle in self._links.values():
            handle.remove()
        self._links, self._tree, self._drawn = {}, None, None
        tree, triangles = KinematicTree(urdf), visual_triangles(urdf)
        if self._base_frame not in tree.links:
            raise InvalidValueError(
                f'the robot_description has no link {self._base_frame!r}; it has: {tree.links}'
            )
        for link, corners in triangles.items():
            vertices, faces = smooth_mesh(corners)
            self._links[link] = self._scene.add_mesh_simple(
                f'/robot/{link}', vertices, faces, color=palette.ROBOT, visible=False
            )
        self._tree = tree

    def _place(self, tree: KinematicTree, state: RobotState) -> None:
        joints = state.select(tree.joints)
        if self._drawn is not None and np.abs(joints - self._drawn).max(initial=0.0) < STILL:
            return
        first, self._drawn = self._drawn is None, joints
        poses = tree.link_transforms(
            dict(zip(tree.joints, joints.tolist(), strict=True)), self._base_frame
        )
        quaternions = np.roll(geometry.matrix_to_quaternion(poses[:, :3, :3]), 1, axis=-1)
        for link, T, wxyz in zip(tree.links, poses, quaternions, strict=True):
            if (handle := self._links.get(link)) is not None:
                handle.position, handle.wxyz = T[:3, 3], wxyz
                if first:
                    handle.visible = True

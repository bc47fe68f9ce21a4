"""Depth of a scene in two layers: what stands fast is drawn once, what can move in every image.

A depth buffer keeps the nearest of all that is drawn, in whatever order. So the larger values of
two layers (1 at the near plane, 0 at the far one) are, bit by bit, those of one drawing of all.
Without a GPU nearly all time goes into what is drawn, and into its light, textures and sky.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import mujoco
import numpy as np

MOVING, FAST = 0, 1
"""Groups of shapes: which layer they are in."""
SEGMENT = mujoco.mjtRndFlag.mjRND_SEGMENT
VISIBLE = mujoco.mjtCatBit.mjCAT_STATIC | mujoco.mjtCatBit.mjCAT_DYNAMIC


class DepthLayers:
    """The depth buffer of one model, seen through a camera that stands still.

    view: the camera. clip: sets the clipping planes of a scene. rect: the image. mjr: MuJoCo's
    context of this model, current whenever `draw` is called.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        view: mujoco.MjvCamera,
        clip: Callable[[mujoco.MjvScene], None],
        rect: mujoco.MjrRect,
        mjr: mujoco.MjrContext,
    ) -> None:
        self._view, self._clip, self._rect, self._mjr = view, clip, rect, mjr
        # A copy: a layer is a group of shapes, and the model is shared with other threads.
        self._model = copy.copy(model)
        self._scene = mujoco.MjvScene(self._model, maxgeom=2 * model.ngeom + 100)
        self._option = mujoco.MjvOption()
        self._option.sitegroup[:] = 0
        self._fast = model.body_weldid[model.geom_bodyid] == 0
        self._model.geom_group[:] = np.where(self._fast, FAST, MOVING)
        self._poses: np.ndarray | None = None
        self._behind = np.empty((rect.height, rect.width), np.float32)

    def draw(self, data: mujoco.MjData, out: np.ndarray) -> None:
        """Write the depth buffer, float32 (H, W), lowest row first, of the poses in `data`."""
        # A scene that is laid out anew in the same model has them elsewhere.
        poses = np.hstack([data.geom_xpos[self._fast], data.geom_xmat[self._fast]])
        if self._poses is None or not np.array_equal(poses, self._poses):
            self._poses = poses
            self._layer(data, None, out)
            self._layer(data, FAST, self._behind)
            np.maximum(self._behind, out, out=self._behind)
        self._layer(data, MOVING, out)
        np.maximum(out, self._behind, out=out)

    def _layer(self, data: mujoco.MjData, group: int | None, out: np.ndarray) -> None:
        """Draw a group of shapes; None: the sky, which has a depth where it is near enough."""
        scene, option = self._scene, self._option
        option.geomgroup[:] = 0
        if group is not None:
            option.geomgroup[group] = 1
        mujoco.mjv_updateScene(self._model, data, option, None, self._view, VISIBLE, scene)
        self._clip(scene)
        # Segmentation has neither lights nor textures nor sky.
        scene.flags[SEGMENT] = group is not None
        mujoco.mjr_render(self._rect, scene, self._mjr)
        mujoco.mjr_readPixels(None, out, self._rect, self._mjr)

"""The simulated RGB-D camera: one rendering of the scene gives colour and aligned depth."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from gae_arm.arm_sim.depth_layers import DepthLayers
from gae_arm.arm_sim.depth_noise import DepthNoise
from gae_arm.arm_sim.offscreen_gl import OffscreenContext
from gae_arm.core import checks, geometry
from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.errors import InvalidValueError

# The colour camera of a RealSense D435 (Intel RealSense D400 series datasheet).
D435_HORIZONTAL_FOV = float(np.radians(69.0))
# Without a GPU nearly all time goes into these: MuJoCo's defaults, 4096 and 4, cost six times more.
SHADOW_MAP_SIZE = 1024
SAMPLES = 0
MAX_SIDE = 4096


def ideal_intrinsics(
    width: int, height: int, horizontal_fov: float = D435_HORIZONTAL_FOV
) -> CameraIntrinsics:
    """Return intrinsics without distortion: square pixels, optical axis in the image centre.

    width, height: pixels. horizontal_fov: radians, from the left border to the right one.
    """
    checks.number('horizontal_fov', horizontal_fov, 1e-3, np.pi - 1e-3)
    f = width / 2 / np.tan(horizontal_fov / 2)
    K = [[f, 0, (width - 1) / 2], [0, f, (height - 1) / 2], [0, 0, 1]]
    return CameraIntrinsics(width, height, np.array(K))


@dataclass(frozen=True, eq=False)
class CameraSettings(checks.Contract):
    """A camera that stands still.

    intrinsics: without distortion and skew, at most 4096 x 4096 pixels; any focal lengths and
        principal point.
    T_base_camera: float64 (4, 4), the optical frame (z forward, x right, y down) in the base
        frame of the arm, which is the world frame of the model.
    frame_id: name of the optical frame, and of the camera in the model.
    near, far: metres along the optical axis; nothing is drawn outside, depth there is invalid.
    depth_unit: 'mm', uint16, or 'm', float32.
    shadows: whether lights cast shadows; without them a CPU renders three times as fast.
    """

    intrinsics: CameraIntrinsics
    T_base_camera: np.ndarray
    frame_id: str = 'camera_color_optical_frame'
    near: float = 0.05
    far: float = 10.0
    depth_unit: str = 'mm'
    shadows: bool = True

    def __post_init__(self) -> None:
        """Validate and freeze the array."""
        object.__setattr__(
            self, 'T_base_camera', geometry.rigid('T_base_camera', self.T_base_camera)
        )
        checks.integer('width', self.intrinsics.width, 1, MAX_SIDE)
        checks.integer('height', self.intrinsics.height, 1, MAX_SIDE)
        checks.text('frame_id', self.frame_id, allow_empty=False)
        checks.number('near', self.near, 1e-3, 65.0)
        checks.number('far', self.far, 1e-3, 65.0)  # 16 bits of millimetres end at 65.535 m.
        checks.known('depth_unit', self.depth_unit, ('mm', 'm'))
        if self.far <= self.near:
            raise InvalidValueError(f'far is {self.far}, not beyond near {self.near}')
        if self.intrinsics.distortion.any() or self.intrinsics.K[0, 1] != 0:
            raise InvalidValueError(
                'the simulated camera has neither distortion nor skew, but K is '
                f'{self.intrinsics.K.tolist()}, distortion {self.intrinsics.distortion.tolist()}'
            )


def add_camera(spec: mujoco.MjSpec, settings: CameraSettings) -> None:
    """Add the camera to a model that is not compiled yet, and choose how well it is rendered."""
    k = settings.intrinsics
    T = settings.T_base_camera
    # MuJoCo's cameras look along -z with y up.
    rotation = geometry.matrix_to_quaternion(T[:3, :3] @ np.diag([1.0, -1.0, -1.0]))
    camera = spec.worldbody.add_camera(name=settings.frame_id, pos=T[:3, 3])
    camera.quat = np.roll(rotation, 1)
    camera.resolution = [k.width, k.height]
    camera.sensor_size = [k.width * 1e-5, k.height * 1e-5]
    camera.focal_pixel = [k.K[0, 0], k.K[1, 1]]
    # From the principal point to the image centre, which lies half a pixel off a pixel's centre
    # where the size is even.
    camera.principal_pixel = [(k.width - 1) / 2 - k.K[0, 2], (k.height - 1) / 2 - k.K[1, 2]]
    camera.ipd = 0.0
    visual = spec.visual
    visual.global_.offwidth = max(visual.global_.offwidth, k.width)
    visual.global_.offheight = max(visual.global_.offheight, k.height)
    visual.quality.shadowsize = SHADOW_MAP_SIZE
    visual.quality.offsamples = SAMPLES


class RgbdCamera:
    """Renders what a model looks like; made, used and closed in one thread.

    It keeps its own MjData, so all it needs from the physics is a copy of qpos. Other threads go on
    meanwhile: rendering and reading back release the GIL. Raises InvalidValueError if `add_camera`
    has not put the camera into the model, and MissingDependencyError without OpenGL.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        settings: CameraSettings,
        noise: DepthNoise | None = None,
    ) -> None:
        self.settings = settings
        self._noise = noise or DepthNoise(enabled=False)
        self._rng = self._noise.generator()
        width, height = settings.intrinsics.width, settings.intrinsics.height
        self._rect = mujoco.MjrRect(0, 0, width, height)
        self._color = np.empty((height, width, 3), np.uint8)
        self._depth = np.empty((height, width), np.float32)
        self._option = mujoco.MjvOption()
        self._option.sitegroup[:] = 0
        self._see(model)
        self._gl = OffscreenContext(model, width, height)

    def set_model(self, model: mujoco.MjModel, settings: CameraSettings | None = None) -> None:
        """Show another model from now on: much faster than another camera.

        settings: of the camera in that model, if they are others; images keep their size. The
        noise begins anew: the same model gives the same images.
        """
        self._rng = self._noise.generator()
        if settings is not None:
            new, old = settings.intrinsics, self.settings.intrinsics
            if (new.width, new.height) != (old.width, old.height):
                raise InvalidValueError(
                    f'images stay {old.width} x {old.height}, not {new.width} x {new.height}'
                )
            self.settings = settings
        self._see(model)
        self._gl.load(model)

    def _see(self, model: mujoco.MjModel) -> None:
        there = [model.camera(i).name for i in range(model.ncam)]
        if self.settings.frame_id not in there:
            raise InvalidValueError(
                f'no camera {self.settings.frame_id!r} in the model; there are: {there}'
            )
        self._view = mujoco.MjvCamera()
        self._view.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._view.fixedcamid = there.index(self.settings.frame_id)
        self._scene = mujoco.MjvScene(model, maxgeom=2 * model.ngeom + 100)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = self.settings.shadows
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False
        self._model, self._data = model, mujoco.MjData(model)
        self._layers: DepthLayers | None = None

    def __enter__(self) -> RgbdCamera:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the OpenGL objects; again is fine."""
        self._gl.close()

    def render(self, qpos: np.ndarray, stamp_ns: int, color: bool = True) -> CameraFrame:
        """Return the image at the joint and object positions `qpos` (nq,), with this stamp.

        color: False leaves it out; the depth is the same, bit by bit, in a fraction of the time.
        """
        self._gl.make_current()
        self._place(checks.array('qpos', qpos, (self._model.nq,)))
        if color:
            self._draw()
        else:
            self._draw_depth()
        return CameraFrame(
            stamp_ns,
            self.settings.frame_id,
            self.settings.intrinsics,
            self._encode(self._metres()),
            # OpenGL's first row is the lowest one.
            np.ascontiguousarray(self._color[::-1]) if color else None,
        )

    def _place(self, qpos: np.ndarray) -> None:
        model, data = self._model, self._data
        data.qpos = qpos
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_camlight(model, data)

    def _draw(self) -> None:
        """Draw everything, and read colour and depth back."""
        visible = mujoco.mjtCatBit.mjCAT_STATIC | mujoco.mjtCatBit.mjCAT_DYNAMIC
        scene = self._scene
        mujoco.mjv_updateScene(
            self._model, self._data, self._option, None, self._view, visible, scene
        )
        self._clip(scene)
        mujoco.mjr_render(self._rect, scene, self._gl.mjr)
        mujoco.mjr_readPixels(self._color, self._depth, self._rect, self._gl.mjr)

    def _draw_depth(self) -> None:
        if self._layers is None:
            self._layers = DepthLayers(
                self._model, self._view, self._clip, self._rect, self._gl.mjr
            )
        self._layers.draw(self._data, self._depth)

    def _clip(self, scene: mujoco.MjvScene) -> None:
        for eye in scene.camera:
            _set_range(eye, self.settings.near, self.settings.far)

    def _metres(self) -> np.ndarray:
        """Return the depth that was read back, float32 (H, W), 0 where nothing was drawn.

        The buffer holds near (far - z) / (z (far - near)): 1 at `near`, 0 at `far`.
        """
        near, far = np.float32(self.settings.near), np.float32(self.settings.far)
        buffer = self._depth[::-1]
        depth = buffer * (far - near)
        depth += near
        np.divide(near * far, depth, out=depth)
        depth[buffer <= 0] = 0
        return depth

    def _encode(self, depth: np.ndarray) -> np.ndarray:
        depth = self._noise.apply(depth, self.settings.intrinsics.K[0, 0], self._rng)
        if self.settings.depth_unit == 'm':
            return depth
        depth *= 1000
        return np.rint(depth, out=depth).astype(np.uint16)


def _set_range(eye: mujoco.MjvGLCamera, near: float, far: float) -> None:
    """Move the clipping planes and keep the view: a frustum is given by its cut at `near`."""
    scale = near / eye.frustum_near
    eye.frustum_center *= scale
    eye.frustum_width *= scale
    eye.frustum_top *= scale
    eye.frustum_bottom *= scale
    eye.frustum_near, eye.frustum_far = near, far

"""From an arm's description and a scene to a MuJoCo model: any URDF, nothing tuned by hand.

The world frame of the model is the arm's base frame, its x-y plane is the table top.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable

import mujoco
import numpy as np

from gae_arm.arm_sim.scene import Scene
from gae_arm.arm_sim.servo import Drives, add_drives, design_drives
from gae_arm.arm_sim.world import CONTACT, add_scene, add_world
from gae_arm.core.arm import ArmConfig
from gae_arm.core.errors import ConfigError
from gae_arm.core.geometry import invert, matrix_to_quaternion, quaternion_to_matrix, transform
from gae_arm.core.urdf import load_urdf, with_absolute_meshes

Modifier = Callable[[mujoco.MjSpec], None]

TIMESTEP = 0.002
ARM_COLOR = (0.87, 0.88, 0.89, 1.0)
HAND_COLOR = (0.24, 0.25, 0.27, 1.0)
UNCOLORED = (0.5, 0.5, 0.5, 1.0)


def build_model(
    arm: ArmConfig,
    scene: Scene,
    timestep: float = TIMESTEP,
    modifiers: Iterable[Modifier] = (),
) -> tuple[mujoco.MjModel, Drives]:
    """Return the compiled model of arm, table and scene, and the drives of the arm's joints.

    timestep: seconds. modifiers: called with the MjSpec before it is compiled, to add cameras,
    sites or lights. Bodies are named as the URDF's links and the scene's objects. Raises
    ConfigError if the URDF is not usable or MuJoCo refuses the model.
    """
    try:
        spec = _parse(with_absolute_meshes(load_urdf(arm)))
        alone = spec.compile()
        drives = design_drives(arm, alone)
        _place_base(spec, alone, arm.base_frame)
        _exclude_collisions(spec, alone, arm)
        _finish_bodies(spec, arm)
        add_drives(spec, drives)
        add_world(spec, scene.surroundings)
        add_scene(spec, scene)
        _set_options(spec, timestep)
        for modify in modifiers:
            modify(spec)
        return spec.compile(), drives
    except ValueError as error:
        raise ConfigError(
            f'MuJoCo refuses the model of {arm.name!r} ({arm.urdf}): {error}'
        ) from error


def _parse(urdf: str) -> mujoco.MjSpec:
    """Return the spec of a URDF: frames kept as bodies, collision shapes kept as the only ones."""
    robot = ET.fromstring(urdf)
    compiler = {'strippath': 'false', 'fusestatic': 'false', 'discardvisual': 'true'}
    ET.SubElement(ET.SubElement(robot, 'mujoco'), 'compiler', compiler)
    spec = mujoco.MjSpec.from_string(ET.tostring(robot, encoding='unicode'))
    # From here on it would discard our own textures.
    spec.compiler.discardvisual = False
    return spec


def _place_base(spec: mujoco.MjSpec, alone: mujoco.MjModel, base_frame: str) -> None:
    """Move the arm so that its base frame is the world frame."""
    base = alone.body(base_frame).id
    if alone.body_weldid[base] != 0:
        raise ConfigError(f'base_frame {base_frame!r} moves: it does not hang fixed on the root')
    data = mujoco.MjData(alone)
    mujoco.mj_kinematics(alone, data)
    T_base_root = invert(transform(data.xmat[base].reshape(3, 3), data.xpos[base]))
    for element in (*spec.worldbody.bodies, *spec.worldbody.geoms):
        rotation = quaternion_to_matrix(np.roll(element.quat, -1))
        T_base_element = T_base_root @ transform(rotation, element.pos)
        element.pos = T_base_element[:3, 3]
        element.quat = np.roll(matrix_to_quaternion(T_base_element[:3, :3]), 1)


def _exclude_collisions(spec: mujoco.MjSpec, alone: mujoco.MjModel, arm: ArmConfig) -> None:
    """Exclude collisions of neighbours, and of links that touch at home, hand open or closed.

    URDFs tell nothing about it, and the convex hulls of neighbouring links often overlap.
    """
    pairs = {
        tuple(sorted((body.name, body.parent.name)))
        for body in spec.bodies
        if body.parent is not None and body.parent.name != 'world'
    }
    data = mujoco.MjData(alone)
    for fingers in (arm.gripper.closed, arm.gripper.opened):
        data.qpos[joint_addresses(alone, arm.joints)] = arm.home
        data.qpos[joint_addresses(alone, arm.gripper.joints)] = fingers
        mujoco.mj_forward(alone, data)
        bodies = alone.geom_bodyid[data.contact.geom]
        pairs |= {tuple(sorted((alone.body(a).name, alone.body(b).name))) for a, b in bodies}
    for one, other in sorted(pairs):
        spec.add_exclude(bodyname1=one, bodyname2=other)


def joint_addresses(model: mujoco.MjModel, joints: Iterable[str]) -> np.ndarray:
    """Return where the positions of these joints stand in qpos, int (N,)."""
    return np.array([model.joint(name).qposadr[0] for name in joints], dtype=np.intp)


def _finish_bodies(spec: mujoco.MjSpec, arm: ArmConfig) -> None:
    """Compensate gravity, as the controllers of real arms do; color what has no color."""
    hand = {b.name for b in _descendants(spec.joint(arm.joints[-1]).parent)[1:]}
    for body in spec.bodies:
        if body.name == 'world':
            continue
        body.gravcomp = 1.0
        for geom in body.geoms:
            geom.solref, geom.solimp = CONTACT['solref'], CONTACT['solimp']
            if np.allclose(geom.rgba, UNCOLORED):
                geom.rgba = HAND_COLOR if body.name in hand else ARM_COLOR


def _descendants(body: mujoco.MjsBody) -> list[mujoco.MjsBody]:
    return [body, *(below for child in body.bodies for below in _descendants(child))]


def _set_options(spec: mujoco.MjSpec, timestep: float) -> None:
    """Choose a stable integrator for stiff drives, and friction that holds a grasp."""
    option = spec.option
    option.timestep = timestep
    option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    option.impratio = 10.0

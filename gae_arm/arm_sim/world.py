"""The world around the arm for MuJoCo: floor, table, lights, and the objects of a scene."""

from __future__ import annotations

import mujoco
import numpy as np

from gae_arm.arm_sim.scene import Part, Scene, SceneObject

TABLE_HEIGHT = 0.74
TABLE_CENTER = (0.35, 0.0)
TABLE_SIZE = (1.30, 1.40, 0.04)
BACKGROUND_FRICTION = 0.5
# MuJoCo "solver parameters": contacts that give within 4 ms (two time steps, the least it allows)
# and hardly yield under load, so that a gripper does not squash the cube that it holds.
CONTACT = {'solref': (0.004, 1.0), 'solimp': (0.95, 0.99, 0.001, 0.5, 2.0)}
# Torsional (m) and rolling (m) friction of objects.
SPIN_FRICTION, ROLL_FRICTION = 0.005, 0.0002
BOX, CYLINDER = mujoco.mjtGeom.mjGEOM_BOX, mujoco.mjtGeom.mjGEOM_CYLINDER
SPHERE, PLANE = mujoco.mjtGeom.mjGEOM_SPHERE, mujoco.mjtGeom.mjGEOM_PLANE


def add_world(spec: mujoco.MjSpec) -> None:
    """Add floor, table (its top at z = 0), lights and sky."""
    _add_light(spec)
    _add_material(spec, 'floor', (0.36, 0.37, 0.39), (0.32, 0.33, 0.35))
    _add_material(spec, 'table', (0.76, 0.70, 0.62), (0.76, 0.70, 0.62))
    world = spec.worldbody
    world.add_geom(
        name='floor', type=PLANE, size=[5, 5, 1.0], pos=[0, 0, -TABLE_HEIGHT], material='floor'
    )
    x, y, z = TABLE_SIZE
    top = world.add_geom(
        name='table',
        type=BOX,
        size=[x / 2, y / 2, z / 2],
        pos=[*TABLE_CENTER, -z / 2],
        material='table',
        friction=[BACKGROUND_FRICTION, SPIN_FRICTION, ROLL_FRICTION],
    )
    top.solref, top.solimp = CONTACT['solref'], CONTACT['solimp']
    leg = (TABLE_HEIGHT - z) / 2
    for corner in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        place = np.array(TABLE_CENTER) + corner * (np.array([x, y]) / 2 - 0.06)
        world.add_geom(
            type=BOX, size=[0.03, 0.03, leg], pos=[*place, -z - leg], rgba=[0.2, 0.2, 0.22, 1]
        )


def add_scene(spec: mujoco.MjSpec, scene: Scene) -> None:
    """Add the scene's objects, each as a body of its name."""
    for item in scene.objects:
        body = spec.worldbody.add_body(name=item.name, pos=item.position)
        body.quat = wxyz(item.orientation)
        _add_motion(body, item)
        volumes = np.array([_volume(part) for part in item.parts])
        masses = item.mass * volumes / volumes.sum()
        for part, mass in zip(item.parts, masses, strict=True):
            _add_part(body, part, item.friction, mass)


def wxyz(quaternion: np.ndarray) -> np.ndarray:
    """Return MuJoCo's (w, x, y, z) of a quaternion (x, y, z, w)."""
    return np.roll(quaternion, 1)


def _add_motion(body: mujoco.MjsBody, item: SceneObject) -> None:
    if item.motion == 'free':
        body.add_freejoint(name=item.name)
    elif item.motion != 'fixed':
        joint = body.add_joint(name=item.name, axis=item.axis, range=item.travel)
        slides = item.motion == 'slide'
        joint.type = mujoco.mjtJoint.mjJNT_SLIDE if slides else mujoco.mjtJoint.mjJNT_HINGE
        joint.limited = mujoco.mjtLimited.mjLIMITED_TRUE
        joint.stiffness[0], joint.damping[0] = item.stiffness, item.damping


def _add_part(body: mujoco.MjsBody, part: Part, friction: float, mass: float) -> None:
    """Add a shape. Priority 1: the object's own friction counts, with whatever it touches."""
    geom = body.add_geom(
        type={'box': BOX, 'cylinder': CYLINDER, 'sphere': SPHERE}[part.shape],
        pos=part.position,
        mass=mass,
        rgba=[*part.color, 1.0],
        friction=[friction, SPIN_FRICTION, ROLL_FRICTION],
        priority=1,
    )
    geom.quat = wxyz(part.orientation)
    geom.size[: len(part.size)] = (
        part.size / {'box': 2, 'cylinder': (1, 2), 'sphere': 1}[part.shape]
    )
    # 4: sliding and spinning friction; 6: rolling as well, or round things roll for ever.
    geom.condim = 4 if part.shape == 'box' else 6
    geom.solref, geom.solimp = CONTACT['solref'], CONTACT['solimp']


def _volume(part: Part) -> float:
    if part.shape == 'box':
        return float(part.size.prod())
    if part.shape == 'cylinder':
        return float(np.pi * part.size[0] ** 2 * part.size[1])
    return float(4 / 3 * np.pi * part.size[0] ** 3)


def _add_light(spec: mujoco.MjSpec) -> None:
    """Add a key light with shadows, a weak fill light, and a plain sky."""
    spec.add_texture(
        name='sky',
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.78, 0.82, 0.86],
        rgb2=[0.50, 0.54, 0.60],
        width=64,
        height=384,
    )
    # The shadow map and the depth buffer cover this region: the smaller, the sharper.
    spec.stat.center, spec.stat.extent = [*TABLE_CENTER, 0.2], 1.0
    head = spec.visual.headlight
    head.ambient, head.diffuse, head.specular = [0.32] * 3, [0.28] * 3, [0.05] * 3
    key = spec.worldbody.add_light(name='key', pos=[0.2, -1.0, 2.2], dir=[0.1, 0.45, -1.0])
    key.type = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    key.diffuse, key.specular = [0.55, 0.54, 0.52], [0.15] * 3
    fill = spec.worldbody.add_light(name='fill', pos=[-0.5, 1.5, 2.0], dir=[0.3, -0.7, -1.0])
    fill.type = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    fill.diffuse, fill.specular, fill.castshadow = [0.18, 0.19, 0.20], [0.0] * 3, False


def _add_material(
    spec: mujoco.MjSpec, name: str, rgb1: tuple[float, ...], rgb2: tuple[float, ...]
) -> None:
    spec.add_texture(
        name=name,
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=list(rgb1),
        rgb2=list(rgb2),
        width=128,
        height=128,
    )
    material = spec.add_material(name=name, texrepeat=[4, 4], specular=0.1, shininess=0.1)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name

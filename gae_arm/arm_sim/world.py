"""The world around the arm for MuJoCo: floor, table, lights, and the objects of a scene."""

from __future__ import annotations

import mujoco
import numpy as np

from gae_arm.arm_sim.scene import Part, Scene, SceneObject
from gae_arm.arm_sim.surroundings import Surroundings
from gae_arm.arm_sim.textures import SIDE, texture_image

TABLE_HEIGHT = 0.74
TABLE_CENTER = (0.35, 0.0)
TABLE_SIZE = (1.30, 1.40, 0.04)
STAND_EDGE, STAND_COLOR = 0.17, (0.30, 0.31, 0.33)
BACKGROUND_FRICTION = 0.5
# MuJoCo "solver parameters": contacts that give within 4 ms (two time steps, the least it allows)
# and hardly yield under load, so that a gripper does not squash the cube that it holds.
CONTACT = {'solref': (0.004, 1.0), 'solimp': (0.95, 0.99, 0.001, 0.5, 2.0)}
# Torsional (m) and rolling (m) friction of objects.
SPIN_FRICTION, ROLL_FRICTION = 0.005, 0.0002
BOX, CYLINDER = mujoco.mjtGeom.mjGEOM_BOX, mujoco.mjtGeom.mjGEOM_CYLINDER
SPHERE, PLANE = mujoco.mjtGeom.mjGEOM_SPHERE, mujoco.mjtGeom.mjGEOM_PLANE


def add_world(spec: mujoco.MjSpec, surroundings: Surroundings) -> None:
    """Add floor, table, lights and sky."""
    _add_light(spec, surroundings)
    _add_checker(spec, 'floor', (0.36, 0.37, 0.39), (0.32, 0.33, 0.35))
    spec.worldbody.add_geom(
        name='floor', type=PLANE, size=[5, 5, 1.0], pos=[0, 0, -TABLE_HEIGHT], material='floor'
    )
    _add_table(spec, surroundings)


def _add_table(spec: mujoco.MjSpec, surroundings: Surroundings) -> None:
    """Add the table; if it is not as high as the arm's base, a stand of its own for the arm."""
    material = _material(spec, surroundings.table_texture, repeat=2.0)
    back, front = TABLE_CENTER[0] - TABLE_SIZE[0] / 2, TABLE_CENTER[0] + TABLE_SIZE[0] / 2
    height = surroundings.table_height
    if height:
        _add_slab(spec, 'stand', (back, STAND_EDGE), 0.0, '', STAND_COLOR)
        back = STAND_EDGE
    _add_slab(spec, 'table', (back, front), height, material, surroundings.table_color)
    for x in (back + 0.06, front - 0.06):
        for y in (TABLE_CENTER[1] + side * (TABLE_SIZE[1] / 2 - 0.06) for side in (-1, 1)):
            half = (TABLE_HEIGHT + height - TABLE_SIZE[2]) / 2
            middle = [x, y, half - TABLE_HEIGHT]
            spec.worldbody.add_geom(
                type=BOX, size=[0.03, 0.03, half], pos=middle, rgba=[0.2, 0.2, 0.22, 1]
            )


def _add_slab(
    spec: mujoco.MjSpec,
    name: str,
    x_range: tuple[float, float],
    top: float,
    material: str,
    color: np.ndarray | tuple[float, ...],
) -> None:
    _, y, z = TABLE_SIZE
    slab = spec.worldbody.add_geom(
        name=name,
        type=BOX,
        size=[(x_range[1] - x_range[0]) / 2, y / 2, z / 2],
        pos=[sum(x_range) / 2, TABLE_CENTER[1], top - z / 2],
        rgba=[*color, 1.0],
        material=material,
        friction=[BACKGROUND_FRICTION, SPIN_FRICTION, ROLL_FRICTION],
    )
    slab.solref, slab.solimp = CONTACT['solref'], CONTACT['solimp']


def add_scene(spec: mujoco.MjSpec, scene: Scene) -> None:
    """Add the scene's objects, each as a body of its name."""
    for item in scene.objects:
        body = spec.worldbody.add_body(name=item.name, pos=item.position)
        body.quat = wxyz(item.orientation)
        _add_motion(body, item)
        volumes = np.array([_volume(part) * part.solid for part in item.parts])
        masses = item.mass * volumes / max(volumes.sum(), np.finfo(float).tiny)
        for part, mass in zip(item.parts, masses, strict=True):
            _add_part(body, part, item.friction, mass, _material(spec, part.texture))


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


def _add_part(
    body: mujoco.MjsBody, part: Part, friction: float, mass: float, material: str
) -> None:
    """Add a shape. Priority 1: the object's own friction counts, with whatever it touches."""
    geom = body.add_geom(
        type={'box': BOX, 'cylinder': CYLINDER, 'sphere': SPHERE}[part.shape],
        pos=part.position,
        mass=mass,
        rgba=[*part.color, 1.0],
        material=material,
        friction=[friction, SPIN_FRICTION, ROLL_FRICTION],
        priority=1,
    )
    geom.quat = wxyz(part.orientation)
    geom.size[: len(part.size)] = (
        part.size / {'box': 2, 'cylinder': (1, 2), 'sphere': 1}[part.shape]
    )
    # 4: sliding and spinning friction; 6: rolling as well, or round things roll for ever.
    geom.condim = 4 if part.shape == 'box' else 6
    if not part.solid:
        geom.contype = geom.conaffinity = 0
    geom.solref, geom.solimp = CONTACT['solref'], CONTACT['solimp']


def _volume(part: Part) -> float:
    if part.shape == 'box':
        return float(part.size.prod())
    if part.shape == 'cylinder':
        return float(np.pi * part.size[0] ** 2 * part.size[1])
    return float(4 / 3 * np.pi * part.size[0] ** 3)


def _add_light(spec: mujoco.MjSpec, surroundings: Surroundings) -> None:
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
    head.ambient, head.diffuse, head.specular = [surroundings.ambient] * 3, [0.28] * 3, [0.05] * 3
    direction = surroundings.light_direction
    # Directional: the position only tells where its shadow map is centred.
    from_where = np.array([*TABLE_CENTER, 0.0]) - 2.2 * direction / -direction[2]
    key = spec.worldbody.add_light(name='key', pos=from_where, dir=direction)
    key.type = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    key.diffuse, key.specular = surroundings.light_color, [0.15] * 3
    fill = spec.worldbody.add_light(name='fill', pos=[-0.5, 1.5, 2.0], dir=[0.3, -0.7, -1.0])
    fill.type = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    fill.diffuse, fill.specular, fill.castshadow = [0.18, 0.19, 0.20], [0.0] * 3, False


def _material(spec: mujoco.MjSpec, texture: str, repeat: float = 1.0) -> str:
    """Return the name of the material of a texture, '' for a plain surface; add it if it is new.

    A cube texture shows the whole image on each side of a box and wraps round things; the table,
    with `repeat` above 1, has its image as tiles.
    """
    if texture == 'plain':
        return ''
    tiled = repeat > 1
    name = f'{texture}_tiles' if tiled else texture
    if spec.material(name) is None:
        image, kind = texture_image(texture), mujoco.mjtTexture.mjTEXTURE_2D
        if not tiled:
            image, kind = np.concatenate([image] * 6), mujoco.mjtTexture.mjTEXTURE_CUBE
        added = spec.add_texture(name=name, type=kind, width=SIDE, height=len(image), nchannel=3)
        added.data = image.tobytes()
        material = spec.add_material(
            name=name, texrepeat=[repeat, repeat], specular=0.1, shininess=0.1
        )
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = added.name
    return name


def _add_checker(
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

import dataclasses
import xml.etree.ElementTree as ET
from pathlib import Path

import mujoco
import numpy as np
import pytest
import toy_arm
from urdf_walker import walk

from gae_arm.arm_sim.model import build_model, joint_addresses
from gae_arm.arm_sim.scene import Part, Scene, SceneObject, box, sample_scene
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import ConfigError
from gae_arm.core.geometry import transform
from gae_arm.core.urdf import load_urdf

ARMS = {
    path.stem: load_arm(path)
    for path in sorted((Path(__file__).parents[2] / 'config' / 'arms').glob('*.yaml'))
}
EMPTY = Scene()


def pose(model, data, body):
    i = model.body(body).id
    return transform(data.xmat[i].reshape(3, 3), data.xpos[i])


def at(model, arm, q, fingers):
    """Return data with the arm at these positions."""
    data = mujoco.MjData(model)
    data.qpos[joint_addresses(model, arm.joints)] = q
    data.qpos[joint_addresses(model, arm.gripper.joints)] = fingers
    mujoco.mj_forward(model, data)
    return data


@pytest.mark.parametrize('name', ARMS)
def test_every_frame_is_where_the_urdf_says(name):
    arm = ARMS[name]
    model, _ = build_model(arm, EMPTY)
    robot = ET.fromstring(load_urdf(arm))
    rng = np.random.default_rng(0)
    for _ in range(3):
        q = rng.uniform(arm.limits.lower, arm.limits.upper)
        fingers = rng.uniform(arm.gripper.closed, arm.gripper.opened)
        data = at(model, arm, q, fingers)
        positions = dict(zip(arm.joints + arm.gripper.joints, [*q, *fingers], strict=True))
        for link in robot.findall('link'):
            frame = link.get('name')
            if frame in ('world', 'base'):
                continue
            expected = walk(robot, arm.base_frame, frame, positions)
            assert np.allclose(pose(model, data, frame), expected, atol=1e-9), frame


def test_world_is_the_base_frame_wherever_the_root_is(tmp_path):
    arm = load_arm(toy_arm.write(tmp_path))
    model, _ = build_model(arm, EMPTY)
    data = at(model, arm, arm.home, [0, 0])
    assert np.allclose(pose(model, data, 'base'), np.eye(4), atol=1e-12)
    robot = ET.fromstring(load_urdf(arm))
    expected = walk(robot, 'base', 'gripper_tcp', dict(zip(arm.joints, arm.home, strict=True)))
    assert np.allclose(pose(model, data, 'gripper_tcp'), expected, atol=1e-12)


@pytest.mark.parametrize('name', ARMS)
@pytest.mark.parametrize('fingers', ['closed', 'opened'])
def test_nothing_touches_at_home(name, fingers):
    arm = ARMS[name]
    model, _ = build_model(arm, EMPTY)
    assert at(model, arm, arm.home, getattr(arm.gripper, fingers)).ncon == 0


@pytest.mark.parametrize('name', ARMS)
def test_links_that_are_far_apart_in_the_chain_do_collide(name):
    """Self-collision is there: some random configurations of every arm touch themselves."""
    arm = ARMS[name]
    model, _ = build_model(arm, EMPTY)
    rng = np.random.default_rng(1)
    table = model.geom('table').id
    touching = 0
    for _ in range(100):
        q = rng.uniform(arm.limits.lower, arm.limits.upper)
        data = at(model, arm, q, arm.gripper.opened)
        touching += bool((data.contact.geom != table).all(axis=1).any())
    assert 0 < touching < 100


def test_neighbours_never_collide_and_others_do(tmp_path):
    """The toy's boxes overlap at its joints, and its URDF says nothing about collisions."""
    arm = load_arm(toy_arm.write(tmp_path))
    model, _ = build_model(arm, EMPTY)
    rng = np.random.default_rng(2)
    pairs = set()
    for _ in range(200):
        q = rng.uniform(arm.limits.lower, arm.limits.upper)
        data = at(model, arm, q, arm.gripper.opened)
        for bodies in model.geom_bodyid[data.contact.geom]:
            pairs.add(tuple(sorted(model.body(int(i)).name for i in bodies)))
    assert {('gripper_base', 'trunk'), ('fore', 'trunk')} <= pairs
    assert not pairs & {('trunk', 'upper'), ('fore', 'upper'), ('fore', 'gripper_base')}


def test_modifiers_see_the_spec_before_it_is_compiled():
    def add_camera(spec):
        spec.worldbody.add_camera(name='front', pos=[1, 0, 1])

    model, _ = build_model(ARMS['panda'], EMPTY, modifiers=[add_camera])
    assert model.camera('front').pos.tolist() == [1, 0, 1]


@pytest.mark.parametrize('name', ARMS)
def test_drives_have_the_limits_of_the_description(name):
    arm = ARMS[name]
    model, drives = build_model(arm, EMPTY)
    assert drives.joints == arm.joints + arm.gripper.joints
    n = len(arm.joints)
    for j, joint in enumerate(arm.joints):
        assert model.joint(joint).range.tolist() == [arm.limits.lower[j], arm.limits.upper[j]]
        assert model.jnt_actfrcrange[model.joint(joint).id, 1] == arm.limits.effort[j]
        force = model.actuator(f'{joint}_position').forcerange[1]
        assert force / drives.damping[j] == pytest.approx(arm.limits.velocity[j])
    assert (drives.effort[n:] == arm.gripper.effort).all()


@pytest.mark.parametrize('name', [*ARMS, 'toy'])
def test_drives_are_damped_in_every_configuration(name, tmp_path):
    """Alone, a joint of inertia M under drive d, k has damping ratio sqrt(d / (4 k M))."""
    arm = ARMS.get(name) or load_arm(toy_arm.write(tmp_path))
    model, drives = build_model(arm, EMPTY)
    rng = np.random.default_rng(3)
    dofs = [model.joint(joint).dofadr[0] for joint in drives.joints]
    for _ in range(20):
        data = at(model, arm, rng.uniform(arm.limits.lower, arm.limits.upper), [0.0, 0.0])
        inertia = np.zeros((model.nv, model.nv))
        mujoco.mj_fullM(model, data, inertia)
        ratio = np.sqrt(drives.damping / (4 * drives.gain * np.diag(inertia)[dofs]))
        assert ratio.min() > 0.9


def test_scene_objects_have_their_mass_place_and_friction():
    cube = box('cube', (0.04, 0.04, 0.04), 'red', 0.06).at(0.5, 0.1, 0.4)
    model, _ = build_model(ARMS['panda'], Scene((cube,)))
    assert model.body('cube').mass[0] == pytest.approx(0.06)
    assert model.body('cube').pos.tolist() == [0.5, 0.1, 0.02]
    geom = model.geom(model.body('cube').geomadr[0])
    assert geom.size.tolist() == [0.02, 0.02, 0.02]
    assert geom.friction[0] == cube.friction
    assert geom.rgba == pytest.approx([0.80, 0.11, 0.09, 1.0])


def test_objects_can_be_fixed_slide_and_turn():
    part = Part('box', [0.1, 0.1, 0.02], [1, 0, 0])
    plate = SceneObject('plate', (part,), motion='fixed')
    button = dataclasses.replace(
        plate, name='button', motion='slide', travel=[-0.01, 0.0], stiffness=100.0
    )
    door = dataclasses.replace(plate, name='door', motion='hinge', travel=[0.0, 1.5])
    model, _ = build_model(ARMS['panda'], Scene((plate, button, door)))
    assert model.body('plate').jntnum[0] == 0
    assert model.joint('button').type[0] == mujoco.mjtJoint.mjJNT_SLIDE
    assert model.joint('button').range.tolist() == [-0.01, 0.0]
    assert model.joint('button').stiffness[0] == 100.0
    assert model.joint('door').type[0] == mujoco.mjtJoint.mjJNT_HINGE


def test_base_frame_that_moves_is_refused(tmp_path):
    limits = toy_arm.description()['limits']
    limits = {k: v if k == 'source' else v[1:] for k, v in limits.items()}
    arm = load_arm(
        toy_arm.write(
            tmp_path,
            base_frame='trunk',
            joints=['lift', 'bend'],
            home=[0.0, 0.0],
            limits=limits,
        )
    )
    with pytest.raises(ConfigError, match=r"base_frame 'trunk' moves"):
        build_model(arm, EMPTY)


def test_what_mujoco_refuses_is_a_config_error(tmp_path):
    mesh = '<collision><geometry><mesh filename="bad.stl"/></geometry></collision></link>'
    urdf = toy_arm.URDF.replace('<link name="base"/>', f'<link name="base">{mesh}')
    (tmp_path / 'bad.stl').write_text('no mesh')
    arm = load_arm(toy_arm.write(tmp_path, urdf))
    with pytest.raises(ConfigError, match=r"MuJoCo refuses the model of 'toy' \(.*toy\.urdf\): "):
        build_model(arm, EMPTY)


def test_object_named_as_a_link_is_refused():
    thief = box('panda_hand', (0.04, 0.04, 0.04), 'red', 0.06)
    with pytest.raises(ConfigError, match=r"repeated name 'panda_hand'"):
        build_model(ARMS['panda'], Scene((thief,)))


def test_sampled_scene_is_part_of_the_model():
    scene = sample_scene(0)
    model, _ = build_model(ARMS['ur5'], scene)
    assert all(model.body(item.name).jntnum[0] == 1 for item in scene.objects)

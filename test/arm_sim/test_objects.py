"""Objects: graspable by the smallest gripper, hollow where they look it, as heavy as said."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gae_arm.arm_sim.objects.cabinet import headroom
from gae_arm.arm_sim.objects.catalogue import KINDS, make_item
from gae_arm.arm_sim.objects.item import MAX_GRASP, SMALLEST_STROKE, Build, Cavity, Grasp, Look
from gae_arm.arm_sim.scene import Scene
from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.arm_sim.surroundings import Surroundings
from gae_arm.arm_sim.tasks.axes import AXES
from gae_arm.arm_sim.textures import SIDE, TEXTURES, texture_image
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.geometry import quaternion_to_matrix, transform
from gae_arm.core.paths import arm_file

ARMS = {name: load_arm(arm_file(name)) for name in ('panda', 'ur5', 'xarm7')}
RED = Look('red', (0.8, 0.1, 0.1))
HANDLED = sorted(
    {
        kind
        for region in (AXES['shape'].training, AXES['shape'].held_out)
        for role in ('picked', 'stacked', 'stowed', 'drawer')
        for kind in region[role].options
    }
)
SCALES = [
    edge
    for region in (AXES['size'].training, AXES['size'].held_out)
    for interval in region['scale'].intervals
    for edge in interval
]


def test_the_smallest_gripper_is_that_of_the_arms():
    strokes = [np.abs(arm.gripper.opened - arm.gripper.closed).sum() for arm in ARMS.values()]
    assert min(strokes) == pytest.approx(SMALLEST_STROKE)
    assert MAX_GRASP < SMALLEST_STROKE


@pytest.mark.parametrize('kind', HANDLED)
def test_what_is_handled_can_be_grasped_at_every_size(kind):
    for scale in (min(SCALES), 1.0, max(SCALES)):
        item = make_item(kind, 'item', RED, Build(scale))
        assert item.grasps
        for grasp in item.grasps:
            z, tip = grasp.T_object_ee[2, 2], grasp.T_object_ee[2, 3] + item.rest
            assert z == pytest.approx(-1), 'from above'
            assert tip >= 0.01, 'the pads do not reach the table'
            assert grasp.T_object_ee[2, 3] <= item.top


@pytest.mark.parametrize('kind', KINDS)
def test_an_item_stands_on_the_table_and_is_as_high_as_it_says(kind):
    item = make_item(kind, 'item', RED, Build(1.1)).at(0.5, 0.1, 0.3, table_height=0.03)
    low = min(lowest(part) for body in item.bodies for part in body.parts)
    high = max(highest(part) for part in item.body.parts)
    assert low == pytest.approx(-item.rest, abs=1e-9)
    assert item.body.position[2] == pytest.approx(item.rest + 0.03)
    assert high <= item.top + 0.004
    assert item.height == item.rest + item.top


def lowest(part):
    return part.position[2] - half_height(part)


def highest(part):
    return part.position[2] + half_height(part)


def half_height(part):
    up = quaternion_to_matrix(part.orientation)[2]
    if part.shape == 'box':
        return float(np.abs(up) @ part.size) / 2
    if part.shape == 'sphere':
        return float(part.size[0])
    radius, height = part.size
    return float(radius * np.hypot(up[0], up[1]) + abs(up[2]) * height / 2)


@pytest.mark.parametrize('kind', ['bowl', 'tray', 'plate', 'mug', 'drawer'])
def test_a_ball_dropped_into_a_hollow_stays_there(kind):
    """The hollow is one for the physics, and where the item says it is."""
    vessel = make_item(kind, 'vessel', RED)
    marble = make_item('ball', 'marble', RED, Build(0.4))
    bodies = [body.at(0.5, 0.0) for body in vessel.bodies]
    if kind == 'drawer':
        bodies[-1] = dataclasses.replace(bodies[-1], start=0.12)
    sim = ArmSimulation(ARMS['panda'], Scene((*bodies, marble.body.at(0.5, 0.3))))
    x = vessel.cavity.center[0] - (0.05 if kind == 'drawer' else 0.0)
    T_vessel = sim.T_base_body('vessel')
    T_drop = T_vessel @ transform(np.eye(3), [x, 0, vessel.cavity.high + 0.02])
    sim.move_object('marble', T_drop)
    sim.step(700)
    place = np.linalg.inv(sim.T_base_body('vessel')) @ sim.T_base_body('marble')
    assert vessel.cavity.holds(place[:3, 3])
    assert place[2, 3] < vessel.cavity.high
    touched = {name for c in sim.contacts() if 'marble' in c.bodies for name in c.bodies}
    assert touched == {'marble', 'vessel'}


def test_a_hollow_holds_points_between_floor_and_rim():
    round_one = Cavity(np.array([0.05, 0.05]), 0.005, 0.04, round=True)
    assert round_one.holds(np.array([0.03, 0.03, 0.02]))
    assert not round_one.holds(np.array([0.04, 0.04, 0.02]))
    square = Cavity(np.array([0.05, 0.05]), 0.005, 0.04, round=False)
    assert square.holds(np.array([0.04, 0.04, 0.02]))
    assert not square.holds(np.array([0.04, 0.04, 0.05]))
    assert square.holds(np.array([0.04, 0.04, 0.05]), above=0.02)
    with pytest.raises(InvalidValueError, match=r'a hollow of half \[0\.05, 0\.05\] from 0\.1 to'):
        Cavity(np.array([0.05, 0.05]), 0.1, 0.04, round=False)


def test_a_grasp_wider_than_the_smallest_gripper_is_refused():
    with pytest.raises(InvalidValueError, match=r'width is 0\.09, allowed is 0\.0 to 0\.068'):
        Grasp(np.eye(4), 0.09)


def test_an_unknown_kind_is_told_which_there_are():
    with pytest.raises(InvalidValueError) as error:
        make_item('teapot', 'item', RED)
    assert str(error.value) == f"kind of object 'teapot' is unknown; there are: {sorted(KINDS)}"


def test_what_fits_a_drawer_fits_under_its_cabinets_top():
    small, large = (make_item('drawer', 'd', RED, Build(scale)) for scale in (0.8, 1.2))
    assert 0.04 < headroom(small) < headroom(large)


@given(scale=st.floats(0.8, 1.25), heft=st.floats(0.4, 2.0))
@settings(deadline=None, max_examples=20)
def test_mass_grows_with_volume_and_density(scale, heft):
    one, other = make_item('cube', 'c', RED), make_item('cube', 'c', RED, Build(scale, heft))
    assert other.body.mass == pytest.approx(one.body.mass * heft * scale**3)


def test_prints_are_seen_and_not_felt():
    disc, cube = make_item('disc', 'disc', RED), make_item('cube', 'cube', RED)
    sim = ArmSimulation(ARMS['panda'], Scene((disc.body.at(0.5, 0), cube.body.at(0.5, 0))))
    sim.step(200)
    assert sim.T_base_body('cube')[2, 3] == pytest.approx(0.02, abs=3e-4)
    assert all('disc' not in contact.bodies for contact in sim.contacts())


@pytest.mark.parametrize('height', [-0.05, 0.05])
@pytest.mark.parametrize('arm', ARMS)
def test_a_table_of_another_height_carries_things_and_leaves_the_arm_alone(arm, height):
    cube = make_item('cube', 'cube', RED).at(0.5, 0.0, 0.0, height)
    sim = ArmSimulation(ARMS[arm], Scene((cube.body,), Surroundings(table_height=height)))
    sim.step(200)
    assert sim.T_base_body('cube')[2, 3] == pytest.approx(0.02 + height, abs=3e-4)
    assert {contact.bodies for contact in sim.contacts()} == {('world', 'cube')}


@pytest.mark.parametrize('name', TEXTURES)
def test_textures_are_images_that_shade(name):
    image = texture_image(name)
    assert image.shape == (SIDE, SIDE, 3)
    assert image.dtype == np.uint8
    assert (image.std() > 5) == (name != 'plain')
    assert image.mean() > 150


def test_surroundings_refuse():
    with pytest.raises(
        InvalidValueError, match=r"table_texture 'felt' is unknown; there are: \['ch"
    ):
        Surroundings(table_texture='felt')
    with pytest.raises(InvalidValueError, match=r'table_height is 0\.5, allowed is -0\.2 to 0\.2'):
        Surroundings(table_height=0.5)
    with pytest.raises(InvalidValueError, match='the light does not shine downwards'):
        Surroundings(light_direction=[0, 0, 1])
    with pytest.raises(
        InvalidValueError, match=r'light_color leaves 0 to 2\.0: \[0\.0, 0\.0, 3\.0\]'
    ):
        Surroundings(light_color=[0, 0, 3])

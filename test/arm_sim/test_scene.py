import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gae_arm.arm_sim.scene import (
    COLORS,
    GAP,
    REACH_X,
    REACH_Y,
    Part,
    Scene,
    SceneObject,
    bowl,
    box,
    cylinder,
    sample_scene,
)
from gae_arm.core.errors import InvalidValueError


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_sampled_objects_are_within_reach_and_apart(seed):
    scene = sample_scene(seed)
    for i, a in enumerate(scene.objects):
        assert REACH_X[0] <= a.position[0] <= REACH_X[1]
        assert REACH_Y[0] <= a.position[1] <= REACH_Y[1]
        for b in scene.objects[:i]:
            distance = np.linalg.norm((a.position - b.position)[:2])
            assert distance >= a.reach + b.reach + GAP


def test_same_seed_same_scene_and_another_seed_another():
    assert sample_scene(5) == sample_scene(5)
    assert sample_scene(5) != sample_scene(6)


def test_reach_is_the_radius_of_the_footprint():
    assert box('b', (0.04, 0.06, 0.02), 'red', 0.1).reach == pytest.approx(np.hypot(0.02, 0.03))
    assert cylinder('c', 0.03, 0.10, 'red', 0.1).reach == pytest.approx(0.03)
    lying = Part('cylinder', [0.01, 0.1], COLORS['red'], orientation=[0, 0.5**0.5, 0, 0.5**0.5])
    assert lying.reach == pytest.approx(0.05 + 0.01)
    ball = Part('sphere', [0.02], COLORS['red'], position=[0.03, 0.04, 0.5])
    assert ball.reach == pytest.approx(0.07)


def test_bowl_is_hollow_and_as_wide_as_said():
    item = bowl('bowl', 0.08, 0.05, 'white', 0.2)
    assert item.reach == pytest.approx(0.08, abs=0.008)
    bottom, *staves = item.parts
    assert bottom.position[2] + bottom.size[1] / 2 == pytest.approx(0.005)
    assert all(np.linalg.norm(stave.position[:2]) > bottom.size[0] for stave in staves)


def test_objects_stand_on_the_table_where_they_are_put():
    item = cylinder('c', 0.02, 0.06, 'blue', 0.1).at(0.4, -0.1, np.pi)
    assert item.position.tolist() == [0.4, -0.1, 0.03]
    assert item.orientation == pytest.approx([0, 0, 1, 0])


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'shape': 'cone'}, "shape 'cone' is unknown; there are: ['box', 'cylinder', 'sphere']"),
        ({'size': [0.1, 0.1]}, 'size has shape (2,), expected (3)'),
        ({'size': [0.1, 0.0, 0.1]}, 'size of a box is not > 0: [0.1, 0.0, 0.1]'),
        ({'color': [0.1, 1.1, 0.1]}, 'color leaves 0 to 1: [0.1, 1.1, 0.1]'),
    ],
)
def test_parts_refuse(changes, message):
    values = {'shape': 'box', 'size': [0.1, 0.1, 0.1], 'color': [1, 0, 0]}
    with pytest.raises(InvalidValueError) as error:
        Part(**(values | changes))
    assert str(error.value) == message


def test_objects_and_scenes_refuse():
    cube = box('cube', (0.04, 0.04, 0.04), 'red', 0.06)
    with pytest.raises(InvalidValueError, match=r"object 'none' has no parts"):
        SceneObject('none', ())
    with pytest.raises(InvalidValueError, match=r"'cube' has no travel: \[0\.0, 0\.0\]"):
        dataclasses.replace(cube, motion='slide')
    with pytest.raises(InvalidValueError, match=r"object names has \['cube'\] more than once"):
        Scene((cube, cube))

"""One seed, one scene; axes do not disturb each other; what cannot be drawn ends in an error."""

import dataclasses
import pickle
import subprocess
import sys

import numpy as np
import pytest

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.arm_control.reach import Reach
from gae_arm.arm_sim.simulation import ArmSimulation
from gae_arm.arm_sim.tasks import task as task_module
from gae_arm.arm_sim.tasks.axes import AXES, HELD_OUT, TRAINING, Choices, Spans, disjoint
from gae_arm.arm_sim.tasks.draft import Draft
from gae_arm.arm_sim.tasks.errors import DrawRejectedError, SamplingError
from gae_arm.arm_sim.tasks.phrases import BOOKS
from gae_arm.arm_sim.tasks.registry import LENGTHS, TASKS, find_task
from gae_arm.arm_sim.tasks.steps import Lift, Press, Slide
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import InvalidValueError
from gae_arm.core.paths import arm_file

ARMS = {name: load_arm(arm_file(name)) for name in ('panda', 'ur5', 'xarm7')}
EASY = TRAINING.override('obstacles', count=Choices((0,)))
FINGERPRINT = """
from gae_arm.arm_sim.tasks.axes import HELD_OUT, TRAINING
from gae_arm.arm_sim.tasks.registry import TASKS
for task in TASKS.values():
    for ranges in (TRAINING, HELD_OUT):
        print(task.sample(11, ranges).fingerprint())
"""


def prints_of_another_process() -> list[str]:
    out = subprocess.run(
        [sys.executable, '-c', FINGERPRINT], check=True, capture_output=True, text=True
    )
    return out.stdout.split()


def test_one_seed_makes_one_scene_bit_for_bit_in_every_process():
    here = [
        task.sample(11, ranges).fingerprint()
        for task in TASKS.values()
        for ranges in (TRAINING, HELD_OUT)
    ]
    assert here == prints_of_another_process()
    assert len(set(here)) == len(here)


def test_the_fingerprint_sees_everything():
    instance = TASKS['stack_two'].sample(0)
    assert TASKS['stack_two'].sample(0).fingerprint() == instance.fingerprint()
    light = dataclasses.replace(instance.scene.surroundings, ambient=0.31)
    for changed in (
        dataclasses.replace(instance, instruction='do something else'),
        dataclasses.replace(
            instance, scene=dataclasses.replace(instance.scene, surroundings=light)
        ),
        dataclasses.replace(instance, steps=instance.steps[:1]),
    ):
        assert changed.fingerprint() != instance.fingerprint()


def test_instances_and_ranges_travel_between_processes():
    instance = TASKS['drawer_put_away'].sample(5, HELD_OUT)
    copy = pickle.loads(pickle.dumps(instance))
    assert copy == instance
    assert copy.fingerprint() == instance.fingerprint()
    assert pickle.loads(pickle.dumps(HELD_OUT)) == HELD_OUT


@pytest.mark.parametrize('axis', AXES)
def test_training_and_held_out_ranges_are_disjoint(axis):
    assert disjoint(AXES[axis].training, AXES[axis].held_out)
    assert set(AXES[axis].training) == set(AXES[axis].held_out)


def test_kinds_of_objects_are_held_out_from_every_role():
    def kinds(region):
        return {kind for choices in region.values() for kind in choices.options}

    assert not kinds(AXES['shape'].training) & kinds(AXES['shape'].held_out)


def test_the_phrase_books_share_no_noun_relation_or_template():
    training, held_out = BOOKS['training'], BOOKS['held_out']
    for part in ('nouns', 'relations', 'superlatives', 'sizes'):
        words = [
            {w for ws in getattr(book, part).values() for w in ws} for book in (training, held_out)
        ]
        assert not words[0] & words[1], part
    assert not set(training.frames) & set(held_out.frames)
    assert not set(training.exclusions) & set(held_out.exclusions)
    for task in TASKS.values():
        assert not set(task.templates.training) & set(task.templates.held_out)


# What may differ between the instances of a seed whose ranges differ in one axis only.
TOUCHED = {
    'light': {'scene'},
    'table_texture': {'scene'},
    'camera_intrinsics': {'view', 'instruction', 'words'},
    'wording': {'instruction', 'words'},
    'clutter': {'scene'},
    'texture': {'scene', 'items'},
    'colour': {'scene', 'items'},
    'mass': {'scene', 'items'},
    'friction': {'scene', 'items'},
}


@pytest.mark.parametrize('axis', TOUCHED)
def test_an_axis_changes_nothing_but_its_own(axis):
    compared = 0
    for seed in range(4):
        one, other = (
            TASKS['stack_two'].sample(seed, ranges) for ranges in (EASY, EASY.held_out_in(axis))
        )
        if one.rejects or other.rejects:
            continue
        compared += 1
        fields = {f.name for f in dataclasses.fields(one)}
        changed = {name for name in fields if getattr(one, name) != getattr(other, name)}
        assert changed
        assert changed <= TOUCHED[axis], seed
        for name, item in one.items.items():
            assert (item.body.position == other.items[name].body.position).all()
            assert item.extent == other.items[name].extent
    assert compared


def test_more_distractors_leave_the_task_itself_as_it_is():
    few, many = (
        TASKS['place_into_container'].sample(
            2, EASY.override('distractors', count=Choices((count,)))
        )
        for count in (0, 2)
    )
    assert few.rejects == many.rejects == 0
    assert few.targets == many.targets
    assert len(many.distractors) == 2
    for name in few.targets:
        assert few.items[name] == many.items[name]
    assert few.view == many.view
    assert few.scene.surroundings == many.scene.surroundings


def test_held_out_values_are_drawn_where_they_are_asked_for():
    instance = TASKS['pick_up'].sample(3, TRAINING.held_out_in('table_height', 'object_pose'))
    height, place = instance.table_height, instance.items[instance.targets[0]].body.position
    assert -0.06 <= height <= -0.03 or 0.03 <= height <= 0.05
    assert 0.22 <= abs(place[1]) <= 0.32
    assert place[2] == pytest.approx(height + instance.items[instance.targets[0]].rest)
    assert instance.items[instance.targets[0]].kind in AXES['shape'].training['picked'].options


def test_ranges_refuse_what_is_not_there():
    with pytest.raises(
        InvalidValueError, match=r"axis 'weather' is unknown; there are: \['camera_"
    ):
        TRAINING.held_out_in('weather')
    with pytest.raises(InvalidValueError) as error:
        TRAINING.override('mass', weight=Spans(((1.0, 2.0),)))
    assert str(error.value) == "axis 'mass' has the quantities ['heft'], got ['heft', 'weight']"
    with pytest.raises(InvalidValueError, match=r'intervals do not ascend: \[\(2\.0, 1\.0\)\]'):
        Spans(((2.0, 1.0),))
    with pytest.raises(InvalidValueError, match='there is nothing to choose from'):
        Choices(())


def test_an_unknown_task_is_told_which_there_are():
    with pytest.raises(InvalidValueError) as error:
        find_task('juggle')
    assert str(error.value) == f"task 'juggle' is unknown; there are: {sorted(TASKS)}"
    assert {task.length for task in TASKS.values()} == set(LENGTHS)


def test_a_scene_without_room_ends_in_an_error(monkeypatch):
    monkeypatch.setattr(task_module, 'MAX_DRAWS', 2)
    crowd = EASY.override('distractors', count=Choices((60,)))
    with pytest.raises(
        SamplingError, match=r'pick_up has no scene for seed 0 in 2 draws; the last: '
    ):
        TASKS['pick_up'].sample(0, crowd)


def test_rejected_draws_are_counted():
    task = TASKS['drawer_put_away']
    instance = next(i for i in (task.sample(seed) for seed in range(40)) if i.rejects)
    for attempt in range(instance.rejects):
        with pytest.raises(DrawRejectedError):
            task._draw(Draft(instance.seed, task.name, attempt, TRAINING), instance.seed, attempt)


@pytest.mark.parametrize('ranges', [TRAINING, HELD_OUT], ids=['training', 'held_out'])
@pytest.mark.parametrize('task', TASKS)
def test_nothing_moves_before_somebody_moves_it(task, ranges):
    """A second after the start all is where it was; a button has sunk under its own weight."""
    instance = TASKS[task].sample(21, ranges)
    sim = ArmSimulation(ARMS['panda'], instance.scene)
    assert all(contact.depth < 1e-3 for contact in sim.contacts())
    before = sim.object_poses()
    sim.step(500)
    for name, pose in sim.object_poses().items():
        limit = 1e-3 if 'button' in name else 3e-4
        assert np.abs(pose - before[name])[:3, 3].max() < limit, name
        assert np.abs(pose - before[name])[:3, :3].max() < 5e-3, name


@pytest.mark.parametrize('arm', ARMS)
@pytest.mark.parametrize('task', TASKS)
def test_every_arm_gets_to_what_it_must_handle(task, arm):
    instance = TASKS[task].sample(4, HELD_OUT)
    reach = Reach(Kinematics(ARMS[arm]))
    for step in instance.steps:
        if isinstance(step, (Lift, Slide, Press)):
            item = instance.items[step.item]
            grasps = [g.T_object_ee for g in item.grasps] or [step.T_item_ee]
            T_base_item = item.T_base_item
            T_base_item[:3, 3] += T_base_item[:3, :3] @ item.body.axis * item.body.start
            assert any(reach.check(T_base_item @ T).reachable for T in grasps), step.item

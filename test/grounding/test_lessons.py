"""Lessons: right answers to clear instructions, the same ones for the same seed."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gae_arm.arm_sim.camera import ideal_intrinsics
from gae_arm.arm_sim.tasks.axes import HELD_OUT, TRAINING
from gae_arm.arm_sim.tasks.phrases import BOOKS
from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.core.crop import workspace_crop
from gae_arm.core.geometry import look_at
from gae_arm.core.projection import project
from gae_arm.grounding import composed, speech
from gae_arm.grounding.alike import alike
from gae_arm.grounding.lessons import LessonMaker
from gae_arm.grounding.order_parts import PARTS
from gae_arm.grounding.speech import BOOK, UNKNOWN, split, vocabulary
from gae_arm.grounding.stock import Stock
from gae_arm.grounding.task_tables import all_shapes

SIZE = (96, 72)
GRASPS = 'grab|lift|take|grasp|get|hoist|raise|fetch|seize|pick up|grip|clutch'
COUNT = 100


@pytest.fixture(scope='module')
def maker():
    return LessonMaker(*SIZE)


@pytest.fixture(scope='module')
def lessons(maker):
    return [maker(seed) for seed in range(COUNT)]


def test_the_same_seed_is_the_same_lesson(maker, lessons):
    assert LessonMaker(*SIZE)(7) == lessons[7]
    assert maker(7) == lessons[7]
    assert maker(8) != lessons[7]


def test_every_lesson_has_its_count_of_instructions_and_answers(lessons):
    for lesson in lessons:
        assert lesson.rgb.shape == (SIZE[1], SIZE[0], 3)
        assert len(lesson.instructions) == len(lesson.answers) == 6
        assert len(lesson.kinds) == len(lesson.colors)


def test_all_outcomes_and_lengths_of_plans_come_up(lessons):
    answers = [answer for lesson in lessons for answer in lesson.answers]
    assert {answer.outcome for answer in answers} == {'plan', 'absent', 'done'}
    assert {len(a.waypoints) for a in answers if a.outcome == 'plan'} >= {3, 5, 6}


def test_anchors_show_the_object_and_are_where_the_hand_goes(lessons):
    for lesson in lessons:
        for answer in lesson.answers:
            for pixel, point, label in zip(
                answer.pixels, answer.points, answer.objects, strict=True
            ):
                u, v = pixel.astype(int)
                assert label < 0 or lesson.label[v, u] == label
                ray = np.array([*(pixel - lesson.K[:2, 2]) / np.diag(lesson.K)[:2], 1.0])
                seen = lesson.T_base_camera[:3] @ [*ray * lesson.depth[v, u], 1.0]
                assert np.allclose(seen, point, atol=1e-4)
            if answer.outcome == 'plan':
                off = np.linalg.norm((answer.waypoints - answer.points[0])[:, :2], axis=1)
                assert off.min() < 0.12


def test_a_colour_and_a_name_in_an_order_to_grasp_are_those_of_the_object(lessons):
    """Read back with another reader: 'grab the red mug' goes to a red mug."""
    checked = 0
    for lesson in lessons:
        for text, answer in zip(lesson.instructions, lesson.answers, strict=True):
            found = re.search(rf'\b(?:{GRASPS}) the (\w+) (\w+)$', text)
            if not found or found[1] not in speech.COLORS or answer.outcome == 'done':
                continue
            kinds = BOOK.kinds(found[2])
            like = [
                i
                for i, (kind, color) in enumerate(zip(lesson.kinds, lesson.colors, strict=True))
                if kind in kinds and color == found[1]
            ]
            if not kinds:
                continue
            checked += 1
            if answer.outcome == 'absent':
                seen = [i for i in like if (lesson.label == i).sum() >= 10]
                assert not seen, text
            else:
                assert answer.objects[0] in like, text
    assert checked >= 5


def test_every_word_is_in_the_vocabulary(lessons):
    words = {*vocabulary(), UNKNOWN}
    for lesson in lessons:
        for text in lesson.instructions:
            assert set(split(text)) <= words, text


@pytest.mark.parametrize('book', ['training', 'held_out'])
def test_the_words_of_the_tasks_are_in_the_vocabulary(book):
    phrases = [t for task in TASKS.values() for t in task.templates.of(book)]
    phrases += [*BOOKS[book].frames, *BOOKS[book].exclusions]
    said = {word for phrase in phrases for word in split(re.sub(r'{\w*}', ' ', phrase))}
    assert said <= set(vocabulary())


def test_held_out_sentences_are_not_taught():
    def shape(template: str) -> str:
        return re.sub(r'{\w*}', '_', template)

    taught = {shape(t) for t in sum(speech.ORDERS.values(), ())}
    held_out = {shape(t) for task in TASKS.values() for t in task.templates.of('held_out')}
    assert not taught & held_out
    assert not set(BOOK.frames) & set(BOOKS['held_out'].frames)
    assert not set(BOOK.exclusions) & set(BOOKS['held_out'].exclusions)


def test_composed_phrases_are_many_known_in_all_words_and_none_is_held_out(lessons):
    rng, known = np.random.default_rng(0), {*vocabulary(), UNKNOWN}
    for what, parts in PARTS.items():
        assert what in speech.ORDERS
        said = {parts.say(rng) for _ in range(300)}
        assert len(said) > 30
        for phrase in said:
            assert set(split(re.sub(r'{\w*}', ' ', phrase))) <= known
            blanks = set(re.findall(r'{\w+}', phrase))
            assert blanks == set(re.findall(r'{\w+}', speech.ORDERS[what][0]))
    assert composed.shape_of('Robot: {}') == 'robot -'
    assert {'robot -', 'hit -', 'now -'} <= composed.HELD_OUT
    texts = [text for lesson in lessons for text in lesson.instructions]
    held_out = re.compile(r'^(robot|now|could you) the |^i would like you to ')
    assert not any(held_out.match(text) for text in texts)


def test_words_are_not_lost_until_a_held_out_sentence_is_left():
    speaker = speech.Speaker.__new__(speech.Speaker)
    speaker._rng = np.random.default_rng(0)
    for phrase in ('hit and release {a}', 'robot please {}', 'could you please {}'):
        left = {composed.shape_of(speaker._mumbled(phrase)) for _ in range(2000)}
        assert len(left) > 3
        assert not left & composed.HELD_OUT


def test_alike_is_what_noun_and_colour_may_mean():
    stock, rng = Stock(TRAINING), np.random.default_rng(0)
    names = [('cube', 'red'), ('cube', 'red'), ('cube', 'blue'), ('mug', 'red'), ('ball', 'blue')]
    items = [stock.take(kind, color, rng).item for kind, color in names]
    for text, label, wanted in (
        ('pick up the leftmost red cube', 0, (0, 1)),
        ('put the middle block into the red mug', 2, (0, 1, 2)),
        ('put the middle block into the red mug', 3, (3,)),
        ('the thing nearest to the arm', 4, (0, 1, 2, 3, 4)),
        ('sort them', 4, ()),
    ):
        assert alike(text, items, label) == wanted, text


def test_lessons_say_what_is_alike(lessons):
    found = [
        (label, alike)
        for lesson in lessons
        for answer in lesson.answers
        for label, alike in zip(answer.objects, answer.alike, strict=True)
        if label >= 0
    ]
    assert np.mean([label in alike for label, alike in found]) > 0.85
    assert all(label in alike for label, alike in found if alike)
    assert max(len(alike) for _, alike in found) > 2


def test_held_out_ranges_make_lessons_too():
    lesson = LessonMaker(*SIZE, count=1, ranges=HELD_OUT, task_share=1.0)(0)
    assert len(lesson.instructions) == 1


def test_all_shapes_widens_one_axis_only():
    wide = all_shapes(TRAINING)
    assert 'hammer' in wide['shape']['picked'].options
    assert 'mug' in wide['shape']['picked'].options
    assert wide['camera_pose'] == TRAINING['camera_pose']


def test_a_crop_shows_the_workspace_through_its_own_intrinsics():
    camera = ideal_intrinsics(320, 240)
    T = look_at((1.1, 0.1, 0.6), (0.45, 0.0, 0.0))
    crop = workspace_crop(camera, T)
    assert crop.width / crop.height == pytest.approx(4 / 3)
    assert crop.width < 320
    small = crop.intrinsics(camera, *SIZE)
    for point in ([0.3, -0.3, 0.0], [0.6, 0.3, 0.1], [0.45, 0.0, 0.05]):
        seen = (np.array(point) - T[:3, 3]) @ T[:3, :3]
        pixel = project(small, seen)
        assert (pixel > -1).all()
        assert (pixel < SIZE).all()
        shares = (pixel + 0.5) / SIZE
        assert crop.to_image(shares) == pytest.approx(project(camera, seen), abs=1e-9)


def test_a_crop_shows_all_that_can_be_reached_and_no_more_than_it_must():
    camera = ideal_intrinsics(640, 480)
    T = look_at((1.3, 0.2, 0.8), (0.45, 0.0, 0.0))
    crop = workspace_crop(camera, T)
    assert crop.width < 0.95 * workspace_crop(camera, T, reach=9.0).width
    small = crop.intrinsics(camera, *SIZE)
    rng = np.random.default_rng(0)
    for _ in range(300):
        x, y = rng.uniform(0.29, 0.67), rng.uniform(-0.38, 0.38)
        if np.hypot(x, y) > 0.70:
            continue
        pixel = project(small, (np.array([x, y, rng.uniform(-0.04, 0.1)]) - T[:3, 3]) @ T[:3, :3])
        assert (pixel > -1).all()
        assert (pixel < SIZE).all()


def test_without_the_workspace_in_view_the_crop_is_the_image():
    camera = ideal_intrinsics(320, 240)
    away = look_at((1.1, 0.1, 0.6), (3.0, 0.0, 0.6))
    crop = workspace_crop(camera, away)
    assert (crop.left, crop.top, crop.width, crop.height) == (0, 0, 320, 240)

"""How good a planner is: its answers beside the truth, on lessons it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from gae_arm.core.errors import GaeError
from gae_arm.core.lesson import Answer, Lesson
from gae_arm.core.statistics import quantile_interval, wilson
from vla_planner.formats import compact
from vla_planner.training.batch import asked, to_pixels
from vla_planner.training.model import PlannerShape
from vla_planner.training.vocabulary import END, IMAGE, PAD, SPECIAL, START, Vocabulary

NEIGHBOURS = 1
"""The depth at an anchor is the median of so many pixels on either side."""


@dataclass
class Score:
    """What is counted; shares as (how often, of how many), lengths as lists of metres."""

    shares: dict[str, list[int]] = field(default_factory=dict)
    lengths: dict[str, list[float]] = field(default_factory=dict)

    def count(self, name: str, right: bool) -> None:
        """Count one case."""
        pair = self.shares.setdefault(name, [0, 0])
        pair[0] += bool(right)
        pair[1] += 1

    def measure(self, name: str, value: float) -> None:
        """Add one length, metres."""
        self.lengths.setdefault(name, []).append(float(value))

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a metric: metric, n, value, low, high (95%; of lengths: median, p90)."""
        out = []
        for name, (right, n) in sorted(self.shares.items()):
            low, high = wilson(right, n)
            out.append({'metric': name, 'n': n, 'value': right / n, 'low': low, 'high': high})
        for name, values in sorted(self.lengths.items()):
            n = len(values)
            for share, label in ((0.5, 'median'), (0.9, 'p90')):
                low, high = quantile_interval(values, share)
                row = {'metric': f'{name} {label} m', 'n': n, 'low': low, 'high': high}
                out.append({**row, 'value': float(np.quantile(values, share))})
        return out


@torch.inference_mode()
def generate(
    model: Any,
    shape: PlannerShape,
    vocabulary: Vocabulary,
    images: np.ndarray,
    sentences: Sequence[str],
) -> list[str]:
    """Return the model's answers to one sentence for each image, uint8 (B, H, W, 3)."""
    pad, image = vocabulary.index[PAD], vocabulary.index[IMAGE]
    start, end = vocabulary.index[START], vocabulary.index[END]
    words = [[start, *vocabulary.words(text)[: shape.words - 2], end] for text in sentences]
    longest = max(map(len, words))
    ids = torch.full((len(words), shape.image_tokens + longest), pad)
    ids[:, : shape.image_tokens] = image
    for row, numbers in zip(ids, words, strict=True):
        row[shape.image_tokens : shape.image_tokens + len(numbers)] = torch.tensor(numbers)
    out = model.generate(
        input_ids=ids,
        attention_mask=(ids != pad).long(),
        pixel_values=to_pixels(images),
        max_new_tokens=shape.answer,
        do_sample=False,
    )
    drop = {vocabulary.index[token] for token in SPECIAL}
    return [' '.join(vocabulary.tokens[i] for i in row.tolist() if i not in drop) for row in out]


Answerer = Callable[[np.ndarray, Sequence[str]], list[str]]
"""Images, uint8 (B, H, W, 3), and a sentence for each, to as many answers."""


def step_by_step(answer: Answerer) -> Answerer:
    """Return what asks again where the answer is an order: for that order, about that image."""

    def final(images: np.ndarray, sentences: Sequence[str]) -> list[str]:
        out = answer(images, sentences)
        later = [compact.asked_next(*pair) for pair in zip(sentences, out, strict=True)]
        rows = [i for i, question in enumerate(later) if question]
        if rows:
            found = answer(images[rows], [later[i] for i in rows])
            for i, said in zip(rows, found, strict=True):
                out[i] = said
        return out

    return final


def score_planner(answer: Answerer, lessons: Iterable[Lesson], at_once: int = 8) -> Score:
    """Return the score of a planner on lessons."""
    score = Score()
    waiting: list[Lesson] = []
    for lesson in lessons:
        waiting.append(lesson)
        if len(waiting) == at_once:
            _score_all(answer, waiting, score)
            waiting = []
    if waiting:
        _score_all(answer, waiting, score)
    return score


def _score_all(answer: Answerer, lessons: list[Lesson], score: Score) -> None:
    cases = [
        (lesson, text, truth)
        for lesson in lessons
        for text, truth in zip(asked(lesson), lesson.answers, strict=True)
    ]
    images = np.stack([lesson.rgb for lesson, _, _ in cases])
    for (lesson, _, truth), said in zip(
        cases, answer(images, [text for _, text, _ in cases]), strict=True
    ):
        score_answer(said, truth, lesson, score)


def score_answer(said: str, truth: Answer, lesson: Lesson, score: Score) -> None:
    """Count one answer."""
    try:
        found = compact.parse(said)
    except GaeError:
        score.count('answer is valid', False)
        found = compact.CompactAnswer('none', np.zeros((0, 2)))
    else:
        score.count('answer is valid', True)
    if truth.outcome == 'absent':
        score.count('plan although it is absent', found.outcome == 'plan')
        return
    if truth.outcome == 'done':
        score.count('done is seen', found.outcome == 'done')
        return
    score.count('refused or done although it is there', found.outcome != 'plan')
    if found.outcome != 'plan':
        score.count('anchors on the right objects', False)
        score.count('gripper sequence', False)
        return
    _score_plan(found, truth, lesson, score)


def _score_plan(found: compact.CompactAnswer, truth: Answer, lesson: Lesson, score: Score) -> None:
    size = np.array(lesson.depth.shape[::-1])
    pixels = found.anchors * size - 0.5
    right = []
    for name, pixel, label, mark in zip(
        ('first', 'second'), pixels, truth.objects, truth.pixels, strict=False
    ):
        hit = (
            _nearest_object(pixel, lesson) == label
            if label >= 0
            else (float(np.linalg.norm(pixel - mark)) < 0.05 * size[0])
        )
        right.append(bool(hit))
        score.count(f'{name} anchor on the right object', bool(hit))
        u, v = np.clip(np.rint(pixel).astype(int), 0, size - 1)
        if label >= 0:
            score.count(f'{name} anchor inside its mask', bool(lesson.label[v, u] == label))
    complete = len(pixels) == len(truth.pixels)
    score.count('anchors on the right objects', complete and all(right))
    gripper = np.array([w.gripper for w in found.waypoints])
    score.count('gripper sequence', np.array_equal(gripper, truth.gripper))
    if complete and all(right) and len(gripper) == len(truth.gripper):
        points = np.array([_seen_at(pixel, lesson) for pixel in pixels])
        error = np.linalg.norm(compact.positions(found, points) - truth.waypoints, axis=1)
        changes = np.flatnonzero(np.diff(truth.gripper)) + 1
        ends = [*changes] or [len(error) - 2]
        for i in ends:
            score.measure('endpoint error', error[i])
        score.measure('waypoint error', float(error.mean()))
    turn = abs(found.yaw - truth.yaw) % np.pi
    score.count('yaw within 15 degrees', min(turn, np.pi - turn) < np.radians(15.1))


def _nearest_object(pixel: np.ndarray, lesson: Lesson) -> int:
    """Return the label of the object that is seen nearest to a pixel."""
    v, u = np.nonzero((lesson.label >= 0) & (lesson.label < len(lesson.kinds)))
    if not len(v):
        return -1
    best = int(np.hypot(u - pixel[0], v - pixel[1]).argmin())
    return int(lesson.label[v[best], u[best]])


def _seen_at(pixel: np.ndarray, lesson: Lesson) -> np.ndarray:
    """Return what is seen at a pixel (3,), metres, base frame: the median depth around it."""
    height, width = lesson.depth.shape
    u, v = np.clip(np.rint(pixel).astype(int), 0, [width - 1, height - 1])
    near = lesson.depth[
        max(v - NEIGHBOURS, 0) : v + NEIGHBOURS + 1, max(u - NEIGHBOURS, 0) : u + NEIGHBOURS + 1
    ]
    z = float(np.median(near[near > 0])) if (near > 0).any() else 0.0
    K, T = lesson.K, lesson.T_base_camera
    x, y = (pixel - K[:2, 2]) / [K[0, 0], K[1, 1]]
    return T[:3, :3] @ [x * z, y * z, z] + T[:3, 3]

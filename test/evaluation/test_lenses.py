"""One scene through several lenses: how far apart plans are, and how many there are to compare."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from gae_arm.commands.benches.planner_answers import made_scene
from gae_arm.evaluation.lenses import LensReport, planned_places
from vla_planner.make import make_planner

SCENE = made_scene()
PLAN = json.dumps({'waypoints': [{'point': [390, 430], 'up': 0.1}, {'point': [10, 10]}]})


def test_pairs_without_two_plans_alike_are_counted():
    report = LensReport()
    way = np.zeros((2, 3))
    report.add([way, way + np.array([0, 0.02, 0]), None])
    report.add([way, way[:1], way])
    report.add([None, way, way])
    rows = {row['metric']: row for row in report.rows()}
    assert rows['other lens, waypoints apart p50 m']['n'] == 4
    assert rows['other lens, waypoints apart p50 m']['value'] == pytest.approx(0.01)
    left_out = rows['other lens, no two plans to compare']
    assert (left_out['n'], left_out['value']) == (6, pytest.approx(4 / 6))


def test_no_scene_no_rows():
    assert list(LensReport().rows()) == []


def test_places_on_a_table_below_the_base_are_planned(tmp_path):
    (tmp_path / 'answers').write_text(PLAN)
    profile = tmp_path / 'profile.yaml'
    profile.write_text(
        f'backend: file\nmodel: {tmp_path}/answers\nretries: 0\n'
        'prompt: ""\nanchors_prompt: ""\nretry_prompt: ""\n'
    )
    T = SCENE.T_base_camera.copy()
    T[2, 3] -= 0.03
    instance = SimpleNamespace(instruction='lift the red box', table_height=-0.03)
    places = planned_places(make_planner(str(profile)), SCENE.frame, T, instance)
    assert places[:, 2] == pytest.approx([0.12, -0.03 + 0.012], abs=1e-3)

"""The demo's table as a question: what counts as right, wrong, seen and missed."""

from __future__ import annotations

import pytest

from gae_arm.arm_sim.tasks.registry import STAGES
from gae_arm.evaluation.playground import ABSENT, PUT, TOUCH, playground_rows
from vla_planner.make import make_planner

ORDERS = len(PUT) + len(TOUCH)


@pytest.fixture
def rows(tmp_path):
    def make(answer):
        count = ORDERS + len(PUT) + len(ABSENT)
        (tmp_path / 'answers').write_text('\n---\n'.join([answer] * count))
        profile = tmp_path / 'profile.yaml'
        profile.write_text(
            f'backend: file\nmodel: {tmp_path}/answers\nsays_done: true\nretries: 0\n'
            'prompt: ""\nanchors_prompt: ""\nretry_prompt: ""\n'
        )
        found = playground_rows(make_planner(str(profile)), 1, 0)
        return {row['metric']: (round(row['value'] * row['n']), row['n']) for row in found}

    return make


def test_who_sees_nothing_is_never_wrong_about_what_is_absent(rows):
    assert rows('{"status": "absent"}') == {
        'anchors on the right objects': (0, ORDERS),
        'done although it is not': (0, ORDERS),
        'done is seen': (0, len(PUT)),
        'plan although it is absent': (0, len(ABSENT)),
    }


def test_who_calls_all_done_is_wrong_before_and_right_after(rows):
    found = rows('{"status": "done"}')
    assert found['done although it is not'] == (ORDERS, ORDERS)
    assert found['done is seen'] == (len(PUT), len(PUT))


def test_what_is_asked_for_is_on_the_table():
    items = STAGES['playground'].sample(0).items
    assert {name for _, *names in (*PUT, *TOUCH) for name in names} == set(items)
    things = {f'{item.color} {item.kind}' for item in items.values()}
    assert not any(thing in text for thing in things - {'green bowl'} for text in ABSENT)


def test_an_order_counts_where_the_anchors_are_on_what_is_meant(rows):
    """The same answer to all, on the middle of the image: right for one thing at most."""
    spot = '{"label": "it", "point": [500, 500]}'
    steps = ', '.join(f'{{"point": [500, 500], "up": {up}}}' for up in (0.1, 0.15))
    right, n = rows(f'{{"anchors": [{spot}], "waypoints": [{steps}]}}')[
        'anchors on the right objects'
    ]
    assert n == ORDERS
    assert right <= 1

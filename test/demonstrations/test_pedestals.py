"""What stands on a pedestal stands on top of it; what cannot be lifted stays where it is."""

from __future__ import annotations

import numpy as np
import pytest

from gae_arm.arm_sim.tasks.axes import TRAINING
from gae_arm.arm_sim.tasks.registry import find_task
from gae_arm.demonstrations.pedestals import HEIGHT, raised
from gae_arm.demonstrations.ways import grouped


def raised_task(name, share, seed=0):
    instance = find_task(name).sample(seed, TRAINING)
    group = next(grouped(instance.steps))
    return instance, raised(instance, group, share, np.random.default_rng(seed))


@pytest.mark.parametrize('name', ['pick_up', 'stack_two', 'place_into_container'])
def test_all_that_is_handled_stands_on_top(name):
    before, after = raised_task(name, 1.0)
    there = {body.name: body for body in after.scene.objects}
    pedestals = [name for name in there if name.endswith('_pedestal')]
    assert len(pedestals) == (1 if name == 'pick_up' else 2)
    for pedestal in pedestals:
        body = there[pedestal.removesuffix('_pedestal')]
        was = next(b for b in before.scene.objects if b.name == body.name)
        lift = body.position - was.position
        assert HEIGHT[0] <= lift[2] <= HEIGHT[1]
        assert not lift[:2].any()
        (block,) = there[pedestal].parts
        assert there[pedestal].position[2] + block.size[2] / 2 == pytest.approx(
            before.table_height + lift[2]
        )


@pytest.mark.parametrize(('name', 'share'), [('stack_two', 0.0), ('open_drawer', 1.0)])
def test_else_all_stays_as_it_is(name, share):
    before, after = raised_task(name, share)
    assert after.fingerprint() == before.fingerprint()

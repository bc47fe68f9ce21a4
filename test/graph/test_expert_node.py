"""The node with `policy:=expert`: a chunk for every cloud, made with that cloud."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tabletop import CUBE_TO_BOWL, tabletop

from gae_arm.ros import topics
from gae_arm.ros.stamps import time_from_msg

HEARD = 0.8
"""Clouds are best effort, and old ones are not used: of so many a chunk must be heard."""


def test_every_cloud_gets_a_chunk(tmp_path, own_domain):
    with tabletop(tmp_path, 'policy:=expert') as table, ThreadPoolExecutor() as pool:
        clouds, chunks = (table.probe.listen(t) for t in (topics.POINTS, topics.ACTION_CHUNK))
        sending = pool.submit(table.send, CUBE_TO_BOWL, '--timeout', '60')
        table.probe.wait_for(sending.done, 'the end of the plan', 300.0)
        assert sending.result().returncode == 0, sending.result().stderr
        assert table.is_in_bowl('red_cube'), table.pose('red_cube')[:3, 3]
    used = {time_from_msg(chunk.cloud_stamp) for chunk in chunks} - {0}
    came = {time_from_msg(cloud.header.stamp) for cloud in clouds}
    came = {stamp for stamp in came if min(used) <= stamp <= max(used)}
    assert len(came) > 20
    assert len(came & used) > HEARD * len(came)
    assert {chunk.policy for chunk in chunks} <= {'expert', 'expert (no cloud)'}
    assert sum(chunk.policy == 'expert' for chunk in chunks) > 10

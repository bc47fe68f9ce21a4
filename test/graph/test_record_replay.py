"""`gae record` and `gae replay` beside real nodes: nothing lost, times and QoS kept, clean ends."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time

import numpy as np
import pytest
from graph import Probe
from rclpy.parameter import Parameter
from rclpy.qos import QoSDurabilityPolicy, QoSReliabilityPolicy
from verb import running_verb

from gae_arm.core.camera import CameraFrame, CameraIntrinsics
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason
from gae_arm.recording.bag_reader import open_bag
from gae_arm.ros import topics
from gae_arm.ros.bag_decoding import decode
from gae_arm.ros.camera_msgs import frame_to_msgs
from gae_arm.ros.motion_msgs import status_to_msg
from gae_arm.ros.stamps import time_from_msg

IMAGES = 60
INTRINSICS = CameraIntrinsics(320, 240, np.array([[300.0, 0, 160], [0, 300.0, 120], [0, 0, 1]]))


def frame(k, stamp_ns):
    depth = np.full((240, 320), k, np.uint16)
    color = np.full((240, 320, 3), k % 256, np.uint8)
    return CameraFrame(stamp_ns, 'camera', INTRINSICS, depth, color)


@pytest.fixture(scope='module')
def recorded(tmp_path_factory, own_domain):
    """A camera at 15 Hz for four seconds, and a latched status from before the recording."""
    folder = tmp_path_factory.mktemp('record')
    with Probe('camera') as probe:
        publish = {t.name: t.publisher(probe.node) for t in (topics.COLOR, topics.DEPTH)}
        status = topics.ARM_STATUS.publisher(probe.node)
        told = ArmStatus(1, ArmState.HOLDING, HaltReason.NONE, 'before all')
        status.publish(status_to_msg(told))
        with running_verb(folder / 'record.log', 'record', '--out', folder / 'bag'):
            for publisher in (*publish.values(), status):
                probe.wait_for(publisher.get_subscription_count, 'the recorder')
            for k in range(IMAGES):
                begin = time.monotonic()
                color, depth, _ = frame_to_msgs(frame(k, probe.now_ns()))
                publish[topics.COLOR.name].publish(color)
                publish[topics.DEPTH.name].publish(depth)
                probe.spin(max(0.0, 1 / 15 - (time.monotonic() - begin)))
            probe.spin(1.0)
    return folder


def test_every_image_is_in_the_bag_with_stamp_and_qos(recorded):
    bag = open_bag(recorded / 'bag')
    assert bag.problems == []
    depths = [m for m in bag.messages() if m.topic == f'/{topics.DEPTH.name}']
    known = bag.topics[f'/{topics.DEPTH.name}']
    assert (known.qos[0].reliability, known.qos[0].durability) == ('best_effort', 'volatile')
    assert known.type_hash.startswith('RIHS01_')
    values = [decode(topics.DEPTH.name, known.type_name, m.data) for m in depths]
    assert [int(image[0, 0]) for _, (_, image) in values] == list(range(IMAGES))
    for message, (stamp_ns, _) in zip(depths, values, strict=True):
        assert 0 <= message.log_ns - stamp_ns < 1_000_000_000
    status = bag.topics[f'/{topics.ARM_STATUS.name}']
    assert (status.qos[0].reliability, status.qos[0].durability) == ('reliable', 'transient_local')
    (kept,) = (m for m in bag.messages() if m.topic == status.name)
    assert b'before all' in kept.data


def test_the_recorder_says_what_it_has(recorded):
    text = (recorded / 'record.log').read_text()
    assert f'/{topics.DEPTH.name}' in text
    assert f'{2 * IMAGES + 1} messages' in text
    assert 'Traceback' not in text


def test_it_is_played_with_clock_and_qos(recorded):
    with Probe('listener') as probe:
        clocks = probe.listen(topics.CLOCK)
        images = probe.listen(topics.DEPTH)
        statuses = probe.listen(topics.ARM_STATUS)
        remapped = probe.listen(dataclasses.replace(topics.COLOR, name='seen/color'))
        probe.node.set_parameters([Parameter('use_sim_time', value=True)])
        words = ('--rate', 2.0, '--remap', f'{topics.COLOR.name}:=seen/color')
        with running_verb(recorded / 'play.log', 'replay', recorded / 'bag', *words) as player:
            probe.wait_for(lambda: images, 'images')
            (info,) = probe.node.get_publishers_info_by_topic(topics.ARM_STATUS.name)
            assert info.qos_profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL
            (info,) = probe.node.get_publishers_info_by_topic(topics.DEPTH.name)
            assert info.qos_profile.reliability == QoSReliabilityPolicy.BEST_EFFORT
            probe.wait_for(lambda: player.poll() is not None, 'the end of the bag')
        assert [image.data[0] for image in images] == list(range(IMAGES))
        assert statuses[0].message == 'before all'
        assert len(remapped) == IMAGES
        stamps = [time_from_msg(clock.clock) for clock in clocks]
        assert stamps == sorted(stamps)
        bag = open_bag(recorded / 'bag').count()
        assert stamps[0] >= bag.start_ns
        assert stamps[-1] <= bag.end_ns
        assert stamps[-1] - stamps[0] > 3_000_000_000
    assert '121 messages played' in (recorded / 'play.log').read_text()


def test_ctrl_c_ends_an_endless_replay(recorded):
    with Probe('listener') as probe:
        images = probe.listen(topics.DEPTH)
        words = ('--loop', '--rate', 20, '--topics', topics.DEPTH.name)
        with running_verb(recorded / 'loop.log', 'replay', recorded / 'bag', *words):
            probe.wait_for(lambda: len(images) > IMAGES, 'the bag to begin again')
    assert 'Traceback' not in (recorded / 'loop.log').read_text()


def test_a_topic_that_is_not_there_is_named(recorded):
    command = [sys.executable, '-m', 'gae_arm.commands.main', 'replay', str(recorded / 'bag')]
    done = subprocess.run([*command, '--topics', 'nothing'], capture_output=True, text=True)
    assert done.returncode == 1
    assert "has no ['/nothing']; it has: ['/arm_status'" in done.stderr

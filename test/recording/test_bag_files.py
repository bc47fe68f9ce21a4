"""What is written is read by others and by us; broken, empty and foreign files are named."""

from __future__ import annotations

import contextlib
import itertools
import resource
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.demonstrations.atomic import DiskFullError
from gae_arm.recording import bag_stream
from gae_arm.recording.bag_metadata import BagTopic
from gae_arm.recording.bag_reader import open_bag
from gae_arm.recording.bag_topics import find_topics, parse_remaps
from gae_arm.recording.bag_writer import BagWriter
from gae_arm.recording.definitions import message_definition
from gae_arm.recording.offered_qos import OfferedQos, profiles_from_yaml, profiles_to_yaml

STATES = BagTopic(
    '/joint_states', 'sensor_msgs/msg/JointState', (OfferedQos('best_effort'),), 'RIHS01_abc'
)


STORE = get_typestore(Stores.ROS2_JAZZY)


def state(k):
    """A joint state in the bytes of the wire; rclpy's own function leaves garbage behind them."""
    kinds = STORE.types
    stamp = kinds['builtin_interfaces/msg/Time'](0, 0)
    header = kinds['std_msgs/msg/Header'](stamp, '')
    numbers = (np.array([float(k)]), np.zeros(0), np.zeros(0))
    msg = kinds['sensor_msgs/msg/JointState'](header, [f'joint{k}'], *numbers)
    return bytes(STORE.serialize_cdr(msg, 'sensor_msgs/msg/JointState'))


def write(folder, count=50, flush=10, reserve=0):
    writer = BagWriter(folder, reserve)
    writer.add_topic(STATES)
    writer.add_parameters('/point_cloud', {'arm': 'ur5', 'crop_min': [0.0, 1.0, 2.0]})
    for k in range(count):
        writer.write('/joint_states', 1000 + k, state(k), 900 + k, k)
        if k % flush == flush - 1:
            writer.flush()
    writer.close()
    return folder


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    return write(tmp_path_factory.mktemp('files') / 'bag')


def test_rosbags_reads_it(bag):
    with Reader(bag) as reader:
        assert reader.message_count == 50
        assert reader.start_time == 1000
        (connection,) = reader.connections
        assert (connection.topic, connection.digest) == ('/joint_states', 'RIHS01_abc')
        assert connection.ext.offered_qos_profiles[0].reliability.name == 'BEST_EFFORT'
        assert connection.ext.offered_qos_profiles[0].durability.name == 'VOLATILE'
        for k, (_, log_ns, data) in enumerate(reader.messages()):
            msg = STORE.deserialize_cdr(data, 'sensor_msgs/msg/JointState')
            assert (log_ns, msg.name, list(msg.position)) == (1000 + k, [f'joint{k}'], [k])


def test_mcap_reads_it_with_index_schema_and_profile(bag):
    with (bag / 'bag_0.mcap').open('rb') as file:
        reader = make_reader(file)
        assert reader.get_header().profile == 'ros2'
        summary = reader.get_summary()
        assert summary.statistics.message_count == 50
        assert len(summary.chunk_indexes) == 5
        ((schema, channel, message), *_) = reader.iter_messages(starting_at=1030)
        assert (message.log_time, message.publish_time, message.sequence) == (1030, 930, 30)
        assert (schema.encoding, channel.message_encoding) == ('ros2msg', 'cdr')
        assert schema.data.decode() == message_definition('sensor_msgs/msg/JointState')
        kept = profiles_from_yaml(channel.metadata['offered_qos_profiles'])
        assert kept == STATES.qos


def test_we_read_it(bag):
    read = open_bag(bag)
    assert read.topics == {'/joint_states': STATES}
    assert read.parameters == {'/point_cloud': {'arm': 'ur5', 'crop_min': [0.0, 1.0, 2.0]}}
    assert [m.data for m in read.messages()] == [state(k) for k in range(50)]
    assert read.problems == []
    assert read.count().end_ns == 1049


@pytest.mark.parametrize('plugin', [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
@pytest.mark.parametrize('version', [8, 9])
def test_bags_of_rosbag2_are_read(tmp_path, plugin, version):
    with Writer(tmp_path / 'other', version=version, storage_plugin=plugin) as writer:
        topic = writer.add_connection(
            '/joint_states', 'sensor_msgs/msg/JointState', typestore=STORE
        )
        for k in range(5):
            writer.write(topic, 10 * k, state(k))
    read = open_bag(tmp_path / 'other')
    assert read.topics['/joint_states'].type_name == 'sensor_msgs/msg/JointState'
    assert [(m.log_ns, m.data) for m in read.messages()] == [(10 * k, state(k)) for k in range(5)]
    storage = next(p for p in (tmp_path / 'other').iterdir() if p.suffix != '.yaml')
    assert open_bag(storage).count().total == 5  # The file alone, without metadata.yaml.


@settings(max_examples=25, deadline=None)
@given(share=st.floats(0.0, 1.0))
def test_a_bag_that_is_cut_off_anywhere_gives_what_came_before(bag, tmp_path_factory, share):
    whole = (bag / 'bag_0.mcap').read_bytes()
    path = tmp_path_factory.mktemp('cut') / 'cut.mcap'
    path.write_bytes(whole[: round(share * len(whole))])
    if share < 0.4:
        with contextlib.suppress(ConfigError):  # Its first chunk is not whole.
            open_bag(path)
        return
    read = open_bag(path)
    found = [m.data for m in read.messages()]
    assert found == [state(k) for k in range(len(found))]
    cut = path.stat().st_size < len(whole)
    assert bool(read.problems) == cut
    if cut:
        assert f'{path} is cut off: no whole record behind byte' in read.problems[0]


def test_a_sqlite_bag_that_is_cut_off_is_named(tmp_path):
    with Writer(tmp_path / 'b', version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
        topic = writer.add_connection('/a', 'sensor_msgs/msg/JointState', typestore=STORE)
        for k in range(3000):
            writer.write(topic, k, state(k))
    path = tmp_path / 'b' / 'b.db3'
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ConfigError, match=r'malformed.*`sqlite3 .*b.db3 .recover` saves what'):
        open_bag(path)


def test_what_is_no_bag_is_named(tmp_path):
    (tmp_path / 'file.txt').write_text('hello')
    (tmp_path / 'none.mcap').write_bytes(b'')
    (tmp_path / 'text.db3').write_text('no database at all')
    (tmp_path / 'packed.mcap.zstd').write_bytes(b'1234')
    (tmp_path / 'folder').mkdir()
    for name, text in (
        ('missing', 'there is no bag'),
        ('file.txt', r"is no bag that is read here: \['.db3', '.mcap'\]"),
        ('none.mcap', 'holds no messages'),
        ('text.db3', 'holds no messages: .* cannot be read: file is not a database'),
        ('packed.mcap.zstd', 'unpack it with `zstd -d`'),
        ('folder', 'is no bag: no .mcap and no .db3 in it; there are: \\[\\]'),
    ):
        with pytest.raises(ConfigError, match=text):
            open_bag(tmp_path / name)


def test_a_bag_without_messages_is_whole_and_empty(tmp_path):
    writer = BagWriter(tmp_path / 'empty', 0)
    writer.close()
    writer.close()
    with pytest.raises(ConfigError, match='holds no messages'):
        open_bag(tmp_path / 'empty')
    with Reader(tmp_path / 'empty') as reader:
        assert reader.message_count == 0


def test_a_bag_that_lacks_a_file_or_was_compressed_is_named(bag, tmp_path):
    shutil.copytree(bag, tmp_path / 'bag')
    (tmp_path / 'bag' / 'bag_0.mcap').unlink()
    with pytest.raises(ConfigError, match=r"lacks \['bag_0.mcap'\], which its metadata.yaml"):
        open_bag(tmp_path / 'bag')
    metadata = tmp_path / 'bag' / 'metadata.yaml'
    text = metadata.read_text().replace("compression_mode: ''", 'compression_mode: MESSAGE')
    metadata.write_text(text)
    with pytest.raises(ConfigError, match='--compression-mode message, which is not read'):
        open_bag(tmp_path / 'bag')
    metadata.write_text('rubbish: [')
    with pytest.raises(ConfigError, match='is no metadata of a bag'):
        open_bag(tmp_path / 'bag')


def test_nothing_is_overwritten(bag):
    with pytest.raises(ConfigError, match='is there already; nothing is overwritten'):
        BagWriter(bag)
    assert open_bag(bag).count().total == 50


def test_an_unknown_type_is_named(tmp_path):
    writer = BagWriter(tmp_path / 'bag', 0)
    with pytest.raises(ConfigError, match="no definition of 'moon_msgs/msg/Rock'"):
        writer.add_topic(BagTopic('/rock', 'moon_msgs/msg/Rock'))
    writer.close()


def test_a_definition_holds_all_its_parts_once():
    text = message_definition('gae_msgs/msg/WaypointPlan')
    parts = [line for line in text.splitlines() if line.startswith('MSG: ')]
    assert parts.count('MSG: geometry_msgs/Point') == 1
    assert {'MSG: std_msgs/Header', 'MSG: gae_msgs/Waypoint', 'MSG: builtin_interfaces/Time'} <= {
        *parts
    }


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.builds(
            OfferedQos,
            st.sampled_from(['reliable', 'best_effort']),
            st.sampled_from(['volatile', 'transient_local']),
            st.sampled_from(['unknown', 'keep_last', 'keep_all']),
            st.integers(0, 1000),
        ),
        max_size=3,
    )
)
def test_qos_comes_back(profiles):
    assert profiles_from_yaml(profiles_to_yaml(tuple(profiles))) == tuple(profiles)


def test_qos_of_older_bags_has_numbers_and_broken_ones_are_refused():
    old = '- {history: 1, depth: 5, reliability: 2, durability: 1, liveliness: 1}'
    assert profiles_from_yaml(old) == (
        OfferedQos('best_effort', 'transient_local', 'keep_last', 5),
    )
    assert profiles_from_yaml('') == ()
    for text in ('- {depth: 5}', '- 3', 'a: [', '- {history: 9, depth: 1, reliability: 1}'):
        with pytest.raises(InvalidValueError, match='no QoS profiles'):
            profiles_from_yaml(text)


def test_a_full_disk_ends_the_bag_whole(tmp_path, monkeypatch):
    """A disk with so much room: of bag and reserve together."""
    room = itertools.count()
    writers = []
    real = bag_stream.os.write
    reserve = 40_000

    def write_until_full(file, data):
        given_back = bool(writers) and writers[0].full
        used = (tmp_path / 'bag' / 'bag_0.mcap').stat().st_size
        used += 0 if given_back else reserve
        if used + len(data) > 100_000:
            next(room)
            raise OSError(28, 'No space left on device')
        return real(file, data)

    monkeypatch.setattr(bag_stream.os, 'write', write_until_full)
    writer = BagWriter(tmp_path / 'bag', reserve)
    writers.append(writer)
    writer.add_topic(STATES)
    written = 0
    while not writer.full:
        writer.write('/joint_states', written, state(written), 0)
        if written % 10 == 9:
            writer.flush()
        written += 1
    writer.close()
    assert next(room) > 0
    with Reader(tmp_path / 'bag') as reader:
        assert reader.message_count == written == sum(1 for _ in reader.messages())
    assert not list((tmp_path / 'bag').glob('.*'))  # The reserve is gone.


LIMITED = """
import sys
from pathlib import Path
import test_bag_files as t
writer = t.BagWriter(Path(sys.argv[1]), 0)
writer.add_topic(t.STATES)
written = 0
try:
    while True:
        writer.write('/joint_states', written, t.state(written), 0)
        written += 1
        writer.flush()
except t.DiskFullError as error:
    print(error)
writer.close()
print(writer.counts.total, written)
"""


def test_a_file_that_may_not_grow_is_cut_off_where_it_is_whole(tmp_path):
    """The limit of the file's size leaves no room for the index: it is read from the front."""
    done = subprocess.run(
        [sys.executable, '-c', LIMITED, str(tmp_path / 'bag')],
        capture_output=True,
        text=True,
        check=True,
        cwd=__file__.rpartition('/')[0],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )
    message, counts = done.stdout.strip().splitlines()
    assert message.startswith(f'no room for {tmp_path}/bag/bag_0.mcap: [Errno 27]')
    total, written = map(int, counts.split())
    assert written - 1 <= total <= written
    read = open_bag(tmp_path / 'bag')
    assert read.count().total == total
    assert 'is cut off' in read.problems[0]


def test_a_disk_without_room_for_the_reserve_is_named_at_once(tmp_path, monkeypatch):
    def no_room(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(bag_stream.os, 'posix_fallocate', no_room)
    with pytest.raises(DiskFullError, match='no room for'):
        BagWriter(tmp_path / 'bag')
    assert list((tmp_path / 'bag').iterdir()) == []


def test_topics_are_found_by_name_remapping_and_namespace():
    there = ['/left/joint_states', '/camera/camera/color/image_raw', '/tf']
    assert find_topics(there, ['joint_states', '/tf', 'points']) == {
        'joint_states': '/left/joint_states',
        '/tf': '/tf',
    }
    remaps = parse_remaps(['/camera/camera/color/image_raw:=camera/color/image_raw'])
    found = find_topics(there, ['camera/color/image_raw'], remaps)
    assert found == {'camera/color/image_raw': '/camera/camera/color/image_raw'}
    with pytest.raises(ConfigError, match=r"say which is 'joint_states' with --remap"):
        find_topics([*there, '/right/joint_states'], ['joint_states'])
    with pytest.raises(InvalidValueError, match=r"'a=b' is no remapping; write FROM:=TO"):
        parse_remaps(['a=b'])


def test_numbers_of_a_large_message_survive(tmp_path):
    data = np.random.default_rng(0).bytes(3_000_000)
    writer = BagWriter(tmp_path / 'bag', 0)
    writer.add_topic(STATES)
    writer.write('/joint_states', 1, data, 0)
    writer.write('/joint_states', 2, b'', 0)
    writer.close()
    assert [m.data for m in open_bag(tmp_path / 'bag').messages()] == [data, b'']


ON_A_SMALL_DISK = """
import sys
from pathlib import Path
import test_bag_files as t
writer = t.BagWriter(Path(sys.argv[1]) / 'bag', 1_500_000)
writer.add_topic(t.STATES)
written = 0
while not writer.full:
    writer.write('/joint_states', written, bytes(10_000), 0)
    written += 1
writer.close()
with t.Reader(Path(sys.argv[1]) / 'bag') as reader:
    print(written, reader.message_count, sum(1 for _ in reader.messages()))
"""


def test_a_disk_that_is_really_full(tmp_path):
    """A tmpfs of three megabytes, in a mount namespace of its own."""
    mount = f'mount -t tmpfs -o size=3m tmpfs {tmp_path} && exec "$@"'
    small = ['unshare', '-rm', 'sh', '-c', mount, 'sh']
    if shutil.which('unshare') is None or subprocess.run([*small, 'true']).returncode:
        pytest.skip('this machine lets nobody mount a tmpfs')
    done = subprocess.run(
        [*small, sys.executable, '-c', ON_A_SMALL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=__file__.rpartition('/')[0],
    )
    written, said, found = map(int, done.stdout.split())
    assert written == said == found > 90

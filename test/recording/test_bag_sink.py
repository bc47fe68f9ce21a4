"""The thread that writes: nothing waits for the disk, and what is too much is counted."""

from __future__ import annotations

import threading

from test_bag_files import STATES, state

from gae_arm.demonstrations.atomic import DiskFullError
from gae_arm.recording import bag_sink
from gae_arm.recording.bag_reader import open_bag
from gae_arm.recording.bag_sink import BagSink
from gae_arm.recording.bag_writer import BagWriter


def test_all_that_was_handed_in_is_in_the_bag(tmp_path):
    sink = BagSink(BagWriter(tmp_path / 'bag', 0))
    sink.do(lambda: sink.writer.add_topic(STATES))
    for k in range(1000):
        sink.write('/joint_states', k, state(1), 0, k)
    sink.close()
    assert sink.error is None
    assert open_bag(tmp_path / 'bag').count().total == 1000


def test_a_disk_that_is_too_slow_costs_messages_that_are_counted(tmp_path):
    """While the disk hangs, no more than the backlog is kept; afterwards all goes on."""
    sink = BagSink(BagWriter(tmp_path / 'bag', 0), backlog=2000)
    sink.do(lambda: sink.writer.add_topic(STATES))
    hangs = threading.Event()
    sink.do(hangs.wait)
    data = bytes(100)
    for k in range(50):
        sink.write('/joint_states', k, data, 0, k)
    assert sink.overrun == {'/joint_states': 30}
    hangs.set()
    sink.close()
    assert open_bag(tmp_path / 'bag').count().total == 20


def test_what_was_heard_a_while_ago_is_on_the_disk_although_nobody_closes(tmp_path, monkeypatch):
    """As after a kill -9: the file is read without its end."""
    monkeypatch.setattr(bag_sink, 'FLUSH_SECONDS', 0.01)
    sink = BagSink(BagWriter(tmp_path / 'bag', 0))
    flushed = threading.Event()
    flush = sink.writer.flush
    sink.do(lambda: sink.writer.add_topic(STATES))
    sink.write('/joint_states', 7, state(7), 0, 1)
    monkeypatch.setattr(sink.writer, 'flush', lambda: (flush(), flushed.set()))
    assert flushed.wait(30.0)
    left = open_bag(next((tmp_path / 'bag').glob('*.mcap')))
    assert [m.log_ns for m in left.messages()] == [7]
    assert 'is cut off' in left.problems[0]
    sink.close()


def test_an_error_ends_the_writing_and_is_kept(tmp_path):
    def fail():
        raise DiskFullError('no room for it')

    sink = BagSink(BagWriter(tmp_path / 'bag', 0))
    sink.do(lambda: sink.writer.add_topic(STATES))
    sink.write('/joint_states', 1, state(1), 0, 1)
    sink.do(fail)
    sink.write('/joint_states', 2, state(2), 0, 2)
    sink.close()
    assert str(sink.error) == 'no room for it'
    assert sink.ended
    assert open_bag(tmp_path / 'bag').count().total == 1

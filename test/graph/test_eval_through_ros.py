"""`gae eval --through-ros`: a trial on nodes of its own, which end with it."""

import os
import uuid
from pathlib import Path

import pytest

from gae_arm.commands.eval_graph import run_graph_trial
from gae_arm.commands.running_graph import running_graph
from gae_arm.core.errors import GaeError
from gae_arm.evaluation.trial import THROUGH_ROS, Trial
from gae_arm.ros.observer import Observer

TRIAL = Trial('press_button', 2, ranges='training obstacles.count=0', through=THROUGH_ROS)


@pytest.fixture
def mark(monkeypatch):
    """Children inherit it: those that are left behind can be found by it."""
    word = uuid.uuid4().hex
    monkeypatch.setenv('GAE_TEST_MARK', word)
    return word


def left_behind(mark):
    """Processes that carry the mark, but for this one."""
    found = []
    for folder in Path('/proc').glob('[0-9]*'):
        try:
            marked = mark in (folder / 'environ').read_text(errors='replace')
        except OSError:
            continue
        if marked and int(folder.name) != os.getpid():
            found.append((folder / 'cmdline').read_text().replace('\0', ' '))
    return found


def test_the_nodes_carry_a_trial_out_and_end(mark, own_domain):
    result = run_graph_trial(TRIAL, real_time_factor=0.4)
    assert result.outcome.success, result.outcome
    assert result.outcome.plans == 1
    assert result.outcome.role == 'target'
    assert 0.2 < result.outcome.path_length < 2.0
    assert left_behind(mark) == []
    assert os.environ['ROS_DOMAIN_ID'] == str(own_domain)


def juggle(own_domain):
    with running_graph('sim', {'task': 'juggle'}) as graph:
        assert os.environ['ROS_DOMAIN_ID'] != str(own_domain)
        with Observer('probe', graph.is_well) as observer:
            observer.wait_for(lambda: False, 'Godot')


def test_a_node_that_does_not_start_ends_it_at_once_with_what_it_said(mark, own_domain):
    said = "(?s)it ended while Godot was waited for.*the nodes said:.*task 'juggle' is unknown"
    with pytest.raises(GaeError, match=said):
        juggle(own_domain)
    assert left_behind(mark) == []

"""`gae replay --diff` as a CI job runs it: exit codes, report, clear words for bad bags."""

from __future__ import annotations

import json
import re

from made_bag import make_stack_bag

from gae_arm.commands import main
from gae_arm.ros import topics


def diff(bag, *words):
    return main.main(['replay', str(bag), '--diff', *map(str, words)])


def test_an_equal_re_run_gives_exit_code_0_and_a_report(stack_bag, tmp_path, capsys):
    report, figures = tmp_path / 'report', tmp_path / 'figures.json'
    assert diff(stack_bag, '--out', report, '--json', figures) == 0
    out = capsys.readouterr().out
    assert 'stack: arm panda, policy spline recorded' in out
    assert (report / 'report.md').read_text().startswith('# stack: arm panda')
    assert (report / 'differences.png').read_bytes()[:4] == b'\x89PNG'
    rows = {(r['kind'], r['metric']): r['value'] for r in json.loads(figures.read_text())['rows']}
    assert rows['chunk', 'equal'] == rows['chunk', 'recorded'] > 50
    assert rows['cloud', 'point m max'] == 0.0


def test_another_policy_is_reported_and_fails_only_if_a_tolerance_is_given(stack_bag, capsys):
    assert diff(stack_bag, '--policy', 'ik') == 0
    assert 'ik run' in capsys.readouterr().out
    assert diff(stack_bag, '--policy', 'ik', '--tolerance', '1e-4') == 1
    assert 'differ by more than 0.0001' in capsys.readouterr().err
    assert diff(stack_bag, '--policy', 'wish') == 1
    assert "policy 'wish' is unknown; there are:" in capsys.readouterr().err


def test_a_bag_cut_off_in_the_middle_is_compared_as_far_as_it_goes(stack_bag, tmp_path, capsys):
    whole = next(stack_bag.glob('*.mcap')).read_bytes()
    (tmp_path / 'cut.mcap').write_bytes(whole[: len(whole) * 2 // 3])
    assert diff(tmp_path / 'cut.mcap') == 0
    assert 'cut.mcap is cut off: no whole record behind byte' in capsys.readouterr().out


def test_missing_topics_are_said(tmp_path, capsys):
    eyes = (topics.DEPTH, topics.CAMERA_INFO)
    bag = make_stack_bag(tmp_path / 'blind', 1.5, left_out=eyes, parameters=False)
    assert diff(bag) == 1
    out = capsys.readouterr().out
    assert 'differ in shape: 16 actions, recorded are 8' in out
    assert 'left out: the depth image of its time is not in the bag' in out
    assert (
        'not in the bag: camera/aligned_depth_to_color/image_raw, camera/color/camera_info' in out
    )
    assert 'the bag has no parameters of the nodes' in out


def test_a_bag_of_which_nothing_can_be_compared_is_an_error(tmp_path, capsys):
    left = (topics.POINTS, topics.ACTION_CHUNK, topics.WAYPOINT_PLAN)
    bag = make_stack_bag(tmp_path / 'inputs', 0.5, left_out=left)
    assert diff(bag) == 1
    assert f'nothing in {bag} could be compared' in capsys.readouterr().err


def test_recorded_names_are_remapped(tmp_path, capsys):
    names = {'joint_states': '/franka/joint_states', 'points': '/eye/cloud'}
    bag = make_stack_bag(tmp_path / 'named', 1.5, names=names)
    assert diff(bag, '--remap', '/eye/cloud:=points') == 0
    assert re.search('clouds: [1-9][0-9]* recorded', capsys.readouterr().out)

"""`gae train expert` and `gae train appf`, from making situations to weights that act."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys

import pytest

from action_expert.expert.policy import ActionExpert, weights_folder
from action_expert.expert.weights import Weights
from action_expert.training.shards import seeds_of
from gae_arm.commands.main import main
from gae_arm.commands.trainings import appf
from gae_arm.demonstrations.score import Outcome
from gae_arm.evaluation.trial import Result

pytest.importorskip('torch')
pytest.importorskip('accelerate')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp('expert')
    assert main(['train', 'expert', '--prepare', '6', '--data', str(path / 'situations')]) == 0
    return path


def train(folder, *words):
    data = ['--data', str(folder / 'situations')]
    return main(['train', 'expert', *data, '--debug', '--batch', '8', *words])


def test_both_stages_and_weights_that_act(folder, capsys):
    action, cloud = folder / 'action', folder / 'cloud'
    assert train(folder, '--out', str(action), '--stage', 'action', '--steps', '3') == 0
    start = ['--from', str(action / 'weights')]
    assert train(folder, '--out', str(cloud), '--steps', '60', *start) == 0
    assert (cloud / 'curve.csv').read_text().count('\n') == 2
    assert (cloud / 'curve.png').stat().st_size > 1000
    assert ActionExpert.from_pretrained(cloud / 'weights').name == 'expert'
    result = folder / 'measured.json'
    words = ['--measure', '--weights', str(cloud / 'weights'), '--json', str(result)]
    assert train(folder, *words) == 0
    assert 'near expert mm p50' in json.loads(result.read_text())
    exported = folder / 'exported'
    assert train(folder, '--out', str(cloud), '--export', str(exported)) == 0
    assert (exported / 'model.safetensors').read_bytes() == (
        cloud / 'weights' / 'model.safetensors'
    ).read_bytes()


def test_a_run_that_never_was_is_not_exported(folder, capsys):
    shipped = folder / 'shipped'
    words = ['--out', str(folder / 'mistyped'), '--export', str(shipped)]
    assert train(folder, *words) == 1
    assert 'mistyped holds no run: there is no' in capsys.readouterr().err
    assert not shipped.exists()
    assert not (folder / 'mistyped').exists()


def test_of_two_processes_one_writes(folder):
    data = ['--data', str(folder / 'situations'), '--out', str(folder / 'two')]
    words = ['train', 'expert', *data, '--debug', '--batch', '8', '--steps', '60']
    launch = ['-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', '2']
    command = [sys.executable, *launch, '-m', 'gae_arm.commands.main', *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (folder / 'two' / 'curve.csv').read_text().count('\n') == 2
    assert Weights.load(folder / 'two' / 'weights').made['steps'] == 60
    assert done.stderr.count('60/60') == 1


def test_appf_is_compared_with_scratch(folder, capsys, monkeypatch):
    monkeypatch.setattr(appf, 'TIMED', 2)
    monkeypatch.setattr(appf, '_success', lambda weights, args: 0.25)
    words = ['--clouds', '8,0', '--seeds', '1', '--steps', '2', '--batch', '4', '--held', '12']
    there = str(folder / 'situations')
    data = ['--data', there, there, '--plot', str(folder / 'appf.png'), '--episodes', '1']
    assert main(['train', 'appf', *data, *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r'stage action: [\d.]+ ms a step; stage cloud: [\d.]+ ms a step', lines[0])
    assert re.match(r'near expert mm p50, 8 clouds, APPF: [\d.]+ mm; scratch: [\d.]+', lines[1])
    assert re.match(r'training, 8 clouds, APPF: [\d.]+ s; scratch: [\d.]+', lines[2])
    assert lines[3] == 'success, 8 clouds, APPF: 0.25 of 1; scratch: 0.25'
    assert (folder / 'appf.png').exists()


def test_both_ways_take_as_long():
    args = argparse.Namespace(steps=100)
    costs = {'action': 0.5, 'cloud': 2.0}
    assert appf._steps('scratch', args, costs) == {'cloud': 100}
    steps = appf._steps('APPF', args, costs)
    assert steps == {'action': 140, 'cloud': 65}
    assert sum(costs[stage] * count for stage, count in steps.items()) == 200.0


def test_weights_that_were_compared_act(monkeypatch):
    asked = []

    def campaign(trials, workers):
        asked.extend(trials)
        return [Result(t, 'short', Outcome(True, '', 1.0, 1.0, 0, 1)) for t in trials]

    monkeypatch.setattr('gae_arm.evaluation.campaign.run_campaign', campaign)
    args = argparse.Namespace(episodes=1, workers=0)
    assert appf._success(Weights.load(weights_folder('')), args) == 1.0
    assert {t.policy for t in asked} == {'expert'}
    assert all((t.noise.waypoint, t.ranges) == (0.02, 'held_out') for t in asked)


def test_situations_are_made_by_many_processes_and_only_once(folder, tmp_path, capsys):
    words = ['train', 'expert', '--no-clouds', '--data', str(tmp_path), '--prepare']
    assert main([*words, '4', '--workers', '2']) == 0
    assert len(list(tmp_path.glob('unseen-*.safetensors'))) == 2
    first = capsys.readouterr().out
    assert main([*words, '6', '--workers', '1']) == 0
    assert 'new situations; ' in first
    seeds = [seeds_of(path, 512) for path in sorted(tmp_path.glob('*.safetensors'))]
    assert [seed for some in seeds for seed in some] == list(range(1_000_000, 1_000_006))
    assert main([*words, '6']) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith('0 new situations; 0 seeds')
    data = ['--data', str(tmp_path), '--out', str(tmp_path / 'out'), '--debug', '--batch', '8']
    assert main(['train', 'expert', *data, '--stage', 'action', '--steps', '2']) == 0


def test_situations_of_one_task_are_made_beside_those_of_all(tmp_path, capsys):
    words = ['train', 'expert', '--no-clouds', '--data', str(tmp_path), '--prepare', '2']
    assert main([*words, '--workers', '1', '--task', 'push_to_mark']) == 0
    assert main([*words, '--workers', '1']) == 0
    first = 'push_to_mark-unseen-001000000.safetensors'
    assert sorted(path.name for path in tmp_path.iterdir()) == [first, first[13:]]
    assert main([*words, '--task', 'dance']) == 1
    assert 'dance' in capsys.readouterr().err.splitlines()[-1]


def test_an_episode_without_a_scene_is_passed_over(tmp_path, monkeypatch, capsys):
    tried = []

    def episode(seed, weights):
        tried.append(seed)
        return []

    monkeypatch.setattr('gae_arm.demonstrations.relabel.corrected_episode', episode)
    words = ['train', 'expert', '--data', str(tmp_path), '--dagger']
    assert main([*words, '2', '--workers', '1']) == 0
    assert '0 new situations; 2 seeds gave none' in capsys.readouterr().out
    assert main([*words, '3', '--workers', '1']) == 0
    assert tried == [1_000_000, 1_000_001, 1_000_002]


def test_a_folder_without_situations_is_an_error(tmp_path, capsys):
    assert main(['train', 'expert', '--data', str(tmp_path), '--out', str(tmp_path / 'out')]) == 1
    assert 'no shards of situations' in capsys.readouterr().err

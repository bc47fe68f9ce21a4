"""`gae train expert` and `gae train appf`, from making situations to weights that act."""

from __future__ import annotations

import json

import pytest

from action_expert.expert.policy import ActionExpert
from gae_arm.commands.main import main

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
    assert train(folder, '--out', str(cloud), '--steps', '60', '--export', str(exported)) == 0
    assert (exported / 'model.safetensors').read_bytes() == (
        cloud / 'weights' / 'model.safetensors'
    ).read_bytes()


def test_a_run_that_never_was_is_not_exported(folder, capsys):
    shipped = folder / 'shipped'
    words = ['--out', str(folder / 'mistyped'), '--export', str(shipped)]
    assert train(folder, *words) == 1
    assert 'mistyped holds no run to export' in capsys.readouterr().err
    assert not shipped.exists()
    assert not (folder / 'mistyped').exists()


def test_appf_is_compared_with_scratch(folder, capsys):
    words = ['--clouds', '8,0', '--seeds', '1', '--steps', '2', '--batch', '4', '--held', '4']
    data = ['--data', str(folder / 'situations'), '--plot', str(folder / 'appf.png')]
    assert main(['train', 'appf', *data, *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith('near expert mm p50, 8 clouds, APPF: ')
    assert '; scratch: ' in lines[0]
    assert (folder / 'appf.png').exists()


def test_a_folder_without_situations_is_an_error(tmp_path, capsys):
    assert main(['train', 'expert', '--data', str(tmp_path), '--out', str(tmp_path / 'out')]) == 1
    assert 'no shards of situations' in capsys.readouterr().err

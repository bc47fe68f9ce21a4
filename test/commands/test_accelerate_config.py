"""`config/accelerate`: what a cluster starts `gae train expert` with, read as accelerate does."""

from __future__ import annotations

from pathlib import Path

import pytest

launch = pytest.importorskip('accelerate.commands.launch')
CONFIG = Path(__file__).parents[2] / 'config' / 'accelerate' / 'two_machines.yaml'
MODULE = ['-m', 'gae_arm.commands.main', 'train', 'expert', '--stage', 'action']


def test_accelerate_takes_it_for_several_machines():
    words = ['--config_file', str(CONFIG), '--machine_rank', '1', '--main_process_ip', 'HOST']
    args = launch.launch_command_parser().parse_args([*words, *MODULE])
    args, config, _ = launch._validate_launch_command(args)
    assert (args.num_machines, args.num_processes, args.machine_rank) == (2, 16, 1)
    assert (args.main_process_ip, args.main_process_port) == ('HOST', 29500)
    assert args.multi_gpu
    assert not args.use_cpu
    assert (args.module, args.training_script) == (True, MODULE[1])
    assert args.training_script_args == MODULE[2:]
    assert config.mixed_precision == 'no'

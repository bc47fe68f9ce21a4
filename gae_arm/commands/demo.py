"""Say what the arm shall do, and see it done: the whole stack on a simulated arm.

Starts arm, camera, point cloud, planner, policy, arm control and the web page, carries the
instruction out on the real ROS graph, and says by the physics whether it is done. It stays up for
more instructions, typed here or on the page, until Ctrl-C.

  gae demo                                              # put the red cube into the green bowl
  gae demo "press the orange button" --scene-seed 3
  gae demo "stack the red cube on the blue cube" --arm ur5 --once --video demo/stack.mp4
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gae_arm.core.errors import ConfigError

if TYPE_CHECKING:
    from gae_arm.commands.show.show import Show
    from gae_arm.commands.show.typed import Typed
    from gae_arm.ros.observer import Observer

INSTRUCTION = 'put the red cube into the green bowl'
ONCE = (
    'end after it; exit code 0: done, 1: not done, 3: done, as the planner says; nobody judges it'
)
FILM_PACE = 0.1
"""Simulated seconds a second while a film is made, so that its large pictures come in time."""
FILM_SIZE, FILM_RATE = (640, 480), 15.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the instruction and what it is carried out with."""
    parser.add_argument('instruction', nargs='?', default=INSTRUCTION)
    parser.add_argument('--arm', default='panda', help='panda, ur5, xarm7, or a YAML file')
    parser.add_argument('--scene-seed', type=int, default=0, metavar='N', help='of the table')
    parser.add_argument('--policy', default='expert', help='what carries plans out')
    parser.add_argument(
        '--model', default='bundled', metavar='M', help='the planner; see config/planners'
    )
    parser.add_argument('--once', action='store_true', help=ONCE)
    parser.add_argument(
        '--video',
        type=Path,
        metavar='F',
        help='write an mp4 or gif of it; the simulation then runs at a tenth of real time',
    )
    parser.add_argument('--port', type=int, default=8080, help='of the page, or the next free one')
    parser.add_argument('--out', type=Path, default=Path('demo'), help='folder of the pictures')


def run(args: argparse.Namespace) -> int:
    """Start everything, and carry out what is said."""
    from rich.console import Console

    from gae_arm.commands.running_graph import running_graph
    from gae_arm.commands.show.port import free_port
    from gae_arm.commands.show.show import Show
    from gae_arm.commands.show.typed import Typed
    from gae_arm.ros.observer import Observer

    _check(args)
    console, began = Console(highlight=False, soft_wrap=True), time.monotonic()
    port = free_port(args.port)
    with (
        running_graph('sim.launch.yaml', _arguments(args, port)) as graph,
        Observer('demo', graph.is_well) as observer,
    ):
        pace = FILM_PACE if args.video else 1.0
        show = Show(observer, console, args.scene_seed, args.out, args.video, pace)
        show.wait_until_ready()
        console.print(
            f'ready after {time.monotonic() - began:.1f} s; '
            f'look at [bold]http://127.0.0.1:{port}[/] '
            f'(ROS_DOMAIN_ID={os.environ["ROS_DOMAIN_ID"]})'
        )
        console.print(f'on the table: {show.things()}')
        word = show.carry_out(args.instruction)
        if not args.once:
            console.print('say more, here or on the page; Ctrl-C ends it')
            _listen(observer, show, Typed(sys.stdin, console.print))
        return word.value


def _check(args: argparse.Namespace) -> None:
    """Refuse what cannot be before anything is started, and make the folders."""
    from action_expert.policies import POLICIES
    from gae_arm.core import checks
    from gae_arm.core.arm import load_arm
    from gae_arm.core.paths import arm_file
    from gae_arm.evaluation.video import check_video
    from vla_planner.profile import find_profile

    if not args.instruction.strip():
        raise ConfigError('the instruction is empty: say what the arm shall do')
    load_arm(arm_file(args.arm))
    checks.known('policy', args.policy, POLICIES)
    checks.integer('--scene-seed', args.scene_seed, 0, 2**31 - 1)
    checks.integer('--port', args.port, 0, 65535)
    find_profile(args.model)
    _make_folder(args.out)
    if args.video:
        _make_folder(args.video.parent)
        check_video(args.video)


def _arguments(args: argparse.Namespace, port: int) -> dict[str, str]:
    """Return the arguments of the launch file."""
    film = {
        'camera_width': str(FILM_SIZE[0]),
        'camera_height': str(FILM_SIZE[1]),
        'camera_rate': str(FILM_PACE * FILM_RATE),
        'real_time_factor': str(FILM_PACE),
        'publish_clock': 'true',
    }
    return (film if args.video else {}) | {
        'arm': args.arm,
        'task': 'playground',
        'seed': str(args.scene_seed),
        'policy': args.policy,
        'planner': 'true',
        'model': args.model,
        'viewer': 'true',
        'viewer_port': str(port),
    }


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f'there can be no folder {folder}: {error}') from error


def _listen(observer: Observer, show: Show, typed: Typed) -> None:
    """Carry out what is typed or asked for on the page, until Ctrl-C."""

    def heard() -> tuple[str, ...]:
        """Return an instruction and where it comes from, nothing while there is none."""
        if words := show.asked():
            return words, 'from the page'
        line = typed.take()
        return (line,) if line else ()

    while True:
        show.carry_out(*observer.wait_for(heard, 'an instruction', timeout=float('inf')))

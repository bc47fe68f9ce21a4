"""Say what the arm shall do, and see it done: the whole stack on a simulated arm.

Starts arm, camera, point cloud, planner, expert, arm control and the web page, carries the
instruction out on the real ROS graph, and says by the physics whether it is done. It stays up for
more instructions, typed here or on the page; an empty line or Ctrl-C ends it.

  gae demo                                              # put the red cube into the green bowl
  gae demo "press the orange button" --scene-seed 3
  gae demo "stack the red cube on the blue cube" --arm ur5 --once --video demo/stack.mp4
"""

from __future__ import annotations

import argparse
import queue
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from gae_arm.core.errors import ConfigError, GaeError

INSTRUCTION = 'put the red cube into the green bowl'
READY_S = 240.0
SETTLING_S = 3.0
"""After the arm is done, so long the physics may take to come to rest."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the instruction and what it is carried out with."""
    parser.add_argument('instruction', nargs='?', default=INSTRUCTION)
    parser.add_argument('--arm', default='panda', help='panda, ur5, xarm7, or a YAML file')
    parser.add_argument('--scene-seed', type=int, default=0, metavar='N', help='of the table')
    parser.add_argument('--policy', default='expert', help='what carries plans out')
    parser.add_argument(
        '--model', metavar='M', help='of the planner: a folder or hub name; the bundled one'
    )
    parser.add_argument('--once', action='store_true', help='end after it; exit code 0: done')
    parser.add_argument('--video', type=Path, metavar='F', help='write an mp4 or gif of it')
    parser.add_argument('--port', type=int, default=8080, help='of the page, or the next free one')
    parser.add_argument('--out', type=Path, default=Path('demo'), help='folder of the pictures')


def run(args: argparse.Namespace) -> int:
    """Run the demonstration."""
    from gae_arm.commands.show.domain import free_port, own_domain

    if not args.instruction.strip():
        raise ConfigError('the instruction is empty: say what the arm shall do')
    with own_domain() as domain:
        return _Demo(args, domain, free_port(args.port)).run()


class _Demo:
    """One run of the verb."""

    def __init__(self, args: argparse.Namespace, domain: int, port: int) -> None:
        from gae_arm.arm_sim.tasks.registry import STAGES
        from gae_arm.commands.show.referee import Referee

        self._args, self._port = args, port
        self._console = Console(highlight=False)
        self._table = STAGES['playground'].sample(args.scene_seed)
        self._referee = Referee(self._table.items)
        self._url = f'http://127.0.0.1:{port}'
        self._domain = domain

    def run(self) -> int:
        from gae_arm.commands.show.album import Album
        from gae_arm.commands.show.conversation import Conversation
        from gae_arm.commands.show.launched import Launched
        from gae_arm.ros import topics
        from gae_arm.ros.observer import Observer
        from gae_arm.ros.truth_msgs import truth_from_msg

        began = time.monotonic()
        with (
            Launched(self._args.out / 'launch.log', *self._words()) as self._launched,
            Observer('demo', self._launched.alive) as self._observer,
        ):
            topics.SCENE_TRUTH.subscription(
                self._observer.node, lambda msg: self._referee.see(truth_from_msg(msg))
            )
            self._album = Album(self._observer)
            self._conversation = Conversation(self._observer)
            try:
                self._wait_until_ready()
                self._console.print(
                    f'ready after {time.monotonic() - began:.1f} s; look at [bold]{self._url}[/] '
                    f'(ROS domain {self._domain})'
                )
                self._console.print(f'on the table: {self._things()}')
                code = self._carry_out(self._args.instruction)
                if not self._args.once:
                    self._stay()
                    return 0
                return code
            except GaeError as error:
                if self._launched.alive():
                    raise
                raise GaeError(f'{error}; its last words:\n{self._launched.last_words()}') from None

    def _words(self) -> list[str]:
        args = self._args
        words = [
            'sim.launch.yaml', f'arm:={args.arm}', 'task:=playground', f'seed:={args.scene_seed}',
            f'policy:={args.policy}', 'planner:=true', 'viewer:=true', f'viewer_port:={self._port}',
        ]  # fmt: skip
        return words + ([f'model:={args.model}'] if args.model else [])

    def _things(self) -> str:
        names = [f'{item.color} {item.kind}' for item in self._table.items.values()]
        return ', '.join(f'a {name}' for name in names)

    def _wait_until_ready(self) -> None:
        """Wait for everybody; say for whom."""
        from gae_arm.core.motion import ArmState
        from gae_arm.ros import topics

        heard: set[str] = set()
        halted = int(ArmState.HALTED)
        node = self._observer.node
        topics.POINTS.subscription(node, lambda _: heard.add('cloud'), raw=True)
        topics.ARM_STATUS.subscription(
            node, lambda msg: heard.add('arm') if msg.state != halted else None
        )
        stages: tuple[tuple[str, Callable[[], bool]], ...] = (
            ('simulated arm', lambda: self._referee.ready),
            ('camera', lambda: self._album.ready),
            ('point cloud', lambda: 'cloud' in heard),
            ('arm control', lambda: 'arm' in heard),
            ('planner', self._conversation.ready),
        )
        for what, there in stages:
            with self._console.status(f'waiting for: {what}'):
                self._observer.wait_for(there, what, READY_S)

    def _carry_out(self, instruction: str) -> int:
        """Have one instruction carried out; return 0 where it is done."""
        self._console.print(f'[bold]{instruction}[/]', markup=True)
        self._referee.begin(instruction)
        if self._args.video:
            self._album.start_film()
        with self._console.status('thinking') as status:
            report = self._conversation.carry_out(
                instruction,
                lambda stage, share: status.update(
                    f'{stage.name.lower()} {share:.0%}' if share else stage.name.lower()
                ),
            )
            if not report.error:
                self._settle()
        for stage, seconds in report.stages.items():
            self._console.print(f'  {stage.name.lower():9} {seconds:6.1f} s')
        judgement = self._referee.judge()
        good = judgement.success
        reason = report.error or judgement.words
        if report.error and good:
            reason = f'{judgement.words}, although: {report.error}'
        word = {True: 'SUCCESS', False: 'FAILED', None: 'DONE'}[
            good if not report.error else bool(good)
        ]
        color = {'SUCCESS': 'green', 'FAILED': 'red', 'DONE': 'yellow'}[word]
        verdict = f'{word} after {report.seconds:.1f} s, {report.plans} plans: {reason}'
        self._console.print(verdict, style=f'bold {color}', markup=False)
        self._keep(instruction, verdict, None if word == 'DONE' else word == 'SUCCESS')
        return 0 if word != 'FAILED' else 1

    def _settle(self) -> None:
        end = time.monotonic() + SETTLING_S
        while time.monotonic() < end and self._referee.judge().success is False:
            self._observer.spin(0.05)

    def _keep(self, instruction: str, verdict: str, good: bool | None) -> None:
        slug = re.sub(r'[^a-z0-9]+', '-', instruction.lower()).strip('-')[:50] or 'instruction'
        file = self._args.out / f'{slug}.png'
        self._album.save(file, instruction, verdict, good)
        self._console.print(f'  picture: {file}')

    def _stay(self) -> None:
        """Carry out what is typed, until an empty line, the end of the input, or Ctrl-C."""
        self._console.print('say more, here or on the page; an empty line ends it')
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()

        def read() -> None:
            for line in sys.stdin:
                lines.put(line.strip())
            lines.put('')

        threading.Thread(target=read, daemon=True).start()
        while self._launched.alive():
            self._observer.spin(0.1)
            if not lines.empty():
                line = lines.get()
                if not line:
                    return
                self._carry_out(line)
        raise GaeError('the simulation has ended')

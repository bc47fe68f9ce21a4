"""Instructions on the playground, one after the other: stages, verdict, picture, film."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray
from rich.console import Console
from std_msgs.msg import String

from gae_arm.arm_sim.tasks.registry import STAGES
from gae_arm.commands.show.album import Album
from gae_arm.commands.show.conversation import Conversation, Stage
from gae_arm.commands.show.film import Film
from gae_arm.commands.show.referee import Referee
from gae_arm.commands.show.verdict import Word, verdict
from gae_arm.core.errors import GaeError
from gae_arm.core.motion import ArmState
from gae_arm.ros import diagnostics, topics
from gae_arm.ros.observer import Observer
from gae_arm.ros.truth_msgs import truth_from_msg

READY_S = 240.0
LONGEST_S = 240.0
"""An instruction that takes longer is given up."""
SETTLING_S = 3.0
"""After the arm is done, so long the physics may take to come to rest."""
PLANNER = 'vla_planner: planner'
COLORS = {Word.SUCCESS: 'green', Word.FAILED: 'red', Word.DONE: 'yellow'}


class Show:
    """What a person sees of the stack in a terminal.

    seed: of the playground. out: folder of the pictures. video: file of a film, for the first
    instruction. pace: simulated seconds a second.
    """

    def __init__(
        self,
        observer: Observer,
        console: Console,
        seed: int,
        out: Path,
        video: Path | None = None,
        pace: float = 1.0,
    ) -> None:
        self._observer, self._console = observer, console
        self._out, self._video, self._pace = out, video, pace
        self._items = STAGES['playground'].sample(seed).items
        self._referee = Referee(self._items)
        self._album = Album(observer)
        self._conversation = Conversation(observer)
        self._there: set[str] = set()
        self._asked: deque[str] = deque()
        node = observer.node
        topics.SCENE_TRUTH.subscription(node, lambda msg: self._referee.see(truth_from_msg(msg)))
        topics.POINTS.subscription(node, lambda _: self._there.add('point cloud'), raw=True)
        topics.ARM_STATUS.subscription(node, self._take_status)
        topics.DIAGNOSTICS.subscription(node, self._take_diagnostics)
        topics.INSTRUCTION.subscription(node, self._take_instruction)

    def things(self) -> str:
        """Return what is on the table, in words."""
        names = [f'{item.color} {item.kind}' for item in self._items.values()]
        return ', '.join(f'{"an" if name[0] in "aeiou" else "a"} {name}' for name in names)

    def wait_until_ready(self) -> None:
        """Wait until all that it takes is there; say for what."""
        stages: tuple[tuple[str, Callable[[], bool]], ...] = (
            ('simulated arm', lambda: self._referee.ready),
            ('camera', lambda: self._album.ready),
            ('point cloud', lambda: 'point cloud' in self._there),
            ('arm control', lambda: 'arm control' in self._there),
            ('planner and its model', lambda: 'planner' in self._there),
            ('its action', self._conversation.ready),
        )
        for what, there in stages:
            with self._console.status(f'waiting for: {what}'):
                self._observer.wait_for(there, what, READY_S)
        self._observer.follow_clock_of('arm_control')

    def asked(self) -> str:
        """Return the next instruction from the page, '' while there is none."""
        return self._asked.popleft() if self._asked else ''

    def carry_out(self, instruction: str, origin: str = '') -> Word:
        """Have one instruction carried out and judged; return what came of it.

        origin: where it comes from, if not from here.
        """
        words = ''.join(filter(str.isprintable, instruction))[:100]
        line = f'> {words}  ({origin})' if origin else f'> {words}'
        self._console.print(line, style='bold', markup=False)
        self._referee.begin(instruction)
        film, self._video = self._video and Film(self._observer, self._video, instruction), None

        def show(stage: Stage, share: float) -> None:
            words = f'{stage.name.lower()} {share:.0%}' if share else stage.name.lower()
            status.update(words)
            if film:
                film.facts = words

        with self._console.status('thinking') as status:
            report = self._conversation.carry_out(instruction, show, LONGEST_S / self._pace)
            self._settle()
        for stage, seconds in report.stages.items():
            self._console.print(f'  {stage.name.lower():9} {seconds:6.1f} s')
        word, reason = verdict(report, self._referee.judge())
        plans = f'{report.plans} plan{"" if report.plans == 1 else "s"}'
        line = f'{word.name} after {report.seconds:.1f} s, {plans}: {reason}'
        self._console.print(line, style=f'bold {COLORS[word]}', markup=False)
        self._keep(instruction, line, word.good)
        if film:
            film.finish(f'{word.name.lower()} after {report.seconds:.1f} s', word.good)
            self._console.print(f'  film: {film.file}', markup=False)
        return word

    def _settle(self) -> None:
        end = self._observer.now_ns() + int(SETTLING_S * 1e9)
        while self._observer.now_ns() < end and self._referee.judge().success is False:
            if self._asked:
                return  # The planner is at it already.
            self._observer.spin(0.05)

    def _keep(self, instruction: str, line: str, good: bool | None) -> None:
        slug = re.sub(r'[^a-z0-9]+', '-', instruction.lower()).strip('-')[:50] or 'instruction'
        file = self._out / f'{slug}.png'
        self._album.save(file, instruction, line, good)
        self._console.print(f'  picture: {file}', markup=False)

    def _take_status(self, msg: object) -> None:
        if msg.state != int(ArmState.HALTED):  # type: ignore[attr-defined]
            self._there.add('arm control')

    def _take_diagnostics(self, msg: DiagnosticArray) -> None:
        for status in msg.status:
            if status.name != PLANNER:
                continue
            if status.level == diagnostics.OK:
                self._there.add('planner')
            elif status.level == diagnostics.ERROR and 'planner' not in self._there:
                raise GaeError(f'the planner cannot start: {status.message}')

    def _take_instruction(self, msg: String) -> None:
        """Somebody asks for something on the page: it is taken over, to be told how it goes."""
        self._asked.append(msg.data)

"""A thread that thinks, so that nothing else waits: makes the planner, then answers one by one."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from gae_arm.core.errors import GaeError
from gae_arm.core.instruction import ErrorCode
from vla_planner.errors import PlannerError
from vla_planner.picture import Scene
from vla_planner.planner import Thought, VlmPlanner, Wish


@dataclass(frozen=True, eq=False)
class Answer:
    """What came of one question: a thought, or the reason why there is none."""

    wish: Wish
    scene: Scene
    thought: Thought | None
    error: PlannerError | None


class ThinkingWorker:
    """make: called once, in the thread; what it raises is the answer to all questions."""

    def __init__(self, make: Callable[[], VlmPlanner]) -> None:
        self._make = make
        self._questions: queue.Queue[tuple[Scene, Wish]] = queue.Queue()
        self._answers: queue.Queue[Answer] = queue.Queue()
        self.planner: VlmPlanner | None = None
        self.error: GaeError | None = None
        self.loaded = threading.Event()
        threading.Thread(target=self._work, name='thinking', daemon=True).start()

    def ask(self, scene: Scene, wish: Wish) -> None:
        """Have the planner think about a wish; `take` has the answer later."""
        self._questions.put((scene, wish))

    def take(self) -> Answer | None:
        """Return the next answer that is ready, None if there is none."""
        try:
            return self._answers.get_nowait()
        except queue.Empty:
            return None

    def _work(self) -> None:
        try:
            self.planner = self._make()
        except GaeError as error:
            self.error = error
        except Exception as error:
            # A library may raise anything while it reads a model; the node must say so and live.
            self.error = GaeError(f'the planner cannot be made: {type(error).__name__}: {error}')
        self.loaded.set()
        while True:
            scene, wish = self._questions.get()
            self._answers.put(self._answered(scene, wish))

    def _answered(self, scene: Scene, wish: Wish) -> Answer:
        if self.planner is None:
            return Answer(
                wish, scene, None, PlannerError(ErrorCode.PLANNER_UNAVAILABLE, str(self.error))
            )
        try:
            return Answer(wish, scene, self.planner.think(scene, wish), None)
        except PlannerError as error:
            return Answer(wish, scene, None, error)
        except Exception as error:
            text = f'the planner failed: {type(error).__name__}: {error}'
            return Answer(wish, scene, None, PlannerError(ErrorCode.PLANNER_UNAVAILABLE, text))

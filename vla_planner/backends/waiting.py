"""Waiting for an answer no longer than it is wanted: the one who answers works in a thread."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from gae_arm.core.instruction import ErrorCode
from vla_planner.backends.backend import Asking, Backend
from vla_planner.errors import PlannerError
from vla_planner.prompts import Turn

NOWHERE: Mapping[str, float] = MappingProxyType({})
TICK = 0.05
"""Seconds between two looks at whether the answer is still wanted."""
CANCELED = 'canceled while the model was thinking'
LONGEST = 65_536
"""Characters after which an answer is cut off."""


class Answering:
    """Asks a backend and waits; one that hangs is left behind until it has ended."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._thread: threading.Thread | None = None

    def pieces(
        self,
        conversation: Sequence[Turn],
        tokens: int,
        seconds: float,
        canceled: Callable[[], bool] = lambda: False,
        leaning: Mapping[str, float] = NOWHERE,
    ) -> Iterator[str]:
        """Return the pieces of the answer as they come.

        leaning: see `Asking`. canceled: says whether the answer is not wanted any more. Raises
        PlannerError: what the backend raises, PLANNER_TIMEOUT after `seconds`, CANCELED.
        """
        until = time.monotonic() + seconds
        self._wait_for_the_last(until, canceled)
        asking = Asking(tokens, seconds, leaning)
        pieces: queue.Queue[str | BaseException | None] = queue.Queue()
        self._thread = threading.Thread(
            target=self._ask, args=(conversation, asking, pieces), name='answering', daemon=True
        )
        self._thread.start()
        try:
            yield from self._received(pieces, until, seconds, canceled)
        finally:
            asking.given_up.set()

    def _wait_for_the_last(self, until: float, canceled: Callable[[], bool]) -> None:
        """Wait until nobody works on an answer any more that nobody waits for."""
        while self._thread is not None and self._thread.is_alive():
            if canceled():
                raise PlannerError(ErrorCode.CANCELED, CANCELED)
            if time.monotonic() > until:
                raise PlannerError(
                    ErrorCode.PLANNER_UNAVAILABLE,
                    f'{self._backend.name} is still busy with a question that nobody waits for',
                )
            self._thread.join(TICK)

    def _ask(
        self,
        conversation: Sequence[Turn],
        asking: Asking,
        pieces: queue.Queue[str | BaseException | None],
    ) -> None:
        try:
            for piece in self._backend.answer(conversation, asking):
                pieces.put(piece)
                if asking.given_up.is_set():
                    return
            pieces.put(None)
        except BaseException as error:
            pieces.put(error)

    def _received(
        self,
        pieces: queue.Queue[str | BaseException | None],
        until: float,
        seconds: float,
        canceled: Callable[[], bool],
    ) -> Iterator[str]:
        length = 0
        while length < LONGEST:
            if canceled():
                raise PlannerError(ErrorCode.CANCELED, CANCELED)
            left = until - time.monotonic()
            if left <= 0:
                raise PlannerError(
                    ErrorCode.PLANNER_TIMEOUT,
                    f'{self._backend.name} has not answered within {seconds:g} s',
                )
            try:
                piece = pieces.get(timeout=min(TICK, left))
            except queue.Empty:
                continue
            if piece is None:
                return
            if isinstance(piece, PlannerError):
                raise piece
            if isinstance(piece, BaseException):
                raise PlannerError(
                    ErrorCode.PLANNER_UNAVAILABLE,
                    f'{self._backend.name} failed: {type(piece).__name__}: {str(piece)[:300]}',
                ) from piece
            length += len(piece)
            yield piece

"""Jobs done by many processes: results as they come, and a clean end when it is stopped."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from gae_arm.core.environment import environment
from gae_arm.core.errors import GaeError
from gae_arm.core.parent import end_with_parent

THREADS = {
    **dict.fromkeys(
        ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'NUMBA_NUM_THREADS'), '1'
    ),
    'LP_NUM_THREADS': '0',
}
"""Environment of a process of one thread; Mesa counts the threads beside the one that draws."""
AHEAD = 2

Item = TypeVar('Item')
Done = TypeVar('Done')


def run_jobs(
    job: Callable[[Item], Done], items: Iterable[Item], workers: int
) -> Iterator[tuple[Item, Done]]:
    """Yield (item, job(item)) as they come, in no order.

    workers: processes, started afresh (spawn), one thread each; 0: all in this process, in order.
    With workers the job must be picklable. What a job raises is raised here; GaeError if a process
    ends by itself. Stopped early, by Ctrl-C too, no job that has not begun is begun; workers never
    outlive this process.
    """
    items = list(items)
    if not workers or not items:
        for item in items:
            yield item, job(item)
        return
    # As many processes as cores: one thread each.
    with environment(THREADS):
        begin = partial(end_with_parent, os.getpid())
        pool = ProcessPoolExecutor(workers, get_context('spawn'), begin)
        try:
            yield from _outcomes(pool, job, items, workers)
        except BrokenProcessPool as error:
            raise GaeError(
                'a worker process ended by itself, as when memory runs out; what is made is kept: '
                'run it again, with fewer workers'
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _outcomes(
    pool: ProcessPoolExecutor,
    job: Callable[[Item], Done],
    items: list[Item],
    workers: int,
) -> Iterator[tuple[Item, Done]]:
    """Yield outcomes as they come; few items wait at a time, so that stopping is quick."""
    waiting = iter(items)
    running: dict[Future[Done], Item] = {}
    while True:
        for item in waiting:
            with _interrupts_held_back():
                running[pool.submit(job, item)] = item
            if len(running) >= AHEAD * workers:
                break
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            yield running.pop(future), future.result()


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Keep Ctrl-C from processes that start in here; this one sees it when the block ends.

    The terminal sends it to all of them; the one that waits decides what it means.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

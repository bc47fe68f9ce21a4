"""What makes a thread punctual on Linux: absolute sleeps, priority, memory, garbage collection.

Everything here is asked of the system and may be refused: the arm is controlled correctly all the
same, only less punctually when the machine is busy.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import os
import resource
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HOW_TO_GRANT = (
    "to grant it, add the lines '@GROUP - rtprio 98' and '@GROUP - memlock unlimited' to "
    '/etc/security/limits.conf, log in anew, and check with: ulimit -r -l'
)
PATIENCE, LOOK = 0.1, 0.0005
TIMER_ABSTIME = 1
CAP_IPC_LOCK = 14
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4

_libc = ctypes.CDLL(None, use_errno=True)


class _Timespec(ctypes.Structure):
    _fields_ = (('tv_sec', ctypes.c_long), ('tv_nsec', ctypes.c_long))


def sleep_until(monotonic_ns: int) -> None:
    """Sleep until CLOCK_MONOTONIC shows this time; a deadline has no drift, a duration has."""
    deadline = _Timespec(*divmod(monotonic_ns, 1_000_000_000))
    # EINTR is the only thing that can go wrong: then it sleeps on.
    while _libc.clock_nanosleep(time.CLOCK_MONOTONIC, TIMER_ABSTIME, ctypes.byref(deadline), None):
        pass


class Sleeper:
    """Sleeps until a clock shows a time, never much longer than asked when it was asked.

    now_ns: the clock. simulated: it may stand still, jump, or run at another pace than the
    machine's: then it is looked at every half millisecond, for at most `PATIENCE` seconds.
    """

    def __init__(self, now_ns: Callable[[], int], simulated: bool) -> None:
        self._now_ns = now_ns
        self._simulated = simulated

    def __call__(self, until_ns: int) -> None:
        """Sleep; the caller looks at the clock afterwards."""
        if not self._simulated:
            sleep_until(time.monotonic_ns() + until_ns - self._now_ns())
            return
        began_ns, end = self._now_ns(), time.monotonic() + PATIENCE
        while began_ns <= self._now_ns() < until_ns and time.monotonic() < end:
            time.sleep(LOOK)


@dataclass(frozen=True)
class Granted:
    """What the system granted. priority: SCHED_FIFO, 0 for none. refused: sentences, one each."""

    priority: int
    memory_locked: bool
    refused: tuple[str, ...]

    @property
    def text(self) -> str:
        """What a person should know."""
        priority = f'SCHED_FIFO {self.priority}' if self.priority else 'ordinary priority'
        memory = 'memory locked' if self.memory_locked else 'memory not locked'
        text = f'{priority}, {memory}'
        return f'{text}; {"; ".join(self.refused)}; {HOW_TO_GRANT}' if self.refused else text


def ask(priority: int, lock_memory: bool) -> Granted:
    """Ask for real-time priority and locked memory; call it from the thread that must be punctual.

    priority: SCHED_FIFO, 1 to 99, of this thread; 0 does not ask. All other threads of the process
    get one less: one that holds the interpreter must not wait for an ordinary process to give way.
    """
    refused = []
    granted = locked = False
    if priority:
        try:
            _raise_priority(priority)
            granted = True
        except OSError as error:
            refused.append(f'SCHED_FIFO {priority} is refused: {error.strerror}')
    if lock_memory:
        try:
            _lock_memory()
            locked = True
        except OSError as error:
            refused.append(f'locked memory is refused: {error.strerror}')
    return Granted(priority if granted else 0, locked, tuple(refused))


def settle_garbage() -> None:
    """Leave all objects there are to themselves; from now on `collect_garbage` does the rest.

    The collector of its own accord would look at all objects in the middle of a tick.
    """
    gc.collect()
    gc.freeze()
    gc.disable()


def collect_garbage() -> None:
    """Free cycles among the objects made since `settle_garbage`: they are few."""
    gc.collect()


def _raise_priority(priority: int) -> None:
    own = threading.get_native_id()
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    for task in Path('/proc/self/task').iterdir():
        thread = int(task.name)
        if thread != own:
            try:
                param = os.sched_param(max(1, priority - 1))
                os.sched_setscheduler(thread, os.SCHED_FIFO, param)
            except ProcessLookupError:
                continue  # It has ended meanwhile.


def _lock_memory() -> None:
    """Lock pages as they are first used; raise OSError if that is refused."""
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if soft != resource.RLIM_INFINITY and not _has_capability(CAP_IPC_LOCK):
        # Allocations beyond the limit would fail later: in the middle of a motion.
        raise PermissionError(errno.EPERM, f'the limit is {soft // 1024} KiB')
    if _libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _has_capability(number: int) -> bool:
    """Return whether this process may do what capabilities(7) numbers so."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('CapEff:'):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False

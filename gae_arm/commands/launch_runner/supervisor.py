"""Runs processes until they end or must end, and leaves none behind.

Every process leads a session of its own. So a Ctrl-C in the terminal reaches the runner alone,
which passes it on exactly once, and a signal reaches the whole group: also what a shell or a node
has started. To stop one: SIGINT, after `sigterm_timeout` SIGTERM, after `sigkill_timeout` SIGKILL.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator, Sequence

from gae_arm.commands.launch_runner.child import Child
from gae_arm.commands.launch_runner.log import Log
from gae_arm.commands.launch_runner.process import Process

# What asks the runner to end: Ctrl-C, kill, a closed terminal, Ctrl-\.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def supervise(processes: Sequence[Process], log: Log) -> list[str]:
    """Run the processes to their end; return what went wrong, [] if nothing did.

    Wrong is a process that could not be started, or that died on its own with an exit code other
    than 0 and was not started again. What happens after a stop was asked for is not.
    Must be called in the main thread, which handles the signals meanwhile.
    """
    return asyncio.run(_Supervisor(log).run(processes))


class _Supervisor:
    def __init__(self, log: Log) -> None:
        self._log = log
        log.on_closed = lambda: self._stop('nobody reads the output any more')
        self._stopping = asyncio.Event()
        self._children: set[Child] = set()
        self._failures: list[str] = []

    async def run(self, processes: Sequence[Process]) -> list[str]:
        self._log.info('launch', f'All log files can be found below {self._log.folder()}')
        with self._signals():
            try:
                await asyncio.gather(*map(self._keep, processes))
            finally:
                for child in self._children:
                    child.signal(signal.SIGKILL)
        return self._failures

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Handle signals. One that was ignored stays ignored (nohup), but for the first two."""
        loop = asyncio.get_running_loop()
        handled = [
            s
            for s in STOP_SIGNALS
            if s in STOP_SIGNALS[:2] or signal.getsignal(s) is not signal.SIG_IGN
        ]
        before = {s: signal.getsignal(s) for s in (signal.SIGCHLD, *handled)}
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        for s in handled:
            loop.add_signal_handler(s, self._interrupted, s)
        try:
            yield
        finally:
            for s, handler in before.items():
                loop.remove_signal_handler(s)
                signal.signal(s, handler)

    def _reap(self) -> None:
        for child in self._children:
            child.poll()

    def _interrupted(self, number: signal.Signals) -> None:
        if self._stopping.is_set():
            self._log.warning('launch', f'{number.name} again: everything is being stopped already')
        else:
            self._stop(f'user interrupted with {number.name}')

    def _stop(self, reason: str) -> None:
        self._log.warning('launch', reason)
        self._stopping.set()

    async def _keep(self, process: Process) -> None:
        """Run one process, and run it again as long as it is to be respawned."""
        starts = 0
        while not self._stopping.is_set():
            failure = await self._run(process)
            starts += 1
            limit = process.respawn_limit
            last = process.required or (limit is not None and starts > limit)
            if last and failure is not None:
                self._failures.append(failure)
            if process.required and not self._stopping.is_set():
                self._stop(f'process[{process.label}] was required: shutting down everything')
            if last:
                return
            await self._stopping_within(process.respawn_delay)

    async def _run(self, process: Process) -> str | None:
        """Run one process once; return how it failed, None if it did not or was told to end."""
        label, log = process.label, self._log
        try:
            child = Child(process, log)
        except OSError as error:
            log.error(label, f'cannot be started: {error}')
            return f'[{label}] could not be started: {error}'
        log.info(label, f'process started with pid [{child.pid}]')
        self._children.add(child)
        stopping: asyncio.Future = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait([stopping, child.ended], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        told = not child.ended.done()
        if told:
            await self._end(child, process)
        self._children.discard(child)
        code = child.ended.result()
        if code == 0:
            log.info(label, f'process has finished cleanly [pid {child.pid}]')
            return None
        how, command = _manner(code), ' '.join(process.command)
        say = log.warning if told else log.error
        say(label, f"process has died [pid {child.pid}, {how}, cmd '{command}'].")
        return None if told else f'[{label}] died with {how}'

    async def _end(self, child: Child, process: Process) -> None:
        steps = (
            (signal.SIGINT, process.sigterm_timeout, signal.SIGTERM),
            (signal.SIGTERM, process.sigkill_timeout, signal.SIGKILL),
        )
        for sent, seconds, following in steps:
            self._log.info(process.label, f"sending signal '{sent.name}' to process")
            child.signal(sent)
            await asyncio.wait([child.ended], timeout=seconds)
            if child.ended.done():
                return
            self._log.error(
                process.label,
                f"process failed to terminate '{seconds:g}' seconds after receiving "
                f"'{sent.name}', escalating to '{following.name}'",
            )
        child.signal(signal.SIGKILL)
        await child.ended

    async def _stopping_within(self, seconds: float) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


def _manner(code: int) -> str:
    names = {number.value: number.name for number in signal.Signals}
    return f'exit code {code}' if code > 0 else f'signal {names.get(-code, -code)}'

"""One running program: started, read, signalled, reaped; without threads."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import signal
import subprocess
from collections.abc import Callable
from functools import partial

from gae_arm.commands.launch_runner.log import STREAMS, Log
from gae_arm.commands.launch_runner.process import Process
from gae_arm.core.parent import end_with_parent

_CHUNK = 1 << 16
_MOST_CHUNKS = 64


class Child:
    """A program in a session of its own. `ended` becomes its exit code, -N for signal N.

    Raises OSError when it cannot be started. Must be made in the main thread of a program that
    has no other: Python code runs between fork and exec.
    """

    def __init__(self, process: Process, log: Log) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        outputs = [pty.openpty() if process.emulate_tty else os.pipe() for _ in STREAMS]
        try:
            self._popen = subprocess.Popen(
                ' '.join(process.command) if process.shell else process.command,
                shell=process.shell,
                cwd=process.cwd,
                env=dict(process.environment),
                stdin=subprocess.PIPE,  # open and silent, as under `ros2 launch`
                stdout=outputs[0][1],
                stderr=outputs[1][1],
                start_new_session=True,
                # SIGTERM, not SIGKILL: a node that moves an arm shall have the chance to halt it.
                preexec_fn=partial(end_with_parent, os.getpid()),
            )
        except BaseException:
            for reading, _ in outputs:
                os.close(reading)
            raise
        finally:
            for _, writing in outputs:
                os.close(writing)
        self.pid = self._popen.pid
        emit = partial(log.line, process.label, process.output)
        self._readers = [
            _Lines(reading, partial(emit, stream))
            for stream, (reading, _) in zip(STREAMS, outputs, strict=True)
        ]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program and all that it has started (in its session's group)."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def poll(self) -> None:
        """Note it if the program has ended; then what it left running in its group is killed."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        if self.ended.done() or os.waitid(os.P_PID, self.pid, flags) is None:
            return
        self.signal(signal.SIGKILL)  # before the reaping below frees the group's number
        code = self._popen.wait()
        for reader in self._readers:
            reader.close()
        if self._popen.stdin:
            self._popen.stdin.close()
        self.ended.set_result(code)


class _Lines:
    """Calls `emit` with every line that can be read from a descriptor, without its end."""

    def __init__(self, descriptor: int, emit: Callable[[str], None]) -> None:
        self._descriptor, self._emit, self._rest = descriptor, emit, b''
        os.set_blocking(descriptor, False)
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    def close(self) -> None:
        """Emit what is left, also without an end of line, and close."""
        for _ in range(_MOST_CHUNKS):
            if not self._read():
                break
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        if self._rest:
            self._emit(self._rest.decode(errors='replace'))

    def _read(self) -> bool:
        try:
            data = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:  # a pseudo-terminal whose other end is closed
            data = b''
        if not data:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            return False
        *lines, self._rest = (self._rest + data).split(b'\n')
        for line in lines:
            self._emit(line.removesuffix(b'\r').decode(errors='replace'))
        return True

"""What the runner and its processes say: on the screen, in files, or both.

As with `ros2 launch`, the screen is stdout for everything, one line at a time in the order it
came; files are in a new folder below ROS_LOG_DIR, ROS_HOME/log or ~/.ros/log.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TextIO

from gae_arm.core.errors import ConfigError

# `output` of a node: where its stdout goes, where its stderr goes.
DESTINATIONS = {
    'screen': ({'screen'}, {'screen'}),
    'log': ({'log'}, {'log', 'screen'}),
    'both': ({'screen', 'log'}, {'screen', 'log'}),
    'own_log': ({'own_log'}, {'own_log'}),
    'full': ({'screen', 'log', 'own_log'}, {'screen', 'log', 'own_log'}),
}
STREAMS = ('stdout', 'stderr')
_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
_LEVEL_COLOURS = {'WARNING': 33, 'ERROR': 31}


class Log:
    """The screen and the log files of one launch; the folder is made with the first file.

    on_closed: called once when nobody reads the screen any more (`| head`).
    """

    def __init__(self, on_closed: Callable[[], None] = lambda: None) -> None:
        self.on_closed = on_closed
        self._coloured = sys.stdout.isatty() and not os.environ.get('NO_COLOR')
        self._folder: Path | None = None
        self._files: dict[str, TextIO] = {}
        self._colours: dict[str, int] = {}

    def info(self, name: str, message: str) -> None:
        """Say something in the runner's own voice."""
        self._own('INFO', name, message)

    def warning(self, name: str, message: str) -> None:
        """Say that something is not as it should be."""
        self._own('WARNING', name, message)

    def error(self, name: str, message: str) -> None:
        """Say that something went wrong."""
        self._own('ERROR', name, message)

    def line(self, label: str, output: str, stream: str, text: str) -> None:
        """Pass on a line that a process wrote to `stream`; output is a key of DESTINATIONS."""
        destinations = DESTINATIONS[output][STREAMS.index(stream)]
        if 'screen' in destinations:
            self._screen(f'{self._paint(f"[{label}]", self._colour(label))} {text}')
        if 'log' in destinations:
            self._write('launch.log', f'{time.time():.7f} [{label}] {text}')
        if 'own_log' in destinations:
            self._write(f'{label}-{stream}.log', text)
            self._write(f'{label}.log', text)

    def folder(self) -> Path:
        """Return the folder of the log files, made now if it is not there."""
        if self._folder is None:
            self._folder = _new_folder()
        return self._folder

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _own(self, level: str, name: str, message: str) -> None:
        self._write('launch.log', f'{time.time():.7f} [{level}] [{name}]: {message}')
        head = self._paint(f'[{level}]', _LEVEL_COLOURS.get(level))
        self._screen(f'{head} {self._paint(f"[{name}]", self._colours.get(name))}: {message}')

    def _colour(self, label: str) -> int:
        return self._colours.setdefault(label, _COLOURS[len(self._colours) % len(_COLOURS)])

    def _paint(self, text: str, colour: int | None) -> str:
        return f'\033[{colour}m{text}\033[0m' if colour and self._coloured else text

    def _screen(self, text: str) -> None:
        encoding = sys.stdout.encoding or 'utf-8'
        try:
            print(text.encode(encoding, 'replace').decode(encoding), flush=True)
        except OSError:  # a pipe or a terminal that is closed
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.on_closed()

    def _write(self, name: str, text: str) -> None:
        if name not in self._files:
            self._files[name] = (self.folder() / name).open('a', buffering=1, errors='replace')
        self._files[name].write(text + '\n')


def _new_folder() -> Path:
    home = os.environ.get('ROS_HOME') or '~/.ros'
    base = Path(os.environ.get('ROS_LOG_DIR') or Path(home, 'log')).expanduser().absolute()
    now = datetime.now().strftime('%Y-%m-%d-%H-%M-%S-%f')
    folder = base / f'{now}-{socket.gethostname()}-{os.getpid()}'
    try:
        folder.mkdir(parents=True)
        latest = base / 'latest'
        if latest.is_symlink() or not latest.exists():
            latest.unlink(missing_ok=True)
            latest.symlink_to(folder)
    except FileExistsError:
        pass  # another launch was quicker with `latest`
    except OSError as error:
        raise ConfigError(f'cannot write logs to {base}: {error}; set ROS_LOG_DIR') from error
    return folder

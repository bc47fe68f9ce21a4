"""Pictures one after the other in a file: mp4, or gif for where no player is."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from gae_arm.core import checks
from gae_arm.core.errors import ConfigError, MissingDependencyError

GIF_EVERY = 2
GIF_SHARE = 0.75
"""A gif keeps every second picture, at this share of the size: it has no better compression."""
GIF_COLORS, PALETTE_OF = 240, 12
"""All pictures have one palette, that of a few of them: what stands still costs nothing then. By an
octree: other ways forget the colours of small things."""


class Video(Protocol):
    """A file that pictures of one size are added to."""

    def add(self, picture: Image.Image) -> None:
        """Add a picture."""

    def close(self) -> None:
        """Write what is left. Raises ConfigError if the file cannot be written."""


def check_video(path: Path) -> None:
    """Check that a video can be written to `path`; its suffix says which kind it is.

    Raises InvalidValueError for another suffix, MissingDependencyError without PyAV (mp4 only),
    ConfigError where there is no folder for it.
    """
    checks.known('kind of video', path.suffix.lower(), KINDS)
    if not path.parent.is_dir():
        raise ConfigError(f'{path} cannot be written: there is no folder {path.parent}')
    if path.suffix.lower() == '.mp4' and importlib.util.find_spec('av') is None:
        raise MissingDependencyError(
            f'mp4 needs PyAV: {sys.executable} -m pip install av==18.1.0 (or name a .gif, which '
            'needs nothing)'
        )


def open_video(path: Path, rate: int) -> Video:
    """Return a video file of `rate` pictures a second. Raises what `check_video` does."""
    check_video(path)
    return KINDS[path.suffix.lower()](path, rate)


class _Mp4:
    def __init__(self, path: Path, rate: int) -> None:
        import av

        self._path, self._rate = path, rate
        self._av: Any = av
        try:
            self._file: Any = av.open(str(path), 'w')
        except OSError as error:
            raise ConfigError(f'{path} cannot be written: {error}') from error
        self._stream: Any = None

    def add(self, picture: Image.Image) -> None:
        if self._stream is None:
            self._stream = self._file.add_stream('libx264', rate=Fraction(self._rate))
            # yuv420p, which every player knows, has even sides.
            self._stream.width, self._stream.height = (n - n % 2 for n in picture.size)
            self._stream.pix_fmt = 'yuv420p'
        frame = self._av.VideoFrame.from_ndarray(np.asarray(picture), format='rgb24')
        self._mux(frame)

    def close(self) -> None:
        if self._stream is not None:
            self._mux(None)
        try:
            self._file.close()
        except OSError as error:
            raise ConfigError(f'{self._path} cannot be written: {error}') from error

    def _mux(self, frame: Any) -> None:
        try:
            for packet in self._stream.encode(frame):
                self._file.mux(packet)
        except OSError as error:
            raise ConfigError(f'{self._path} cannot be written: {error}') from error


class _Gif:
    def __init__(self, path: Path, rate: int) -> None:
        self._path, self._rate = path, rate
        self._pictures: list[Image.Image] = []
        self._count = 0

    def add(self, picture: Image.Image) -> None:
        self._count += 1
        if self._count % GIF_EVERY == 1:
            size = tuple(round(GIF_SHARE * n) for n in picture.size)
            self._pictures.append(picture.resize(size, Image.Resampling.LANCZOS))  # type: ignore

    def close(self) -> None:
        if not self._pictures:
            return
        palette = _palette(self._pictures)
        plain = Image.Dither.NONE
        first, *others = (p.quantize(palette=palette, dither=plain) for p in self._pictures)
        milliseconds = round(1000 * GIF_EVERY / self._rate)
        try:
            first.save(
                self._path, save_all=True, append_images=others, duration=milliseconds, loop=0
            )
        except OSError as error:
            raise ConfigError(f'{self._path} cannot be written: {error}') from error


def _palette(pictures: list[Image.Image]) -> Image.Image:
    """Return an image with the palette of some pictures, spread over all."""
    some = pictures[:: max(1, len(pictures) // PALETTE_OF)]
    sheet = Image.new('RGB', (some[0].width, sum(p.height for p in some)))
    for i, picture in enumerate(some):
        sheet.paste(picture, (0, i * picture.height))
    return sheet.quantize(GIF_COLORS, Image.Quantize.FASTOCTREE)


KINDS: dict[str, Callable[[Path, int], Video]] = {'.mp4': _Mp4, '.gif': _Gif}

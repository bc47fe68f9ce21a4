"""A calibration board as a sheet of paper: PDF or PNG that prints at its true size."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

from gae_arm.core.errors import InvalidValueError
from gae_arm.point_cloud.calibration.board import Board

PAPERS = {'A4': (0.210, 0.297), 'A3': (0.297, 0.420), 'A2': (0.420, 0.594)}
MARGIN = 0.008
PIXELS_PER_METRE = 12_000
POINTS_PER_METRE = 72 / 0.0254
CAPTION_HEIGHT = 0.005


def save_sheet(path: Path, board: Board) -> str:
    """Write the board on the smallest paper it fits on, and return that paper's name.

    The suffix of `path` says the format, .pdf or .png. Raises InvalidValueError for another suffix
    and for a board that fits on no paper.
    """
    name, paper = _paper(board)
    pixels_per_square = round(board.square * PIXELS_PER_METRE)
    density = pixels_per_square / board.square
    image = board.image(pixels_per_square)
    if path.suffix == '.pdf':
        path.write_bytes(_pdf(image, board, paper))
    elif path.suffix == '.png':
        path.write_bytes(_png(_on_paper(image, paper, density), density))
    else:
        raise InvalidValueError(f'{path}: the suffix is {path.suffix!r}; there are: .pdf, .png')
    return name


def _paper(board: Board) -> tuple[str, tuple[float, float]]:
    """Return name and size, metres, of the smallest paper; landscape where the board is wide."""
    width, height = board.size
    for name, (short, long) in PAPERS.items():
        paper = (long, short) if width >= height else (short, long)
        room = (paper[0] - 2 * MARGIN, paper[1] - 2 * MARGIN - 2 * CAPTION_HEIGHT)
        if width <= room[0] and height <= room[1]:
            return name, paper
    raise InvalidValueError(
        f'the board is {1e3 * width:.0f} x {1e3 * height:.0f} mm and fits on none of {list(PAPERS)}'
    )


def _on_paper(image: np.ndarray, paper: tuple[float, float], pixels_per_metre: float) -> np.ndarray:
    """Return the image in the middle of white paper."""
    width, height = (round(length * pixels_per_metre) for length in paper)
    out = np.full((height, width), 255, np.uint8)
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    out[top : top + image.shape[0], left : left + image.shape[1]] = image
    return out


def _png(image: np.ndarray, density: float) -> bytes:
    """Return a PNG that says its resolution (chunk pHYs, before the image data)."""
    data = cv2.imencode('.png', image)[1].tobytes()
    body = b'pHYs' + struct.pack('>IIB', round(density), round(density), 1)
    chunk = struct.pack('>I', len(body) - 4) + body + struct.pack('>I', zlib.crc32(body))
    after_header = 8 + 25
    return data[:after_header] + chunk + data[after_header:]


def _pdf(image: np.ndarray, board: Board, paper: tuple[float, float]) -> bytes:
    """Return a PDF of one page: the board in the middle, at the lower margin what it is."""
    width, height = (length * POINTS_PER_METRE for length in board.size)
    page = [length * POINTS_PER_METRE for length in paper]
    left, bottom = (page[0] - width) / 2, (page[1] - height) / 2
    caption = MARGIN * POINTS_PER_METRE
    content = (
        f'q {width:.4f} 0 0 {height:.4f} {left:.4f} {bottom:.4f} cm /Board Do Q\n'
        f'BT /Font 8 Tf {left:.4f} {caption:.4f} Td ({_caption(board)}) Tj ET'
    ).encode('ascii')
    bits = zlib.compress(np.packbits(image > 127, axis=1).tobytes())
    rows, columns = image.shape
    objects = [
        b'<< /Type /Catalog /Pages 2 0 R >>',
        b'<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
        f'<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {page[0]:.4f} {page[1]:.4f}] /Contents 4 0 R '
        '/Resources << /XObject << /Board 5 0 R >> /Font << /Font 6 0 R >> >> >>'.encode(),
        _stream('', content),
        _stream(
            f'/Type /XObject /Subtype /Image /Width {columns} /Height {rows} /BitsPerComponent 1 '
            '/ColorSpace /DeviceGray /Filter /FlateDecode ',
            bits,
        ),
        b'<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    ]
    return _pdf_file(objects)


def _caption(board: Board) -> str:
    last = 'squares' if board.kind == 'charuco' else 'tags'
    return (
        f'{board.kind} {board.columns} x {board.rows} {last}, pitch {1e3 * board.square:.2f} mm, '
        f'marker {1e3 * board.marker:.2f} mm, {board.dictionary}. Print at 100 %: the pattern is '
        f'{1e3 * board.size[0]:.1f} x {1e3 * board.size[1]:.1f} mm. Measure it.'
    )


def _stream(keys: str, data: bytes) -> bytes:
    return f'<< {keys}/Length {len(data)} >>\nstream\n'.encode() + data + b'\nendstream'


def _pdf_file(objects: list[bytes]) -> bytes:
    """Return the file of numbered objects, the first being the catalog (ISO 32000-1, 7.5)."""
    out = b'%PDF-1.4\n'
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f'{number} 0 obj\n'.encode() + body + b'\nendobj\n'
    table = ''.join(f'{offset:010d} 00000 n \n' for offset in offsets)
    size = len(objects) + 1
    return (
        out
        + f'xref\n0 {size}\n0000000000 65535 f \n{table}'.encode()
        + f'trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n'.encode()
    )

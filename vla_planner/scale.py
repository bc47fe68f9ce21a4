"""In what a model counts: shares, thousandths or pixels of the picture. It often is another one."""

from __future__ import annotations

from enum import Enum

import numpy as np

from gae_arm.core.errors import InvalidValueError

NEARLY_ONE = 1.5
"""Numbers up to this are shares that miss the picture, not thousandths of it."""


class Scale(Enum):
    """What the numbers of an answer are."""

    UNIT = 'unit'
    THOUSAND = 'thousand'
    PIXEL = 'pixel'


def to_shares(
    points: np.ndarray, declared: Scale, size: tuple[int, int]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return points (N, 2) as shares of a picture, and a note if they are not as declared.

    points: float64, finite. size: (width, height) of the picture, pixels. Whether the shares are
    in the picture is checked where they are used.
    """
    scale = _detected(points, declared, size)
    divisor = {Scale.UNIT: 1.0, Scale.THOUSAND: 1000.0, Scale.PIXEL: np.array(size, np.float64)}
    if scale is declared:
        return points / divisor[scale], ()
    note = (
        f'the points were read as {scale.value}, not as {declared.value}, in which this model '
        f'should count: they reach {points.max():g}'
    )
    return points / divisor[scale], (note,)


def scale_named(name: str) -> Scale:
    """Return the scale of a name; raise InvalidValueError with those that there are."""
    try:
        return Scale(name)
    except ValueError as error:
        names = [scale.value for scale in Scale]
        raise InvalidValueError(f'scale {name!r} is unknown; there are: {names}') from error


def _detected(points: np.ndarray, declared: Scale, size: tuple[int, int]) -> Scale:
    if not points.size:
        return declared
    largest = float(points.max())
    fits = bool((points <= size).all())
    if declared is Scale.UNIT:
        if largest <= NEARLY_ONE:
            return Scale.UNIT
        return Scale.THOUSAND if largest <= 1000 else Scale.PIXEL
    if largest <= 1.0 and (points % 1 != 0).any():
        return Scale.UNIT
    if declared is Scale.THOUSAND:
        return Scale.PIXEL if largest > 1000 and fits else Scale.THOUSAND
    return Scale.PIXEL if fits or largest > 1000 else Scale.THOUSAND

"""Validation shared by all contracts: turn what came in into a read-only array, or refuse it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from gae_arm.core.errors import InvalidValueError

MAX_STAMP = (2**31 - 1) * 10**9 + 999_999_999
"""Latest time in nanoseconds that builtin_interfaces/Time holds."""


class Contract:
    """Base of the frozen dataclasses: equal when all fields are, arrays compared element-wise."""

    def __eq__(self, other: object) -> bool:
        """Compare field by field; NaN equals NaN."""
        if type(other) is not type(self):
            return NotImplemented
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields)

    __hash__ = None  # type: ignore[assignment]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        equal_nan = a.dtype.kind == 'f' and b.dtype.kind == 'f'
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=equal_nan)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b)


def array(
    name: str,
    value: npt.ArrayLike,
    shape: tuple[int | None, ...],
    dtype: npt.DTypeLike = np.float64,
    finite: bool = True,
) -> np.ndarray:
    """Return `value` as a read-only array of `dtype` and `shape` (None = any length).

    Raises InvalidValueError with the name and the value when the shape differs, the conversion
    fails, or (if `finite`) an element is NaN or infinite.
    """
    try:
        out = np.array(value, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise InvalidValueError(f'{name} is not an array of numbers: {value!r}') from error
    if out.shape != shape and not _fits(out.shape, shape):
        want_text = '(' + ', '.join('N' if n is None else str(n) for n in shape) + ')'
        raise InvalidValueError(f'{name} has shape {out.shape}, expected {want_text}')
    if finite and out.dtype.kind == 'f' and not _finite(out):
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(out))[0])
        raise InvalidValueError(f'{name}{list(index)} is not finite: {out[index]}')
    out.setflags(write=False)
    return out


def _fits(have: tuple[int, ...], want: tuple[int | None, ...]) -> bool:
    return len(have) == len(want) and all(
        w is None or h == w for h, w in zip(have, want, strict=True)
    )


def _finite(values: np.ndarray) -> bool:
    # For the few numbers of most arrays, half the time of np.isfinite(values).all().
    return np.count_nonzero(np.isfinite(values)) == values.size


def number(
    name: str, value: float, low: float = -np.inf, high: float = np.inf, finite: bool = True
) -> float:
    """Return `value` as a float within [low, high]; raise InvalidValueError with it otherwise."""
    try:
        out = float(value)
    except (TypeError, ValueError) as error:
        raise InvalidValueError(f'{name} is not a number: {value!r}') from error
    if np.isnan(out) or (finite and np.isinf(out)):
        raise InvalidValueError(f'{name} is not finite: {out}')
    if not low <= out <= high:
        raise InvalidValueError(f'{name} is {out}, allowed is {low} to {high}')
    return out


def integer(name: str, value: int, low: int, high: int) -> int:
    """Return `value` as an int within [low, high]; raise InvalidValueError with it otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise InvalidValueError(f'{name} is not an integer: {value!r}')
    if not low <= value <= high:
        raise InvalidValueError(f'{name} is {value}, allowed is {low} to {high}')
    return int(value)


def stamp(name: str, value: int) -> int:
    """Return a time on the node clock in nanoseconds, 0 to what builtin_interfaces/Time holds."""
    return integer(name, value, 0, MAX_STAMP)


def text(name: str, value: str, allow_empty: bool = True) -> str:
    """Return `value` if it is a string (not empty unless allowed)."""
    if not isinstance(value, str):
        raise InvalidValueError(f'{name} is not a string: {value!r}')
    if not value and not allow_empty:
        raise InvalidValueError(f'{name} is empty')
    return value


def names(name: str, value: Iterable[str]) -> tuple[str, ...]:
    """Return a tuple of non-empty, distinct strings."""
    if isinstance(value, str):
        raise InvalidValueError(f'{name} is one string, expected several: {value!r}')
    out = tuple(text(f'{name}[{i}]', v, allow_empty=False) for i, v in enumerate(value))
    twice = sorted({v for v in out if out.count(v) > 1})
    if twice:
        raise InvalidValueError(f'{name} has {twice} more than once: {list(out)}')
    return out


def known(name: str, value: str, alternatives: Iterable[str]) -> str:
    """Return `value` if it is among the alternatives; the error lists them."""
    options = sorted(alternatives)
    if value not in options:
        raise InvalidValueError(f'{name} {value!r} is unknown; there are: {options}')
    return value


def member(name: str, value: int, enum: type[IntEnum]) -> Any:
    """Return the member of `enum` with this value; the error lists those that there are."""
    if value not in {int(option) for option in enum}:
        options = {option.name: int(option) for option in enum}
        raise InvalidValueError(f'{name} {value!r} is unknown; there are: {options}')
    return enum(value)


def quaternion(name: str, value: npt.ArrayLike, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return unit quaternions (x, y, z, w), at most 1e-3 off unit length as given."""
    out = array(name, value, shape)
    norm = np.linalg.norm(out, axis=-1)
    if out.size and np.abs(norm - 1.0).max() > 1e-3:
        worst = out.reshape(-1, 4)[int(np.abs(norm.reshape(-1) - 1.0).argmax())]
        raise InvalidValueError(f'{name} is not a unit quaternion (x, y, z, w): {worst.tolist()}')
    return out

"""How precise products are while training: bfloat16 where the hardware multiplies in it, else not.

Emulated bfloat16 is several times slower than float32.
"""

from __future__ import annotations

from pathlib import Path

import torch

from gae_arm.core import checks

PRECISIONS = ('auto', 'bf16', 'no')
FLAGS = ('amx_bf16', 'avx512_bf16')
"""Of processors that have instructions for it."""


def chosen(asked: str, before: str | None = None) -> str:
    """Return 'bf16' or 'no', as accelerate calls them.

    asked: one of PRECISIONS. before: of the run that goes on, so that it goes on exactly.
    """
    checks.known('precision', asked, PRECISIONS)
    if asked != 'auto':
        return asked
    return before or ('bf16' if has_bfloat16() else 'no')


def has_bfloat16(processor: Path = Path('/proc/cpuinfo')) -> bool:
    """Return whether the GPU, or without one the processor, multiplies in bfloat16."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    try:
        words = processor.read_text().split()
    except OSError:
        return False
    return any(flag in words for flag in FLAGS)

"""The kernels' settings: NaN stays NaN, and a folder that cannot be written is no failure."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from gae_arm.core.jit import kernel

ROOT = Path(__file__).parents[2]


@kernel
def _smallest(values):
    best = np.inf
    for i in range(len(values)):
        if values[i] < best:
            best = values[i]
    return best


@kernel
def _ratio(a, b):
    return a / b


def test_nan_and_zero_mean_what_ieee_754_says():
    assert _smallest(np.array([3.0, np.nan, 2.0])) == 2.0
    assert _ratio(1.0, 0.0) == np.inf
    assert np.isnan(_ratio(0.0, 0.0))


def test_a_kernel_is_kept_on_disk(tmp_path):
    script = write_script(tmp_path / 'module')
    assert run(script, NUMBA_CACHE_DIR=str(tmp_path / 'cache')) == 'hits 0'
    assert list((tmp_path / 'cache').rglob('*.nbc'))
    assert run(script, NUMBA_CACHE_DIR=str(tmp_path / 'cache')) == 'hits 1'


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write everywhere')
def test_without_a_writable_folder_it_is_compiled_in_memory(tmp_path):
    script = write_script(tmp_path / 'module')
    script.parent.chmod(0o555)
    try:
        assert run(script, HOME='/nonexistent', XDG_CACHE_HOME='/nonexistent') == 'hits 0'
    finally:
        script.parent.chmod(0o755)


def test_no_place_for_a_cache_is_no_failure(tmp_path, monkeypatch):
    from numba.core import caching

    monkeypatch.setattr(caching.CacheImpl, '_locator_classes', [])
    assert kernel(lambda x: x + 1)(2) == 3


def write_script(folder):
    folder.mkdir()
    script = folder / 'kernels.py'
    script.write_text(
        textwrap.dedent("""
        from gae_arm.core.jit import kernel

        @kernel
        def double(x):
            return 2 * x

        assert double(21) == 42
        print('hits', sum(getattr(double, 'stats').cache_hits.values()))
        """)
    )
    return script


def run(script, **environment):
    clean = {k: v for k, v in os.environ.items() if k not in ('NUMBA_CACHE_DIR', 'XDG_CACHE_HOME')}
    done = subprocess.run(
        [sys.executable, str(script)],
        env={
            **clean,
            'PYTHONPATH': f'{ROOT}{os.pathsep}{clean.get("PYTHONPATH", "")}',
            **environment,
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()

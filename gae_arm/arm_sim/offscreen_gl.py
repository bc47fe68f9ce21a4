"""OpenGL for MuJoCo without a display: by EGL (a GPU, or Mesa in software), else by OSMesa.

mujoco's Python package binds one backend when it is imported, from MUJOCO_GL, and for Linux its
default needs an X display. `mujoco.egl` and `mujoco.osmesa` can still be imported later, and are
here; but PyOpenGL below them binds its platform once per process. So a backend is tried in a
process of its own before this one commits to it.
"""

from __future__ import annotations

import atexit
import importlib
import os
import subprocess
import sys
import threading
import warnings

import mujoco

from gae_arm.core.errors import MissingDependencyError

PACKAGES = {'egl': 'libegl1', 'osmesa': 'libosmesa6'}
PROBE_TIMEOUT_S = 60.0
_PROBE = """
import mujoco, mujoco.{backend} as backend
context = backend.GLContext(8, 8)
context.make_current()
mujoco.MjrContext(mujoco.MjSpec().compile(), 100).free()
context.free()
"""


def choose_gl_backend() -> str:
    """Return the backend for this process and its children, 'egl' or 'osmesa'.

    MUJOCO_GL decides if it names one of them. Otherwise the first that works is taken, which takes
    half a second, and MUJOCO_GL is set to it: MuJoCo's own loader and child processes read it.
    Raises MissingDependencyError when none works. Warns when it has to be OSMesa.
    """
    chosen = os.environ.get('MUJOCO_GL', '').strip().lower()
    if chosen in PACKAGES:
        return chosen
    failures: dict[str, str] = {}
    for backend in PACKAGES:
        failure = _probe(backend)
        if failure is None:
            if failures:
                warnings.warn(
                    f'EGL does not work here ({failures["egl"]}); rendering with OSMesa. For EGL: '
                    f'sudo apt install {PACKAGES["egl"]}',
                    RuntimeWarning,
                    stacklevel=2,
                )
            os.environ['MUJOCO_GL'] = backend
            return backend
        failures[backend] = failure
    raise _no_opengl(', '.join(f'{name}: {reason}' for name, reason in failures.items()))


def _probe(backend: str) -> str | None:
    """Return None if the backend renders in a process of its own, else why not."""
    try:
        subprocess.run(
            [sys.executable, '-c', _PROBE.format(backend=backend)],
            check=True,
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT_S,
            env={**os.environ, 'MUJOCO_GL': backend},
        )
    except subprocess.TimeoutExpired:
        return f'no answer within {PROBE_TIMEOUT_S:.0f} s'
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines()
        return lines[-1] if lines else f'ended with code {error.returncode}'
    return None


def _no_opengl(reason: str) -> MissingDependencyError:
    return MissingDependencyError(
        f'no offscreen OpenGL ({reason}); install one: sudo apt install {PACKAGES["egl"]} '
        f'(or {PACKAGES["osmesa"]})'
    )


class OffscreenContext:
    """An OpenGL context without a window, and MuJoCo's render context of one model at a time in it.

    It belongs to the thread that makes it: only there may it be used and closed, and that thread
    ends before the process does. The main thread's are closed at exit at the latest. Raises
    MissingDependencyError.
    """

    def __init__(self, model: mujoco.MjModel, width: int, height: int) -> None:
        backend = choose_gl_backend()
        try:
            self._gl = importlib.import_module(f'mujoco.{backend}').GLContext(width, height)
            self._gl.make_current()
            self.mjr = _render_context(model)
        except Exception as error:  # PyOpenGL's own errors cannot be named without importing it.
            raise _no_opengl(f'{backend}: {error}') from error
        self._thread = threading.get_ident()
        # After mujoco's own hook, so it runs before that one terminates EGL.
        atexit.register(self._close_at_exit)

    def make_current(self) -> None:
        """Send this thread's OpenGL calls here; needed before each use."""
        if self._gl is None:
            raise RuntimeError('the OpenGL context is closed')
        if threading.get_ident() != self._thread:
            raise RuntimeError('an OpenGL context is used in a thread that did not make it')
        self._gl.make_current()

    def load(self, model: mujoco.MjModel) -> None:
        """Replace the model: 15 ms, where a new OpenGL context takes 500."""
        self.make_current()
        self.mjr.free()
        self.mjr = _render_context(model)

    def close(self) -> None:
        """Free the OpenGL objects; again is fine."""
        if self._gl is None:
            return
        self.make_current()
        self.mjr.free()
        self._gl.free()
        self._gl = None
        atexit.unregister(self._close_at_exit)

    def _close_at_exit(self) -> None:
        if threading.get_ident() == self._thread:
            self.close()


def _render_context(model: mujoco.MjModel) -> mujoco.MjrContext:
    context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
    context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
    return context

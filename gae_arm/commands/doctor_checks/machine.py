"""The machine: Python, packages, memory for images, real-time priority, offscreen rendering."""

from __future__ import annotations

import os
import platform
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from gae_arm.commands.doctor_checks.finding import Finding, Level, judge, ok
from gae_arm.core.paths import share_folder

PYTHONS = ((3, 11), (3, 13))
SHARED_MEMORY_MB = 512
FREE_DISK_MB = 1000
RENDER_PROGRAM = """
import time
import mujoco
model = mujoco.MjModel.from_xml_string('<mujoco><worldbody><geom size="1"/></worldbody></mujoco>')
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
with mujoco.Renderer(model, 240, 320) as renderer:
    renderer.update_scene(data)
    renderer.render()
    start = time.perf_counter()
    renderer.render()
    print(f'{(time.perf_counter() - start) * 1e3:.0f}')
"""


def check_machine() -> Iterator[Finding]:
    """Yield what the machine itself tells, without ROS."""
    yield _python()
    yield from _packages()
    yield _shared_memory()
    yield _disk()
    yield _real_time()
    yield _rendering()


def _python() -> Finding:
    version = sys.version_info[:2]
    return judge(
        'python',
        PYTHONS[0] <= version <= PYTHONS[1],
        f'{platform.python_implementation()} {platform.python_version()}, {platform.machine()}',
        'use CPython 3.11, 3.12 or 3.13: set GAE_PYTHON, remove .venv, then ./gae setup',
    )


def _packages() -> Iterator[Finding]:
    """Compare what is installed with requirements/run.txt, where the checkout is at hand."""
    pins = share_folder() / 'requirements' / 'run.txt'
    if not pins.is_file():
        return
    wanted = re.findall(r'^([\w-]+)==([\w.]+)', pins.read_text(), re.MULTILINE)
    wrong = []
    for name, version in wanted:
        try:
            have = metadata.version(name)
        except metadata.PackageNotFoundError:
            have = 'nothing'
        if have != version:
            wrong.append(f'{name} {version} is pinned, {have} is installed')
    yield judge(
        'packages',
        not wrong,
        '; '.join(wrong) or f'{len(wanted)} packages as pinned',
        f'pip install -r {pins}   (or ./gae setup)',
        Level.WARNING,
    )


def _shared_memory() -> Finding:
    folder = Path('/dev/shm')
    free = shutil.disk_usage(folder).free // 2**20 if folder.is_dir() else 0
    return judge(
        'shared memory',
        free >= SHARED_MEMORY_MB,
        f'{free} MB free in /dev/shm',
        f'{SHARED_MEMORY_MB} MB are needed for images between processes: enlarge it (docker run '
        '--shm-size=2g), or remove what dead processes left (fastdds shm clean)',
        Level.WARNING,
    )


def _disk() -> Finding:
    free = shutil.disk_usage(Path.home()).free // 2**20
    return judge(
        'disk', free >= FREE_DISK_MB, f'{free} MB free in the home folder', 'make room',
        Level.WARNING,
    )  # fmt: skip


def _real_time() -> Finding:
    limit = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    allowed = os.geteuid() == 0 or limit != 0
    return judge(
        'real-time priority',
        allowed,
        'may be used' if allowed else 'may not be used',
        'not needed, but it steadies the command stream: add "@realtime - rtprio 90" and '
        '"@realtime - memlock unlimited" to /etc/security/limits.conf, join that group, log in',
        Level.WARNING,
    )


def _rendering() -> Finding:
    """Render offscreen in a process of its own: a broken driver may take its process along."""
    failed: list[str] = []
    for backend in ('egl', 'osmesa'):
        environment = os.environ | {'MUJOCO_GL': backend}
        done = subprocess.run(
            [sys.executable, '-c', RENDER_PROGRAM],
            env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            text = f'{backend}, a 320x240 image in {done.stdout.strip()} ms'
            if not failed:
                return ok('rendering', text)
            return Finding(
                Level.WARNING, 'rendering', f'{text}; {"; ".join(failed)}',
                'apt-get install libegl1 libegl-mesa0   (faster than OSMesa)',
            )  # fmt: skip
        failed.append(f'{backend}: {(done.stderr.strip().splitlines() or ["died"])[-1]}')
    return Finding(
        Level.FAILURE, 'rendering', '; '.join(failed),
        'apt-get install libegl1 libegl-mesa0 libopengl0; without it there is no simulated camera',
    )  # fmt: skip

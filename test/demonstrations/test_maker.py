"""Making episodes in parallel: it resumes, counts, repairs, and ends cleanly."""

import errno
import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from made_episodes import (
    episode,
    make_and_die,
    make_or_refuse,
    make_small,
    make_with_a_mistake,
)

from gae_arm.core.errors import ConfigError, GaeError
from gae_arm.demonstrations import atomic
from gae_arm.demonstrations.atomic import DiskFullError
from gae_arm.demonstrations.dataset import Dataset
from gae_arm.demonstrations.episode_file import StoredEpisode
from gae_arm.demonstrations.maker import make_dataset

RECIPE = {'generator': 'made by hand'}


def stored_bytes(folder):
    return {p.name: p.read_bytes() for p in folder.rglob('*.safetensors')}


def test_processes_make_what_one_makes(tmp_path):
    one = make_dataset(tmp_path / 'one', make_small, range(8), RECIPE, workers=0)
    two = make_dataset(tmp_path / 'two', make_small, range(8), RECIPE, workers=2)
    assert (one.made, one.failed) == (two.made, two.failed) == (6, 2)
    assert stored_bytes(tmp_path / 'one') == stored_bytes(tmp_path / 'two')
    meta = json.loads((tmp_path / 'two/meta.json').read_text())
    assert (meta['episodes'], meta['failures']) == (6, {'dropped': 2})
    failures = Dataset.open(tmp_path / 'two').failures()
    assert sorted(failures) == [3, 7]
    assert failures[3].message == 'the cube of scene 3 fell'


def test_it_goes_on_where_it_stopped(tmp_path):
    make_dataset(tmp_path / 'd', make_small, range(4), RECIPE, workers=0)
    before = stored_bytes(tmp_path / 'd')
    (tmp_path / 'd/episodes/00000/x.safetensors.1.unfinished').write_bytes(b'half')
    tried, told = [], []
    done = make_dataset(
        tmp_path / 'd',
        lambda seed: tried.append(seed) or make_small(seed),
        range(6),
        RECIPE,
        workers=0,
        report=lambda progress, message: told.append((progress.done, message)),
    )
    assert tried == [4, 5]
    assert (done.there, done.failed_before, done.made, done.done) == (3, 1, 2, 6)
    assert before.items() <= stored_bytes(tmp_path / 'd').items()
    assert not list(tmp_path.rglob('*.unfinished'))
    assert told == [(4, ''), (5, ''), (6, '')]


def test_corrupt_episodes_are_made_again(tmp_path):
    make_dataset(tmp_path / 'd', make_small, range(3), RECIPE, workers=0)
    before = stored_bytes(tmp_path / 'd')
    path = Dataset.open(tmp_path / 'd').paths[1]
    path.write_bytes(path.read_bytes()[:-7])
    told = []
    done = make_dataset(
        tmp_path / 'd',
        make_small,
        range(3),
        RECIPE,
        0,
        report=lambda p, message: told.append(message),
    )
    assert (done.there, done.made, done.remade) == (2, 1, 1)
    assert f'{path} is corrupt' in told[0]
    assert stored_bytes(tmp_path / 'd') == before


def test_a_refused_scene_is_counted_a_mistake_is_raised(tmp_path):
    done = make_dataset(tmp_path / 'a', make_or_refuse, range(3), RECIPE, workers=0)
    assert (done.made, done.failed) == (2, 1)
    failure = Dataset.open(tmp_path / 'a').failures()[1]
    assert (failure.cause, failure.message) == ('InvalidValueError', 'no room in scene 1')
    with pytest.raises(ZeroDivisionError) as raised:
        make_dataset(tmp_path / 'b', make_with_a_mistake, [0, 2], RECIPE, workers=1)
    assert raised.value.__notes__ == ['while making the episode of seed 2']


def test_a_worker_that_dies(tmp_path):
    with pytest.raises(GaeError, match='a worker process ended by itself, as when memory runs out'):
        make_dataset(tmp_path / 'd', make_and_die, range(3), RECIPE, workers=1)


def test_another_recipe_is_refused(tmp_path):
    make_dataset(tmp_path / 'd', make_small, range(1), RECIPE, workers=0)
    with pytest.raises(ConfigError, match="generator is 'made by hand' there, 'other' now"):
        make_dataset(tmp_path / 'd', make_small, range(1), {'generator': 'other'}, workers=0)


def test_a_full_disk_ends_it_and_it_resumes(tmp_path, monkeypatch):
    written = []

    def fsync(descriptor):
        written.append(descriptor)
        if len(written) > 6:
            raise OSError(errno.ENOSPC, 'No space left on device')

    with monkeypatch.context() as patched:
        patched.setattr(atomic.os, 'fsync', fsync)
        with pytest.raises(DiskFullError, match=r'no room for .*No space left on device'):
            make_dataset(tmp_path / 'd', make_small, range(6), RECIPE, workers=0)
    assert not list(tmp_path.rglob('*.unfinished'))
    kept = len(Dataset.open(tmp_path / 'd'))
    assert 0 < kept < 5
    done = make_dataset(tmp_path / 'd', make_small, range(6), RECIPE, workers=0)
    assert (done.there, done.made + done.failed + done.failed_before) == (kept, 6 - kept)


FULL = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from made_episodes import make_small
from gae_arm.demonstrations.atomic import DiskFullError
from gae_arm.demonstrations.maker import make_dataset
if __name__ == '__main__':
    try:
        make_dataset(Path(sys.argv[1]) / 'd', make_small, range(200), {}, workers=2)
    except DiskFullError as error:
        print('full:', error)
    left = sorted(p.suffix for p in Path(sys.argv[1]).rglob('*') if p.is_file())
    print(left)
"""


def test_a_disk_that_is_really_full(tmp_path):
    """A file system of 400 kB, made in a namespace of its own."""
    script = tmp_path / 'full.py'
    script.write_text(FULL)
    disk = tmp_path / 'disk'
    disk.mkdir()
    mount = ['unshare', '-Urm', 'sh', '-c']
    try:
        probe = subprocess.run(
            [*mount, f'mount -t tmpfs -o size=400k none {disk}'], capture_output=True, text=True
        )
    except FileNotFoundError:
        pytest.skip('unshare is not there')
    if probe.returncode:
        pytest.skip(f'no file system of our own here: {probe.stderr.strip()}')
    run = f'{sys.executable} {script} {disk} {Path(__file__).parent}'
    command = f'mount -t tmpfs -o size=400k none {disk} && {run}'
    done = subprocess.run([*mount, command], capture_output=True, text=True, timeout=120)
    assert done.stdout.startswith('full: no room for'), done.stderr
    assert '.unfinished' not in done.stdout
    assert '.safetensors' in done.stdout


STOPPED = """
import sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from made_episodes import make_small
from gae_arm.demonstrations.maker import make_dataset

def slow(seed):
    time.sleep(0.05)
    return make_small(seed)

if __name__ == '__main__':
    try:
        make_dataset(Path(sys.argv[1]), slow, range(100_000), {}, workers=2)
    except KeyboardInterrupt:
        print('stopped')
"""


def test_ctrl_c_keeps_what_is_made(tmp_path):
    script = tmp_path / 'stopped.py'
    script.write_text(STOPPED)
    child = subprocess.Popen(
        [sys.executable, script, tmp_path / 'd', Path(__file__).parent],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        while child.poll() is None and len(list((tmp_path / 'd').rglob('*.safetensors'))) < 3:
            os.sched_yield()
        # As the terminal does: to every process of the group.
        os.killpg(child.pid, signal.SIGINT)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()
    assert out == 'stopped\n', err
    assert 'Traceback' not in err
    assert not list(tmp_path.rglob('*.unfinished'))
    dataset = Dataset.open(tmp_path / 'd')
    assert len(list(dataset.verified())) == len(dataset) >= 3
    assert json.loads((tmp_path / 'd/meta.json').read_text())['episodes'] == len(dataset)


def test_a_file_that_cannot_be_written_is_no_full_disk(tmp_path):
    dataset = Dataset.create(tmp_path / 'd', {})
    (tmp_path / 'd/episodes').write_text('a file where a folder should be')
    with pytest.raises(ConfigError, match='cannot be written'):
        dataset.add(0, episode(images=False))


def test_the_generator_may_be_a_partial(tmp_path):
    make = partial(episode, images=False, clouds=False)
    make_dataset(tmp_path / 'd', make, [2], RECIPE, workers=1)
    assert StoredEpisode(Dataset.open(tmp_path / 'd').paths[2]).words['seed'] == 2

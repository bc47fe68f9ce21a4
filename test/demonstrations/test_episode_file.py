"""Episodes on disk: what comes back, and what is noticed when a file is not whole."""

import contextlib
import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_episodes import episode
from safetensors import safe_open

from gae_arm.core.errors import ConfigError
from gae_arm.demonstrations.dataset import Dataset
from gae_arm.demonstrations.episode import Episode
from gae_arm.demonstrations.episode_file import (
    CorruptEpisodeError,
    StoredEpisode,
    verify,
    write_episode,
)
from gae_arm.demonstrations.images import ImageCoding

PNG = ImageCoding(color='png')


def same_but_rounded(loaded: Episode, written: Episode):
    for field in dataclasses.fields(Episode):
        a, b = getattr(loaded, field.name), getattr(written, field.name)
        if field.name == 'objects' and b is not None:
            assert a.names == b.names
            np.testing.assert_array_equal(a.position, b.position.astype(np.float32))
        elif isinstance(b, np.ndarray) and b.dtype == np.float64:
            np.testing.assert_array_equal(a, b.astype(np.float32))
        elif isinstance(b, np.ndarray):
            np.testing.assert_array_equal(a, b)
        else:
            assert a == b, field.name


@pytest.fixture
def written(tmp_path):
    made = episode()
    return made, write_episode(tmp_path, 12, made, PNG)


def test_all_of_it_comes_back(written):
    made, path = written
    assert path.name.startswith('00000012-')
    verify(path)
    loaded = StoredEpisode(path).load()
    same_but_rounded(loaded, made)
    assert loaded.cameras == made.cameras


def test_little_of_it_comes_back(tmp_path):
    made = dataclasses.replace(
        episode(images=False, clouds=False), objects=None, keyframes=(), seed=None, success=None
    )
    same_but_rounded(StoredEpisode(write_episode(tmp_path, 0, made, PNG)).load(), made)


def test_writing_again_what_was_read_changes_nothing(written, tmp_path):
    _, path = written
    again = write_episode(tmp_path / 'again', 12, StoredEpisode(path).load(), PNG)
    assert again.name == path.name
    assert again.read_bytes() == path.read_bytes()


def test_the_library_of_the_format_reads_it(written):
    made, path = written
    with safe_open(path, 'np') as file:
        assert set(file.keys()) == set(StoredEpisode(path).tensors)
        np.testing.assert_array_equal(file.get_tensor('position'), made.position.astype('f4'))
        assert json.loads(file.metadata()['episode'])['instruction'] == made.instruction


def test_images_and_clouds_without_the_rest(written):
    made, path = written
    stored = StoredEpisode(path)
    camera = stored.cameras['camera']
    np.testing.assert_array_equal(camera.color(3), made.cameras[0].color[3])
    np.testing.assert_array_equal(camera.depth(3), made.cameras[0].depth[3])
    np.testing.assert_array_equal(camera.T_base_camera, made.cameras[0].T_base_camera)
    np.testing.assert_array_equal(stored.clouds.cloud(4), made.clouds.cloud(4))
    assert not stored.clouds.points.flags.writeable


def test_jpeg_is_smaller_and_near(tmp_path):
    made = episode()
    small = write_episode(tmp_path, 1, made, ImageCoding(color='jpeg', quality=92))
    camera = StoredEpisode(small).cameras['camera']
    off = np.abs(camera.color(0).astype(int) - made.cameras[0].color[0])
    assert off.mean() < 5
    np.testing.assert_array_equal(camera.depth(0), made.cameras[0].depth[0])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_flipped_bit_and_no_lost_byte_goes_unnoticed(tmp_path_factory, data):
    path = _one_file(tmp_path_factory)
    whole = path.read_bytes()
    changed = bytearray(whole)
    if data.draw(st.booleans()):
        changed[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del changed[data.draw(st.integers(0, len(whole) - 1)) :]
    broken = path.with_name(f'broken-{path.name}')
    broken.write_bytes(changed)
    broken = broken.rename(path.parent / 'b' / path.name)
    with pytest.raises(CorruptEpisodeError, match=r'is corrupt|cannot be read'):
        verify(broken)
    # Without a look at the checksum it is either read, or refused in a sentence: nothing else.
    with contextlib.suppress(CorruptEpisodeError):
        StoredEpisode(broken).load()


_files = {}


def _one_file(factory):
    if not _files:
        folder = factory.mktemp('flip')
        (folder / 'b').mkdir()
        _files[0] = write_episode(folder, 3, episode(clouds=False), PNG)
    return _files[0]


def test_a_data_set_lists_counts_and_skips(tmp_path):
    dataset = Dataset.create(tmp_path / 'd', {'task': 'place'})
    for number in (0, 1, 1001):
        dataset.add(number, episode(number, images=False))
    dataset.write_meta()
    assert (tmp_path / 'd/episodes/00001').is_dir()
    path = dataset.paths[1]
    path.write_bytes(path.read_bytes()[:-1])
    (path.parent / 'x.safetensors').write_bytes(b'')
    opened = Dataset.open(tmp_path / 'd')
    assert list(opened.paths) == [0, 1, 1001]
    assert opened.problems == ["'x.safetensors' is no name of an episode"]
    assert [stored.words['seed'] for stored in opened.verified()] == [0, 1001]
    assert f'{path} is corrupt' in opened.problems[1]
    meta = json.loads((tmp_path / 'd/meta.json').read_text())
    assert (meta['episodes'], meta['recipe']) == (3, {'task': 'place'})
    with pytest.raises(ConfigError, match=r'has no episode 7; there are: \[0, 1001\]'):
        opened.stored(7)


def test_a_data_set_has_one_recipe(tmp_path):
    Dataset.create(tmp_path / 'd', {'task': 'place', 'noise': 0.1})
    Dataset.create(tmp_path / 'd', {'noise': 0.1, 'task': 'place'})
    with pytest.raises(ConfigError, match=r'another recipe: noise is 0\.1 there, 0\.2 now'):
        Dataset.create(tmp_path / 'd', {'task': 'place', 'noise': 0.2})


def test_what_is_no_data_set(tmp_path):
    with pytest.raises(ConfigError, match=r'is no data set: it has no meta\.json'):
        Dataset.open(tmp_path)
    (tmp_path / 'f').write_text('')
    with pytest.raises(ConfigError, match='is no data set and not empty'):
        Dataset.create(tmp_path, {})
    (tmp_path / 'meta.json').write_text('{"format": "gae demonstrations", "version": 2}')
    with pytest.raises(ConfigError, match=r"\('gae demonstrations', 2\), this program reads"):
        Dataset.open(tmp_path)
    (tmp_path / 'meta.json').write_text('{')
    with pytest.raises(ConfigError, match=r'meta\.json cannot be read'):
        Dataset.open(tmp_path)

"""A data set that was begun in vain is not left behind; one that was there is."""

import pytest

from gae_arm.commands.begun_dataset import begun_dataset
from gae_arm.core.errors import ConfigError
from gae_arm.demonstrations.dataset import Dataset

RECIPE = {'import': 'nothing'}


def begin_in_vain(folder):
    with pytest.raises(ConfigError, match='nothing in it'), begun_dataset(folder, RECIPE):
        raise ConfigError('nothing in it')


def test_a_new_one_is_gone(tmp_path):
    begin_in_vain(tmp_path / 'set')
    assert not (tmp_path / 'set').exists()


def test_a_folder_that_was_there_stays_empty(tmp_path):
    begin_in_vain(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_that_was_there_stays_as_it_was(tmp_path):
    Dataset.create(tmp_path / 'set', RECIPE)
    begin_in_vain(tmp_path / 'set')
    assert len(Dataset.open(tmp_path / 'set')) == 0


def test_what_does_not_fit_is_not_touched(tmp_path):
    (tmp_path / 'notes.txt').write_text('mine')
    with (
        pytest.raises(ConfigError, match='is no data set and not empty'),
        begun_dataset(tmp_path, RECIPE),
    ):
        pass
    assert (tmp_path / 'notes.txt').read_text() == 'mine'

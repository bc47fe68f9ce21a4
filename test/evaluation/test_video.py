"""Pictures become files that can be played; a film does not change what it shows."""

import importlib.util

import numpy as np
import pytest
from PIL import Image

from gae_arm.core.errors import ConfigError, InvalidValueError, MissingDependencyError
from gae_arm.evaluation.caption import CAPTION, LAST_SECONDS, RATE
from gae_arm.evaluation.film import HEIGHT, WIDTH, film_trial
from gae_arm.evaluation.trial import Trial, run_trial
from gae_arm.evaluation.video import check_video, open_video


def pictures(count):
    for k in range(count):
        yield Image.fromarray(np.full((63, 81, 3), 40 + 10 * k, np.uint8))


def test_a_gif_has_every_second_picture(tmp_path):
    path = tmp_path / 'film.gif'
    video = open_video(path, 15)
    for picture in pictures(7):
        video.add(picture)
    video.close()
    with Image.open(path) as gif:
        assert (gif.n_frames, gif.info['duration']) == (4, 130)


def test_an_mp4_has_every_picture_in_its_colours(tmp_path):
    av = pytest.importorskip('av')
    path = tmp_path / 'film.mp4'
    video = open_video(path, 15)
    for picture in pictures(9):
        video.add(picture)
    video.close()
    with av.open(str(path)) as file:
        frames = [frame.to_ndarray(format='rgb24') for frame in file.decode(video=0)]
    assert [frame.shape for frame in frames] == [(62, 80, 3)] * 9
    assert [frame.mean() for frame in frames] == pytest.approx(
        [40 + 10 * k for k in range(9)], abs=4
    )


def test_what_cannot_be_written_is_said_before_anything_runs(tmp_path, monkeypatch):
    with pytest.raises(InvalidValueError, match=r"'\.avi' is unknown; there are: .*gif.*mp4"):
        check_video(tmp_path / 'film.avi')
    with pytest.raises(ConfigError, match='there is no folder'):
        check_video(tmp_path / 'nowhere' / 'film.gif')
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(MissingDependencyError, match='pip install av=='):
        check_video(tmp_path / 'film.mp4')


@pytest.mark.camera
def test_a_film_changes_nothing_and_ends_with_the_outcome():
    trial = Trial('press_button', 2, ranges='training')
    seen = []
    filmed = film_trial(trial, seen.append)
    assert filmed == run_trial(trial).outcome
    assert {picture.size for picture in seen} == {(WIDTH, HEIGHT + CAPTION)}
    assert len(seen) == pytest.approx((filmed.seconds + LAST_SECONDS) * RATE, abs=2)
    assert np.asarray(seen[-1]).tobytes() == np.asarray(seen[-2]).tobytes()
    assert np.asarray(seen[0]).std() > 10

"""Fine-tuning end to end: demonstrations in, an adapter out that `gae plan` takes as a model."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('torch')
pytest.importorskip('peft')
pytest.importorskip('accelerate')
sys.path.insert(0, str(Path(__file__).parents[1] / 'demonstrations'))
import made_episodes
import tiny_models
from accelerate.state import AcceleratorState
from safetensors.torch import load_file
from two_processes import losses_of_two

from gae_arm.commands import main
from gae_arm.commands.trainings.tuning import sample_of
from gae_arm.core.errors import ConfigError
from gae_arm.core.geometry import invert
from gae_arm.demonstrations.dataset import Dataset
from gae_arm.demonstrations.keyframes import plan_of
from vla_planner.backends.hf import HfBackend
from vla_planner.formats.registry import find_format
from vla_planner.profile import find_profile
from vla_planner.prompts import load_prompts
from vla_planner.training.tune import ADAPTER, TuneRun, TuneSettings


@pytest.fixture(scope='module')
def base(tmp_path_factory):
    return tiny_models.llava(tmp_path_factory.mktemp('models') / 'llava')


@pytest.fixture(autouse=True)
def _own_precision():
    """accelerate keeps the precision of its first user for the whole process."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def test_a_demonstration_teaches_its_keyframes_as_the_camera_sees_them():
    episode = made_episodes.episode()
    sample = sample_of(episode)
    camera = episode.cameras[0]
    height, width = camera.size
    form = find_format('ours')
    sketch = form.read(sample.answer, (width, height), form.scale)
    plan = plan_of(episode, invert(camera.T_base_camera[0]), camera.frame_id)
    assert len(sketch.strokes) == len(plan.waypoints)
    K = camera.intrinsics.K
    for stroke, waypoint in zip(sketch.strokes, plan.waypoints, strict=True):
        u, v, one = K @ waypoint.position / waypoint.position[2]
        assert stroke.place * [width, height] - 0.5 == pytest.approx(np.array([u, v]), abs=0.06)
        assert stroke.depth == pytest.approx(waypoint.position[2], abs=1e-3)
        assert one == 1
    assert {'close', 'open'} <= {w.get('gripper') for w in json.loads(sample.answer)['waypoints']}
    assert sample.instruction == episode.instruction


@pytest.mark.parametrize('change', [{'success': False}, {'cameras': ()}, {'instruction': ''}])
def test_what_teaches_nothing_is_left_out(change):
    assert sample_of(dataclasses.replace(made_episodes.episode(), **change)) is None


def test_the_loss_falls_and_only_the_adapter_learns(base, tmp_path):
    profile, folder = find_profile(str(base))
    profile = dataclasses.replace(profile, dtype='float32')
    settings = TuneSettings(steps=20, batch=1, rate=3e-2, rank=8)
    sample = sample_of(made_episodes.episode())
    run = TuneRun(tmp_path, profile, load_prompts(profile, folder), [sample], settings)
    losses = list(run.train())
    run.export()
    assert losses[-1] < 0.8 * losses[0]
    assert sorted(p.name for p in tmp_path.glob('*.safetensors')) == [ADAPTER]
    tuned, _ = find_profile(str(tmp_path))
    assert (tuned.model, tuned.format) == (str(base), 'ours')
    backend, plain = HfBackend(tuned), HfBackend(profile)
    weights = zip(backend.model.parameters(), plain.model.parameters(), strict=True)
    assert any((a - b).abs().max() > 1e-3 for a, b in weights)


def begun(base, folder, steps, **settings):
    """Return a run on two demonstrations, in batches of two."""
    profile, prompts = find_profile(str(base))
    profile = dataclasses.replace(profile, dtype='float32')
    samples = [sample_of(made_episodes.episode(seed)) for seed in (0, 1)]
    settings = TuneSettings(steps, batch=2, rate=1e-2, rank=2, **settings)
    return TuneRun(folder, profile, load_prompts(profile, prompts), samples, settings)


def tuned(*args, **settings):
    """Return the adapter that a run ends with."""
    run = begun(*args, **settings)
    list(run.train())
    return load_file(run.checkpoint / ADAPTER)


def test_a_run_that_was_stopped_goes_on_to_the_same_adapter(base, tmp_path):
    at_once = tuned(base, tmp_path / 'at_once', 4)
    tuned(base, tmp_path / 'twice', 2)
    resumed = tuned(base, tmp_path / 'twice', 4)
    assert all(bool((value == at_once[name]).all()) for name, value in resumed.items())
    with pytest.raises(ConfigError, match='run seed 0, now 3'):
        tuned(base, tmp_path / 'twice', 4, seed=3)


TWO = """
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
from test_tune import begun
def main():
    run = begun({base!r}, Path({out!r}), 2)
    losses = list(run.train())
    run.export()
    if run.is_main:
        print('losses', *losses)
main()
"""


def test_two_processes_share_a_batch(base, tmp_path):
    out, paths = tmp_path / 'two', [str(Path(__file__).parents[i]) for i in (0, 1)]
    out.mkdir()
    script = tmp_path / 'two.py'
    script.write_text(TWO.format(paths=paths, base=str(base), out=str(out)))
    alone = list(begun(base, tmp_path / 'one', 2).train())
    np.testing.assert_allclose(losses_of_two(script), alone, rtol=1e-4)


def test_the_verb_tunes_on_a_folder_of_demonstrations(base, tmp_path, capsys):
    data = Dataset.create(tmp_path / 'data', {'made': 'by a test'})
    data.add(0, made_episodes.episode())
    words = ['--base', base, '--lora', '--data', tmp_path / 'data', '--out', tmp_path / 'out']
    words += ['--steps', '2', '--batch', '1', '--rank', '2']
    assert main.main(['train', 'planner', *map(str, words)]) == 0
    assert '1 samples from' in capsys.readouterr().out
    assert (tmp_path / 'out' / 'planner.yaml').is_file()
    assert (tmp_path / 'out' / 'curve.csv').is_file()


def test_what_is_missing_is_said(base, tmp_path, capsys):
    out = ['--out', str(tmp_path)]
    assert main.main(['train', 'planner', '--base', str(base), *out]) == 1
    assert '--base needs --lora and --data FOLDER' in capsys.readouterr().err
    Dataset.create(tmp_path / 'empty', {})
    words = ['--base', str(base), '--lora', '--data', str(tmp_path / 'empty')]
    assert main.main(['train', 'planner', *words, *out]) == 1
    assert 'no samples to tune on' in capsys.readouterr().err

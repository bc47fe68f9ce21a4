"""Episodes by number, made and recorded, through the verb that people type."""

import json

import numpy as np
import pytest

from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.commands.data_make import rows_of
from gae_arm.commands.main import main
from gae_arm.core.errors import InvalidValueError
from gae_arm.demonstrations.dataset import Dataset
from gae_arm.demonstrations.production import PER_TASK, Production, numbers, task_of


def test_numbers_are_unique_among_tasks_and_tell_task_and_seed():
    made = numbers(TASKS, 5, 3)
    assert len(set(made)) == 3 * len(TASKS)
    assert [task_of(n) for n in made[:2]] == [('pick_up', 5), ('push_to_mark', 5)]
    assert task_of(2 * PER_TASK + 17) == ('press_button', 17)
    with pytest.raises(InvalidValueError, match=r"task 'fly' is unknown; there are: \['drawer_put"):
        numbers(['fly'], 0, 1)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('made') / 'd'
    words = ['data', 'make', str(folder), '--task', 'press_button', '--episodes', '1']
    assert main([*words, '--workers', '0', '--json', str(folder) + '.json']) == 0
    return folder


def test_an_episode_has_all_that_training_needs(folder):
    episode = Dataset.open(folder).stored(2 * PER_TASK).load()
    assert (episode.task, episode.seed, episode.success) == ('press_button', 0, True)
    assert episode.source == 'demonstrator'
    same_plan = np.diff(episode.plans.plan_of_step) == 0
    np.testing.assert_array_equal(np.diff(episode.stamps_ns)[same_plan], 60_000_000)
    # What is commanded now is where the arm is a little later.
    behind = np.linalg.norm(episode.action_position[:-4] - episode.position[4:], axis=1)
    assert np.median(behind) < 0.02
    assert episode.keyframes[-1] == episode.steps - 1
    assert 1 <= len(episode.keyframes) <= 6 * len(episode.plans.steps)
    assert episode.clouds.points.dtype == np.float16
    assert np.diff(episode.clouds.starts).min() > 300
    rate = 1e9 / np.median(np.diff(episode.clouds.stamps_ns))
    assert 5 < rate < 15
    camera = episode.camera('camera')
    assert camera.intrinsics is not None
    assert camera.T_base_camera.shape == (1, 4, 4)
    button = episode.objects.names.index(TASKS['press_button'].sample(0).targets[0])
    last = episode.plans.position[-1]
    assert np.linalg.norm((last - episode.objects.position[0, button])[:2]) < 0.01


def test_the_same_number_is_the_same_episode(folder):
    again = Production()(2 * PER_TASK)
    episode = Dataset.open(folder).stored(2 * PER_TASK).load()
    np.testing.assert_allclose(again.action_position, episode.action_position, atol=1e-6)
    assert again.plans.steps.tolist() == episode.plans.steps.tolist()


def test_corrupt_files_are_made_again_and_the_table_counts(folder, capsys):
    path = Dataset.open(folder).paths[2 * PER_TASK]
    raw = bytearray(path.read_bytes())
    raw[-50] ^= 1
    path.write_bytes(raw)
    words = ['data', 'make', str(folder), '--task', 'press_button', '--episodes', '1']
    assert main([*words, '--workers', '0']) == 0
    printed = capsys.readouterr().out
    assert '1 made now (1 of them again), 0 attempts failed' in printed
    assert 'per minute and process' in printed
    row = json.loads((folder.parent / 'd.json').read_text())['rows'][0]
    assert (row['task'], row['successes'], row['rate'], row['causes']) == ('press_button', 1, 1, {})
    assert row['low'] == pytest.approx(0.2065, abs=1e-3)


def test_no_room_is_no_failure_of_the_demonstrator(tmp_path):
    dataset = Dataset.create(tmp_path / 'd', {})
    entries = [{'number': n, 'cause': c, 'message': ''} for n, c in ((0, 'no scene'), (1, 'stuck'))]
    (tmp_path / 'd/failures.jsonl').write_text('\n'.join(map(json.dumps, entries)))
    row = rows_of(dataset, [0, 1, 2])[0]
    assert (row['episodes'], row['successes'], row['rate']) == (1, 0, 0)
    assert row['causes'] == {'no scene': 1, 'stuck': 1}


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--task', 'fly'], "task 'fly' is unknown; there are: ['drawer_put_away', 'open_drawer'"),
        (['--arm', 'octopus'], "octopus.yaml; in that folder there are: ['panda', 'ur5', 'xarm7']"),
        (['--episodes', '0'], 'episodes is 0, allowed is 1 to 1000000'),
        (['--held-out'], "ranges is 'training' there, 'held_out' now"),
    ],
)
def test_bad_input_is_one_sentence(folder, capsys, words, message):
    assert main(['data', 'make', str(folder), *words]) == 1
    assert message in capsys.readouterr().err

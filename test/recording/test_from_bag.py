"""A recording of an arm becomes episodes with keyframes and clouds."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from made_bag import INTRINSICS, MS, START_NS, T_BASE_CAMERA, MadeStack, plan_at

from gae_arm.arm_control.kinematics import Kinematics
from gae_arm.commands import main
from gae_arm.commands.replay_diff import cloud_maker
from gae_arm.core.arm import load_arm
from gae_arm.core.errors import ConfigError
from gae_arm.core.paths import arm_file
from gae_arm.demonstrations.dataset import Dataset, Failure
from gae_arm.demonstrations.windows import Windows, WindowSettings
from gae_arm.recording.bag_episode_settings import BagEpisodeSettings
from gae_arm.recording.bag_episodes import SIGHTS, WORDS, episodes_of
from gae_arm.recording.bag_reader import open_bag
from gae_arm.recording.rerun.memory import BagMemory
from gae_arm.recording.said import DecodedBag
from gae_arm.recording.segments import Segment, find_segments, trimmed
from gae_arm.recording.signals import gather
from gae_arm.ros import topics
from gae_arm.ros.bag_decoding import decode

ARM = load_arm(arm_file('panda'))


@functools.cache
def maker():
    """Made once: its mask takes a second."""
    return cloud_maker(ARM, {'voxel_size': 0.02})


def outcomes(folder, arm=ARM, **settings):
    bag = open_bag(folder)
    words, sights = (DecodedBag(bag, decode, wanted, {}) for wanted in (WORDS, SIGHTS))
    rules = BagEpisodeSettings(**settings)
    return list(episodes_of(words, sights, arm, maker(), BagMemory(), rules))


@pytest.fixture(scope='module')
def episode(stack_bag):
    (one,) = outcomes(stack_bag)
    return one


def test_the_motion_is_that_of_the_joints(episode, stack_bag):
    signals = gather(DecodedBag(open_bag(stack_bag), decode, WORDS, {}), ARM)
    assert episode.instruction == 'put the cube away'
    assert np.allclose(np.diff(episode.stamps_ns), 50 * MS)
    joints = signals.joints_at(episode.stamps_ns)
    np.testing.assert_allclose(episode.joint_position, joints)
    forward = Kinematics(ARM).forward(episode.joint_position[20])
    np.testing.assert_allclose(episode.T_base_ee()[20], forward, atol=1e-9)
    assert episode.gripper[0] == 1.0
    assert episode.gripper.min() < 0.1


def test_actions_are_what_was_commanded(episode):
    """The arm is commanded where it is 10 ms later; the gripper at once, and follows slowly."""
    ahead = np.linalg.norm(episode.action_position - episode.position, axis=1)
    speed = np.linalg.norm(np.gradient(episode.position, 0.05, axis=0), axis=1)
    assert ahead.max() <= 0.02 * speed.max()
    closing = episode.action_gripper < episode.gripper - 0.2
    assert closing.any()
    assert not [note for note in episode.notes if 'next step' in note]


def test_keyframes_are_the_grasp_and_the_end(episode):
    grasp = episode.keyframes[0]
    assert np.linalg.norm(episode.position[grasp] - [0.5, 0.0, 0.1]) < 0.02
    assert episode.keyframes[-1] == episode.steps - 1


def test_clouds_are_the_table_without_the_arm_at_the_stamps_of_the_images(episode):
    camera = episode.camera('camera')
    assert camera.intrinsics == INTRINSICS
    np.testing.assert_allclose(camera.T_base_camera[0], T_BASE_CAMERA, atol=1e-9)
    np.testing.assert_array_equal(camera.stamps_ns, episode.clouds.stamps_ns)
    assert (np.diff(camera.stamps_ns) >= 90 * MS).all()
    assert camera.color.shape[1:] == (48, 64, 3)
    for k in range(len(camera.stamps_ns)):
        cloud = episode.clouds.cloud(k)
        assert len(cloud) > 100
        assert np.abs(cloud[:, 2]).max() < 0.03


def test_without_commands_the_measured_path_ahead_is_the_action(tmp_path):
    stack = MadeStack(
        tmp_path / 'teleop', left_out=(topics.JOINT_TRAJECTORY, topics.GRIPPER_COMMAND)
    )
    stack.instruct('lift it')
    stack.take(plan_at(stack.now_ns, instruction='lift it'))
    stack.run(3.0)
    (one,) = outcomes(stack.close())
    assert one.instruction == 'lift it'
    np.testing.assert_allclose(one.action_position[:-1], one.position[1:])
    assert sum('of the next step' in note for note in one.notes) == 2


def test_a_bag_without_a_camera_gives_motion_alone(tmp_path):
    eyes = (topics.COLOR, topics.DEPTH, topics.CAMERA_INFO)
    stack = MadeStack(tmp_path / 'blind', left_out=eyes)
    stack.take(plan_at(stack.now_ns))
    stack.run(2.0)
    (one,) = outcomes(stack.close())
    assert one.clouds is None
    assert one.cameras == ()
    assert 'no frames of a camera: there are no clouds' in one.notes


def test_images_of_another_camera_are_left_out_and_counted(tmp_path, monkeypatch):
    stack = MadeStack(tmp_path / 'two_cameras')
    stack.take(plan_at(stack.now_ns))
    stack.run(1.0)
    frame = stack.frame

    def narrower():
        K = np.array([[90.0, 0, 31.5], [0, 90.0, 23.5], [0, 0, 1]])
        intrinsics = dataclasses.replace(INTRINSICS, K=K)
        return dataclasses.replace(frame(), intrinsics=intrinsics)

    monkeypatch.setattr(stack, 'frame', narrower)
    stack.run(1.0)
    (one,) = outcomes(stack.close())
    assert one.camera('camera').intrinsics == INTRINSICS
    (note,) = (note for note in one.notes if 'frames left out' in note)
    assert note.endswith('its camera_info is another one than at the beginning')


def test_episodes_are_split_where_something_else_is_asked_for(tmp_path):
    stack = MadeStack(tmp_path / 'several')
    for k, words in enumerate(('first thing', 'second thing')):
        stack.take(plan_at(stack.now_ns, f'plan {k}', words))
        stack.run(1.5)
        stack.take(plan_at(stack.now_ns, f'plan {k} again', words))
        stack.run(1.5)
    folder = stack.close()
    found = outcomes(folder)
    assert [one.instruction for one in found] == ['first thing', 'second thing']
    assert found[0].stamps_ns[-1] <= found[1].stamps_ns[0]
    assert all(one.clouds is not None for one in found)
    (whole,) = outcomes(folder, split='bag', instruction='both')
    assert whole.instruction == 'both'
    assert whole.seconds > found[0].seconds + found[1].seconds - 0.2


def test_sentences_begin_and_end_demonstrations():
    signals = gather_of([(100, 'go'), (200, ''), (300, 'stop'), (350, 'stop'), (400, 'on')])
    assert find_segments(signals) == [
        Segment(100, 200, 'go'),
        Segment(300, 400, 'stop'),
        Segment(400, 1000, 'on'),
    ]
    assert find_segments(signals, 'bag') == [Segment(0, 1000)]
    assert find_segments(gather_of([]), 'auto') == [Segment(0, 1000)]


def gather_of(words):
    from gae_arm.recording.signals import Signals

    times = np.arange(0, 1001, 10)
    none = np.zeros(0)
    return Signals(times, np.zeros((101, 7)), none, none, [], none, none, words)


def test_time_in_which_nothing_moves_is_left_out(stack_bag):
    signals = gather(DecodedBag(open_bag(stack_bag), decode, WORDS, {}), ARM)
    whole = Segment(START_NS, int(signals.times_ns[-1]))
    found = trimmed(whole, signals)
    assert START_NS <= found.start_ns <= START_NS + 150 * MS
    assert found.end_ns < whole.end_ns - 500 * MS
    still = Segment(found.end_ns + 200 * MS, whole.end_ns)
    assert trimmed(still, signals) is None


def test_what_is_too_short_or_has_holes_is_named(stack_bag):
    (failure,) = outcomes(stack_bag, shortest=60.0)
    assert isinstance(failure, Failure)
    assert "demonstration 'put the cube away' has" in failure.message
    (failure,) = outcomes(stack_bag, longest_gap=0.01, trim=False, split='bag', shortest=0.5)[:1]
    assert isinstance(failure, Failure) or failure.steps > 100


def test_another_arm_is_named(stack_bag):
    with pytest.raises(ConfigError, match=r"no joint states of the arm 'ur5'.*panda_joint1"):
        outcomes(stack_bag, arm=load_arm(arm_file('ur5')))


def test_the_verb_makes_a_data_set_that_training_reads(stack_bag, tmp_path, capsys):
    words = ['data', 'from-bag', str(stack_bag), '--out', str(tmp_path / 'set'), '--voxel', '0.02']
    assert main.main(words) == 0
    out = capsys.readouterr().out
    assert "stack: episode 0, 'put the cube away'" in out
    dataset = Dataset.open(tmp_path / 'set')
    assert [stored.path for stored in dataset.verified()]
    windows = Windows(dataset, WindowSettings(horizon=8, keyframes=2))
    assert windows.counts.sum() > 10
    assert main.main(words) == 0
    assert 'stack: in the data set already' in capsys.readouterr().out
    assert len(Dataset.open(tmp_path / 'set')) == 1


def test_the_verb_goes_on_after_a_bad_bag(stack_bag, tmp_path, capsys):
    words = ['data', 'from-bag', str(tmp_path / 'none'), str(stack_bag)]
    assert main.main([*words, '--out', str(tmp_path / 'set'), '--voxel', '0.02']) == 0
    streams = capsys.readouterr()
    assert 'none: there is no bag' in streams.err
    assert '1 episodes made' in streams.out
    only_bad = ['data', 'from-bag', str(tmp_path / 'none'), '--out', str(tmp_path / 'other')]
    assert main.main(only_bad) == 1
    assert not (tmp_path / 'other').exists()
    assert 'no bag gave an episode' in capsys.readouterr().err

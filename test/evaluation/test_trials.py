"""Trials are determined by what they say, survive a log, and are not done twice."""

import dataclasses
import json

import numpy as np
import pytest

from action_expert.policies import make_policy
from gae_arm.arm_sim.tasks.errors import SamplingError
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.demonstrations.fast_cell import fast_cell
from gae_arm.demonstrations.oracle import Oracle, PersistentOracle, PlanNoise
from gae_arm.demonstrations.rollout import Rollout, RolloutSettings
from gae_arm.demonstrations.score import Outcome
from gae_arm.evaluation import suites, tables
from gae_arm.evaluation.campaign import run_campaign
from gae_arm.evaluation.trial import Result, Trial, run_trial

PICK = Trial('pick_up', 1, ranges='training')
SHIFT = np.array([0.08, 0.0, 0.0])


def result(trial=PICK, success=True, cause='', **changes):
    outcome = Outcome(success, cause, 5.0, 0.6, 0, 1)
    return Result(trial, 'short', dataclasses.replace(outcome, **changes))


def test_the_key_says_everything():
    trials = [
        PICK,
        dataclasses.replace(PICK, seed=2),
        dataclasses.replace(PICK, policy='ik'),
        dataclasses.replace(PICK, noise=PlanNoise(waypoint=0.01)),
        dataclasses.replace(PICK, rollout=RolloutSettings(delay=0.1)),
        dataclasses.replace(PICK, move=0.05),
    ]
    assert len({trial.key for trial in trials}) == len(trials)
    assert Trial('pick_up', 1, ranges='training').key == PICK.key


def test_results_of_other_weights_are_not_taken_from_a_log(tmp_path):
    expert = dataclasses.replace(PICK, policy='expert', weights=str(tmp_path))
    done = []

    def run(trial):
        done.append(trial)
        return result(trial)

    def campaign(trials, sha256):
        config = {'format': 1, 'shape': {}, 'usual': 1, 'seed': 0, 'sha256': sha256, 'made': {}}
        (tmp_path / 'config.json').write_text(json.dumps(config))
        return run_campaign(trials, 0, tmp_path / 'log.jsonl', run=run)

    assert campaign([PICK, expert], 'one') == [result(PICK), result(expert)]
    campaign([PICK, expert], 'one')
    assert done == [PICK, expert]
    campaign([PICK, expert], 'other')
    assert done == [PICK, expert, expert]
    more = dataclasses.replace(expert, flow_steps=4)
    campaign([PICK, more], 'other')
    assert done[3:] == [more]


def test_keys_of_old_logs_hold():
    assert PICK.key == '71f0596f01f54540'
    assert dataclasses.replace(PICK, weights='anywhere', flow_steps=9).key == PICK.key


def test_a_result_survives_json():
    one = result(dataclasses.replace(PICK, noise=PlanNoise(0.02, 0.1, 0.3)), touched='red_cube')
    again = Result.from_dict(json.loads(json.dumps(one.as_dict())))
    assert again == one
    assert again.trial.key == one.trial.key


@pytest.mark.camera
def test_a_stop_that_only_a_person_may_release_ends_a_run():
    cell = fast_cell('panda')
    cell.load(PICK.instance())
    began_ns = cell.now_ns

    def press_stop(cell, truth):
        if cell.now_ns - began_ns > 1_000_000_000:
            cell.controller.stop('pressed')

    policy = make_policy('spline', cell.arm, PICK.policy_settings)
    outcome = Rollout(cell, Oracle(), policy, disturb=press_stop).run()
    assert (outcome.success, outcome.cause) == (False, 'refused')
    assert outcome.seconds < 4.0
    assert outcome.interventions['STOP_REQUESTED'] > 0


@pytest.mark.camera
@pytest.mark.parametrize(('tries', 'plans'), [(1, 1), (3, 2)])
def test_a_persistent_oracle_tries_again_what_did_not_succeed(tries, plans):
    class ErrsOnce(PersistentOracle):
        def plan(self, place):
            plan = super().plan(place)
            if plan is None or plan.plan_id[-2:] != '-1':
                return plan
            shifted = [dataclasses.replace(w, position=w.position + SHIFT) for w in plan.waypoints]
            return dataclasses.replace(plan, waypoints=tuple(shifted))

    ErrsOnce.tries = tries
    trial = Trial('press_button', 1, ranges='training distractors.count=0')
    cell = fast_cell('panda')
    cell.load(trial.instance())
    policy = make_policy('spline', cell.arm, trial.policy_settings)
    outcome = Rollout(cell, ErrsOnce(), policy, insist=True).run()
    assert (outcome.success, outcome.plans) == (tries > 1, plans)


@pytest.mark.camera
def test_a_pick_succeeds_the_same_way_every_time_and_is_logged(tmp_path):
    log = tmp_path / 'log.jsonl'
    first = run_trial(PICK)
    assert first.outcome.success, first.outcome
    assert first.outcome.touched
    reported = []
    (again,) = run_campaign([PICK, PICK], 0, log, reported.append)
    assert again == first
    assert reported == [first]
    with log.open('a') as file:
        file.write('{"half-writ')
    assert run_campaign([PICK], 0, log, reported.append) == [first]
    assert reported == [first]


def test_a_broken_log_is_named(tmp_path):
    log = tmp_path / 'log.jsonl'
    log.write_text('nonsense\n{}\n')
    with pytest.raises(ConfigError, match=r'log\.jsonl, line 1 is no result'):
        run_campaign([PICK], 0, log)


def test_rows_have_intervals_and_causes():
    place = dataclasses.replace(PICK, task='place_into_container')
    found = [result(), result(success=False, cause='missed'), result(place)]
    rows = {(r['task'], r['length']): r for r in tables.rows(found)}
    row = rows['pick_up', 'short']
    assert (row['episodes'], row['successes'], row['rate']) == (2, 1, 0.5)
    assert row['causes'] == {'missed': 1}
    assert row['low'] < 0.5 < row['high']
    assert rows['all', 'all']['episodes'] == 3


def test_a_seed_without_a_scene_is_a_cause_but_not_in_the_rate(tmp_path):
    crowded = dataclasses.replace(PICK, ranges='training distractors.count=20')
    log = tmp_path / 'log.jsonl'

    def run(trial):
        return run_trial(trial) if trial == crowded else result(trial)

    found = run_campaign([crowded, PICK], 0, log, run=run)
    assert [r.had_scene for r in found] == [False, True]
    assert run_campaign([crowded, PICK], 0, log, run=pytest.fail) == found
    row = tables.rows(found)[-1]
    assert (row['episodes'], row['rate'], row['causes']) == (1, 1.0, {'no scene': 1})
    assert 'pick_up has no scene for seed 1 in 200 draws' in tables.scenes_line(found)
    alone = tables.rows(found[:1])
    assert (alone[-1]['rate'], alone[-1]['collisions']) == (None, None)
    tables.table(alone, 'one seed')
    assert tables.obedience_row(found[:1])['rate'] is None
    with pytest.raises(SamplingError, match='no scene for seed 1'):
        run_campaign([crowded], 0, log)


def test_obedience_counts_what_was_touched():
    shifted = dataclasses.replace(PICK, planner='shifted')
    row = tables.obedience_row([result(shifted, role='distractor'), result(shifted, role='target')])
    assert (row['successes'], row['touched']) == (1, {'distractor': 1, 'target': 1})
    erased = dataclasses.replace(PICK, planner='erased')
    assert tables.obedience_row([result(erased)])['rate'] == 1


def test_an_unknown_task_lists_those_that_there_are():
    choice = suites.Choice(['pick', 'pick_up'], ['ik'], ['panda'], 1, 0)
    with pytest.raises(InvalidValueError, match=r"'pick'.*pick_up"):
        choice.trials()


def test_a_suite_has_the_same_scenes_for_every_policy():
    choice = suites.Choice(['pick_up', 'stack_two'], ['ik', 'servo'], ['panda', 'ur5'], 3, 100)
    trials = choice.trials()
    assert len(trials) == 2 * 2 * 2 * 3
    scenes = {(t.task, t.seed) for t in trials if t.policy == 'ik'}
    assert scenes == {(t.task, t.seed) for t in trials if t.policy == 'servo'}
    assert {t.seed for t in trials} == {100, 101, 102}


def test_noise_is_as_large_as_it_says_and_the_depth_error_lies_in_the_line_of_sight():
    from gae_arm.core.plan import Waypoint

    rng = np.random.default_rng(0)
    eye = np.eye(4)
    eye[:3, 3] = [1.0, 0.0, 1.0]
    point = Waypoint(np.array([0.5, 0.1, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    draws = [PlanNoise(0.02, 0.1).apply(point, eye, rng) for _ in range(2000)]
    errors = np.array([draw.position - point.position for draw in draws])
    np.testing.assert_allclose(errors.std(0), 0.02, rtol=0.1)
    deep = [PlanNoise(depth=0.1).apply(point, eye, rng) for _ in range(2000)]
    errors = np.array([draw.position - point.position for draw in deep])
    sight = (point.position - eye[:3, 3]) / np.linalg.norm(point.position - eye[:3, 3])
    np.testing.assert_allclose(np.cross(errors, sight), 0.0, atol=1e-12)
    np.testing.assert_allclose((errors @ sight).std(), 0.1, rtol=0.1)

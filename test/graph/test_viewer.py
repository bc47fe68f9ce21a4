"""The web page on a real graph, in a real browser: what a person sees and what a click does."""

from __future__ import annotations

import dataclasses
import os
import socket
from pathlib import Path

import pytest
from browser import find_browser, open_page, picture
from viewer_run import viewer_run

from gae_arm.core.motion import ArmState, HaltReason
from gae_arm.core.paths import share_folder
from gae_arm.core.plan_file import load_plan
from gae_arm.core.progress import PlanRefusal, PlanState
from gae_arm.ros import topics
from gae_arm.ros.plan_msgs import plan_from_msg

pytestmark = pytest.mark.skipif(
    find_browser() is None, reason='no browser: apt-get install chromium-headless-shell'
)
PLAN = load_plan(share_folder() / 'config' / 'plans' / 'cube_to_bowl.yaml')
LIGHT = ('cloud:=false', 'expert:=false', 'camera_rate:=0.0')


def free_port() -> int:
    with socket.create_server(('127.0.0.1', 0)) as server:
        return server.getsockname()[1]


@pytest.fixture(scope='module')
def run(tmp_path_factory, own_domain):
    with viewer_run(tmp_path_factory.mktemp('viewer'), free_port(), *LIGHT) as running:
        yield running


@pytest.fixture(scope='module')
def page(run):
    run.wait_ready()
    with open_page(run.url, 500, 400) as opened:
        yield opened


def wait_text(run, page, test_id, text):
    """The browser works while the probe listens; a page that died would fail the probe."""
    where = page.get_by_test_id(test_id)
    run.probe.wait_for(lambda: text in where.inner_text(), f'{text!r} on the page')


def test_the_page_shows_the_arm_and_what_is_missing(run, page):
    wait_text(run, page, 'state', 'HOLDING')
    wait_text(run, page, 'notes', 'no cloud yet')
    notes = page.get_by_test_id('notes')
    run.probe.wait_for(
        lambda: not any(word in notes.inner_text() for word in ('joint states', 'robot')),
        'robot and joint states on the page',
    )


@pytest.mark.parametrize('frame', ['', 'panda_link1'], ids=['base', 'moving'])
def test_an_approved_plan_is_carried_out_as_it_was_shown(run, page, frame):
    run.plans.clear()
    proposed = run.propose(dataclasses.replace(PLAN, frame=frame))
    wait_text(run, page, 'proposal', proposed.plan_id)
    assert PLAN.instruction in page.get_by_test_id('proposal').inner_text()
    page.get_by_role('button', name='Approve').click()
    msg = run.probe.wait_for(lambda: run.plans and run.plans[-1], 'the approved plan')
    plan = plan_from_msg(msg)
    assert plan.plan_id == f'{proposed.plan_id}-approved'
    if not frame:
        assert plan.waypoints == proposed.waypoints
    assert (plan.stamp_ns, plan.frame_id) == (proposed.stamp_ns, 'panda_link0')
    assert plan.expiry_ns >= proposed.expiry_ns
    wait_text(run, page, 'plan', plan.plan_id)
    page.get_by_test_id('proposal').wait_for(state='hidden')


def test_a_rejected_plan_is_refused_for_everybody_to_hear(run, page):
    before = len(run.plans)
    proposed = run.propose(PLAN)
    wait_text(run, page, 'proposal', proposed.plan_id)
    page.get_by_role('button', name='Reject').click()
    refusal = run.probe.wait_for(
        lambda: next((p for p in run.progresses if p.plan_id == proposed.plan_id), None),
        'the refusal',
    )
    assert (refusal.state, refusal.reason) == (PlanState.REFUSED, PlanRefusal.REJECTED)
    wait_text(run, page, 'notes', f'rejected: {proposed.plan_id}')
    assert len(run.plans) == before


def test_stop_stops_and_resume_releases(run, page):
    page.get_by_role('button', name='Stop').click()
    run.probe.wait_for(
        lambda: run.status.reason == int(HaltReason.STOP_REQUESTED), 'the arm to stop'
    )
    assert run.status.state == int(ArmState.HALTED)
    wait_text(run, page, 'state', 'HALTED')
    wait_text(run, page, 'reason', 'STOP_REQUESTED')
    page.get_by_role('button', name='Resume').click()
    wait_text(run, page, 'state', 'HOLDING')


def test_an_instruction_is_published_when_somebody_hears_it(run, page):
    page.get_by_role('textbox').first.fill('pick up the red cube')
    page.get_by_role('button', name='Do it').click()
    wait_text(run, page, 'notes', "nobody hears 'pick up the red cube'")
    heard = run.probe.listen(topics.INSTRUCTION)

    def said():
        page.get_by_role('button', name='Do it').click()
        return heard and heard[-1]

    assert run.probe.wait_for(said, 'the instruction').data == 'pick up the red cube'
    wait_text(run, page, 'notes', 'asked: pick up the red cube')


def test_a_browser_that_goes_away_takes_nothing_along(run, page):
    other = page.context.browser.new_page()
    other.goto(run.url)
    other.get_by_test_id('state').wait_for()
    other.context.set_offline(True)
    other.close()
    page.get_by_role('button', name='Stop').click()
    wait_text(run, page, 'reason', 'STOP_REQUESTED')
    page.get_by_role('button', name='Resume').click()
    wait_text(run, page, 'state', 'HOLDING')
    assert run.launched.node_pids('viewer')


def test_a_broken_proposal_is_told_and_harms_nothing(run, page):
    from gae_arm.ros.plan_msgs import plan_to_msg

    plan = PLAN.plan('nowhere', run.probe.now_ns(), 'no_such_frame')
    publisher = run.probe.publisher(topics.PROPOSED_PLAN)
    publisher.publish(plan_to_msg(plan))
    wait_text(run, page, 'notes', "no transform from 'no_such_frame'")
    msg = plan_to_msg(plan)
    msg.waypoints[0].position.x = float('nan')
    publisher.publish(msg)
    wait_text(run, page, 'notes', 'waypoint 0: position[0] is not finite: nan')
    assert page.get_by_role('button', name='Approve').count() == 0


def test_rviz_gets_markers_without_anybody_at_the_page(run):
    markers = run.probe.listen(topics.MARKERS)
    run.probe.wait_for(lambda: markers, 'markers')
    texts = [marker.text for marker in markers[-1].markers if marker.text]
    assert any('HOLDING' in text or 'HALTED' in text for text in texts)
    assert {marker.header.frame_id for marker in markers[-1].markers} == {'panda_link0'}


def test_the_page_as_a_picture(page, tmp_path):
    """Kept for a look where GAE_PICTURES names a folder."""
    file = Path(os.environ.get('GAE_PICTURES', tmp_path)) / 'viewer_test.jpg'
    picture(page, file)
    assert file.stat().st_size > 10_000

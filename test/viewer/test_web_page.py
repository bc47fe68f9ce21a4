"""The parts of the web page that need no browser."""

import socket
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import plan

from gae_arm.core.collision_geometry import box, cylinder, sphere
from gae_arm.core.errors import ConfigError, InvalidValueError
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason, RobotState
from gae_arm.core.plan import Waypoint
from gae_arm.core.progress import PlanProgress, PlanRefusal, PlanState
from gae_arm.viewer import words
from gae_arm.viewer.shown_plan import show_plan
from gae_arm.viewer.web import cards
from gae_arm.viewer.web.facts import Facts, SeenCloud
from gae_arm.viewer.web.proposal_layer import ProposalLayer
from gae_arm.viewer.web.same_origin import is_same_origin
from gae_arm.viewer.web.server import PageServer
from gae_arm.viewer.web.smooth_mesh import smooth_mesh

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ('shape', 'corners'),
    [(box([1, 2, 3]), 24), (cylinder(0.1, 0.5), 4 * 48 + 2)],
    ids=['box', 'cylinder'],
)
def test_smoothing_keeps_the_surface_and_its_edges(shape, corners):
    """A corner of a box is there once for each side, one of a cylinder for cap and mantle."""
    points, faces = smooth_mesh(shape)
    np.testing.assert_allclose(points[faces], shape, atol=1e-6)
    assert len(points) == corners


def test_a_round_surface_shares_all_corners():
    points, _ = smooth_mesh(sphere(1.0))
    assert len(points) == len(np.unique(np.round(points + 0.0, 4), axis=0))
    points, _ = smooth_mesh(box([1, 1, 1]), crease=np.radians(91))
    assert len(points) == 8


def test_triangles_without_area_are_left_out():
    flat = np.zeros((1, 3, 3))
    _, faces = smooth_mesh(np.concatenate([box([1, 1, 1]), flat]))
    assert len(faces) == 12


@pytest.mark.parametrize(
    ('origin', 'host', 'local_only', 'allowed'),
    [
        (None, '127.0.0.1:8080', True, True),
        ('http://127.0.0.1:8080', '127.0.0.1:8080', True, True),
        ('http://localhost:9000', 'localhost:9000', True, True),
        ('http://[::1]:8080', '[::1]:8080', True, True),
        ('https://evil.example', '127.0.0.1:8080', True, False),
        ('http://localhost:3000', 'localhost:8080', True, False),
        ('http://evil.example:8080', 'evil.example:8080', True, False),
        ('http://robot.lab:8080', 'robot.lab:8080', False, True),
        ('null', '127.0.0.1:8080', True, False),
        ('http://127.0.0.1:8080', '', True, False),
    ],
)
def test_only_the_own_page_may_talk_to_the_server(origin, host, local_only, allowed):
    assert is_same_origin(origin, host, local_only) == allowed


def test_a_taken_port_is_said_and_not_evaded():
    with socket.create_server(('127.0.0.1', 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f'port {port} of 127.0.0.1 is taken'):
            PageServer('127.0.0.1', port, 'arm')


def test_a_host_of_another_machine_is_refused_at_once():
    with pytest.raises(ConfigError, match=r"the page cannot listen on '192\.0\.2\.1'"):
        PageServer('192.0.2.1', 8080, 'arm')


@pytest.fixture
def server():
    running = PageServer('127.0.0.1', 0, 'arm')
    yield running
    running.stop()


def connect(server, origin):
    import viser
    from websockets.sync.client import connect

    protocol = f'viser-v{viser.__version__}'
    return connect(server.url.replace('http', 'ws'), origin=origin, subprotocols=[protocol])


def test_a_foreign_page_is_disconnected_and_the_own_one_served(server):
    from websockets.exceptions import ConnectionClosed

    with connect(server, server.url) as own:
        assert own.recv(timeout=10)
    with connect(server, 'https://evil.example') as foreign:
        with pytest.raises(ConnectionClosed) as closed:
            foreign.recv(timeout=10)
        assert closed.value.rcvd.code == 1008
    assert server.request_share_url() is None


def drag(server, node, position):
    """Move a waypoint as the browser does."""
    import msgspec
    from viser import _messages

    message = _messages.TransformControlsUpdateMessage(
        name=node, wxyz=(1.0, 0.0, 0.0, 0.0), position=position
    )
    with connect(server, server.url) as browser:
        browser.send(msgspec.msgpack.encode(message.as_serializable_dict()))
        browser.recv(timeout=10)


def test_a_dragged_waypoint_is_where_it_was_dragged_to_and_no_other_has_moved(server):
    shown = show_plan(plan(), 'base', None, None)
    layer = ProposalLayer(server.scene)
    layer.draw(shown)
    assert layer.waypoints() == shown.plan.waypoints
    assert layer.moved() == 0
    drag(server, '/proposal/2', (0.1, 0.2, 0.3))
    until(lambda: layer.waypoints() != shown.plan.waypoints)
    layer.draw(shown)
    assert layer.moved() == 1
    assert layer.waypoints()[:2] == shown.plan.waypoints[:2]
    assert layer.waypoints()[2] == Waypoint([0.1, 0.2, 0.3])
    drag(server, '/proposal/2', (float('nan'), 0.2, 0.3))
    with pytest.raises(InvalidValueError, match=r'position\[0\] is not finite'):
        until(lambda: not layer.waypoints())
    layer.draw(None)
    assert layer.waypoints() == ()


def until(condition):
    """The server's own thread works meanwhile."""
    deadline = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def facts(**changes):
    return Facts(**{'now_ns': 10 * SECOND, 'urdf': '<robot/>'} | changes)


def test_the_gaps_are_named():
    nothing = Facts().gaps()
    assert nothing == ['no robot_description yet', 'no joint states yet', 'no cloud yet']
    state = RobotState(9 * SECOND, ('a',), [0.0], [0.0], [0.0])
    cloud = SeenCloud(10 * SECOND, np.zeros((1, 3), np.float32), None)
    assert facts(state=state, cloud=cloud, troubles={'plan': 'bad'}).gaps() == [
        'joint states: 1.0 s old, what is drawn is not what is',
        'plan: bad',
    ]


def test_the_status_card_tells_state_and_reason_and_that_nobody_is_there():
    status = ArmStatus(1, ArmState.HALTED, HaltReason.TABLE_COLLISION, 'link5 is too near')
    card = cards.status_card(facts(status=status, arm_there=True))
    assert 'HALTED' in card
    assert 'TABLE_COLLISION: link5 is too near' in card
    gone = cards.status_card(facts(status=status, arm_there=False))
    assert 'HALTED' not in gone
    assert 'arm_control does not run' in gone


@given(st.text(alphabet='<>&"\'ab/'))
def test_words_from_the_wire_are_never_markup(text):
    shown = show_plan(plan(instruction=text, planner=text), 'base', None, None)
    status = ArmStatus(1, ArmState.HOLDING, HaltReason.NONE, text)
    progress = PlanProgress(1, 'p', PlanState.STUCK, message=text)
    dirty = facts(plan=shown, status=status, arm_there=True, progress=progress, answer=text)
    clean = facts(plan=show_plan(plan(), 'base', None, None), arm_there=True)
    for card in (cards.status_card, cards.plan_card, cards.notes_card):
        assert card(dirty).count('<') <= card(clean).count('<') + 2
    assert cards.proposal_card(shown, 0).count('<') == cards.proposal_card(clean.plan, 1).count('<')


@pytest.mark.parametrize(
    ('progress', 'text'),
    [
        (None, 'waits'),
        (
            PlanProgress(1, 'p', PlanState.FOLLOWING, progress=0.42, waypoint=2),
            'FOLLOWING, 42%, next is waypoint 2',
        ),
        (PlanProgress(1, 'p', PlanState.DONE, progress=1.0, waypoint=2), 'DONE'),
        (PlanProgress(1, 'old', PlanState.DONE, progress=1.0), 'waits'),
        (
            PlanProgress(1, 'p', PlanState.REFUSED, PlanRefusal.STALE, message='late'),
            'REFUSED, STALE: late',
        ),
        (
            PlanProgress(1, 'q', PlanState.REFUSED, PlanRefusal.INVALID, message='bad'),
            "plan 'q' REFUSED, INVALID: bad",
        ),
    ],
)
def test_the_progress_in_words(progress, text):
    assert words.progress_line(plan(), progress) == text

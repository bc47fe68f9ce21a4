"""The page as a whole: a scene and a panel, both drawn from the facts."""

from __future__ import annotations

from collections.abc import Callable

from gae_arm.core.errors import GaeError
from gae_arm.viewer import palette
from gae_arm.viewer.web.facts import Facts
from gae_arm.viewer.web.panel import Actions, Panel
from gae_arm.viewer.web.proposal_layer import ProposalLayer
from gae_arm.viewer.web.robot_layer import RobotLayer
from gae_arm.viewer.web.scene_layers import CloudLayer, PathLayer, PlanLayer
from gae_arm.viewer.web.server import PageServer

EYE, TARGET = (1.02, -0.79, 0.70), (0.44, 0.04, 0.20)  # the panel covers the right


class Page:
    """The page of one server. `show` may be called from one thread only."""

    def __init__(
        self, server: PageServer, actions: Actions, base_frame: str, cloud_points: int
    ) -> None:
        self._server = server
        _furnish(server)
        scene = server.scene
        self._robot = RobotLayer(scene, base_frame)
        self._cloud = CloudLayer(scene, cloud_points)
        self._guide = PathLayer(scene, 'guide', palette.GUIDE, 0.008)
        self._executed = PathLayer(scene, 'executed', palette.EXECUTED, 0.004)
        self._plan = PlanLayer(scene)
        self._proposal = ProposalLayer(scene)
        groups: dict[str, Callable[[bool], None]] = {
            group.name: group.show
            for group in (self._cloud, self._plan, self._guide, self._executed)
        }
        self._panel = Panel(server.gui, actions, self._proposal, groups)

    def show(self, facts: Facts) -> None:
        """Draw what is known, all of it in one step."""
        with self._server.atomic():
            try:
                if self._robot.show(facts.urdf, facts.state):
                    facts.troubles.pop('robot', None)
            except GaeError as error:
                facts.troubles['robot'] = str(error)
            self._cloud.draw(facts.cloud)
            self._guide.draw(facts.guide)
            self._executed.draw(facts.executed)
            self._plan.draw(facts.plan)
            self._proposal.draw(facts.proposal)
            self._panel.show(facts)


def _furnish(server: PageServer) -> None:
    """Set up light, floor and the first look."""
    server.gui.configure_theme(
        dark_mode=True, show_logo=False, show_share_button=False, brand_color=palette.GUIDE
    )
    # Shadows triple the cost of a picture where no GPU draws it.
    server.scene.configure_default_lights(cast_shadow=False)
    server.scene.add_grid(
        '/floor', 4.0, 4.0, cell_size=0.1, section_size=0.5, cell_color=(52, 58, 68),
        section_color=(80, 88, 102), fade_distance=4.0,
    )  # fmt: skip
    server.scene.add_frame('/base', axes_length=0.12, axes_radius=0.004)
    server.initial_camera.position, server.initial_camera.look_at = EYE, TARGET

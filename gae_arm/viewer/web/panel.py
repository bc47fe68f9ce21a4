"""The panel beside the scene: status, stop and resume, plan, approval, what is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import viser

from gae_arm.core.plan import Waypoint
from gae_arm.viewer.shown_plan import ShownPlan
from gae_arm.viewer.web import cards
from gae_arm.viewer.web.facts import Facts
from gae_arm.viewer.web.proposal_layer import ProposalLayer


class Actions(Protocol):
    """What a person can ask for; called in threads of the web server."""

    def stop(self) -> None:
        """Stop the arm, now."""

    def resume(self) -> None:
        """Release the stop."""

    def approve(self, shown: ShownPlan, waypoints: tuple[Waypoint, ...]) -> None:
        """Carry the proposed plan out with these waypoints (base frame)."""

    def reject(self, shown: ShownPlan) -> None:
        """Do not carry the proposed plan out."""

    def complain(self, text: str) -> None:
        """Show why something could not be done."""


class Text:
    """HTML that is sent only when it changes."""

    def __init__(self, gui: viser.GuiApi) -> None:
        self._content = ''
        self.handle = gui.add_html('')

    def show(self, content: str) -> None:
        """Show it."""
        if content != self._content:
            self._content = self.handle.content = content


class Panel:
    """Everything in the panel; `groups` are what a person can show and hide."""

    def __init__(
        self,
        gui: viser.GuiApi,
        actions: Actions,
        proposal: ProposalLayer,
        groups: dict[str, Callable[[bool], None]],
    ) -> None:
        self._gui, self._actions, self._layer = gui, actions, proposal
        self._status = Text(gui)
        stop = gui.add_button('Stop', color='red', icon=viser.Icon.HAND_STOP)
        stop.on_click(lambda _: actions.stop())
        resume = gui.add_button('Resume', color='gray', icon=viser.Icon.PLAYER_PLAY)
        resume.on_click(lambda _: actions.resume())
        self._plan = Text(gui)
        self._approval = gui.add_folder('Proposed plan', visible=False)
        self._proposal: ShownPlan | None = None
        self._parts: list[viser.GuiButtonHandle | viser.GuiHtmlHandle] = []
        self._proposal_text: Text | None = None
        with gui.add_folder('Show', expand_by_default=False):
            for name, show in groups.items():
                self._add_switch(name, show)
            gui.add_html(cards.legend())
        self._notes = Text(gui)

    def show(self, facts: Facts) -> None:
        """Show what is known."""
        self._status.show(cards.status_card(facts))
        self._plan.show(cards.plan_card(facts))
        self._notes.show(cards.notes_card(facts))
        if facts.proposal is not self._proposal:
            self._show_proposal(facts.proposal)
        if self._proposal is not None and self._proposal_text is not None:
            self._proposal_text.show(cards.proposal_card(self._proposal, self._layer.moved()))

    def _show_proposal(self, shown: ShownPlan | None) -> None:
        """Make the buttons anew for each proposal: a click on an old one means nothing any more."""
        for part in self._parts:
            part.remove()
        self._parts, self._proposal, self._proposal_text = [], shown, None
        self._approval.visible = shown is not None
        if shown is None:
            return
        with self._approval:
            self._proposal_text = Text(self._gui)
            approve = self._gui.add_button('Approve', color='green', icon=viser.Icon.CHECK)
            reject = self._gui.add_button('Reject', color='orange', icon=viser.Icon.X)
        approve.on_click(lambda _: self._approve(shown))
        reject.on_click(lambda _: self._actions.reject(shown))
        self._parts = [self._proposal_text.handle, approve, reject]

    def _approve(self, shown: ShownPlan) -> None:
        try:
            self._actions.approve(shown, self._layer.waypoints())
        except ValueError as error:
            self._actions.complain(str(error))

    def _add_switch(self, name: str, show: Callable[[bool], None]) -> None:
        box = self._gui.add_checkbox(name, True)
        box.on_update(lambda _: show(box.value))

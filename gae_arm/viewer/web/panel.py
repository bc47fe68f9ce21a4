"""The panel beside the scene: status, stop and resume, plan, approval, what is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import viser

from gae_arm.core.plan import Waypoint
from gae_arm.viewer.shown_plan import ShownPlan
from gae_arm.viewer.web import cards
from gae_arm.viewer.web.facts import Facts
from gae_arm.viewer.web.health_card import health_card
from gae_arm.viewer.web.proposal_layer import ProposalLayer

WIDEST = 480
"""Pixels: images that are wider are thinned out."""


class Actions(Protocol):
    """What a person can ask for; called in threads of the web server."""

    def stop(self) -> None:
        """Stop the arm, now."""

    def resume(self) -> None:
        """Release the stop."""

    def instruct(self, words: str) -> None:
        """Have the planner and the arm do what is said."""

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


class Picture:
    """An image in a folder of its own, there from the first image on; sent only when it is new."""

    def __init__(self, gui: viser.GuiApi, title: str) -> None:
        self._gui = gui
        self._folder = gui.add_folder(title, visible=False)
        self._shown: np.ndarray | None = None
        self._handle: viser.GuiImageHandle | None = None

    def show(self, image: np.ndarray | None) -> None:
        """Show an image, uint8 (H, W, 3) RGB, thinned out if it is large."""
        if image is None or image is self._shown:
            return
        self._shown = image
        step = 1 + image.shape[1] // WIDEST
        image = np.ascontiguousarray(image[::step, ::step])
        if self._handle is None:
            self._folder.visible = True
            with self._folder:
                self._handle = self._gui.add_image(image, format='jpeg')
        else:
            self._handle.image = image


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
        self._words = gui.add_text('Instruction', '', hint='then press Do it: one plain sentence')
        do_it = gui.add_button('Do it', color='green', icon=viser.Icon.SEND)
        do_it.on_click(lambda _: self._instruct())
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
        with gui.add_folder('Latency and rates', expand_by_default=False):
            self._health = Text(gui)
        self._camera = Picture(gui, 'Camera')
        self._annotated = Picture(gui, 'What the planner saw')

    def show(self, facts: Facts) -> None:
        """Show what is known."""
        self._status.show(cards.status_card(facts))
        self._plan.show(cards.plan_card(facts))
        self._notes.show(cards.notes_card(facts))
        self._health.show(health_card(facts.health, facts.history))
        self._camera.show(facts.camera)
        self._annotated.show(facts.annotated)
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

    def _instruct(self) -> None:
        words = self._words.value.strip()
        if words:
            self._actions.instruct(words)
        else:
            self._actions.complain('say in the box what the arm shall do')

    def _approve(self, shown: ShownPlan) -> None:
        try:
            self._actions.approve(shown, self._layer.waypoints())
        except ValueError as error:
            self._actions.complain(str(error))

    def _add_switch(self, name: str, show: Callable[[bool], None]) -> None:
        box = self._gui.add_checkbox(name, True)
        box.on_update(lambda _: show(box.value))

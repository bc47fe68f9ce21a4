"""What an arm on the graph says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from gae_arm.core.errors import GaeError
from gae_arm.core.motion import ArmState, ArmStatus, HaltReason

if TYPE_CHECKING:
    from gae_msgs.msg import ArmStatus as ArmStatusMsg

    from gae_arm.ros.observer import Observer

FIND_SECONDS = 20.0
READY_SECONDS = 120.0
"""The first start of a node compiles for a minute."""

LATCHED = (HaltReason.STOP_REQUESTED, HaltReason.CONTROLLER_FAILED)
PASSING = (
    HaltReason.NO_COMMAND,
    HaltReason.JOINT_STATE_STALE,
    HaltReason.JOINT_STATE_INVALID,
    HaltReason.CLOUD_STALE,
)
"""Why an arm is halted that is starting: its inputs are still to come."""


class HeardArm:
    """Hears what the arm does.

    status: the newest; None before any has come.
    """

    def __init__(self, observer: Observer) -> None:
        from gae_arm.ros import topics

        self._observer = observer
        self.status: ArmStatus | None = None
        topics.ARM_STATUS.subscription(observer.node, self._take)

    def until_ready(self, console: Console, find_seconds: float = FIND_SECONDS) -> None:
        """Wait until the arm can take a plan; raise GaeError if it does not get ready by itself."""
        with console.status('waiting for the arm'):
            self._observer.wait_for(lambda: self.status, 'arm_control', find_seconds)
            try:
                self._observer.wait_for(self._ready, 'the arm to be ready', READY_SECONDS)
            except GaeError as error:
                raise GaeError(f'{error}: {self}') from error

    def __str__(self) -> str:
        """Say what the arm does, and why."""
        status = self.status
        if status is None:
            return 'the state of the arm is not known'
        text = f'the arm is {status.state.name.lower()}'
        if status.reason in (HaltReason.NONE, HaltReason.NO_COMMAND) and not status.message:
            return text
        return f'{text}, {status.reason.name}: {status.message}'

    def _take(self, msg: ArmStatusMsg) -> None:
        from gae_arm.ros.motion_msgs import status_from_msg

        self.status = status_from_msg(msg)

    def _ready(self) -> bool:
        status = self.status
        assert status is not None
        if status.state != ArmState.HALTED:
            return True
        if status.reason in LATCHED:
            raise GaeError(f'{self}; release it with gae resume')
        return status.reason not in PASSING

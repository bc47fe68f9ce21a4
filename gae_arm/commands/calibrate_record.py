"""Record views for a calibration from the running camera and arm: one at every Enter."""

from __future__ import annotations

import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from gae_arm.core.errors import GaeError, InvalidValueError
from gae_arm.point_cloud.calibration.board import Board, BoardNotSeenError, find_board
from gae_arm.point_cloud.calibration.recording import RecordingWriter

if TYPE_CHECKING:
    from gae_arm.ros.camera_input import CameraInput, CameraView
    from gae_arm.ros.observer import Observer

WANTED = 20


def record(
    folder: Path, board: Board, base_frame: str, console: Console, driver: str | None = None
) -> int:
    """Write a recording to `folder`; return 0 once the person ends it.

    driver: a name in config/drivers, or a YAML file, of a real arm beside arm.launch.yaml.

    A view is taken only if the board is seen in it and the arm stands; otherwise the reason is
    said. What was taken is safe on disk at once.
    """
    from gae_arm.ros.camera_input import CameraInput, CameraInputSettings
    from gae_arm.ros.observer import Observer

    views: list[CameraView] = []

    def keep(view: CameraView) -> None:
        views[:] = [view]

    remappings = _names_of(driver) if driver else None
    with Observer('calibrate', remappings=remappings) as observer:
        # Where the camera stands is not known yet, and not needed.
        anywhere = CameraInputSettings(extrinsics='parameters')
        streams = ('depth', 'info', 'color')
        camera = CameraInput(observer.node, anywhere, base_frame, keep, streams=streams)
        first = _newest(observer, camera, views).frame
        writer = RecordingWriter(folder, first.frame_id, first.intrinsics, board)
        console.print(
            'Move the arm until the board is seen from another side, let it stand, press Enter. '
            f'{WANTED} views are good; q and Enter ends.'
        )
        while _next_line(observer) not in ('q', None):
            try:
                view = _newest(observer, camera, views)
                assert view.frame.color is not None  # As the streams asked for say.
                assert view.state is not None
                found = find_board(board, view.frame.color, view.frame.intrinsics)
                writer.add(view.frame, view.state)
            except (BoardNotSeenError, InvalidValueError) as error:
                console.print(f'not taken: {error}', style='yellow')
            else:
                count = len(writer.recording.views)
                console.print(f'view {count} of {WANTED}: {len(found.pixels)} corners')
    console.print(f'{len(writer.recording.views)} views in {folder}')
    return 0


def _names_of(driver: str) -> dict[str, str]:
    """Return where a real arm and its camera say what we hear, by our names."""
    from gae_arm.arm_driver.settings import driver_file, load_driver
    from gae_arm.ros import driver_topics, topics

    namespace = load_driver(driver_file(driver)).camera
    camera = {t.name: driver_topics.of_camera(t, namespace).name for t in topics.CAMERA}
    return {topics.JOINT_STATES.name: driver_topics.JOINT_STATES.name, **camera}


def _newest(observer: Observer, camera: CameraInput, views: list[CameraView]) -> CameraView:
    """Wait for the next view; if none comes, the error says why the camera's input drops them."""
    views.clear()
    try:
        observer.wait_for(lambda: views, 'colour, depth, camera_info and joint states', 10.0)
    except GaeError as error:
        why = f': {camera.record.last_drop}' if camera.record.last_drop else ''
        raise GaeError(f'{error}{why}') from error
    return views[0]


def _next_line(observer: Observer) -> str | None:
    """Listen to the graph until a line is typed; None at the end of the input."""
    while not select.select([sys.stdin], [], [], 0)[0]:
        observer.spin(0.05)
    line = sys.stdin.readline()
    return line.strip() if line else None

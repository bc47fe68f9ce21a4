"""What a trial looks like: the camera's picture, with the plan, the words and the outcome in it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from gae_arm.arm_sim.camera import RgbdCamera
from gae_arm.core import geometry, projection
from gae_arm.core.plan import WaypointPlan
from gae_arm.demonstrations.cell import Cell
from gae_arm.demonstrations.rollout import Moment
from gae_arm.demonstrations.score import Outcome
from gae_arm.evaluation.caption import CAPTION, LAST_SECONDS, RATE, with_caption, write_outcome
from gae_arm.evaluation.trial import Trial, run_trial
from gae_arm.point_cloud.picture import BACKGROUND, label

WIDTH, HEIGHT = 640, 480
OPEN, CLOSED = (120, 220, 120), (245, 150, 60)


class Film:
    """Draws one trial as it runs; looks on only: the trial goes as it goes without.

    title: what the trial is, a few words. show: takes each picture, (HEIGHT + CAPTION, WIDTH).
    """

    def __init__(self, title: str, show: Callable[[Image.Image], None]) -> None:
        self._title, self._show = title, show
        self._plan: WaypointPlan | None = None
        self._camera: RgbdCamera | None = None
        self._began_ns: int | None = None
        self._count = 0
        self._last = Image.new('RGB', (WIDTH, HEIGHT + CAPTION), BACKGROUND)

    def watch(self, moment: Moment) -> None:
        """Take the plan that is being carried out."""
        self._plan = moment.plan

    def look(self, cell: Cell) -> None:
        """Draw this moment, if it is time for a picture."""
        if self._began_ns is None:
            self._began_ns = cell.now_ns
        seconds = (cell.now_ns - self._began_ns) * 1e-9
        if seconds * RATE >= self._count:
            self._count += 1
            self._last = self._picture(cell, seconds)
            self._show(self._last)

    def finish(self, outcome: Outcome) -> None:
        """Show the last picture for a while, with the outcome; free the camera."""
        if self._camera is not None:
            self._camera.close()
        text = 'success' if outcome.success else outcome.cause
        write_outcome(self._last, f'{text} after {outcome.seconds:.1f} s', outcome.success)
        for _ in range(round(LAST_SECONDS * RATE)):
            self._show(self._last)

    def _picture(self, cell: Cell, seconds: float) -> Image.Image:
        settings = cell.instance.view.camera(WIDTH, HEIGHT)
        snapshot = cell.simulation.snapshot()
        if self._camera is None:
            # What MuJoCo draws into is as large as the model says.
            size = snapshot.model.vis.global_
            size.offwidth, size.offheight = max(size.offwidth, WIDTH), max(size.offheight, HEIGHT)
            self._camera = RgbdCamera(snapshot.model, settings)
        frame = self._camera.render(snapshot.qpos, cell.now_ns)
        assert frame.color is not None
        picture = Image.fromarray(frame.color)
        draw = ImageDraw.Draw(picture)
        if self._plan is not None:
            points = np.array([w.position for w in self._plan.waypoints])
            seen = geometry.transform_points(geometry.invert(cell.T_base_camera), points)
            self._draw_plan(draw, self._plan, projection.project(settings.intrinsics, seen))
        facts = f'{self._title}, {seconds:.1f} s'
        return with_caption(picture, cell.instance.instruction, facts)

    def _draw_plan(self, draw: ImageDraw.ImageDraw, plan: WaypointPlan, pixels: np.ndarray) -> None:
        """Draw the waypoints at their pixels (K, 2), NaN behind the camera: green open."""
        opening = 1.0
        for number, (waypoint, pixel) in enumerate(zip(plan.waypoints, pixels, strict=True), 1):
            opening = opening if waypoint.gripper is None else waypoint.gripper
            u, v = pixel
            if np.isfinite(pixel).all() and 0 <= u < WIDTH and 0 <= v < HEIGHT:
                color = OPEN if opening > 0.5 else CLOSED
                draw.ellipse([u - 5, v - 5, u + 5, v + 5], None, color, 2)
                label(draw, (u + 8, v), str(number), color, 'lm')


def film_trial(trial: Trial, show: Callable[[Image.Image], None]) -> Outcome:
    """Carry a trial out in this process and show each picture of it."""
    film = Film(f'{trial.task}, seed {trial.seed}, {trial.policy}, {trial.arm}', show)
    outcome = run_trial(trial, film).outcome
    film.finish(outcome)
    return outcome

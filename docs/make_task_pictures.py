"""Make docs/images/tasks.jpg, a scene of each task.

Run `.venv/bin/python docs/make_task_pictures.py`.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gae_arm.arm_sim.camera import RgbdCamera
from gae_arm.arm_sim.tasks.instance import TaskInstance
from gae_arm.arm_sim.tasks.registry import TASKS
from gae_arm.core.arm import load_arm
from gae_arm.core.paths import arm_file

FILE = Path(__file__).parent / 'images' / 'tasks.jpg'
WIDTH, HEIGHT, CAPTION, GAP, COLUMNS = 384, 288, 58, 10, 3
OVERSAMPLING = 3  # The simulated camera does not smooth edges.
PAPER, INK, FAINT = (255, 255, 255), (28, 32, 38), (120, 126, 134)
SEEDS = {
    'pick_up': 4,
    'push_to_mark': 5,
    'press_button': 3,
    'place_into_container': 1,
    'stack_two': 2,
    'open_drawer': 1,
    'sort_by_colour': 0,
    'drawer_put_away': 1,
    'stack_three': 6,
}


def photograph(instance: TaskInstance) -> Image.Image:
    """Return what the instance's camera sees with a Panda at home."""
    width, height = OVERSAMPLING * WIDTH, OVERSAMPLING * HEIGHT
    simulation = instance.simulate(load_arm(arm_file('panda')), width, height)
    with RgbdCamera(simulation.model, instance.view.camera(width, height)) as camera:
        frame = camera.render(simulation.snapshot().qpos, 0)
    return Image.fromarray(np.asarray(frame.color)).resize(
        (WIDTH, HEIGHT), Image.Resampling.LANCZOS
    )


def panel(instance: TaskInstance) -> Image.Image:
    """Return the picture with task and instruction below."""
    image = Image.new('RGB', (WIDTH, HEIGHT + CAPTION), PAPER)
    image.paste(photograph(instance), (0, 0))
    draw = ImageDraw.Draw(image)
    small, usual = ImageFont.load_default(11), ImageFont.load_default(14)
    draw.text((1, HEIGHT + 4), f'{instance.task}  ({instance.length})', FAINT, small)
    words = '\n'.join(textwrap.wrap(f'"{instance.instruction}"', 56)[:2])
    draw.multiline_text((1, HEIGHT + 20), words, INK, usual, spacing=3)
    return image


def sheet(panels: list[Image.Image]) -> Image.Image:
    """Return all panels in rows of COLUMNS."""
    wide, high = WIDTH + GAP, HEIGHT + CAPTION
    rows = -(-len(panels) // COLUMNS)
    image = Image.new('RGB', (COLUMNS * wide - GAP, rows * high), PAPER)
    for number, picture in enumerate(panels):
        row, column = divmod(number, COLUMNS)
        image.paste(picture, (column * wide, row * high))
    return image


if __name__ == '__main__':
    FILE.parent.mkdir(exist_ok=True)
    pictures = [panel(task.sample(SEEDS[name])) for name, task in TASKS.items()]
    sheet(pictures).save(FILE, quality=84, optimize=True)
    print(FILE, FILE.stat().st_size // 1000, 'kB')

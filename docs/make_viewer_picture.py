"""Make docs/images/viewer.jpg: `.venv/bin/python docs/make_viewer_picture.py`.

Everything runs as for a user: the simulated arm, its nodes and the page in a headless browser
(apt-get install chromium-headless-shell). A plan is proposed, approved by a click, and the picture
is taken while the arm carries the cube. The browser draws in software: time runs slowly, and almost
stands for the picture.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from domain_coordinator import domain_id

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / 'test' / 'graph'))

from browser import open_page, picture  # noqa: E402
from viewer_run import ViewerRun, viewer_run  # noqa: E402

from gae_arm.core.plan_file import load_plan  # noqa: E402

FILE = ROOT / 'docs' / 'images' / 'viewer.jpg'
PLAN = ROOT / 'config' / 'plans' / 'cube_to_bowl.yaml'
PORT = 8471
SHARE = 0.42
SLOW = ('publish_clock:=true', 'real_time_factor:=0.2')
STILL = 0.01  # simulated seconds a second: the browser takes its time


def photograph(run: ViewerRun) -> None:
    """Propose the plan, approve it, and take the picture when `SHARE` of the way is done."""
    with open_page(run.url, 1280, 800) as page:
        run.wait_ready()
        picture(page, FILE)  # The first one is slow, while shaders are compiled.
        run.propose(load_plan(PLAN))
        page.get_by_role('button', name='Approve').click()
        run.probe.wait_for(lambda: run.progress() >= SHARE, 'the arm on its way', 400.0)
        run.set_real_time_factor(STILL)
        picture(page, FILE)


if __name__ == '__main__':
    with domain_id() as domain, tempfile.TemporaryDirectory() as folder:
        os.environ['ROS_DOMAIN_ID'] = str(domain)
        with viewer_run(Path(folder), PORT, *SLOW) as run:
            photograph(run)
    print(FILE)

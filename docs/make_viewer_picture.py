"""Make docs/images/viewer.jpg: `.venv/bin/python docs/make_viewer_picture.py`.

Everything runs as for a user: the simulated arm, its nodes with the bundled planner, and the page
in a headless browser (apt-get install chromium-headless-shell). An instruction is typed on the
page, and the picture is taken while the arm carries the cube. The browser draws in software: time
runs slowly, and almost stands for the picture; the latencies of such an arm are not shown.
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

from gae_arm.core.progress import PlanState  # noqa: E402

FILE = ROOT / 'docs' / 'images' / 'viewer.jpg'
INSTRUCTION = 'put the red cube into the white bowl'
SIZE = (1400, 1040)
PORT = 8471
SHARE = 0.5
SLOW = ('planner:=true', 'camera_rate:=10.0', 'publish_clock:=true', 'real_time_factor:=0.1')
STILL = 0.01  # simulated seconds a second: the browser takes its time


def photograph(run: ViewerRun) -> None:
    """Say what to do, and take the picture when `SHARE` of the way is done."""
    run.wait_ready()
    # Events, for a click waits for frames, of which one takes seconds here.
    with open_page(run.url, *SIZE) as page:
        ready = 'vla_planner]: ready'
        run.probe.wait_for(lambda: ready in run.launched.output, 'the planner', 400.0)
        page.get_by_role('textbox').first.fill(INSTRUCTION)
        page.get_by_role('button', name='Do it').dispatch_event('click')
        run.probe.wait_for(lambda: on_the_way(run), 'the arm on its way', 400.0)
        run.set_real_time_factor(STILL)
        page.get_by_text('What the planner saw').wait_for()
        page.get_by_text('Camera', exact=True).dispatch_event('click')  # The other shows it too.
        picture(page, FILE)


def on_the_way(run: ViewerRun) -> bool:
    """Return whether `SHARE` of the plan is done."""
    return run.progress() >= SHARE and run.progresses[-1].state == int(PlanState.FOLLOWING)


if __name__ == '__main__':
    with domain_id() as domain, tempfile.TemporaryDirectory() as folder:
        os.environ['ROS_DOMAIN_ID'] = str(domain)
        os.environ.setdefault('AMENT_PREFIX_PATH', sys.prefix)  # where no ROS is sourced
        with viewer_run(Path(folder), PORT, *SLOW) as run:
            photograph(run)
    print(FILE)

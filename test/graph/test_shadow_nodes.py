"""`gae shadow --ros`: a computed image as a camera's topics, the real nodes, an imagined arm."""

from __future__ import annotations

import re
import subprocess
import sys

from shadow_scene import answer, write_scene


def test_the_nodes_would_do_what_the_answer_says(tmp_path, own_domain):
    write_scene(tmp_path)
    file = answer(tmp_path / 'answer.json', (0.5, 0.15))
    words = ['shadow', '--ros', '--rgbd', str(tmp_path), '--answer', str(file), '--clear', '0.05']
    command = [sys.executable, '-m', 'gae_arm.commands.main', *words, '--out', str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280.0, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r'done after \d+\.\d s of motion', done.stdout)
    assert (tmp_path / 'made_panda.png').is_file()

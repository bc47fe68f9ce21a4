"""docs/tasks.md says what the code says, and its example runs."""

import importlib.util
import re
from pathlib import Path

from gae_arm.arm_sim.tasks.registry import TASKS

DOCS = Path(__file__).parents[2] / 'docs'


def test_the_page_of_the_tasks_is_what_the_code_writes():
    spec = importlib.util.spec_from_file_location('make_tasks_page', DOCS / 'make_tasks_page.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = (DOCS / 'tasks.md').read_text()
    assert text == module.page(), 'run: .venv/bin/python docs/make_tasks_page.py'
    assert all(f'| `{name}` |' in text for name in TASKS)


def test_the_example_of_the_page_runs(capsys):
    code = re.search(r'```python\n(.*?)```', (DOCS / 'tasks.md').read_text(), re.DOTALL)[1]
    exec(compile(code, 'docs/tasks.md', 'exec'), {})
    instruction, verdict = capsys.readouterr().out.splitlines()
    assert 'on' in instruction
    assert verdict == 'running'

"""The documentation says what the code says."""

import importlib.util
import re
from pathlib import Path

import pytest

from gae_arm.core.arm import load_arm

pytest.importorskip('rclpy', reason='the reference tells the topics: needs ROS 2')

DOCS = Path(__file__).parents[1] / 'docs'


def test_the_reference_is_what_the_code_writes():
    spec = importlib.util.spec_from_file_location('make_reference', DOCS / 'make_reference.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = (DOCS / 'reference.md').read_text()
    assert text == module.reference(), 'run: .venv/bin/python docs/make_reference.py'


@pytest.mark.parametrize('page', ['README.md', 'CONTRIBUTING.md', *DOCS.glob('*.md')], ids=str)
def test_links_to_files_lead_somewhere(page):
    path = DOCS.parent / page
    for target in re.findall(r'\]\(([^)#]+)\)', path.read_text()):
        if '://' not in target:
            assert (path.parent / target).exists(), f'{path.name} links to {target}'


def test_every_page_is_in_the_index():
    linked = set(re.findall(r'\]\(([^)#]+)\)', (DOCS / 'README.md').read_text()))
    assert linked == {page.name for page in DOCS.glob('*.md')} - {'README.md'}


def test_the_arm_of_the_page_on_own_arms_can_be_read(tmp_path):
    (text,) = re.findall(r'```yaml\n(.*?)```', (DOCS / 'own_arm.md').read_text(), re.DOTALL)
    file = tmp_path / 'my_arm.yaml'
    file.write_text(text)
    arm = load_arm(file)
    assert arm.name == 'my_arm'
    assert arm.gripper.opening(arm.gripper.opened) == 1.0

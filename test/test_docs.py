"""The documentation says what the code says."""

import importlib.util
import re
from pathlib import Path

import pytest

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

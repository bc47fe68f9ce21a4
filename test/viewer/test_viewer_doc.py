"""The page of the documentation on the web page names all that is on it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PANEL = (ROOT / 'gae_arm' / 'viewer' / 'web' / 'panel.py').read_text()
NAMES = re.findall(r"(?:add_button|add_folder|add_text|Picture)\((?:gui, )?'([^']+)'", PANEL)


def test_names_are_found():
    assert {'Stop', 'Instruction', 'Proposed plan', 'Camera'} <= set(NAMES)


@pytest.mark.parametrize('name', NAMES)
def test_what_is_on_the_page_stands_in_its_table(name):
    page = (ROOT / 'docs' / 'viewer.md').read_text()
    assert f'**{name}**' in page

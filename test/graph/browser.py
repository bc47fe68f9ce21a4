"""A headless browser on the web page, for its tests and its pictures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

BROWSERS = ('chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome')
# Without a GPU, WebGL is drawn in software: slowly, a shader's first use takes seconds.
FLAGS = ('--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--no-sandbox')
TIMEOUT_MS = 120_000


def find_browser() -> str | None:
    """Return the path of a browser, None if this machine has none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


@contextmanager
def open_page(url: str, width: int = 800, height: int = 500) -> Iterator[Page]:
    """Open the page of the viewer and wait until it is connected."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        page = browser.new_page(viewport={'width': width, 'height': height})
        page.set_default_timeout(TIMEOUT_MS)
        page.goto(url)
        page.get_by_test_id('state').wait_for()
        yield page
        browser.close()


def picture(page: Page, path: Path) -> None:
    """Save what the page shows, without the browser's note that it draws in software."""
    note = page.locator('.mantine-Notification-closeButton')
    while note.count():
        note.first.click()
        note.first.wait_for(state='detached')
    page.screenshot(path=path, type='jpeg', quality=88, timeout=2 * TIMEOUT_MS)

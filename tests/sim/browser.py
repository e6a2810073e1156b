# SPDX-License-Identifier: Apache-2.0
"""A page of ours in a real headless Chromium, for tests that look at it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from sim import environment


@contextmanager
def opened(file: Path) -> Iterator[Page]:
    """The page in Chromium; errors of its script and requests elsewhere fail the test."""
    binary = next(filter(None, map(shutil.which, environment.BROWSERS)), None)
    if not binary:
        pytest.skip("no Chromium on this machine; type: sudo apt-get install -y chromium")
    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary)
        shown = browser.new_page(viewport={"width": 1200, "height": 700})
        shown.on("pageerror", lambda error: wrong.append(str(error)))
        shown.on("console", lambda m: m.type == "error" and wrong.append(m.text))
        shown.on("request", lambda r: r.url.startswith(("file:", "data:")) or wrong.append(r.url))
        shown.goto(file.as_uri())
        yield shown
        browser.close()
    assert not wrong

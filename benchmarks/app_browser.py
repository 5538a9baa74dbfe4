"""The first view of a project in headless Chromium, where there is one."""

from __future__ import annotations

import shutil
import time

from app_server import FIRST_ROWS, PATIENCE

SHOWN = f"() => document.querySelectorAll('tbody tr').length >= {FIRST_ROWS}"
DRAWN = """() => [...document.querySelectorAll('tbody img')]
    .filter((one) => { const box = one.getBoundingClientRect(); return box.top < innerHeight && box.bottom > 0; })
    .every((one) => one.complete && one.naturalWidth > 0)"""
"""Whether the thumbnails that are in sight are there."""


def first_views(address: str, rounds: int) -> list[dict[str, float]] | None:
    """Open a project in tabs whose cache is empty.

    Parameters
    ----------
    address
        Of the project in the page.
    rounds
        How often; each in a context of its own, of one browser.

    Returns
    -------
    list of dict or None
        For each, the seconds until the first rows were shown (`rows`), and until the thumbnails in sight were (`all`).
        None without Playwright or Chromium.
    """
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if chromium is None:
        return None
    views = []
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        browser.new_page().goto("about:blank")
        for _ in range(rounds):
            context = browser.new_context(viewport={"width": 1280, "height": 720})
            page = context.new_page()
            page.set_default_timeout(PATIENCE * 1000)
            started = time.perf_counter()
            page.goto(address, wait_until="commit")
            page.wait_for_function(SHOWN)
            rows = time.perf_counter() - started
            page.wait_for_function(DRAWN)
            views.append({"rows": rows, "all": time.perf_counter() - started})
            context.close()
        browser.close()
    return views

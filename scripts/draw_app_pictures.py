"""Draw the pictures of the page in docs/app.md again: python scripts/draw_app_pictures.py [FOLDER].

Starts `cytally app` over a folder of its own and works through a project of the sample images in Debian's Chromium.
Needs the packages of the extra `test`. Without FOLDER the pictures go to docs/images.
"""

from __future__ import annotations

import csv
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Container
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from cytally.samples import sample_folder

SIZE = {"width": 1280, "height": 720}
LONG = 300_000
NAMES = ("dense", "empty", "large", "small", "sparse", "touching")
FIRST = ("dense.png", "sparse.png")
"""What is reviewed before the pictures of the list; of what is left all but one before that of improving."""


def ask(url: str, method: str = "GET", body: dict[str, Any] | None = None) -> Any:
    """An answer of the server."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def review(url: str, project: str, names: Container[str]) -> None:
    """Mark images as reviewed with the points that they were drawn with."""
    with (sample_folder() / "points.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for image in ask(f"{url}/api/projects/{project}/images")["items"]:
        if image["name"] in names:
            points = [[float(row["y"]), float(row["x"])] for row in rows if row["image"] == image["name"]]
            body = {"points": points, "reviewed": True, "revision": 0}
            ask(f"{url}/api/projects/{project}/images/{image['id']}/points", "PUT", body)


def draw(page: Page, url: str, out: Path) -> None:
    """Work through a project, and take a picture of each view."""
    page.goto(url)
    page.get_by_label("New project").fill("Drawn nuclei")
    page.get_by_role("button", name="Create").click()
    page.get_by_label("Image files").set_input_files([sample_folder() / "images" / f"{name}.png" for name in NAMES])
    expect(page.get_by_text("6 images added.")).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Count all").click()
    expect(page.get_by_text("counted", exact=True)).to_have_count(6, timeout=LONG)
    address = page.url
    project = address.rpartition("/")[2]
    review(url, project, FIRST)

    page.goto(url)
    expect(page.get_by_text("Drawn nuclei")).to_be_visible()
    page.screenshot(path=out / "app-projects.png")

    page.goto(address)
    expect(page.get_by_text("✓ reviewed")).to_have_count(len(FIRST))
    page.wait_for_load_state("networkidle")
    page.screenshot(path=out / "app-project.png")

    page.get_by_role("link", name="touching.png").first.click()
    expect(page.get_by_role("img", name="Scale bar")).to_be_visible(timeout=LONG)
    page.wait_for_load_state("networkidle")
    time.sleep(2)  # tiles fade in
    page.screenshot(path=out / "app-viewer.png")

    page.goto(address)
    page.get_by_role("link", name="What to label next").click()
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_text("Looked through on")).to_be_visible(timeout=LONG)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=out / "app-next.png")

    review(url, project, {f"{name}.png" for name in NAMES[:-1]} - set(FIRST))
    page.get_by_role("link", name="Improve").click()
    expect(page.get_by_text("5 images")).to_be_visible(timeout=LONG)
    page.get_by_label("Minutes").fill("1")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("is off by").first).to_be_visible(timeout=LONG)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=out / "app-improve.png")


def main() -> None:
    """Start the server, draw, and end it."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "docs" / "images"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="cytally-pictures-") as workspace, sync_playwright() as engine:
        command = [sys.executable, "-m", "cytally", "app", "--workspace", workspace, "--port", str(port)]
        server = subprocess.Popen([*command, "--no-browser"])
        try:
            for _ in range(240):
                try:
                    ask(f"{url}/api/about")
                    break
                except OSError:
                    time.sleep(0.25)
            browser = engine.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            draw(browser.new_page(viewport=SIZE), url, out)
            browser.close()
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()

"""The page of `cytally app` in a browser: the jobs a biologist does with it, against a server that really counts."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cytally

playwright = pytest.importorskip("playwright.sync_api")
pytest.importorskip("uvicorn")
expect = playwright.expect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SAMPLES = Path(cytally.__file__).parent / "samples" / "images"
STATIC = Path(cytally.__file__).parent / "app" / "static"
SERVER = Path(cytally.__file__).parent / "app" / "server.py"
PATIENCE = 60_000
EXPECTED = ("409 (", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
"""What the browser itself writes to its console when tabs disagree or a server is gone; both are tested here."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here"),
    pytest.mark.skipif(not SERVER.is_file(), reason="the server is not part of this checkout"),
]


class Server:
    """`cytally app` as its users start it."""

    def __init__(self, workspace: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.workspace = workspace
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "cytally", "app", "--workspace", str(self.workspace)]
        self.process = subprocess.Popen([*command, "--port", str(self.port), "--no-browser"])
        for _ in range(240):
            try:
                self.get("/about")
                return
            except OSError:
                time.sleep(0.25)
        raise AssertionError("the server did not start within a minute")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/api{path}", timeout=10) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("workspace"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_tab(browser: Any, server: Server) -> Iterator[Callable[[], Any]]:
    """Tabs of one browser; in the end, none may have complained or asked anyone but the server."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    complaints: list[str] = []

    def listen(message: Any) -> None:
        if message.type == "error" and not any(word in message.text for word in EXPECTED):
            complaints.append(message.text)

    def watch(request: Any) -> None:
        if not request.url.startswith((server.url, "blob:", "data:")):
            complaints.append(f"asked {request.url}")

    def tab() -> Any:
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", watch)
        return page

    yield tab
    context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def counted(server: Server, browser: Any) -> str:
    """A project of three images that the page made and counted; its address in the page."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(server.url)
    page.get_by_label("New project").fill("Dose response")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Drop images or folders here")).to_be_visible()
    files = [str(SAMPLES / f"{name}.png") for name in ("empty", "sparse", "small")]
    page.get_by_label("Image files").set_input_files(files)
    expect(page.get_by_text("3 images added.")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Count all").click()
    expect(page.get_by_text("counted", exact=True)).to_have_count(3, timeout=5 * PATIENCE)
    address = page.url
    page.close()
    return str(address)


@pytest.fixture(scope="module")
def reviewed(server: Server, browser: Any) -> str:
    """The address of a project of five images, four of which are reviewed with the points that they were drawn with."""
    page = browser.new_page()
    page.goto(server.url)
    page.get_by_label("New project").fill("Reviewed")
    page.get_by_role("button", name="Create").click()
    names = ("dense", "large", "small", "sparse", "touching")
    page.get_by_label("Image files").set_input_files([str(SAMPLES / f"{name}.png") for name in names])
    expect(page.get_by_text("5 images added.")).to_be_visible(timeout=PATIENCE)
    address = str(page.url)
    page.close()
    project = address.rpartition("/")[2]
    with (SAMPLES.parent / "points.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for image in server.get(f"/projects/{project}/images")["items"][:4]:
        points = [[float(row["y"]), float(row["x"])] for row in rows if row["image"] == image["name"]]
        body = json.dumps({"points": points, "reviewed": True, "revision": 0}).encode()
        address_of = f"{server.url}/api/projects/{project}/images/{image['id']}/points"
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(address_of, body, headers, method="PUT")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
    return address


def number(page: Any) -> int:
    return int(page.get_by_test_id("corrected").locator(".big").inner_text().replace(",", ""))


def open_image(page: Any, address: str, name: str) -> None:
    page.goto(address)
    page.get_by_role("link", name=name).first.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("corrected")).to_be_visible()
    expect(page.get_by_role("img", name="Scale bar")).to_be_visible()


def saved(page: Any) -> None:
    expect(page.get_by_role("status").get_by_text("Saved", exact=True)).to_be_visible(timeout=PATIENCE)


def unsaved_point(page: Any, address: str, name: str) -> int:
    """Add a point that cannot be saved; how many there were before."""
    open_image(page, address, name)
    before = number(page)
    page.route(
        "**/points",
        lambda route: route.abort("connectionreset") if route.request.method == "PUT" else route.continue_(),
    )
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").get_by_text("Not saved yet")).to_be_visible(timeout=PATIENCE)
    return before


def test_no_script_or_style_lies_in_the_page_and_no_map_beside_it() -> None:
    text = (STATIC / "index.html").read_text(encoding="utf-8")
    assert "<style" not in text and "style=" not in text and "<script>" not in text
    assert [path.name for path in STATIC.rglob("*.map")] == []
    licences = (STATIC / "THIRD-PARTY.txt").read_text(encoding="utf-8")
    assert "openseadragon" in licences and "preact" in licences


def test_the_lists_do_without_the_script_of_the_viewer() -> None:
    (script,) = re.findall(r'src="(/assets/[^"]+)"', (STATIC / "index.html").read_text(encoding="utf-8"))
    entry = STATIC / script.removeprefix("/")
    assert entry.stat().st_size < 80_000
    assert "openseadragon" not in entry.read_text(encoding="utf-8").lower()


def test_projects_are_created_and_renamed(server: Server, open_tab: Callable[[], Any]) -> None:
    page = open_tab()
    page.goto(server.url)
    page.get_by_label("New project").fill("First name")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Drop images or folders here")).to_be_visible()
    page.goto(f"{server.url}/#/")
    page.get_by_role("button", name="Rename First name").click()
    page.get_by_label("New name for First name").fill("Second name")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Second name")).to_be_visible()
    assert "Second name" in [project["name"] for project in server.get("/projects")]


def test_a_file_that_is_no_image_is_refused_with_its_cure(
    counted: str, open_tab: Callable[[], Any], tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    page = open_tab()
    page.goto(counted)
    page.get_by_text("Add images").click()
    page.get_by_label("Image files").set_input_files(str(tmp_path / "broken.png"))
    expect(page.get_by_text("1 file could not be added:")).to_be_visible(timeout=PATIENCE)
    refused = page.get_by_role("listitem").filter(has_text="broken.png")
    expect(refused).to_have_text(re.compile(r"^broken\.png (?!.*broken\.png).+; .+"))


def test_the_list_sorts_filters_and_downloads(counted: str, open_tab: Callable[[], Any]) -> None:
    page = open_tab()
    page.goto(counted)
    names = page.locator("tbody th a")
    expect(names).to_have_count(3)
    page.get_by_role("columnheader", name="Count").get_by_role("button").click()
    expect(names.first).to_have_text("empty.png")
    page.get_by_role("columnheader", name="Count").get_by_role("button").click()
    expect(names.last).to_have_text("empty.png")
    page.get_by_label("Name contains").fill("spar")
    expect(names).to_have_count(1)
    page.reload()  # the address remembers
    expect(names).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Counts (CSV)").click()
    assert "sparse.png" in Path(download.value.path()).read_text(encoding="utf-8")


def test_points_are_added_removed_cleared_undone_and_kept(
    counted: str, server: Server, open_tab: Callable[[], Any]
) -> None:
    page = open_tab()
    open_image(page, counted, "sparse.png")
    before = number(page)
    # A place without a point: the test takes the middle, and if a point lies there, the first click removes it.
    box = page.locator(".stage").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(x, y)
    page.wait_for_timeout(600)  # two clicks in a row are a double click to a browser
    first = number(page)
    assert abs(first - before) == 1
    page.mouse.click(x, y)
    assert number(page) == before
    page.keyboard.press("Control+z")
    assert number(page) == first
    page.keyboard.press("Control+Shift+z")
    assert number(page) == before
    page.keyboard.press("Control+z")
    saved(page)
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(x, y, steps=4)
    page.mouse.move(box["x"] + box["width"] - 5, box["y"] + box["height"] - 5, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    assert number(page) == 0
    page.keyboard.press("Control+z")
    page.keyboard.press("r")
    expect(page.get_by_role("checkbox", name="Reviewed")).to_be_checked()
    saved(page)
    page.reload()
    expect(page.get_by_role("checkbox", name="Reviewed")).to_be_checked(timeout=PATIENCE)
    assert number(page) == first
    page.keyboard.press("Escape")
    expect(page.get_by_text("✓ reviewed")).to_be_visible()
    page.get_by_role("button", name="Export reviewed").click()
    folder = Path(page.locator("dialog .path").inner_text())
    rows = (folder / "points.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(rows) == first


def test_an_edit_that_was_undone_is_no_correction(reviewed: str, server: Server, open_tab: Callable[[], Any]) -> None:
    project = reviewed.rpartition("/")[2]
    (image,) = server.get(f"/projects/{project}/images?only=unreviewed")["items"]
    points = f"/projects/{project}/images/{image['id']}/points"
    page = open_tab()
    open_image(page, reviewed, image["name"])
    # never counted: nobody may say that there is no cell by a tick
    expect(page.get_by_role("checkbox", name="Reviewed")).to_be_disabled()
    page.keyboard.press("r")
    expect(page.get_by_text("Count the image first, or mark its cells.").first).to_be_visible()
    page.get_by_role("button", name="Count this image").click()
    expect(page.get_by_text("cells, says the model")).to_be_visible(timeout=5 * PATIENCE)
    expect(page.get_by_role("checkbox", name="Reviewed")).to_be_enabled()
    before = number(page)
    for press, kept, reviewed_now in (
        ("Enter", before + 1, False), ("Control+z", None, False), ("r", before, True), ("r", None, False),
    ):  # fmt: skip
        page.keyboard.press(press)
        saved(page)
        found = server.get(points)
        assert (found["corrected"] if kept is None else len(found["corrected"])) == kept
        assert found["reviewed"] == reviewed_now


def test_keys_alone_go_through_the_images(counted: str, open_tab: Callable[[], Any]) -> None:
    page = open_tab()
    open_image(page, counted, "empty.png")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="small.png")).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="empty.png")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("corrected")).to_be_visible()
    before = number(page)
    page.keyboard.press("Enter")
    assert number(page) == before + 1
    page.keyboard.press("Delete")
    assert number(page) == before
    saved(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)
    expect(page.get_by_role("heading", name="empty.png")).to_be_visible()


@pytest.mark.parametrize("mine", [True, False])
def test_two_tabs_that_disagree_are_asked(counted: str, open_tab: Callable[[], Any], mine: bool) -> None:
    one, other = open_tab(), open_tab()
    for page in (one, other):
        open_image(page, counted, "small.png")
    before = number(one)
    one.keyboard.press("Enter")
    saved(one)
    other.keyboard.press("Enter")
    other.keyboard.press("Enter")
    expect(other.get_by_role("dialog")).to_be_visible(timeout=PATIENCE)
    other.get_by_role("button", name="Keep mine" if mine else "Take the other one").click()
    saved(other)
    assert number(other) == before + (2 if mine else 1)


def test_every_control_has_a_name(counted: str, open_tab: Callable[[], Any]) -> None:
    page = open_tab()
    nameless = """() => [...document.querySelectorAll("button, input, select, a, [role=img]")]
        .filter((one) => one.checkVisibility() && !one.closest("[aria-hidden=true]"))
        .filter((one) => !(one.ariaLabel || one.labels?.length || one.textContent.trim() || one.title))
        .map((one) => one.outerHTML)"""
    page.goto(counted)
    expect(page.locator("tbody tr")).to_have_count(3)
    assert page.evaluate(nameless) == []
    open_image(page, counted, "small.png")
    assert page.evaluate(nameless) == []
    for tab in ("What to label next", "Improve"):
        page.get_by_role("link", name=tab).click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate(nameless) == []


def test_a_lost_server_is_told_and_nothing_is_lost(counted: str, server: Server, open_tab: Callable[[], Any]) -> None:
    page = open_tab()
    open_image(page, counted, "empty.png")
    before = number(page)
    server.stop()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The server does not answer.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("status").get_by_text("Not saved yet")).to_be_visible(timeout=PATIENCE)
    server.start()
    expect(page.get_by_text("The server does not answer.")).to_have_count(0, timeout=PATIENCE)
    saved(page)
    page.reload()
    expect(page.get_by_test_id("corrected")).to_be_visible(timeout=PATIENCE)
    assert number(page) == before + 1


def test_an_image_whose_file_is_lost_says_so_and_leads_on(
    counted: str, server: Server, open_tab: Callable[[], Any]
) -> None:
    project = counted.rpartition("/")[2]
    first = server.get(f"/projects/{project}/images")["items"][0]
    told = {"error": f"{first['name']}: its file is gone", "cure": "put it back where it lay"}
    page = open_tab()
    # 409 as the listener lets it pass: what matters here is what the page makes of a refusal.
    page.route(f"**/images/{first['id']}", lambda route: route.fulfill(status=409, json=told))
    page.goto(f"{counted}/images/{first['id']}")
    expect(page.get_by_role("heading", name=first["name"])).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("alert").last).to_have_text(
        "This image cannot be shown: its file is gone; put it back where it lay"
    )
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.get_by_test_id("corrected")).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("p")
    expect(page.get_by_role("alert").last).to_contain_text("cannot be shown")
    page.keyboard.press("Escape")
    expect(page.locator("tbody tr")).to_have_count(3)


def test_an_unsaved_correction_survives_a_reload(counted: str, open_tab: Callable[[], Any]) -> None:
    page = open_tab()
    before = unsaved_point(page, counted, "empty.png")
    page.unroute("**/points")
    page.reload()
    expect(page.get_by_test_id("corrected")).to_be_visible(timeout=PATIENCE)
    assert number(page) == before + 1
    saved(page)


def test_an_unsaved_correction_reaches_the_server_though_its_image_is_not_opened_again(
    counted: str, server: Server, open_tab: Callable[[], Any]
) -> None:
    project = counted.rpartition("/")[2]
    page = open_tab()
    before = unsaved_point(page, counted, "small.png")
    page.close()
    other = open_tab()
    other.goto(server.url)
    deadline = time.monotonic() + PATIENCE / 1000
    found = None
    while found != before + 1 and time.monotonic() < deadline:
        time.sleep(0.2)
        images = server.get(f"/projects/{project}/images?filter=small")["items"]
        found = images[0]["corrected"]
    assert found == before + 1


def test_images_are_removed(server: Server, open_tab: Callable[[], Any]) -> None:
    page = open_tab()
    page.goto(server.url)
    page.get_by_label("New project").fill("Wrong ones")
    page.get_by_role("button", name="Create").click()
    page.get_by_label("Image files").set_input_files([str(SAMPLES / f"{name}.png") for name in ("empty", "sparse")])
    expect(page.get_by_text("2 images added.")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("row", name="empty.png").get_by_role("checkbox").check()
    page.get_by_role("button", name="Remove selected").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("link", name="empty.png").first).to_be_visible()
    page.get_by_role("button", name="Remove selected").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove 1 image").click()
    expect(page.get_by_role("link", name="empty.png")).to_have_count(0, timeout=PATIENCE)
    expect(page.get_by_text("2 images added.")).to_have_count(0)
    expect(page.get_by_role("link", name="sparse.png").first).to_be_visible()


def test_a_reload_in_the_middle_of_a_count_finds_it_again_and_so_does_another_tab(
    reviewed: str, open_tab: Callable[[], Any]
) -> None:
    page, other = open_tab(), open_tab()
    page.goto(reviewed)
    page.get_by_role("button", name="Count all").click()
    expect(page.get_by_role("group", name="Counting")).to_be_visible(timeout=PATIENCE)
    page.reload()
    other.goto(reviewed)
    for tab in (page, other):
        expect(tab.get_by_text("counted", exact=True)).to_have_count(5, timeout=5 * PATIENCE)
        expect(tab.get_by_role("group", name="Counting")).to_have_count(0, timeout=PATIENCE)


def test_what_to_label_next_leads_to_the_image(reviewed: str, open_tab: Callable[[], Any]) -> None:
    page = open_tab()
    page.goto(reviewed)
    page.get_by_role("link", name="What to label next").click()
    page.get_by_role("button", name="Look through the images").click()
    entry = page.locator(".suggestions a")
    expect(entry).to_have_count(1, timeout=5 * PATIENCE)  # the others are reviewed
    expect(entry.locator(".why")).not_to_be_empty()
    entry.click()
    expect(page.get_by_role("heading", name="touching.png")).to_be_visible(timeout=PATIENCE)


def start_improving(page: Any, address: str, minutes: str) -> None:
    page.goto(address)
    page.get_by_role("link", name="Improve").click()
    page.get_by_label("Minutes").fill(minutes)
    page.get_by_role("button", name="Start").click()


def test_a_model_is_improved_and_only_a_better_one_is_kept(
    reviewed: str, server: Server, open_tab: Callable[[], Any]
) -> None:
    page = open_tab()
    start_improving(page, reviewed, "0.5")
    expect(page.get_by_role("group", name="Improving the model")).to_be_visible(timeout=PATIENCE)
    page.reload()
    outcome = page.get_by_role("heading", name=re.compile("(new model is better|old model is kept)"))
    expect(outcome).to_be_visible(timeout=5 * PATIENCE)
    (job,) = [each for each in server.get("/jobs") if each["kind"] == "improve"]
    result = job["result"]
    assert (result["kept"] == "new") == (result["new"]["mae"] < result["old"]["mae"])
    said = page.get_by_text("reviewed image").last
    for each in (result["old"], result["new"]):
        expect(said).to_contain_text(f"{each['mae']:.3g}")
    expect(outcome).to_contain_text("new model is better" if result["kept"] == "new" else "old model is kept")
    assert job["curves"]


def test_a_job_is_cancelled_and_others_tell_that_they_wait_for_it(
    reviewed: str, counted: str, server: Server, open_tab: Callable[[], Any]
) -> None:
    page, other = open_tab(), open_tab()
    start_improving(page, reviewed, "7")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=PATIENCE)
    page.reload()
    expect(page.get_by_role("group", name="Improving the model")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("Minutes")).to_have_value("7")
    expect(page.get_by_label("Minutes")).to_be_disabled()
    other.goto(counted)
    other.get_by_role("button", name="Count all").click()
    waits = other.get_by_text("waits for improving the model in another project, “Reviewed”")
    expect(waits).to_be_visible(timeout=PATIENCE)
    other.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Improving was cancelled")).to_be_visible(timeout=5 * PATIENCE)
    assert "cancelled" in [each["state"] for each in server.get("/jobs")]

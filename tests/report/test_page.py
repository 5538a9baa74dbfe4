"""The report: whole, literal, self-contained, and without a word on the browser's console."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from cytally.report import page
from cytally.report.overlays import encode_png, write_png
from cytally.report.page import ReportData, ReportFailure, ReportRow, ReportTable, render_report, write_report

VOID = {"meta", "link", "input", "img", "br", "path", "rect"}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Outline(HTMLParser):
    """What a page holds: its attributes, its text, its rows of cells. Fails on a tag that is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[list[str]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)
            if {"td", "th"} & set(self.open):
                self.cells[-1][-1] += data

    def attributes(self, tag: str, name: str) -> list[str]:
        return [found[name] or "" for kind, found in self.tags if kind == tag and name in found]

    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def picture(side: int = 40) -> bytes:
    return encode_png(np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8))


@pytest.fixture
def report() -> ReportData:
    return ReportData(
        title="Cells in 3 images",
        model="nuclei-fluorescence",
        description="Counts nuclei.",
        rows=(
            ReportRow(
                "a 1.png",
                10.04,
                8.0,
                12.5,
                0.25,
                40.16,
                channel="DAPI",
                thumbnail=picture(),
                overlay="overlays/a 1.png",
                points="points/a 1.csv",
                density="density/a 1.tif",
            ),
            ReportRow("b#2?.png", 1234.5, flags=("saturated", "of-elsewhere"), overlay="overlays/b#2?.png"),
            ReportRow("c.png", 0.0),
        ),
        failures=(ReportFailure("d.png", "d.png: is empty; export it again"),),
        samples=ReportTable(("dose", "n", "mean", "SD"), (("none", 2, 622.27, 865.8), ("high", 1, 0.0, None))),
        notes=("Channel 1 was taken in 3 images.",),
        facts={"cytally": "0.1.0", "command": "cytally count in -o out"},
    )


def test_all_is_told(report: ReportData) -> None:
    outline = Outline(render_report(report))
    rows = {cells[0].strip(): [" ".join(cell.split()) for cell in cells] for cells in outline.cells}
    assert rows["a 1.png"] == ["a 1.png", "10.0", "8.0 – 12.5", "0.250", "40.2", "DAPI", "", "points density"]
    assert rows["b#2?.png"] == ["b#2?.png", "1,234.5", "–", "–", "–", "–", "saturated of-elsewhere", ""]
    assert rows["c.png"][1:3] == ["0.0", "–"]
    assert rows["d.png"] == ["d.png", "d.png: is empty; export it again"]
    assert rows["none"] == ["none", "2", "622.3", "865.8"]
    assert rows["high"] == ["high", "1", "0.0", "–"]
    words = outline.words()
    for sentence in (
        "Channel 1 was taken in 3 images.",
        "1 image. Many pixels sit at the brightest value.",
        "of-elsewhere",
        "The model is not calibrated, so no interval can be given for 2 of the counts (shown as a dash).",
        "The pixel size of 2 of the images is unknown",
        "cytally count in -o out",
        "90 % interval",
    ):
        assert sentence in words


def test_the_summary_is_right(report: ReportData) -> None:
    # 10.04, 1234.5 and 0: total 1244.54, mean 414.85, median 10.04;
    # deviations -404.81, 819.65, -414.85: squares 163868 + 671831 + 172098 = 1007797, halved, root: 709.9.
    words = Outline(render_report(report)).words()
    for tile in (
        "images counted 3",
        "cells in total 1,244.5",
        "mean per image 414.8",
        "standard deviation 709.9",
        "median per image 10.0",
        "with warnings 1",
        "failed 1",
    ):
        assert tile in words


def test_file_names_are_shown_literally(report: ReportData) -> None:
    evil = "<b>x\"'&.png"
    row = ReportRow(evil, 1.0, flags=("<i>f",), channel="<u>", thumbnail=picture(), overlay=f"overlays/{evil}")
    text = render_report(
        replace(
            report,
            title=evil,
            model=evil,
            rows=(row, row),
            failures=(ReportFailure(evil, evil),),
            samples=ReportTable((evil,), ((evil,),)),
            notes=(evil,),
            facts={evil: evil},
        )
    )
    outline = Outline(text)
    assert not {"b", "u"} & {tag for tag, _ in outline.tags}
    assert not re.search(r"<i>", text)
    assert outline.words().count(evil) >= 12
    assert outline.attributes("tr", "data-row") == ["0", "1"]
    assert f"{evil} with 1.0 cells marked" in outline.attributes("img", "alt")


def test_nothing_is_asked_of_the_network(report: ReportData) -> None:
    text = render_report(report)
    outline = Outline(text)
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text
    for source in outline.attributes("img", "src"):
        assert source.startswith("data:image/jpeg;base64,")
    assert all(link.startswith(("#", "overlays/", "points/", "density/")) for link in outline.attributes("a", "href"))
    assert not outline.attributes("script", "src")


def test_links_survive_odd_file_names(report: ReportData) -> None:
    links = Outline(render_report(report)).attributes("a", "href")
    assert "overlays/a%201.png" in links
    assert "overlays/b%232%3F.png" in links


def test_accessible(report: ReportData) -> None:
    outline = Outline(render_report(report))
    headers = [found for tag, found in outline.tags if tag == "th"]
    labelled = set(outline.attributes("label", "for"))
    ids = [found["id"] for _, found in outline.tags if "id" in found]
    assert headers
    assert all(found.get("scope") in ("row", "col") for found in headers)
    assert all(outline.attributes("img", "alt"))
    assert "words" in labelled
    assert len(ids) == len(set(ids))
    for _, found in outline.tags:
        if "aria-labelledby" in found:
            assert found["aria-labelledby"] in ids
    assert {link[1:] for link in outline.attributes("a", "href") if link.startswith("#")} <= set(ids)
    assert outline.attributes("html", "lang") == ["en"]


def contrast(one: str, two: str) -> float:
    """Contrast ratio of two colours (WCAG 2.1, relative luminance)."""

    def luminance(colour: str) -> float:
        bands = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
        linear = np.where(bands <= 0.04045, bands / 12.92, ((bands + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    bright, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_in_both_schemes(report: ReportData, scheme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", render_report(report), flags=re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", blocks[scheme]))
    for ink, ground in (("ink", "page"), ("ink", "panel"), ("soft", "panel"), ("accent", "panel"), ("accent", "hover")):
        assert contrast(colours[ink], colours[ground]) >= 4.5
    assert contrast(colours["warn-ink"], colours["warn"]) >= 4.5


def test_an_empty_run() -> None:
    outline = Outline(render_report(ReportData("Nothing", "m", "Counts.")))
    assert "No image was counted." in outline.words()
    assert "cells in total 0.0" in outline.words()
    assert "mean per image –" in outline.words()
    assert outline.cells == []


def test_all_failed(report: ReportData) -> None:
    outline = Outline(render_report(replace(report, rows=(), samples=None)))
    assert "No image was counted: each of the 1 failed, for the reasons below." in outline.words()
    assert ["d.png", "d.png: is empty; export it again"] in outline.cells


def test_one_image_has_no_deviation_and_no_histogram(report: ReportData) -> None:
    text = render_report(replace(report, rows=report.rows[:1]))
    assert "standard deviation –" in Outline(text).words()
    assert "<svg" not in text
    assert "not calibrated" not in text


def test_area_columns_are_left_out_where_no_pixel_size_is_known(report: ReportData) -> None:
    words = Outline(render_report(replace(report, rows=report.rows[1:]))).words()
    assert "Area, mm²" not in words
    assert "The pixel size of the images is unknown" in words
    assert "no interval can be given for the counts." in words


def test_thumbnails_are_small_jpegs(report: ReportData) -> None:
    noise = picture(512)
    assert len(noise) > 500_000
    source = Outline(render_report(replace(report, rows=(ReportRow("a", 1.0, thumbnail=noise),))))
    jpeg = base64.b64decode(source.attributes("img", "src")[0].partition(",")[2])
    assert len(jpeg) <= 20_000
    assert Pillow.open(io.BytesIO(jpeg)).format == "JPEG"


def test_beyond_500_images_pictures_are_linked(report: ReportData) -> None:
    row = report.rows[0]
    few, many = (
        Outline(render_report(replace(report, rows=(row,) * number))).attributes("img", "src") for number in (500, 501)
    )
    assert len(few) == 500
    assert len(many) == 501
    assert few[0].startswith("data:")
    assert set(many) == {"overlays/a%201.png"}


def test_the_file_is_written_whole(report: ReportData, tmp_path: Path) -> None:
    write_report(tmp_path / "out" / "report.html", report)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.html"]
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8") == render_report(report)


CLICKS = """
<script>
addEventListener("load", () => {
  const rows = () => Array.from(document.querySelectorAll("#counts tbody tr:not([hidden])"), (row) => row.dataset.row);
  const cards = () => Array.from(document.querySelectorAll("#cards > li:not([hidden])"), (card) => card.dataset.row);
  const heads = document.querySelectorAll("#counts thead button");
  const seen = [];
  const note = () => seen.push(rows().join("") + "=" + cards().join(""));
  heads[1].click(); note();
  heads[1].click(); note();
  heads[2].click(); note();
  heads[0].click(); note();
  const words = document.getElementById("words");
  words.value = "B#"; words.dispatchEvent(new Event("input")); note();
  words.value = ""; words.dispatchEvent(new Event("input"));
  document.getElementById("only-flagged").click(); note();
  document.getElementById("only-flagged").click();
  setTimeout(() => {
    seen.push("widths " + Array.from(document.images, (image) => image.naturalWidth).join(","));
    document.body.dataset.seen = seen.join(" | ");
  }, 1000);
});
</script>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
def test_a_browser_sorts_filters_and_complains_of_nothing(
    report: ReportData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "INLINE_IMAGES", 0)
    for row in report.rows:
        if row.overlay:
            write_png(tmp_path / row.overlay, np.zeros((7, 9, 3), np.uint8))
    path = tmp_path / "report.html"
    text = render_report(report)
    path.write_text(text.replace("</body>", CLICKS + "</body>"), encoding="utf-8")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    more = "--disable-component-update --disable-sync --enable-logging=stderr --dump-dom --virtual-time-budget=5000"
    browser = subprocess.run(
        [str(CHROMIUM), *flags.split(), *more.split(), f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in browser.stderr
    assert "all 3</output>" in browser.stdout
    seen = re.search(r'data-seen="([^"]*)"', browser.stdout)
    assert seen is not None
    # By cells up (0, 10, 1234.5) and down; by interval, where the empty ones stay last; by name; two filters.
    assert seen[1].split(" | ") == ["201=201", "102=102", "012=012", "012=012", "1=1", "1=1", "widths 9,9"]


def test_the_count_by_area_has_a_column_where_any_image_has_one(report: ReportData) -> None:
    assert "Count by area" not in Outline(render_report(report)).words()
    rows = (replace(report.rows[0], count_by_area=12.34), replace(report.rows[1], count_by_area=0.0), report.rows[2])
    outline = Outline(render_report(replace(report, rows=rows)))
    head = next(cells for cells in outline.cells if any("Count by area" in cell for cell in cells))
    place = next(index for index, cell in enumerate(head) if "Count by area" in cell)
    by_name = {cells[0].strip(): cells for cells in outline.cells if len(cells) == len(head)}
    assert [by_name[name][place].strip() for name in ("a 1.png", "b#2?.png", "c.png")] == ["12.3", "0.0", "–"]


def test_a_table_has_its_own_title_and_no_column_is_empty(report: ReportData) -> None:
    table = ReportTable(("image", "corrected"), (("a.tif", 3),))
    bare = replace(report, rows=(ReportRow("a.tif", 2.0),), samples=table, samples_title="Corrected by hand")
    page = render_report(bare)
    assert "Corrected by hand</h2>" in page and "Samples</h2>" not in page and ">Files</th>" not in page
    assert ">Files</th>" in render_report(replace(bare, rows=(ReportRow("a.tif", 2.0, points="points/a.csv"),)))

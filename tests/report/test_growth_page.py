"""The page of a growth run."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from cytally.report.growth_page import (
    INLINE_SECTIONS,
    FlaggedFrame,
    GrowthPage,
    GrowthPicture,
    GrowthSection,
    render_growth,
    write_growth_page,
)
from cytally.report.html import ReportFailure
from cytally.report.overlays import encode_png
from cytally.report.page import ReportTable

PNG = encode_png(np.zeros((8, 9, 3), np.uint8))
SECTION = GrowthSection(
    "a <b>.tif",
    50,
    condition="control",
    first_count=61,
    last_count=1253,
    growth_model="exponential",
    doubling=8.04,
    doubling_lower=7.4,
    doubling_upper=8.8,
    sentences=("Cells double in 8.0 h.",),
    notes=("The lag is not supported.",),
    curve=GrowthPicture(b"<svg/>", {"PNG": "curve #1.png", "SVG": "curve #1.svg"}, "Band: 95 %."),
    lineage=GrowthPicture(PNG),
    shifts=np.array([[0, 0], [3, -2.0]]),
    shift_words="Largest shift 3.6 pixels.",
    motility=(("median speed", "0.4 µm/min"),),
    deaths=(("deaths per hour", "0.43"),),
    flagged=(FlaggedFrame(7, "black", "2:20 h", "left out"),),
    video="videos/a #1.mp4",
    poster=PNG,
    files={"growth.csv": "a #1/growth.csv"},
)


def page(*sections: GrowthSection, **more: object) -> str:
    return render_growth(GrowthPage("Growth", "model", "Counts.", sections=sections, **more))  # type: ignore[arg-type]


def tiles(text: str) -> dict[str, str]:
    return dict(re.findall(r"<div><dt>([^<]*)</dt><dd>([^<]*)</dd></div>", text.split("<section")[0]))


def test_all_that_is_known_of_one() -> None:
    text = page(SECTION, notes=("A note.",), facts={"date": "today"})
    for words in (
        *("Cells double in 8.0 h.", "The lag is not supported.", "Band: 95 %.", "Largest shift 3.6 pixels."),
        *("median speed", "0.4 µm/min", "deaths per hour", "0.43", "black", "2:20 h", "left out", "A note.", "today"),
    ):
        assert words in text, words
    for link in ("videos/a%20%231.mp4", "a%20%231/growth.csv", "curve%20%231.svg"):
        assert f'href="{link}"' in text
    assert 'src="data:image/svg+xml;base64,' in text and 'src="data:image/png;base64,' in text
    assert "a &lt;b&gt;.tif" in text and "<b>" not in text
    assert tiles(text) == {
        "doubling time": "8.0 h",
        "95 % interval": "7.4 to 8.8 h",
        "growth": "exponential",
        "cells, first to last frame": "61 to 1,253",
        "frames": "50",
        "frames flagged": "1",
    }
    assert 'id="summary"' not in text


def test_nothing_is_asked_of_the_network() -> None:
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page(SECTION, SECTION))


def test_least() -> None:
    text = page(GrowthSection("a.tif", 1), unit="frames")
    assert "No doubling time." in text and tiles(text)["doubling time"] == "–"
    for heading in ("Video", "Shifts", "Motility", "Deaths", "Flagged frames", "Lineage", "Growth curve"):
        assert f"<h3>{heading}</h3>" not in text


def test_shrinking_is_said() -> None:
    text = page(replace(SECTION, doubling=-5.0, doubling_lower=-6.0, doubling_upper=-4.5), unit="frames")
    assert tiles(text)["halving time"] == "5.0 frames" and tiles(text)["95 % interval"] == "4.5 to 6.0 frames"


def test_several_have_a_summary_and_a_comparison() -> None:
    text = page(
        SECTION,
        replace(SECTION, name="b.tif", condition="drug", doubling=None, growth_model=""),
        comparison=ReportTable(("condition", "ratio", "p"), (("drug", 0.41234, None),)),
        comparison_words=("Likelihood-ratio test.",),
        curve=GrowthPicture(b"<svg/>"),
        failures=(ReportFailure("c.tif", "is empty"),),
    )
    summary = text.split('id="summary"')[1].split("</section>")[0]
    assert "doubles in 8.0 h" in summary and "no doubling time" in summary and "drug" in summary
    assert 'href="#timelapse-2"' in summary and 'id="timelapse-2"' in text and "All growth curves" in summary
    assert "Likelihood-ratio test." in text and "0.412" in text and "is empty" in text
    shown = tiles(text)
    assert shown["conditions"] == "2" and shown["with a doubling time"] == "1" and shown["failed"] == "1"


def test_pages_of_many_point_at_the_files() -> None:
    text = page(*[SECTION] * (INLINE_SECTIONS + 1))
    assert 'src="curve%20%231.png"' in text and "data:image/svg+xml" not in text


def test_none_could_be_read(tmp_path: Path) -> None:
    report = GrowthPage("Growth", "model", "", failures=(ReportFailure("a.tif", "is empty"),))
    write_growth_page(tmp_path / "report.html", report)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "No time-lapse was counted" in text and "is empty" in text

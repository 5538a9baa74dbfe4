"""The report of a labelling."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cytally.report.html import ReportFailure, ReportFigure
from cytally.report.label_page import LabelData, LabelledRow, render_labels, write_label_page
from cytally.report.overlays import encode_png

PNG = encode_png(np.zeros((8, 8, 3), np.uint8))
ROW = LabelledRow("a <b>.tif", 1234, 0.25, (3.0, -5.5), 0.678, "", "overlays/a #1.png", "labels/a #1.tif")


@pytest.fixture
def report() -> LabelData:
    return LabelData(
        title="Labels from a stain",
        model="auto",
        description="Found.",
        rows=(ROW, replace(ROW, image="c.tif", objects=1, why="no object was found")),
        failures=(ReportFailure("d.tif", "d.tif: is empty; export it again"),),
        notes=("Labelled by channel 1.",),
        figures=(ReportFigure("contact", "Contact sheet", "Blue: kept.", PNG, "two images"),),
        facts={"preset": "auto"},
    )


def test_the_page_tells_all(report: LabelData, tmp_path: Path) -> None:
    write_label_page(tmp_path / "report.html", report)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "a &lt;b&gt;.tif" in page and "<b>" not in page
    for text in ("3.0, -5.5", "0.68", "25.0 %", "no object was found", "d.tif: is empty", "Labelled by channel 1."):
        assert text in page, text
    for name, value in (("images labelled", 2), ("nuclei in total", "1,235"), ("kept", 1), ("to be skipped", 1)):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in page
    assert "<dt>failed</dt><dd>1</dd>" in page
    assert 'href="overlays/a%20%231.png"' in page and 'src="data:image/png;base64,' in page


def test_what_there_is_not_is_left_out(report: LabelData) -> None:
    page = render_labels(replace(report, rows=(replace(ROW, shift=None, correlation=None),), failures=(), figures=()))
    assert "Correlation" not in page and "failed" not in page and "<img" not in page
    assert "<table" not in render_labels(LabelData("Labels", "auto", "Found."))

"""The report of a transfer as a page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cytally.report.html import ReportFigure
from cytally.report.overlays import encode_png
from cytally.report.transfer_page import ChainLink, StageRow, TransferData, render_transfer, write_transfer

PNG = encode_png(np.zeros((8, 8, 3), np.uint8))


@pytest.fixture
def report() -> TransferData:
    return TransferData(
        title="How it was carried over",
        model="back",
        description="a -> <b> -> this model",
        before=3.456,
        after=1.2,
        validation=1234,
        validation_name="validation images",
        saved=0.318,
        sentences=("Nothing was frozen.", "Drawn & natural."),
        chain=(ChainLink("<b>", "frozen-core", "yesterday", "f00d"), ChainLink("back (this model)", "thaw", "today")),
        stages=(StageRow("rest", ("mean", "expand"), 0.8, 1200), StageRow("never", ("head",), 0.9, None)),
        figures=(ReportFigure("curve", "Validation error", "Read it so.", PNG, "curve"),),
        facts={"command": "cytally transfer"},
    )


def words(text: str) -> str:
    text = re.sub(r"<style>.*?</style>", " ", text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_all_is_told_and_nothing_asked_of_the_network(report: TransferData) -> None:
    text = render_transfer(report)
    told = words(text)
    for sentence in (
        "error as it came 3.46 error now 1.20 validation images 1,234 stages thawed 1 of 2 time of a step saved 32 %",
        "Nothing was frozen. Drawn &amp; natural.",
        "rest 80 % 1,200 mean, expand never 90 % not reached head",
        "&lt;b&gt; frozen-core yesterday f00d back (this model) thaw today –",
        "Validation error Read it so.",
        "command cytally transfer",
    ):
        assert sentence in told
    assert "<b>" not in text and not re.search("https?:", text) and "<script" not in text
    assert all(source.startswith("data:image/png") for source in re.findall(r'src="([^"]*)"', text))


def test_links_and_names_hold_together(report: TransferData) -> None:
    text = render_transfer(report)
    names = re.findall(r'\bid="([^"]*)"', text)
    assert len(names) == len(set(names))
    assert set(re.findall(r'href="#([^"]*)"', text)) <= set(names)
    assert set(re.findall(r'aria-labelledby="([^"]*)"', text)) <= set(names)
    assert text.count("<th ") == text.count('<th scope="')


def test_what_there_is_nothing_of_is_left_out(report: TransferData, tmp_path: Path) -> None:
    bare = replace(report, stages=(), saved=None, before=float("nan"))
    write_transfer(tmp_path / "report.html", bare)
    told = words((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "error as it came – error now 1.20" in told
    assert "tages" not in told.replace("validation", "") and "saved" not in told

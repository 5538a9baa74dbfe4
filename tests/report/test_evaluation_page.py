"""The report of an evaluation."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from cytally.report.evaluation_page import EvaluationData, WrongImage, render_evaluation
from cytally.report.html import ReportFailure, ReportFigure
from cytally.report.overlays import encode_png
from cytally.report.words import LENIENT

PNG = encode_png(np.zeros((8, 8, 3), np.uint8))
VOID = {"meta", "link", "img"}


class Page(HTMLParser):
    """Tags with their attributes, and text. Fails on a tag that is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words += f" {data}"

    def values(self, name: str) -> list[str]:
        return [found[name] or "" for _, found in self.tags if name in found]


@pytest.fixture
def report() -> EvaluationData:
    return EvaluationData(
        title="How good",
        model="mine",
        description="Counts.",
        metrics={"counting": {"n": 3.0, "mae": 1.25, "of-elsewhere": 2.0}, "latent": {"origin_auc": 0.62}},
        scores=(ReportFigure("predictions", "Predicted", "Read it so.", PNG, "points"),),
        wrong=(WrongImage("<i>.png", 4.0, 7.5, PNG),),
        figures=(ReportFigure("latent", "Latent space", "Every picture is a point.", PNG, "cloud"),),
        notes=("Trained on some of these.",),
        failures=(ReportFailure("d.png", "d.png: is empty; export it again"),),
        facts={"command": "cytally evaluate"},
    )


def test_all_is_told_and_nothing_asked_of_the_network(report: EvaluationData) -> None:
    text = render_evaluation(report)
    page = Page(text)
    for sentence in (
        "mean absolute error 1.25",
        "By how many cells a count is off.",
        "of-elsewhere 2.00",
        "0.620",
        "<i>.png +3.5",
        "true 4.0, counted 7.5",
        "Every picture is a point.",
        "Read it so.",
        "Trained on some of these.",
        "d.png: is empty; export it again",
        "cytally evaluate",
    ):
        assert sentence in page.words
    assert all(source.startswith("data:image/") for source in page.values("src"))
    assert not re.search("https?:", text) and "<script" not in text


def test_links_and_names_hold_together(report: EvaluationData) -> None:
    page = Page(render_evaluation(report))
    names = page.values("id")
    assert len(names) == len(set(names))
    assert {link[1:] for link in page.values("href") if link.startswith("#")} <= set(names)
    assert set(page.values("aria-labelledby")) <= set(names)
    assert all(found.get("alt") for tag, found in page.tags if tag == "img")
    assert all(found.get("scope") in ("row", "col") for tag, found in page.tags if tag == "th")


def test_what_there_is_nothing_of_is_left_out(report: EvaluationData) -> None:
    page = Page(render_evaluation(replace(report, wrong=(), figures=(), notes=(), failures=())))
    for heading in ("Largest errors", "Latent space", "Good to know", "could not be counted"):
        assert heading not in page.words


def test_objects_are_told_by_both_rules(report: EvaluationData) -> None:
    lenient = {"precision": 1.0, "recall": 1.0, "dice": 1.0, "iou": 1.0}
    metrics = {
        "counting": {"accuracy": 0.25},
        "pixel": {"accuracy": 0.75},
        "object": lenient | {"f1_50": 0.0, "ap50": 0.0, "ap": 0.0},
    }
    wrong = (WrongImage("a b.png", 4.0, 1.0, PNG, "overlays/a b.png"),)
    page = Page(render_evaluation(replace(report, metrics=metrics, wrong=wrong)))
    tiles = "accuracy 0.250 F1 at IoU 0.5 0.00 Dice, lenient 1.00"
    for words in (tiles, "pixel accuracy 0.750", "object Dice, lenient (any pixel shared) 1.00", LENIENT):
        assert words in page.words
    assert "overlays/a%20b.png" in page.values("href")
    assert all(word in page.words for word in ("green: hit", "red: false", "blue: missed"))


def test_without_objects_no_rule_and_no_colours_are_explained(report: EvaluationData) -> None:
    page = Page(render_evaluation(report))
    assert "lenient" not in page.words and "green: hit" not in page.words

"""The figures of docs/scale.md are those that were measured, and what follows from them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Script = Callable[[str], ModuleType]

RESULT: dict[str, Any] = {
    "model": "m",
    "backend": "torch",
    "images": 2,
    "commit": "abc",
    "made_by": {"created": "2026-01-02T03:04:05+00:00"},
    "machine": {"processor": "P", "load": 1.5, "versions": {"python": "3", "torch": "2"}},
    "kinds": {
        "small": {
            "cells": 9.6,
            "seconds": 2.88,
            "parts": {"reading": 0.5, "network and points": 1.25, "density map": 0.125, "overlay": 1.0},
            "input_bytes": 2e6,
            "bytes": {"density": 3e6, "overlays": 1e6, "points": 2e3, "tables and report": 3e3},
        }
    },
}


def rows(table: str) -> dict[str, str]:
    lines = [tuple(cell.strip(" *") for cell in line.strip("| ").split("|")) for line in table.splitlines()]
    return dict(lines)


def test_what_a_million_images_cost(script: Script) -> None:
    page = script("scale_page")
    # 1,000,000 x 2.88 s x 1.25 / 3600 = 1000 hours
    assert rows(page.screen_table(RESULT)) == {
        "1,000,000 images": "small",
        "---": "---:",
        "Core hours": "1,000",
        "Cores for one day": "42",
        "Days on one machine of 16 cores": "2.6",
        "Euros, at 0.04 an hour of a core": "40",
        "Read": "2.0 TB",
        "Read in a second by 16 cores": "11 MB",  # 16 x 2 MB / 2.88 s
        "Written": "4.0 TB",
        "Euros a month to keep it, at 20 a TB": "80",
        "Written, once density maps and overlays are deleted": "5 GB",
    }


def test_what_an_image_costs(script: Script) -> None:
    table = rows(script("scale_page").image_table(RESULT))
    assert table["Per image"] == "small (10 cells)" and table["Seconds of one core"] == "2.88"
    assert table["Images in an hour, by one core"] == "1,250" and table["network and points"] == "1.25"
    assert table["File read"] == "2.00 MB" and table["Points"] == "2.0 kB" and table["Written in all"] == "4.00 MB"


def test_only_what_stands_between_the_comments_is_written_anew(script: Script) -> None:
    page = script("scale_page")
    text = "a\n<!-- made by benchmarks/scale.py: machine -->\nold\n<!-- until here -->\nb\n"
    once = page.with_figures(text, RESULT)
    assert once.startswith("a\n<!-- made") and once.endswith("<!-- until here -->\nb\n") and "old" not in once
    assert "P, one thread, torch 2; 2026-01-02" in once
    assert page.with_figures(once, RESULT) == once


def test_the_page_has_the_measured_figures(script: Script) -> None:
    page = script("scale_page")
    text, result = page.PAGE.read_text(encoding="utf-8"), json.loads(page.RESULT.read_text(encoding="utf-8"))
    assert len(page.PLACE.findall(text)) == 3
    assert page.with_figures(text, result) == text, "run python benchmarks/scale_page.py"
    assert f"{page.RESERVE}" in text and f"price = 2, {page.PRICE}" in text


def test_every_figure_is_measured(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_folder: Path
) -> None:
    scale = script("scale")
    from cytally.synthesis.config import NucleiConfig

    config = NucleiConfig(shape=(64, 64), count=(3, 3), bit_depth=16)
    monkeypatch.setattr(scale, "FIELDS", {"small": config})
    monkeypatch.setattr(scale, "RESULT", tmp_path / "scale.json")
    monkeypatch.setattr(scale, "PAGE", tmp_path / "scale.md")
    (tmp_path / "scale.md").write_text("<!-- made by benchmarks/scale.py: screen -->\n<!-- until here -->\n")
    monkeypatch.setattr("sys.argv", ["scale.py", "--images", "3", "--model", str(model_folder), "--backend", "torch"])
    scale.main()
    kind = json.loads((tmp_path / "scale.json").read_text())["kinds"]["small"]
    assert min(*kind["parts"].values(), *kind["bytes"].values(), kind["input_bytes"]) > 0
    assert {"density", "points", "overlays"} <= set(kind["bytes"])
    assert "Core hours" in (tmp_path / "scale.md").read_text()

"""Lean networks: what is counted of a network, what is measured of candidates, and the tables of made-up results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from torch import nn

from cytally.datasets.folder import Sample
from cytally.networks.density_unet import DensityUNet

ABOUT = {
    "machine": {"processor": "Some 3000", "threads": 2, "gpu": None, "load": 1.25, "versions": {"torch": "2"}},
    "commit": "abc",
    "made_by": {"created": "2026-01-02T03:04:05+00:00"},
}


@pytest.fixture
def lean(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("lean")


@pytest.fixture
def page(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("lean_page")


def test_multiply_adds_by_hand(lean: ModuleType) -> None:
    strided = nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 1, 1, groups=4))
    assert lean.multiply_adds(strided, 1, side=8) == (4 * 9 + 4 * 9) / 4
    assert lean.multiply_adds(nn.Conv2d(2, 5, 3, padding=1), 2, side=4) == 90


def test_a_stem_leaves_a_quarter_of_the_work(lean: ModuleType) -> None:
    """But for the first convolution, which sees 8 channels in place of one, and the stem itself."""
    plain, stem = (DensityUNet(1, (8, 16), stem_stride=stride) for stride in (1, 2))
    first, behind_a_stem, the_stem = 9 * 8, 9 * 8 * 8 / 4, 9 * 8 / 4
    wanted = (lean.multiply_adds(plain, 1, 32) - first) / 4 + behind_a_stem + the_stem
    assert lean.multiply_adds(stem, 1, 32) == wanted


def test_errors_are_pooled_over_the_images(lean: ModuleType) -> None:
    class Counts:
        def count(self, path: Path) -> Any:
            return type("Found", (), {"count": {"a.png": 12.0, "b.png": 3.0}[path.name]})

    samples = [Sample(name, Path(name), count=count) for name, count in (("a.png", 10.0), ("b.png", 6.0))]
    found = lean.errors(Counts(), [*samples, Sample("c.png", Path("c.png"))])
    assert (found["cells"], found["n"], found["bias"]) == (16, 2, -0.5)
    assert found["total_relative_error"] == pytest.approx(5 / 16)
    assert found["average_relative_error"] == pytest.approx((0.2 + 0.5) / 2)


def test_without_candidates_it_says_what_makes_them(lean: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"no candidate.*train_nuclei_fluorescence_lean"):
        lean.choosing(tmp_path)


def test_nothing_is_measured_yet(page: ModuleType, tmp_path: Path) -> None:
    texts = page.lean_texts(tmp_path)
    assert tuple(texts) == page.PLACES
    assert texts["lean networks"] == texts["lean test"] == "not measured"


def figures(error: float) -> dict[str, float]:
    return {"total_relative_error": error, "average_relative_error": error / 2, "bias": 0.25}


def test_what_is_measured_is_judged_by_the_aims(page: ModuleType, tmp_path: Path) -> None:
    def row(error: float) -> dict[str, Any]:
        return {
            "parameters": 1234,
            "multiply_adds_per_pixel": 5678,
            "steps": 1000,
            "real": figures(error),
            "drawn": figures(2 * error),
        }

    def seconds(torch_seconds: float, openvino: float) -> dict[str, Any]:
        each = {"torch": torch_seconds, "openvino": openvino}
        whats = ("network", "file to points")
        return {
            name: {diameter: {what: {"median": value} for what in whats} for diameter in ("12", "24")}
            for name, value in each.items()
        }

    result = {
        "rows": {page.BIG: row(0.1), "stem-24-10": row(0.11), "slow-10": row(0.09)},
        "seconds": {page.BIG: seconds(2, 1), "stem-24-10": seconds(0.4, 0.2), "slow-10": seconds(0.5, 0.4)},
        "chosen": "stem-24-10",
        "test": {
            page.BIG: {"held_out": figures(0.08), "vgg_cells": figures(0.14)},
            "stem-24-10": {"held_out": figures(0.084), "vgg_cells": figures(0.2)},
        },
        "about": {"seconds": ABOUT},
    }
    (tmp_path / "lean.json").write_text(json.dumps(result))
    texts = page.lean_texts(tmp_path)
    big, stem, slow = texts["lean networks"].splitlines()[2:]
    assert big.endswith("| – | – |") and stem.endswith("| at most 0.335 s | yes |") and slow.endswith("| no |")
    assert "| 0.400 / 0.400 | 0.200 / 0.200 | 0.200 | 0.200 |" in stem and "| 0.110 | 0.055 | 0.220 |" in stem
    held_out, vgg = texts["lean test"].splitlines()[2:]
    assert "| 0.080 (+0.25) | 0.084 (+0.25) | +0.4 | at most +0.5 | yes |" in held_out
    assert vgg.endswith("| +6.0 | – | – |")
    assert "lean, seconds: commit abc, 2026-01-02; Some 3000" in texts["lean commands"]
    assert "--test stem-24-10" in texts["lean commands"]

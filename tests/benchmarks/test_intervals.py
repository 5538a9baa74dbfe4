"""Random halves of counted images, and the table of what came of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture
def intervals(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("intervals")


@pytest.fixture
def page(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("intervals_page")


def test_halves_of_images_whose_errors_are_known(intervals: ModuleType) -> None:
    rng = np.random.default_rng(0)
    predicted = rng.uniform(60, 70, 80)
    found = intervals.halves(predicted + rng.normal(0, 3, 80) - 10, predicted)
    assert (found["images"], found["calibrated_on"], found["pooled"]) == (80, 40, 800)
    assert found["band"][0] <= found["coverage"] <= found["band"][1]
    assert found["bias"] == pytest.approx(10, abs=1) and found["median_width"] < 1.5 * found["residual_range"]
    # the 99 % band of a share of 800 around 0.9: 2.576 * sqrt(0.09 / 800) = 0.0273
    assert found["band"] == pytest.approx([0.8727, 0.9273], abs=2e-3)


def test_images_that_were_trained_on_are_not_counted_again(
    intervals: ModuleType, tiny_model: object, tmp_path: Path
) -> None:
    path = tmp_path / "kept.json"
    path.write_text('[["a.png", 3, 2.5]]')
    assert intervals.counted(tiny_model, [], path) == [("a.png", 3.0, 2.5)]


def test_the_table(page: ModuleType, tmp_path: Path) -> None:
    assert page.intervals_texts(tmp_path)["intervals"] == "not measured"
    values = {
        **{"images": 20, "calibrated_on": 10, "pooled": 200, "coverage": 0.95, "band": [0.84, 0.945], "mae": 9.96},
        **{"median_width": 15.0, "residual_range": 10.0, "bias": -1.25, "totals_held": 0.85, "splits": 20},
        **{"model": "density.yaml", "trained_on": 30, "steps": 1200},
        "long_run": {"coverage": 0.901, "totals_held": 0.88},
    }
    values["about"] = {"commit": "abc", "made_by": {"created": "2026-01-02T03:04:05+00:00"}}
    (tmp_path / "intervals.json").write_text(json.dumps({"sets": {"mbm": values}}))
    texts = page.intervals_texts(tmp_path)
    row = [cell.strip() for cell in texts["intervals"].splitlines()[-1].strip("|").split("|")]
    assert row == [
        *("MBM", "`density.yaml`, 30 images, 1,200 steps", "20, 10 calibrate", "10.0 (-1.2)", "0.950 of 200"),
        *("0.840 to 0.945", "no", "0.901", "15.0", "10.0", "1.50", "at most 1.5", "yes", "0.85, 0.88"),
    ]
    assert "--only mbm: commit abc, 2026-01-02" in texts["intervals commands"]

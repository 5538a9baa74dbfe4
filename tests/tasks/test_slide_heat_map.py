"""Heat maps of slides: damaged tiles are no place without cells, and no place has fewer than none."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from cytally.tasks import count_slide
from cytally.tasks.count import count
from cytally.tasks.count_options import CountOptions
from cytally.training.configuration import make_configuration

SHAPE, TILE = (512, 768), 128
DAMAGED = (128, 256, 256, 512)
"""Top, bottom, left and right of the tiles that are spoiled below."""


@pytest.fixture(scope="module")
def make(make_model):
    """A model that sees as many cells in every pixel, whatever it shows."""

    def make(everywhere: float):
        configuration = make_configuration(
            {
                "method": "density",
                "input": {"channels": ["0"], "normalisation": "range", "pixel_size": 0.5, "downscale": 2},
                "options": {"channels": [4, 6], "sigma": 2.0, "amplitude": 1.0},
                "counting": {"precision": "float32"},
            }
        )
        network = configuration.build(1).network()
        with torch.no_grad():
            network.head.weight.zero_()
            network.head.bias.fill_(everywhere)
        return make_model(configuration, network)

    return make


@pytest.fixture
def slide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(count_slide, "LARGEST_WHOLE", 1000)
    path = tmp_path / "a.tif"
    pixels = np.random.default_rng(0).integers(0, 200, SHAPE, dtype=np.uint8)
    tifffile.imwrite(path, pixels, tile=(TILE, TILE), compression="zlib")
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        spoiled = [(page.dataoffsets[number], page.databytecounts[number]) for number in (8, 9)]
    with path.open("r+b") as file:
        for place, length in spoiled:
            file.seek(place)
            file.write(b"\xff" * length)
    return path


def about(out: Path) -> dict:
    (one,) = json.loads((out / "run.json").read_text())["images"].values()
    return one


@pytest.mark.parametrize("tile", [64, 128, 400])
def test_damaged_tiles_are_not_counted_in_and_are_told(make, slide, tmp_path, tile):
    out = tmp_path / "out"
    options = CountOptions(tissue="all", tile=tile, pixel_size=0.5)
    assert not count([slide], out, make(0.01), options).failures
    values = tifffile.imread(out / "heatmaps" / "a.ome.tif", series=0)
    top, bottom, left, right = np.array(DAMAGED) * [
        *[values.shape[0] / SHAPE[0]] * 2,
        *[values.shape[1] / SHAPE[1]] * 2,
    ]
    damaged = np.zeros(values.shape, bool)
    damaged[round(top) : round(bottom), round(left) : round(right)] = True
    assert not values[damaged].any()
    sound = values[~damaged]
    assert sound.min() == pytest.approx(sound.max(), rel=0.01)
    told = about(out)
    assert told["sparsest"]["cells_per_mm²"] == pytest.approx(told["densest"]["cells_per_mm²"], rel=0.01)
    report = re.sub(r"\s+", " ", (out / "report.html").read_text())
    assert "32,768 damaged pixels (0.00819 mm²) are left out, 8.3 % of what there was to count in." in report


def test_no_place_is_shown_with_fewer_cells_than_none(make, slide, tmp_path):
    out = tmp_path / "out"
    count([slide], out, make(-0.01), CountOptions(tissue="all", tile=64, pixel_size=0.5))
    told = about(out)
    assert told["sparsest"]["cells_per_mm²"] == told["densest"]["cells_per_mm²"] == 0

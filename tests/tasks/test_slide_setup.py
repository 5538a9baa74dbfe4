"""Where on a slide is counted, and why nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from cytally.errors import ImageError
from cytally.slides.array_slide import ArraySlide
from cytally.slides.kept_counts import KeptCounts
from cytally.slides.look import look_at
from cytally.slides.overview import look_over
from cytally.tasks.count_options import CountOptions
from cytally.tasks.slide_setup import find_where, make_task
from cytally.training.configuration import make_configuration

SHAPE = (600, 900)
ROWS, COLUMNS = np.mgrid[: SHAPE[0], : SHAPE[1]]
TISSUE = np.hypot(ROWS - 300, COLUMNS - 300) < 150


@pytest.fixture(scope="module")
def slide():
    noise = np.random.default_rng(0).normal(20, 2, SHAPE)
    return ArraySlide((noise + 80 * TISSUE).astype(np.uint8)[None], channels=["green"])


@pytest.fixture(scope="module")
def model(make_model):
    configuration = make_configuration(
        {
            "method": "density",
            "input": {"channels": ["green"], "normalisation": "range", "pixel_size": 0.5, "downscale": 2},
            "options": {"channels": [4, 6], "sigma": 2.0, "amplitude": 1.0},
        }
    )
    torch.manual_seed(0)
    return make_model(configuration, configuration.build(1).network())


def task_of(slide, model, work: Path, options: CountOptions):
    overview = look_over(slide)
    tissue = find_where(slide, overview, options)
    mask = None if tissue is None else tissue.mask
    look = look_at(slide, overview, mask, model.card.configuration.input, in_channels=1)
    return make_task(slide, look, tissue, model, work, options, KeptCounts(work / "regions"))


def drawn(path: Path, left: float, top: float, right: float, bottom: float) -> Path:
    ring = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    return path


def test_tissue_is_found_on_any_slide_that_is_streamed(slide):
    """Be it small, and without lower resolutions."""
    tissue = find_where(slide, look_over(slide), CountOptions())
    assert tissue is not None and tissue.mask[TISSUE].all() and tissue.mask.mean() < 1.3 * TISSUE.mean()
    assert find_where(slide, look_over(slide), CountOptions(tissue="all")) is None


@pytest.mark.parametrize(("asked", "side"), [(64, 256), (128, 256), (255, 256), (256, 512), (300, 512), (9999, 1024)])
def test_tiles_are_as_large_as_asked_for_in_whole_grains(slide, model, tmp_path, asked, side):
    assert task_of(slide, model, tmp_path, CountOptions(tile=asked)).plan.side == side


def refusal(slide, model, work: Path, options: CountOptions) -> str:
    with pytest.raises(ImageError) as caught:
        task_of(slide, model, work, options)
    return caught.value.line()


def test_areas_beside_the_slide_are_told_as_such(slide, model, tmp_path):
    roi = drawn(tmp_path / "far.geojson", 5000, 5000, 6000, 6000)
    for tissue in ("auto", "all"):
        line = refusal(slide, model, tmp_path, CountOptions(roi=roi, tissue=tissue))
        assert f"the areas of {roi} cover none of its 900 x 600 pixels (width x height)" in line
        assert line.endswith("draw them on this image, in pixels of its full resolution")


def test_areas_without_tissue(slide, model, tmp_path):
    roi = drawn(tmp_path / "empty.geojson", 700, 100, 850, 500)
    line = refusal(slide, model, tmp_path, CountOptions(roi=roi, tissue_threshold=1.5))
    assert f"there is no tissue in the areas of {roi}; use --tissue all" in line
    assert task_of(slide, model, tmp_path, CountOptions(roi=roi, tissue="all")).tissue is None

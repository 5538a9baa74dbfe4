"""The promise of slides: whatever the tiles, the count is that of the image in one piece."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.images.region import NamedRegion, Region
from cytally.slides.array_slide import ArraySlide
from cytally.slides.density_map import DensityMap
from cytally.slides.kept_counts import KeptCounts
from cytally.slides.look import look_at
from cytally.slides.overview import look_over
from cytally.slides.plan import Plan
from cytally.slides.region_count import SlideTask
from cytally.slides.stream import count_regions
from cytally.slides.tissue import Tissue
from cytally.training.configuration import make_configuration
from cytally.workers.crew import Done
from cytally.workers.here import Here

SHAPE = (401, 530)


@pytest.fixture(scope="module")
def model(make_model):
    configuration = make_configuration(
        {
            "method": "density",
            "input": {"normalisation": "range", "downscale": 1.7},
            "options": {"channels": [4, 6], "sigma": 2.0, "amplitude": 1.0},
            "counting": {"precision": "float32"},
        }
    )
    torch.manual_seed(0)
    network = configuration.build(1).network()
    with torch.no_grad():
        network.head.bias += 0.02  # so that maps sum to something
    return make_model(configuration, network)


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(3).integers(0, 256, (1, *SHAPE)).astype(np.uint8)


class Given:
    """A model that is there already."""

    def __init__(self, model):
        self.get = lambda: model


def counted(model, slide, folder, *, side=256, halo=None, order=1, crew=None, source=None, **where):
    """A slide counted with regions of `side` pixels: what each holds, and the density map."""
    look = look_at(slide, look_over(slide), None, model.card.configuration.input, in_channels=1)
    halo = int(model.network.halo) + 8 if halo is None else halo
    plan = Plan(slide.levels[0].shape, look.inner, side, halo, int(model.network.stride))
    task = SlideTask(slide, plan, look, DensityMap(folder / f"{side}.zarr", plan), **where)
    task.density.create(None)
    kept = KeptCounts(folder / f"kept-{side}")
    kept.begin({})
    list(count_regions(task, model, source, kept, plan.regions[::order], crew or Here()))
    return [kept.find(region) for region in plan.regions], task.density


def total(counts):
    return math.fsum(count.count for count in counts)


def sorted_points(points):
    return points[np.lexsort(points.T[:2])]


@pytest.mark.parametrize("side", [256, 512, 768])
def test_regions_add_up_to_the_whole_image(model, picture, tmp_path, side):
    whole = model.count(picture[0])
    counts, density = counted(model, ArraySlide(picture), tmp_path, side=side)
    assert whole.count > 100
    assert total(counts) == pytest.approx(whole.count, rel=1e-5)
    assert sum(count.area for count in counts) == pytest.approx(SHAPE[0] * SHAPE[1])
    points = np.concatenate([count.points for count in counts])
    np.testing.assert_allclose(sorted_points(points), sorted_points(whole.points), atol=1e-3)
    assert density.coarsest().sum(dtype=np.float64) == pytest.approx(whole.count, rel=1e-5)


class LoneWorker:
    """A cluster that has one worker only, for now."""

    workers = 1

    def __init__(self):
        self.given = []

    def run(self, function, items):
        for item in items:
            self.given.append(item)
            function(item)
            yield Done(item, None, None)


def test_a_lone_worker_elsewhere_counts_what_it_was_asked_to(model, picture, tmp_path):
    crew = LoneWorker()
    counts, _ = counted(model, ArraySlide(picture), tmp_path, crew=crew, source=Given(model))
    assert len(crew.given) == len(counts)
    assert total(counts) == pytest.approx(model.count(picture[0]).count, rel=1e-5)


def test_a_halo_that_is_too_small_would_be_seen(model, picture, tmp_path):
    whole = model.count(picture[0]).count
    counts, _ = counted(model, ArraySlide(picture), tmp_path, halo=0)
    assert abs(total(counts) / whole - 1) > 1e-5


@settings(max_examples=8, deadline=None)
@given(st.integers(150, 420), st.integers(150, 420), st.sampled_from([256, 512]))
def test_no_size_of_image_makes_a_seam(model, tmp_path_factory, rows, columns, side):
    picture = np.random.default_rng(rows).integers(0, 256, (1, rows, columns)).astype(np.uint8)
    counts, _ = counted(model, ArraySlide(picture), tmp_path_factory.mktemp("slide"), side=side)
    assert total(counts) == pytest.approx(model.count(picture[0]).count, rel=1e-5)


def test_the_order_of_regions_changes_no_digit(model, picture, tmp_path):
    forward, _ = counted(model, ArraySlide(picture), tmp_path / "a")
    backward, _ = counted(model, ArraySlide(picture), tmp_path / "b", order=-1)
    assert total(forward) == total(backward)


def test_only_the_tissue_is_counted_and_what_lies_outside_is_not_read(model, picture, tmp_path):
    mask = np.zeros((4, 5), bool)
    mask[:2, :2] = True
    tissue = Tissue(mask, SHAPE)
    slide, read = ArraySlide(picture), []
    original = slide.read
    slide.read = lambda level, window, channels=None: read.append(window) or original(level, window, channels)
    look_over(slide), read.clear()
    counts, density = counted(model, slide, tmp_path, tissue=tissue)
    regions = [window for window in read if window[0].stop - window[0].start < SHAPE[0]]
    assert len(regions) == 1  # of six
    dense = density.coarsest()
    rows, columns = round(SHAPE[0] / 2), round(SHAPE[1] * 2 / 5)
    assert not dense[rows + 2 :].any() and not dense[:, columns + 2 :].any()
    assert sum(count.area for count in counts) == pytest.approx(rows * columns, rel=0.02)
    points = np.concatenate([count.points for count in counts])
    assert len(points) and points[:, 0].max() < rows + 2 and points[:, 1].max() < columns + 2


def test_tissue_does_not_depend_on_how_the_slide_is_cut(model, picture, tmp_path):
    mask = np.random.default_rng(0).random((37, 41)) > 0.4
    sums = [
        total(counted(model, ArraySlide(picture), tmp_path, side=side, tissue=Tissue(mask, SHAPE))[0])
        for side in (256, 512, 768)
    ]
    assert sums[0] == pytest.approx(sums[1], rel=1e-6) == pytest.approx(sums[2], rel=1e-6)


def test_drawn_regions_are_told_one_by_one(model, picture, tmp_path):
    def box(top, left, bottom, right):
        return Region(((np.array([[top, left], [top, right], [bottom, right], [bottom, left]]) - 0.5,),))

    named = tuple(NamedRegion(f"half {place}", box(0, 265 * place, 401, 265 * place + 265)) for place in (0, 1))
    counts, _ = counted(model, ArraySlide(picture), tmp_path, named=named)
    halves = sum(count.named for count in counts)
    assert halves[:, 0].sum() == pytest.approx(total(counts), rel=1e-6)
    np.testing.assert_allclose(halves[:, 1], 401 * 265, rtol=0.01)


def test_damaged_pixels_are_left_out_and_told(model, picture, tmp_path):
    damaged = np.zeros(SHAPE, bool)
    damaged[300:, 400:] = True
    counts, _ = counted(model, ArraySlide(picture, damaged=damaged), tmp_path)
    whole, _ = counted(model, ArraySlide(picture), tmp_path / "whole")
    lost = sum(count.damaged for count in counts)
    assert lost == pytest.approx(damaged.sum(), rel=0.02)
    assert sum(count.area for count in counts) == pytest.approx(SHAPE[0] * SHAPE[1] - lost)
    assert total(counts) < total(whole)

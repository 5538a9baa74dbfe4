"""Counting in a part of an image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cytally.errors import ImageError
from cytally.images.image import Plane
from cytally.images.region import read_region
from cytally.models.model import Model, Reading
from cytally.results import Prediction
from cytally.tasks.area import CountedPlane, count_plane
from cytally.tasks.count_options import CountOptions


def plane(shape: tuple[int, int] = (24, 32)) -> Plane:
    return Plane(np.random.default_rng(0).random((1, *shape)).astype(np.float32), name="p.tif")


class Fixed:
    """Stands for a model: says the same of every plane, cells being 4 pixels wide."""

    name = "fixed"

    def __init__(self, prediction: Prediction) -> None:
        self.prediction = prediction

    def predict(self, plane: Plane, *, channel: str | None = None) -> tuple[Prediction, Reading]:
        return self.prediction, Reading((0,), 1.0, 4.0)


def counted(prediction: Prediction, roi: Path | None = None, **options: str) -> CountedPlane:
    region = None if roi is None else read_region(roi)
    return count_plane(Fixed(prediction), plane(), CountOptions(**options), region)  # type: ignore[arg-type]


def test_the_whole_image_is_left_as_it_is(model: Model) -> None:
    here = count_plane(model, plane(), CountOptions())
    alone = model.predict(plane())[0]
    assert here.area == 24 * 32 and here.prediction.count == alone.count
    assert here.prediction.density is not None and here.prediction.density.shape == (24, 32)


def test_a_region_keeps_mass_and_points_inside(square: Path) -> None:
    density = np.full((24, 32), 0.5, np.float32)
    points = np.array([[4.0, 8.0, 1.0], [11.4, 19.4, 1.0], [3.4, 8.0, 1.0], [12.0, 10.0, 1.0], [23.6, 31.6, 1.0]])
    here = counted(Prediction(384.0, density, points, interval=(300.0, 400.0)), square)
    assert here.area == 96 and here.prediction.count == 48.0
    assert here.prediction.points is not None and len(here.prediction.points) == 2
    assert here.prediction.density is not None and np.count_nonzero(here.prediction.density) == 96
    assert here.prediction.interval is None, "an interval of the whole image says nothing of a part"


def test_the_border_leaves_out_the_radius_of_a_cell(square: Path) -> None:
    here = counted(Prediction(768.0, np.ones((24, 32), np.float32)), border="exclude")
    assert here.area == here.prediction.count == 20 * 28
    both = counted(Prediction(768.0, np.ones((24, 32), np.float32)), square, border="exclude")
    assert both.area == both.prediction.count == 96


def test_a_map_of_less_than_nothing_counts_nothing(square: Path) -> None:
    assert counted(Prediction(0.0, np.full((24, 32), -0.1, np.float32)), square).prediction.count == 0.0


def test_points_alone_are_counted(square: Path) -> None:
    points = np.array([[5.0, 9.0, 1.0], [20.0, 9.0, 1.0]])
    assert counted(Prediction(2.0, points=points), square).prediction.count == 1.0
    assert counted(Prediction(0.0), square).prediction.count == 0.0


def test_a_count_without_places_cannot_be_cut(square: Path) -> None:
    """A method that sees one picture says how many cells there are, not where: no number is better than a wrong one."""
    with pytest.raises(ImageError, match=r"how many cells there are, not where"):
        counted(Prediction(7.0), square)
    assert counted(Prediction(7.0)).prediction.count == 7.0


def test_objects_belong_to_the_region_that_holds_half_of_them(square: Path) -> None:
    labels = np.zeros((24, 32), np.int32)
    labels[2:6, 9:11] = 3  # half inside
    labels[1:5, 14:16] = 7  # a quarter inside
    labels[8:10, 10:12] = 9  # all inside
    here = counted(Prediction(3.0, labels=labels), square).prediction
    assert here.count == 2.0 and here.labels is not None
    assert np.unique(here.labels).tolist() == [0, 3, 9] and np.count_nonzero(here.labels == 3) == 8


def test_objects_on_the_edge_are_left_out_whole() -> None:
    labels = np.zeros((24, 32), np.uint16)
    labels[0:3, 5:8], labels[5:9, 28:32], labels[1:4, 12:15] = 1, 2, 5
    here = counted(Prediction(3.0, labels=labels), border="exclude")
    assert here.prediction.count == 1.0 and here.area == 24 * 32
    assert here.prediction.labels is not None and np.unique(here.prediction.labels).tolist() == [0, 5]


def test_nothing_left_to_count_in_is_a_failure(square: Path) -> None:
    small = plane((8, 8))
    everywhere = Fixed(Prediction(1.0, np.ones((8, 8), np.float32)))
    beyond = read_region(square)
    with pytest.raises(ImageError, match=r"p\.tif: lies outside the region.*4 × 8"):
        count_plane(everywhere, plane((4, 8)), CountOptions(), beyond)  # type: ignore[arg-type]
    everywhere.predict = lambda *_, **__: (everywhere.prediction, Reading((0,), 1.0, 9.0))  # type: ignore[method-assign]
    with pytest.raises(ImageError, match="--border include"):
        count_plane(everywhere, small, CountOptions(border="exclude"))  # type: ignore[arg-type]


def test_the_count_by_area_keeps_the_share_of_the_objects_that_are_kept(square: Path) -> None:
    labels = np.zeros((24, 32), np.uint16)
    labels[5:9, 9:13] = 1  # 16 pixels, all inside
    labels[20:22, 1:5] = 2  # 8 pixels, outside
    prediction = Prediction(2.0, labels=labels, count_by_area=6.0)
    assert counted(prediction).prediction.count_by_area == 6.0
    assert counted(prediction, square).prediction.count_by_area == pytest.approx(4.0)
    nothing = Prediction(0.0, labels=np.zeros((24, 32), np.uint16), count_by_area=0.0)
    assert counted(nothing, square).prediction.count_by_area == 0.0
    assert counted(Prediction(2.0, labels=labels), square).prediction.count_by_area is None


def test_the_count_by_area_leaves_out_objects_on_the_edge() -> None:
    labels = np.zeros((24, 32), np.uint16)
    labels[0:3, 5:9], labels[10:12, 10:13] = 1, 2  # 12 pixels on the edge, 6 off it
    here = counted(Prediction(2.0, labels=labels, count_by_area=3.0), border="exclude").prediction
    assert (here.count, here.count_by_area) == (1.0, pytest.approx(1.0))

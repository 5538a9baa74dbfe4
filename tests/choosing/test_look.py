"""Looking at pictures with a tiny model."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.choosing.look import REGIONS, Onlooker
from cytally.choosing.views import View
from cytally.images.image import Plane
from cytally.models.model import Model


def plane(seed: int, shape: tuple[int, int] = (96, 160)) -> Plane:
    return Plane(np.random.default_rng(seed).random((1, *shape), np.float32))


def test_one_part_of_a_whole_picture(tiny_model: Model) -> None:
    (part,) = Onlooker(tiny_model).look(plane(0))
    assert part.disagreement > 0 and part.count > 0 and part.box is not None
    assert part.box.y + part.box.height <= 96 and part.box.x + part.box.width <= 160
    assert part.why.startswith("counts ") and len(part.features) == 16 and np.isfinite(part.features).all()
    assert Onlooker(tiny_model).look(plane(0)) == [part], "the same again"


def test_features_of_a_labelled_picture_are_those_of_the_same_unlabelled(tiny_model: Model) -> None:
    onlooker = Onlooker(tiny_model)
    assert onlooker.know(plane(0))[0].features == onlooker.look(plane(0))[0].features


def test_regions_lie_apart_and_have_features_of_their_own(tiny_model: Model) -> None:
    parts = Onlooker(tiny_model).look(plane(1, (200, 200)), regions=True)
    assert 1 < len(parts) <= REGIONS and len({part.features for part in parts}) == len(parts)
    found = [part.box for part in parts]
    assert all(box is not None for box in found)
    assert not any(one.meets(other) for i, one in enumerate(found) for other in found[:i])  # type: ignore[union-attr]
    assert parts[0].why.startswith("the most disputed region") and parts[1].why.startswith("a disputed region")
    assert 1 <= len(Onlooker(tiny_model).know(plane(1), regions=True)) <= REGIONS


def test_nothing_is_disputed_by_one_view_or_in_an_empty_picture(tiny_model: Model) -> None:
    (alone,) = Onlooker(tiny_model, views=[View()]).look(plane(0))
    assert alone.disagreement == 0 and alone.why == ""
    empty = Plane(np.zeros((1, 96, 96), np.uint8))
    (part,) = Onlooker(tiny_model).look(empty)
    assert part.disagreement == 0 and part.count == 0 and part.box is None
    assert Onlooker(tiny_model).look(empty, regions=True) == []


def test_the_model_is_left_as_it_was(tiny_model: Model) -> None:
    before = tiny_model.count(plane(3)).count
    Onlooker(tiny_model).look(plane(3))
    assert tiny_model.count(plane(3)).count == pytest.approx(before)

"""The drawn images that a model is timed on have the channels that it asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cytally.images.prepare import prepare
from cytally.images.read import read
from cytally.models.model import Model
from cytally.tasks.bench_images import channel_names, draw_images
from cytally.training.configuration import make_configuration

Make = Callable[..., Model]


@pytest.fixture
def build(make_model: Make) -> Callable[[Any, int], Model]:
    """A density model that asks for such channels, so many."""

    def made(channels: Any, number: int) -> Model:
        options = {"sigma": 2.0, "channels": [2, 4], "normalisation": "layer"}
        configuration = make_configuration({"method": "density", "input": {"channels": channels}, "options": options})
        torch.manual_seed(0)
        return make_model(configuration, configuration.build(number).network(), number)

    return made


@pytest.mark.parametrize(
    ("channels", "number", "names"),
    [
        ("one", 1, ["channel 0"]),
        ("all", 3, ["channel 0", "channel 1", "channel 2"]),
        (["green"], 1, ["green"]),
        (["DAPI", "actin"], 2, ["DAPI", "actin"]),
        (["2"], 1, ["channel 0", "channel 1", "channel 2"]),
        (["DAPI", "1"], 2, ["DAPI", "channel 1"]),
    ],
)
def test_the_model_finds_its_channels(
    build: Callable[[Any, int], Model], tmp_path: Path, channels: Any, number: int, names: list[str]
) -> None:
    model = build(channels, number)
    assert channel_names(model.card) == names
    paths = draw_images(tmp_path, 64, model.card)
    (image,) = read(paths[0])
    (plane,) = image.planes()
    assert plane.data.shape == (len(names), 64, 64) and plane.data.dtype == np.uint8
    seen = prepare(plane, model.card.configuration.input, in_channels=number)
    assert seen.data.shape[0] == number


def test_always_the_same_and_not_all_alike(build: Callable[[Any, int], Model], tmp_path: Path) -> None:
    card = build("one", 1).card
    first, second = (draw_images(tmp_path / name, 96, card) for name in ("a", "b") if not (tmp_path / name).mkdir())
    pixels = [[read(path)[0].data for path in paths] for paths in (first, second)]
    for one, other in zip(*pixels, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(*pixels[0]) and pixels[0][1].mean() > pixels[0][0].mean(), "the second is crowded"

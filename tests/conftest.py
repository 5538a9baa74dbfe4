"""What tests all over the house share: drawn cells, tiny models, and suites that other tests inherit."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from hypothesis import settings

from cytally.datasets.example import Example
from cytally.models.card import ModelCard
from cytally.models.model import Model
from cytally.models.store import save
from cytally.training.configuration import make_configuration

pytest.register_assert_rewrite("method_suite", "map_suite", "picture_suite")

torch.set_num_threads(1)  # networks as small as the tests' only wait for a second thread

# A busy machine is no failure; a check that has to pass again tomorrow draws the same examples, a developer's new ones.
settings.register_profile("cytally", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("cytally")


def _draw(
    count: int, seed: int = 0, shape: tuple[int, int] = (64, 64), channels: int = 1, outlines: bool = False
) -> Example:
    """`count` bright discs of 3 pixels' radius on dark ground, none touching, in normalised units."""
    rng = np.random.default_rng([seed, count])
    points = np.zeros((0, 2))
    while len(points) < count:
        point = rng.uniform(4, np.array(shape) - 5)
        if not (np.hypot(*(points - point).T) < 8).any():
            points = np.vstack([points, point])
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    image = rng.normal(0, 0.03, (channels, *shape))
    labels = np.zeros(shape, np.uint16)
    for number, (y, x) in enumerate(points, start=1):
        distance = np.hypot(rows - y, columns - x)
        image += 1 / (1 + np.exp(2 * (distance - 3)))
        labels[distance < 3] = number
    bounds = (-0.5, -0.5, shape[0] - 0.5, shape[1] - 0.5)
    return Example(f"{seed}-{count}.tif", image.astype(np.float32), points, bounds, labels=labels if outlines else None)


def _make_model(configuration, network, in_channels=1, **card) -> Model:
    facts = {"training_data": {}, "validation": {}, "provenance": {}, "cytally_version": "0", **card}
    method = configuration.method
    normalisation = configuration.input.normalisation
    return Model(
        ModelCard(
            method=method,
            configuration=configuration,
            input_channels=in_channels,
            normalisation=normalisation,
            **facts,
        ),
        network.eval(),
    )


@pytest.fixture(scope="session")
def draw():
    """``draw(count, seed, shape, channels) -> Example``."""
    return _draw


@pytest.fixture(scope="session")
def make_model():
    """``make_model(configuration, network, in_channels, **card) -> Model``."""
    return _make_model


@pytest.fixture(scope="session")
def tiny_model() -> Model:
    """An untrained density model of a thousand parameters that paints something everywhere. Not to be changed."""
    configuration = make_configuration(
        {
            "method": "density",
            "input": {"channels": "all", "normalisation": "none"},
            "options": {"sigma": 2.0, "channels": [4, 8], "normalisation": "layer"},
        }
    )
    torch.manual_seed(0)
    network = configuration.build(1).network()
    torch.nn.init.constant_(network.head.bias, 1.0)  # so that no map sums to less than nothing
    return _make_model(configuration, network)


@pytest.fixture(scope="session")
def model_folder(tiny_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as a folder. Not to be changed."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save(tiny_model, folder)
    return folder


@pytest.fixture
def data_folder(tmp_path) -> Path:
    """Six drawn images of 64 x 64 pixels with 0 to 10 cells, and their points.csv."""
    root = tmp_path / "data"
    (root / "images").mkdir(parents=True)
    rows = ["image,y,x"]
    for number in range(6):
        example = _draw(2 * number, seed=7)
        pixels = np.clip(40 + 150 * example.image[0], 0, 255).astype(np.uint8)
        tifffile.imwrite(root / "images" / f"{number}.tif", pixels)
        rows += [f"{number}.tif,{y:.2f},{x:.2f}" for y, x in example.points]
    (root / "points.csv").write_text("\n".join(rows) + "\n")
    return root


@pytest.fixture(scope="class")
def trained(request) -> Model:
    """The method of a `MethodSuite`, trained for some dozens of steps on drawn cells. Not to be changed."""
    suite = request.cls
    return _make_model(suite.configuration(), suite.train_briefly(_draw), suite.channels)

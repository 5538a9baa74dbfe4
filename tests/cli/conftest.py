"""The command line in this process, and images and models to give it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from cytally.cli.main import app
from cytally.inference.backend import BackendName
from cytally.inference.torch_backend import Device
from cytally.models.model import Model
from cytally.tasks import shared_model

Call = Callable[..., Result]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Call:
    """``call("count", path, "-o", out)``: run cytally, and keep what it says on both channels."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: object) -> Result:
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with two images and one that cannot be read."""
    folder = tmp_path / "images"
    folder.mkdir()
    for seed, name in enumerate(("a.png", "c.png")):
        pixels = np.random.default_rng(seed).integers(0, 200, (24, 32), dtype=np.uint8)
        (folder / name).write_bytes(imagecodecs.png_encode(pixels))
    (folder / "b.png").write_text("no image")
    return folder


@pytest.fixture
def data(images: Path) -> Path:
    """A data folder of two images with two cells each."""
    (images / "b.png").unlink()
    (images.parent / "points.csv").write_text("image,y,x\na.png,5,6\na.png,15,20\nc.png,5,6\nc.png,15,20\n")
    return images.parent


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration that trains in no time."""
    path = tmp_path / "config.yaml"
    path.write_text(
        "method: density\ninput: {channels: all}\noptions: {sigma: 2, channels: [2, 4], normalisation: layer}\n"
        "training: {batch_size: 1, crop: 16, epochs: 2, validation: 1}\n"
    )
    return path


@pytest.fixture(autouse=True)
def _counting_by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``auto`` be torch in counting: other back ends take seconds to compile, and models here are tiny."""

    def make_ready(model: Model, backend: BackendName, device: Device) -> None:
        shared_model.make_ready(model, "torch" if backend == "auto" else backend, device)

    monkeypatch.setattr("cytally.tasks.count.make_ready", make_ready)

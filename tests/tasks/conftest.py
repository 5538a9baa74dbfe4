"""Images and models on disk, small enough to count in no time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from cytally.inference.backend import BackendName
from cytally.inference.torch_backend import Device
from cytally.models.model import Model
from cytally.models.store import load
from cytally.tasks import shared_model


def _picture(seed: int, shape: tuple[int, ...] = (24, 32)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 200, shape, dtype=np.uint8)


@pytest.fixture(scope="session")
def picture() -> Callable[..., np.ndarray]:
    """``picture(seed, shape)``: uint8 noise."""
    return _picture


@pytest.fixture
def model(model_folder: Path) -> Model:
    """The tiny model, loaded anew."""
    return load(model_folder)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with three images."""
    folder = tmp_path / "images"
    folder.mkdir()
    for seed, name in enumerate(("a.png", "b.png", "c.png")):
        (folder / name).write_bytes(imagecodecs.png_encode(_picture(seed)))
    return folder


@pytest.fixture
def data(images: Path) -> Path:
    """A data folder with two cells in each of three images."""
    rows = [f"{name}.png,{y},{x}" for name in "abc" for y, x in ((5, 6), (15, 20))]
    (images.parent / "points.csv").write_text("\n".join(["image,y,x", *rows, ""]), encoding="utf-8")
    return images.parent


@pytest.fixture
def square(tmp_path: Path) -> Path:
    """A region: rows 4 to 11 and columns 8 to 19, 96 pixels."""
    corners = [[8, 4], [20, 4], [20, 12], [8, 12], [8, 4]]
    path = tmp_path / "square.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [corners]}), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _counting_by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``auto`` be torch in counting: other back ends take seconds to compile, and models here are tiny."""

    def make_ready(model: Model, backend: BackendName, device: Device) -> None:
        shared_model.make_ready(model, "torch" if backend == "auto" else backend, device)

    for task in ("count", "folder_watch", "growth"):
        monkeypatch.setattr(f"cytally.tasks.{task}.make_ready", make_ready)

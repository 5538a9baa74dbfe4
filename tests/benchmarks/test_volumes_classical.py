"""The drawn volumes of the benchmark stay what its classical score was made on; the baseline splits what touches."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from cytally.images.read import read
from cytally.synthesis.volume_presets import VOLUME_PRESETS
from cytally.synthesis.volumes import DrawnVolume

Script = Callable[[str], ModuleType]


@pytest.fixture
def classical(script: Script) -> ModuleType:
    return script("volumes_classical")


@pytest.mark.parametrize("kind", VOLUME_PRESETS)
def test_the_settings_are_those_that_were_scored(kind: str, script: Script, classical: ModuleType) -> None:
    volumes = script("volumes_drawn")
    scored = json.loads(classical.RESULT.read_text(encoding="utf-8"))
    assert VOLUME_PRESETS[kind].model_dump(mode="json") == scored["kinds"][kind]["drawn_as"]
    assert (scored["train_seeds"], scored["test_seeds"]) == (list(volumes.TRAIN), list(volumes.TEST))
    assert not set(volumes.TRAIN) & set(volumes.TEST)


def test_a_set_is_a_data_folder_of_volumes(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volumes = script("volumes_drawn")
    small = VOLUME_PRESETS["mda231"].model_copy(update={"shape": (4, 32, 32), "count": (1, 3)})
    monkeypatch.setitem(VOLUME_PRESETS, "mda231", small)
    volumes.write_set(tmp_path, "mda231", (3, 4))
    drawn = volumes.drawn("mda231", 4)
    (image,) = read(tmp_path / "images" / "mda231-0004.tif")
    (labels,) = read(tmp_path / "labels" / "mda231-0004.tif")
    assert (image.data[0, 0] == drawn.image).all() and (labels.data[0, 0] == drawn.labels).all()
    assert image.z_spacing == pytest.approx(6.0)
    assert (tmp_path / "counts.csv").read_text().splitlines()[2] == f"mda231-0004.tif,{drawn.count}"
    assert volumes.fingerprint(drawn) != volumes.fingerprint(volumes.drawn("mda231", 3))


def two_balls() -> DrawnVolume:
    """Of 3 micrometres' radius, 5 apart, in voxels of 1 × 0.5 × 0.5."""
    z, y, x = np.indices((12, 24, 34)) * np.array([1, 0.5, 0.5])[:, None, None, None]
    balls = [(z - 6) ** 2 + (y - 6) ** 2 + (x - at) ** 2 < 9 for at in (5.0, 10.0)]
    labels = np.where(balls[0], 1, np.where(balls[1], 2, 0)).astype(np.uint16)
    return DrawnVolume((100 + 900 * (labels > 0)).astype(np.uint16), labels, 0.5, 1.0)


@pytest.mark.parametrize(
    ("separation", "least", "objects"), [(3.0, 0.0, 2), (6.0, 0.0, 1), (3.0, 1000.0, 0)], ids=["split", "one", "none"]
)
def test_the_baseline_measures_in_micrometres(
    separation: float, least: float, objects: int, classical: ModuleType
) -> None:
    volume = two_balls()
    (found,) = classical.segment(volume, [classical.Settings(0.0, separation, least)])
    assert len(np.unique(found)) - 1 == objects
    if objects == 2:
        counts = classical.segmentation_counts(volume.labels, found)
        assert counts.metrics()["seg"] > 0.9


def test_what_settings_share_changes_nothing(classical: ModuleType) -> None:
    volume = two_balls()
    grid = [classical.Settings(*each) for each in ((0.0, 3.0, 0.0), (0.0, 6.0, 0.0), (0.5, 6.0, 0.0), (0.5, 3.0, 20.0))]
    for together, settings in zip(classical.segment(volume, grid), grid, strict=True):
        (alone,) = classical.segment(volume, [settings])
        assert (together == alone).all()


def test_a_volume_without_cells_gives_no_markers(classical: ModuleType) -> None:
    flat = DrawnVolume(np.full((4, 8, 8), 7, np.uint16), np.zeros((4, 8, 8), np.uint16), 1.0, 1.0)
    (found,) = classical.segment(flat, [classical.Settings(1.0, 3.0, 0.0)])
    assert not found.any()

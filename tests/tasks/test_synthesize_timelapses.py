"""Drawn data folders of time-lapses: the same bytes twice, whole after any end, with the interval of their frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

from cytally.errors import ConfigError, OutputError, UsageError
from cytally.synthesis.timelapse_presets import TIMELAPSE_PRESETS
from cytally.tasks import synthesis_stack_files, synthesis_timelapse_files
from cytally.tasks.synthesis_configuration import read_synthesis
from cytally.tasks.synthesize import synthesize
from cytally.tasks.watch import Watch

SMALL: dict[str, Any] = {
    "preset": "timelapse-low",
    "images": 2,
    "seed": 3,
    "settings": {"shape": [64, 80], "cells": 4, "frames": 6, "drift": 6, "doubling_time": 100, "interval": 7.5},
}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two drawn time-lapses. Not to be changed."""
    return synthesize(SMALL, tmp_path_factory.mktemp("drawn") / "data")


def test_a_folder_that_tells_all(drawn: Path) -> None:
    truths = ["counts.csv", "man_track.txt", "shifts.csv", "tracks.csv"]
    names = [f"{folder}/0000{number}.tif" for folder in ("images", "labels") for number in (0, 1)]
    names += [f"truth/0000{number}/{truth}" for number in (0, 1) for truth in truths]
    assert sorted(contents(drawn)) == sorted([*names, "run.json"])
    in_memory = synthesize(SMALL)
    for number, lapse in enumerate(in_memory):
        truth = drawn / "truth" / f"0000{number}"
        with tifffile.TiffFile(drawn / "images" / f"0000{number}.tif") as file:
            assert file.series[0].axes == "TYX" and (file.asarray() == lapse.frames).all()
            assert file.imagej_metadata["finterval"] == 450 and file.imagej_metadata["tunit"] == "sec"
        assert (tifffile.imread(drawn / "labels" / f"0000{number}.tif") == lapse.labels).all()
        counts = pd.read_csv(truth / "counts.csv")
        assert list(counts) == ["frame", "minutes", "count", "population", "deaths"]
        assert counts["count"].tolist() == lapse.counts.tolist() and counts["minutes"].tolist() == lapse.times.tolist()
        assert np.allclose(pd.read_csv(truth / "shifts.csv")[["y", "x"]], lapse.shifts, atol=1e-4)
        assert pd.read_csv(truth / "tracks.csv").track.tolist() == lapse.tracks.track.tolist()
        challenge = np.loadtxt(truth / "man_track.txt", dtype=int, ndmin=2)
        assert (challenge == lapse.tracks[["track", "begin", "end", "parent"]].to_numpy()).all()


def test_the_same_bytes_twice_also_after_an_interrupt(drawn: Path, tmp_path: Path) -> None:
    def on_images(stage: str, done: float, total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesize(SMALL, tmp_path / "data", watch=Watch(on_images))
    (tmp_path / "data" / "truth" / "00001").mkdir()  # as a kill may leave it
    seen: list[float] = []
    synthesize(SMALL, tmp_path / "data", resume=True, watch=Watch(lambda stage, done, total: seen.append(done)))
    assert seen == [1, 2], "what was finished is not drawn again"
    assert contents(tmp_path / "data") == contents(drawn)
    synthesize({**SMALL, "images": 1}, tmp_path / "data", overwrite=True)
    assert not (tmp_path / "data" / "truth" / "00001").exists()


def test_a_full_disk_leaves_what_was_finished(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = synthesis_timelapse_files.write_timelapse

    def full(path: Path, *rest: Any) -> None:
        if path.name == "00001.tif" and path.parent.name == "images":
            raise OSError(28, "No space left on device")
        write(path, *rest)

    monkeypatch.setattr(synthesis_timelapse_files, "write_timelapse", full)
    with pytest.raises(OutputError, match="--resume"):
        synthesize(SMALL, tmp_path / "data")
    monkeypatch.undo()
    synthesize(SMALL, tmp_path / "data", resume=True)
    assert contents(tmp_path / "data") == contents(drawn)


def test_a_set_is_not_mixed(drawn: Path) -> None:
    for change, says in (
        ({"settings": {**SMALL["settings"], "speed": 1}}, "settings (speed)"),
        ({"images": 1}, "holds 2 time-lapses already"),
    ):
        with pytest.raises(UsageError) as caught:
            synthesize({**SMALL, **change}, drawn, resume=True)
        assert says in caught.value.line()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"preset": "timelapse-lo"}, "did you mean 'timelapse-low'?"),
        (
            {"like": "data"},
            "which imitate no natural images; leave 'like' out, and set settings.cells",
        ),
        ({"settings": {"sped": 3}}, "did you mean 'speed'?"),
        ({"settings": {"shape": [64, 64], "drift": 32}}, "a drift of 32 px takes half of a frame of 64 × 64"),
        ({"settings": {"shape": [64, 64], "cells": 900}}, "do not fit into 64 × 64 px"),
    ],
)
def test_what_is_wrong_is_one_line(change: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        synthesize({**SMALL, **change}, tmp_path / "out")
    assert says in caught.value.line() and caught.value.cure


@pytest.mark.parametrize("preset", TIMELAPSE_PRESETS)
def test_every_preset_has_an_example(preset: str) -> None:
    configuration = read_synthesis(Path(__file__).parents[2] / "examples" / f"{preset}.yaml")
    assert configuration.preset == preset
    shipped = TIMELAPSE_PRESETS[preset].model_dump(mode="json")
    assert configuration.settings == {key: shipped[key] for key in configuration.settings}, "as the preset has them"


def test_a_time_lapse_too_large_for_imagej_is_written_as_ome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesis_stack_files, "LARGEST_IMAGEJ", 1000)
    frames = np.arange(1000, dtype=np.uint16).reshape(10, 10, 10)
    synthesis_timelapse_files.write_timelapse(tmp_path / "a.tif", frames, 0.5, 20)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.is_ome and file.series[0].axes == "TYX" and (file.asarray() == frames).all()
        assert 'TimeIncrement="20' in (file.ome_metadata or "")

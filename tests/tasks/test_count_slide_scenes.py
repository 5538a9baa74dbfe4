"""Files of several scenes, and what can go wrong with one slide while the others go on."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch

from cytally.errors import OutputError
from cytally.models.model import Model
from cytally.slides import stream
from cytally.slides.density_map import DensityMap
from cytally.slides.kept_counts import KeptCounts
from cytally.slides.tiff_level import TiffLevel
from cytally.tasks import slide_files
from cytally.tasks.count import CountSummary, count
from cytally.tasks.count_options import CountOptions
from cytally.tasks.watch import Watch
from cytally.training.configuration import make_configuration
from cytally.workers.crew import CrewLostError

SHAPE = (300, 520)
TILED = CountOptions(tile=128, tissue="all", pixel_size=0.5)
RESUMED = CountOptions(tile=128, tissue="all", pixel_size=0.5, resume=True)


@pytest.fixture(scope="module")
def model(make_model: Callable[..., Model]) -> Model:
    configuration = make_configuration(
        {
            "method": "density",
            "input": {"normalisation": "range", "downscale": 2},
            "options": {"channels": [4, 6], "sigma": 2.0, "amplitude": 1.0},
            "counting": {"precision": "float32"},
        }
    )
    torch.manual_seed(0)
    network = configuration.build(1).network()
    with torch.no_grad():
        network.head.bias += 0.02
    return make_model(configuration, network)


@pytest.fixture(autouse=True)
def _small_images_are_slides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cytally.tasks.count_slide.LARGEST_WHOLE", 1000)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An OME-TIFF of three scenes."""
    path = tmp_path_factory.mktemp("scenes") / "three.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as file:
        for seed in range(3):
            pixels = np.random.default_rng(seed).integers(0, 256, SHAPE).astype(np.uint8)
            file.write(pixels, tile=(128, 128), compression="zlib", metadata={"axes": "YX"})
    return path


@pytest.fixture(scope="module")
def undisturbed(
    scenes: Path, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[str, bytes, bytes]]:
    """What comes of the scenes where nothing happens."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cytally.tasks.count_slide.LARGEST_WHOLE", 1000)
        patch.setattr("cytally.tasks.count.make_ready", lambda *given: None)
        assert not count([scenes], out, model, TILED).failures
    return results(out)


def results(out: Path) -> dict[str, tuple[str, bytes, bytes]]:
    """Of every row the count, and what its points and its density map hold."""
    with (out / "counts.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    stems = {row["image"]: row["image"].replace(".ome.tif", "") for row in rows}
    assert len(stems) == len(rows), "no row twice"
    return {
        row["image"]: (
            row["count"],
            (out / "points" / f"{stems[row['image']]}.csv").read_bytes(),
            tifffile.imread(out / "density" / f"{stems[row['image']]}.tif").tobytes(),
        )
        for row in rows
    }


def spoil(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, error: BaseException, after: int) -> None:
    """Let a function raise once it was called so often."""
    original, left = getattr(place, name), [after]

    def spoiled(*given: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise error
        return original(*given, **named)

    monkeypatch.setattr(place, name, spoiled)


def spoil_scene(monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException) -> None:
    """Let nothing of one scene be shown to the network."""
    original = stream.show

    def show(task: Any, region: Any) -> Any:
        if task.slide.name.endswith(f"#{number},0"):
            raise error
        return original(task, region)

    monkeypatch.setattr(stream, "show", show)


def test_a_scene_that_fails_is_told_by_its_name_and_the_others_go_on(
    scenes: Path, model: Model, undisturbed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, told = tmp_path / "out", dict[str, str]()
    with monkeypatch.context() as patch:
        spoil_scene(patch, 1, ValueError("odd"))
        summary = count([scenes], out, model, TILED, Watch(on_failure=told.__setitem__))
    name = "three.ome.tif#1,0"
    assert [row.image for row in summary.rows] == ["three.ome.tif#0,0", "three.ome.tif#2,0"]
    assert results(out) == {key: value for key, value in undisturbed.items() if key != name}
    ((image, line),) = summary.failures
    assert image == name and told == {name: line} and line.startswith(f"{name}: failed unexpectedly (ValueError: odd)")
    assert list(csv.reader((out / "failures.csv").open())) == [["image", "error"], [name, line]]
    assert json.loads((out / "run.json").read_text())["failures"] == {name: line}

    moments: list[float] = []
    watch = Watch(on_images=lambda stage, done, total: moments.append(done))
    again = count([scenes], out, model, RESUMED, watch)
    assert not again.failures and not (out / "failures.csv").exists() and not (out / ".slides").exists()
    assert results(out) == undisturbed and moments[0] == 0 and moments[-1] == 1


def test_the_scenes_of_a_very_large_slide_are_taken_over_too(
    scenes: Path, model: Model, undisturbed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their density maps lie where they belong by then."""
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        spoil_scene(patch, 2, ValueError("odd"))
        patch.setattr(slide_files, "LARGEST_TIFF", 1000)
        count([scenes], out, model, TILED)
    assert (out / "density" / "three#0,0.zarr").is_dir()
    shown = list[str]()
    original = stream.show
    monkeypatch.setattr(stream, "show", lambda task, region: shown.append(task.slide.name) or original(task, region))  # type: ignore[func-returns-value]
    assert not count([scenes], out, model, RESUMED).failures
    assert set(shown) == {"three.ome.tif#2,0"} and results(out) == undisturbed


def test_a_kill_after_a_scene_failed_forgets_no_scene(
    scenes: Path, model: Model, undisturbed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        spoil_scene(patch, 1, ValueError("odd"))
        patch.setattr("cytally.tasks.count_files.CountFiles.end", lambda *given, **named: None)  # as a kill would
        patch.setattr("cytally.tasks.count.write_count_report", lambda *given, **named: None)
        count([scenes], out, model, TILED)
    assert not json.loads((out / "run.json").read_text())["images"]
    assert not count([scenes], out, model, RESUMED).failures
    assert results(out) == undisturbed


def test_a_dry_run_tells_of_every_scene(
    scenes: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = list[str]()
    spoil(monkeypatch, TiffLevel, "decode", MemoryError(), after=20)
    options = CountOptions(tile=128, tissue="all", dry_run=True)
    summary = count([scenes], tmp_path / "out", model, options, Watch(on_note=notes.append))
    assert "three.ome.tif#0,0: " in notes[0] and summary.failures
    assert all(re.match(r"three\.ome\.tif#\d,0$", image) for image, _ in summary.failures)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "cure"),
    [({}, "use a --tile below 128,"), ({"tile": None, "memory": 4.0}, "use a --memory below 4,")],
)
@pytest.mark.parametrize("place", ["_pictures", "_stored_tile"])
def test_a_want_of_memory_is_no_damage(
    place: str,
    options: dict[str, Any],
    cure: str,
    scenes: Path,
    model: Model,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoil(monkeypatch, TiffLevel, place, MemoryError(), after=40)
    given = {"tile": 128, "tissue": "all", "pixel_size": 0.5, **options}
    summary = count([scenes], tmp_path / "out", model, CountOptions(**given))
    assert not any(row.flags for row in summary.rows) and summary.failures
    image, line = summary.failures[-1]
    assert line.startswith(
        f"{scenes}{image.removeprefix(scenes.name)}: the memory ran out while it was counted; {cure}"
    )
    assert line.endswith("go on with --resume")


def test_memory_that_the_network_lacks_is_told_with_the_same_cure(
    scenes: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: not enough memory")
    spoil_scene(monkeypatch, 0, error)
    summary = count([scenes], tmp_path / "out", model, TILED)
    ((image, line),) = summary.failures
    assert image == "three.ome.tif#0,0" and "use a --tile below 128" in line


PLACES: list[tuple[Any, str, int]] = [
    (DensityMap, "create", 1),
    (DensityMap, "write", 3),
    (KeptCounts, "keep", 5),
    (DensityMap, "write_tiff", 1),
    (slide_files, "write_png", 0),
    (slide_files, "write_heat_maps", 2),
]


@pytest.mark.parametrize(("place", "name", "after"), PLACES, ids=lambda value: str(value) if value in range(9) else "")
def test_a_full_disk_is_one_line_and_resuming_ends_with_the_same_digits(
    place: Any,
    name: str,
    after: int,
    scenes: Path,
    model: Model,
    undisturbed: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        spoil(patch, place, name, OSError(28, "No space left on device"), after)
        with pytest.raises(OutputError) as caught:
            count([scenes], out, model, TILED)
    line = f"{out}: can no longer be written to (No space left on device); make room, then go on with --resume"
    assert caught.value.line() == line
    assert not count([scenes], out, model, RESUMED).failures
    assert results(out) == undisturbed and not (out / ".slides").exists()


def test_a_slide_out_of_reach_is_no_full_disk_and_no_damage(
    scenes: Path, model: Model, undisturbed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        spoil(patch, TiffLevel, "_stored_tile", OSError(5, "Input/output error"), after=35)
        summary = count([scenes], out, model, TILED)
    image, line = summary.failures[-1]
    assert image == "three.ome.tif#2,0" and not any(row.flags for row in summary.rows)
    assert line == (
        f"{scenes}#2,0: can no longer be read (Input/output error); make it readable again, then go on with --resume"
    )
    assert not count([scenes], out, model, RESUMED).failures
    assert results(out) == undisturbed


def test_a_crew_that_is_lost_ends_the_run(
    scenes: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_scene(monkeypatch, 0, CrewLostError("the scheduler 'tcp://x:1' was lost", cure="go on with --resume"))
    with pytest.raises(CrewLostError, match="was lost; go on with --resume"):
        count([scenes], tmp_path / "out", model, TILED)


def test_two_workers_end_with_what_one_gives(
    scenes: Path, model: Model, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    """Scene after scene on the same workers."""
    summary: CountSummary = count(
        [scenes], tmp_path / "out", model, CountOptions(tile=128, tissue="all", pixel_size=0.5, workers=2)
    )
    assert not summary.failures and results(tmp_path / "out") == undisturbed


def test_a_slide_whose_map_sums_to_less_than_nothing_is_empty(
    make_model: Callable[..., Model], model: Model, scenes: Path, tmp_path: Path
) -> None:
    """As an image's is: a slide without cells has no points, and a density map that sums to its count."""
    network = model.card.configuration.build(1).network()
    network.load_state_dict(model.network.state_dict())
    with torch.no_grad():
        network.head.bias -= 1.0
    negative = make_model(model.card.configuration, network)
    assert not count([scenes], tmp_path / "out", negative, TILED).failures
    for number, points, density in results(tmp_path / "out").values():
        assert float(number) == 0 and points == b"y,x,score\n"
        assert not np.frombuffer(density, np.float32).any()

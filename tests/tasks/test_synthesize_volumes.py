"""Drawn data folders of volumes: the same bytes twice, whole after any end, with the size of their voxels."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

import cytally
from cytally.errors import ConfigError, OutputError, UsageError
from cytally.images.read import read
from cytally.synthesis.volume_presets import VOLUME_PRESETS
from cytally.tasks import drawn_folder, synthesis_stack_files
from cytally.tasks.synthesis_configuration import read_synthesis
from cytally.tasks.synthesize import synthesize
from cytally.tasks.watch import Watch

SMALL: dict[str, Any] = {
    "preset": "mda231",
    "images": 4,
    "seed": 3,
    "settings": {"shape": [3, 40, 48], "count": [2, 4]},
}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def stop_at(number: int) -> Watch:
    """Ctrl-C once so many volumes are done."""

    def on_images(stage: str, done: float, total: int) -> None:
        if done == number:
            raise KeyboardInterrupt

    return Watch(on_images)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four drawn volumes. Not to be changed."""
    return synthesize(SMALL, tmp_path_factory.mktemp("drawn") / "data")


def test_a_data_folder_that_tells_all(drawn: Path) -> None:
    assert sorted(path.name for path in drawn.iterdir()) == ["counts.csv", "images", "labels", "run.json"]
    counts = pd.read_csv(drawn / "counts.csv")
    assert list(counts["image"]) == [f"{number:05d}.tif" for number in range(4)]
    for name, count in zip(counts["image"], counts["count"], strict=True):
        labels = tifffile.imread(drawn / "labels" / name)
        assert labels.shape == (3, 40, 48) and labels.dtype == np.uint16
        assert len(set(np.unique(labels)) - {0}) == count
        for folder in ("images", "labels"):
            (image,) = read(drawn / folder / name)
            assert image.data.shape == (1, 1, 3, 40, 48) and image.data.dtype == np.uint16
            assert image.pixel_size == pytest.approx(1.242) and image.z_spacing == pytest.approx(6.0)


def test_the_folder_holds_what_is_drawn_in_memory(drawn: Path) -> None:
    volumes = cytally.synthesize(SMALL)
    for number, volume in enumerate(volumes):
        assert (tifffile.imread(drawn / "images" / f"{number:05d}.tif") == volume.image).all()
        assert (tifffile.imread(drawn / "labels" / f"{number:05d}.tif") == volume.labels).all()
    assert len({volume.image.tobytes() for volume in volumes}) == 4


def test_the_same_bytes_twice_and_others_with_another_seed(drawn: Path, tmp_path: Path) -> None:
    assert contents(synthesize(SMALL, tmp_path / "again")) == contents(drawn)
    other = contents(synthesize({**SMALL, "seed": 4}, tmp_path / "other"))
    assert other["images/00000.tif"] != contents(drawn)["images/00000.tif"]


def test_run_json_tells_what_made_it(drawn: Path) -> None:
    run = json.loads((drawn / "run.json").read_text())
    assert run["task"] == "synthesize" and run["preset"] == "mda231" and run["seed"] == 3
    assert run["drawn_as"]["shape"] == [3, 40, 48] and run["drawn_as"]["z_spacing"] == [6, 6]


@pytest.mark.parametrize("after", [1, 3])
def test_resumed_after_an_interrupt_it_is_the_same(after: int, drawn: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        synthesize(SMALL, tmp_path / "data", watch=stop_at(after))
    assert len(list((tmp_path / "data" / "images").iterdir())) == after
    seen: list[float] = []
    watch = Watch(lambda stage, done, total: seen.append(done))
    synthesize(SMALL, tmp_path / "data", resume=True, watch=watch)
    assert seen == list(range(after, 5)), "what was finished is not drawn again"
    assert contents(tmp_path / "data") == contents(drawn)


def test_nothing_is_kept_of_a_volume_that_was_interrupted(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = drawn_folder.RowFile.append

    def full(self: Any, rows: Any) -> None:
        if (tmp_path / "images" / "00002.tif").exists():
            raise OSError(28, "No space left on device")
        append(self, rows)

    monkeypatch.setattr(drawn_folder.RowFile, "append", full)
    with pytest.raises(OutputError, match="--resume"):
        synthesize(SMALL, tmp_path, resume=True)
    assert len(list((tmp_path / "images").iterdir())) == len(list((tmp_path / "labels").iterdir())) == 2
    monkeypatch.undo()
    synthesize(SMALL, tmp_path, resume=True)
    assert contents(tmp_path) == contents(drawn)


def test_whatever_a_kill_left_it_goes_on(drawn: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    shutil.copytree(drawn, out)
    (out / "counts.csv").write_bytes((out / "counts.csv").read_bytes()[:-4])
    (out / "labels" / "00002.tif").unlink()
    (out / "images" / ".77-00003.tif").write_bytes(b"half")
    synthesize(SMALL, out, resume=True)
    assert contents(out) == contents(drawn)


def test_a_set_is_not_mixed(drawn: Path) -> None:
    for change, says in (
        ({"settings": {**SMALL["settings"], "dome": [0, 0]}}, "settings (dome)"),
        ({"preset": "tric"}, "preset"),
        ({"images": 3}, "holds 4 volumes already"),
    ):
        with pytest.raises(UsageError) as caught:
            synthesize({**SMALL, **change}, drawn, resume=True)
        assert says in caught.value.line()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"preset": "mda232"}, "did you mean 'mda231'?"),
        ({"preset": "carcinoma"}, "nuclei-3d"),
        ({"like": "data"}, "'mda231' draws volumes, which imitate no natural images; leave 'like' out"),
        ({"counts": {"from": "data"}}, "leave 'counts' out"),
        ({"background": 60}, "leave 'background' out"),
        ({"settings": {"diametre": [3, 4]}}, "did you mean 'diameter'?"),
        ({"settings": {"shape": [40, 48]}}, "'shape.2'"),
        ({"settings": {"blur": [3, 2]}}, "'blur': the lower end 3.0 lies above the upper end 2.0"),
    ],
)
def test_what_is_wrong_is_one_line(change: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        synthesize({**SMALL, **change}, tmp_path / "out")
    assert says in caught.value.line() and caught.value.cure
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("preset", VOLUME_PRESETS)
def test_every_preset_has_an_example(preset: str) -> None:
    path = Path(__file__).parents[2] / "examples" / f"volumes-{preset}.yaml"
    configuration = read_synthesis(path)
    assert configuration.preset == preset
    shipped = VOLUME_PRESETS[preset].model_dump(mode="json")
    assert configuration.settings == {key: shipped[key] for key in configuration.settings}, "as the preset has them"


def test_a_volume_too_large_for_imagej_is_written_as_ome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesis_stack_files, "LARGEST_IMAGEJ", 1000)
    volume = np.arange(1000, dtype=np.uint16).reshape(10, 10, 10)
    for number, array in enumerate([volume, volume[:1, :8, :8]]):
        synthesis_stack_files.write_volume(tmp_path / f"{number}.tif", array, 0.3, 1.5)
        (image,) = read(tmp_path / f"{number}.tif")
        assert (image.data == array[None, None]).all()
        assert image.pixel_size == pytest.approx(0.3) and image.z_spacing == pytest.approx(1.5)
    assert tifffile.TiffFile(tmp_path / "0.tif").is_ome and tifffile.TiffFile(tmp_path / "1.tif").is_imagej

"""Suggesting what to label next: the files, what is left out, what is refused, and going on."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from cytally.errors import UsageError
from cytally.models.model import Model
from cytally.tasks.suggest import suggest
from cytally.tasks.suggest_options import SuggestOptions
from cytally.tasks.suggest_summary import SuggestSummary
from cytally.tasks.watch import Watch

QUIET = Watch(on_failure=lambda image, line: None, on_note=lambda text: None)


@pytest.fixture
def fields(tmp_path: Path) -> Path:
    """Six images of noise, each brighter than the one before."""
    folder = tmp_path / "fields"
    folder.mkdir()
    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 40 * (number + 1), (96, 256), dtype=np.uint8)
        (folder / f"f{number}.png").write_bytes(imagecodecs.png_encode(pixels))
    return folder


def suggested(model: Model, inputs: Path | list[Path], out: Path, **options: object) -> SuggestSummary:
    given = inputs if isinstance(inputs, list) else [inputs]
    return suggest(given, out, model, SuggestOptions(**options), QUIET)  # type: ignore[arg-type]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_folder_of_images(model: Model, fields: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary = suggested(model, fields, out)
    table = rows(out / "suggestions.csv")
    assert [row["rank"] for row in table] == [str(rank) for rank in range(1, 7)]
    assert {row["image"] for row in table} == {f"f{number}.png" for number in range(6)}
    assert all(row["why"] for row in table) and summary.images == 6 and not summary.failures
    gains = [float(row["gain"]) for row in table]
    assert gains == sorted(gains, reverse=True) and 0 <= gains[-1] <= gains[0] <= 1
    assert {path.name for path in out.iterdir()} == {
        *("suggestions.csv", "suggestions.json", "report.html", "run.json", ".looks.csv")
    }
    run = json.loads((out / "run.json").read_text())
    assert run["task"] == "suggest" and run["finished"] and run["model"]["weights_sha256"] and run["made_by"]
    found = json.loads((out / "suggestions.json").read_text())
    assert [each["image"] for each in found["suggestions"]] == [row["image"] for row in table]
    page = (out / "report.html").read_text()
    assert page.count("data:image/jpeg") == 6 and "images ranked" in page


def test_the_order_of_the_inputs_changes_nothing(model: Model, fields: Path, tmp_path: Path) -> None:
    files = sorted(fields.iterdir())
    suggested(model, files, tmp_path / "a")
    suggested(model, files[::-1], tmp_path / "b")
    assert (tmp_path / "a" / "suggestions.csv").read_text() == (tmp_path / "b" / "suggestions.csv").read_text()


def test_labelled_images_are_never_suggested(model: Model, fields: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "images").mkdir(parents=True)
    shutil.copy(fields / "f1.png", data / "images" / "renamed.png")
    shutil.copy(fields / "f2.png", data / "images" / "f3.png")  # the name of another one
    shutil.copy(fields / "f5.png", data / "images" / "f5.png")  # not labelled yet
    (data / "points.csv").write_text("image,y,x\nrenamed.png,4,5\nf3.png,6,7\n")
    (data / "images.csv").write_text("image\nrenamed.png\nf3.png\n")
    summary = suggested(model, fields, tmp_path / "out", labelled=data)
    assert {each.image for each in summary.suggestions} == {"f0.png", "f3.png", "f4.png", "f5.png"}
    assert summary.left_out == 2 and "f3.png has the name" in summary.notes[0]
    for number in range(6):
        shutil.copy(fields / f"f{number}.png", data / "images" / f"f{number}.png")
    (data / "images.csv").unlink()
    with pytest.raises(UsageError, match="every image"):
        suggested(model, fields, tmp_path / "none", labelled=data)
    assert not (tmp_path / "none").exists()


def test_copies_and_empty_images_are_not_worth_a_label(model: Model, fields: Path, tmp_path: Path) -> None:
    shutil.copy(fields / "f1.png", fields / "copy.png")
    (fields / "black.png").write_bytes(imagecodecs.png_encode(np.zeros((96, 256), np.uint8)))
    whole = suggested(model, fields, tmp_path / "out")
    assert len(whole.suggestions) == 6 and {"f1.png", "copy.png"} - {each.image for each in whole.suggestions}
    assert "black.png" not in {each.image for each in whole.suggestions} and whole.images == 8
    assert whole.notes == ("2 images are copies of others, or empty, and labelling them would add nothing.",)
    assert all(each.gain > 0 for each in whole.suggestions)
    assert not suggested(model, fields, tmp_path / "first", number=2).notes, "the queue is full"
    none = suggested(model, fields / "black.png", tmp_path / "none")
    assert none.suggestions == () and none.notes[0].startswith("1 image is a copy of another, or empty")


def test_labelled_images_are_looked_at_but_not_among_those_to_rank(model: Model, fields: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "images").mkdir(parents=True)
    for name in ("f1.png", "f2.png"):
        shutil.copy(fields / name, data / "images" / name)
    (data / "points.csv").write_text("image,y,x\nf1.png,4,5\nf2.png,6,7\n")
    told: list[tuple[str, float, int]] = []
    watch = Watch(on_images=lambda stage, done, total: told.append((stage, done, total)))
    suggest([fields], tmp_path / "out", model, SuggestOptions(labelled=data), watch)
    assert told == [
        *(("Looking", done, 4) for done in range(5)),
        *(("Looking at what is labelled", done, 2) for done in range(3)),
    ]


def test_regions_come_with_crops_of_the_files_own_pixels(model: Model, fields: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    suggested(model, fields, out, regions=True, number=10)
    table = rows(out / "suggestions.csv")
    assert len(table) == 10 and len({row["image"] for row in table}) > 1
    crops = sorted(path.name for path in (out / "crops").iterdir())
    assert crops == [f"{int(row['rank']):02d}_{Path(row['image']).stem}.png" for row in table]
    for name, row in zip(crops, table, strict=True):
        y, x, height, width = (int(row[key]) for key in ("y", "x", "height", "width"))
        whole = imagecodecs.imread(fields / row["image"])
        assert np.array_equal(imagecodecs.imread(out / "crops" / name), whole[y : y + height, x : x + width])


def test_a_bad_file_is_told_and_the_rest_goes_on(model: Model, fields: Path, tmp_path: Path) -> None:
    (fields / "bad.png").write_text("no image")
    summary = suggested(model, fields, tmp_path / "out")
    assert len(summary.suggestions) == summary.images == 6
    assert [row["image"] for row in rows(tmp_path / "out" / "failures.csv")] == ["bad.png"]


def test_a_run_that_is_stopped_goes_on(model: Model, fields: Path, tmp_path: Path) -> None:
    seen: list[float] = []

    def stop(stage: str, done: float, total: int) -> None:
        seen.append(done)
        if done == 3:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        suggest([fields], out, model, SuggestOptions(), Watch(on_images=stop))
    assert not (out / "suggestions.csv").exists() and not json.loads((out / "run.json").read_text())["finished"]
    (fields / "f0.png").touch()  # has changed since, and is looked at again
    suggested(model, fields, out, resume=True)
    suggested(model, fields, tmp_path / "whole")
    assert (out / "suggestions.csv").read_text() == (tmp_path / "whole" / "suggestions.csv").read_text()
    with pytest.raises(UsageError, match="regions"):
        suggested(model, fields, out, resume=True, regions=True)
    with pytest.raises(UsageError, match="exists"):
        suggested(model, fields, out)
    assert len(suggested(model, fields, out, overwrite=True, number=2).suggestions) == 2


def test_numbers_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError, match="queue of 0"):
        SuggestOptions(number=0)

"""A plate counted from its files to the table, the map and the report."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pandas as pd
import pytest
from PIL import Image as Pillow
from typer.testing import CliRunner

from cytally.cli.main import app
from cytally.errors import UsageError
from cytally.models.model import Model
from cytally.tasks.count import count
from cytally.tasks.count_options import CountOptions

Picture = Callable[..., np.ndarray]
PATTERN = "{plate}_{well}_{tile}"


def write(folder: Path, picture: Picture, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(names):
        (folder / name).write_bytes(imagecodecs.png_encode(picture(seed)))
    return folder


@pytest.fixture
def plate(tmp_path: Path, picture: Picture) -> Path:
    """Two tiles in A1 and B3, one in A2; a broken tile in B2; and a name that tells no well."""
    names = [f"p_{well}_{tile}.png" for well in ("A01", "B03") for tile in (1, 2)]
    folder = write(tmp_path / "plate", picture, *names, "p_A02_1.png", "flat-field.png")
    (folder / "p_B02_1.png").write_bytes(b"\x89PNG broken")
    return folder


def test_a_plate_from_files_to_report(plate: Path, model: Model, tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary = count([plate], out, model, CountOptions(plate=PATTERN, pixel_size=10.0))
    wells, counts = pd.read_csv(out / "wells.csv"), pd.read_csv(out / "counts.csv").set_index("image")
    assert wells[["plate", "well", "images"]].values.tolist() == [["p", "A01", 2], ["p", "A02", 1], ["p", "B03", 2]]
    both = counts.loc[["p_B03_1.png", "p_B03_2.png"]]
    third = wells.iloc[2]
    assert third["count_total"] == pytest.approx(both["count"].sum()) and third["count_total"] > 0
    assert third["count_mean"] == pytest.approx(both["count"].mean())
    assert third["count_sd"] == pytest.approx(both["count"].std(ddof=1))
    assert third["density_per_mm2"] == pytest.approx(both["count"].sum() / both["area_mm2"].sum())
    flagged = counts["flags"].notna()
    assert wells["flagged_images"].sum() == flagged[flagged.index != "flat-field.png"].sum()
    (note,) = [note for note in summary.notes if "lie in no well" in note]
    assert note.startswith("1 of 6 images lie in no well") and "flat-field.png" in note
    assert [image for image, _ in summary.failures] == ["p_B02_1.png"]
    png = (out / "plate.png").read_bytes()
    assert Pillow.open(io.BytesIO(png)).format == "PNG"
    report = (out / "report.html").read_text()
    assert 'id="plate"' in report and "flat-field.png; wells.csv is without them" in report


def test_the_map_has_the_colours_of_the_counts(tmp_path: Path, picture: Picture, model: Model) -> None:
    folder = tmp_path / "plate"
    folder.mkdir()
    for well, most in (("A1", 0), ("A2", 200)):
        (folder / f"p_{well}_1.png").write_bytes(imagecodecs.png_encode(np.minimum(picture(1), most)))
    count([folder], tmp_path / "out", model, CountOptions(plate=PATTERN))
    wells = pd.read_csv(tmp_path / "out" / "wells.csv")
    assert wells["count_total"].nunique() == 2
    pixels = np.asarray(Pillow.open(tmp_path / "out" / "plate.png").convert("RGB")).reshape(-1, 3)
    for colour in ((68, 1, 84), (253, 231, 36)):  # where viridis begins and ends
        assert (np.abs(pixels.astype(int) - colour).max(axis=1) <= 2).sum() > 1000


def test_plates_in_folders_are_told_by_the_folders(tmp_path: Path, picture: Picture, model: Model) -> None:
    for name in ("plate1", "plate2"):
        write(tmp_path / "in" / name, picture, "A01_1.png", "A01_2.png")
    inputs = [tmp_path / "in" / "plate1", tmp_path / "in" / "plate2"]
    count(inputs, tmp_path / "out", model, CountOptions(plate=PATTERN))
    wells = pd.read_csv(tmp_path / "out" / "wells.csv")
    assert wells[["plate", "well", "images"]].values.tolist() == [["plate1", "A01", 2], ["plate2", "A01", 2]]


def test_a_pattern_that_fits_none_is_refused_before_anything_is_opened(
    plate: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cytally.tasks.count_input.read", lambda *_, **__: pytest.fail("an image was opened"))
    for pattern in ("{plate}-{well}-{tile}", "{plate}_{tile}", "(?P<well>"):
        with pytest.raises(UsageError, match="the pattern"):
            count([plate], tmp_path / "out", model, CountOptions(plate=pattern))
    assert not (tmp_path / "out").exists()


def test_resuming_makes_the_same_table_and_another_pattern_is_no_other_run(
    plate: Path, model: Model, tmp_path: Path
) -> None:
    count([plate], tmp_path / "whole", model, CountOptions(plate=PATTERN))
    count([plate / "p_A01_1.png", plate / "p_A01_2.png"], tmp_path / "out", model, CountOptions(plate="*_{well}_*"))
    assert pd.read_csv(tmp_path / "out" / "wells.csv")["plate"].isna().all()
    count([plate], tmp_path / "out", model, CountOptions(plate=PATTERN, resume=True))
    assert (tmp_path / "out" / "wells.csv").read_text() == (tmp_path / "whole" / "wells.csv").read_text()
    count([plate], tmp_path / "out", model, CountOptions(overwrite=True))
    assert not {"wells.csv", "plate.png"} & {path.name for path in (tmp_path / "out").iterdir()}


def test_from_the_command_line(plate: Path, model_folder: Path, tmp_path: Path) -> None:
    def call(*arguments: str) -> tuple[int, str]:
        words = ["count", str(plate), "-o", str(tmp_path / "out"), "--model", str(model_folder), *arguments]
        outcome = CliRunner().invoke(app, words)
        return outcome.exit_code, " ".join(outcome.output.split())

    status, said = call("--plate", "{row}_{well}")
    assert status == 2 and "a field 'row', which there is not" in said and not (tmp_path / "out").exists()
    status, said = call("--plate", PATTERN)
    assert status == 1 and "flat-field.png; wells.csv is without them." in said  # the broken tile fails
    assert json.loads((tmp_path / "out" / "run.json").read_text())["options"]["plate"] == PATTERN
    assert len(pd.read_csv(tmp_path / "out" / "wells.csv")) == 3

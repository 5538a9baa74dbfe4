"""Labelling folders: what is written, what is refused, what fails, and what training is told to skip."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

import cytally
from cytally.errors import ImageError, UsageError
from cytally.images.image import Image
from cytally.tasks.label import LabelSummary, label_images
from cytally.tasks.label_options import LabelOptions
from cytally.tasks.watch import Watch

QUIET = Watch(on_failure=lambda image, line: None, on_note=lambda text: None)


def field(seed: int, shape: tuple[int, int] = (128, 160), nuclei: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Discs of 6 pixels' radius, stained on dark ground, and dark with bright rims as phase contrast shows them."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    points: list[np.ndarray] = []
    while len(points) < nuclei:
        point = rng.uniform(8, np.array(shape) - 9)
        if all(np.hypot(*(point - other)) > 16 for other in points):
            points.append(point)
    away = np.min([np.hypot(rows - y, columns - x) for y, x in points], axis=0)
    stain = 200 + 3000 / (1 + np.exp(2 * (away - 6))) + rng.normal(0, 20, shape)
    phase = 8000 - 2500 * (away < 6) + 3000 * np.exp(-((away - 7) ** 2) / 2) + rng.normal(0, 150, shape)
    return stain.astype(np.uint16), phase.astype(np.uint16)


def write(path: Path, pixels: np.ndarray, axes: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, pixels, photometric="minisblack", metadata=None if axes is None else {"axes": axes})
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def stains(tmp_path: Path) -> Path:
    """Four fields with 3, 6, 9 and 12 nuclei."""
    for number in range(4):
        write(tmp_path / "stain" / f"f{number}_dapi.tif", field(number, nuclei=3 * number + 3)[0])
    return tmp_path / "stain"


@pytest.fixture
def pairs(tmp_path: Path) -> tuple[Path, Path]:
    """Two fields, their phase contrast lying 3 rows further down and 5 columns further to the left."""
    for number in range(2):
        stain, phase = field(number)
        write(tmp_path / "stain" / f"f{number}_dapi.tif", stain)
        write(tmp_path / "phase" / f"f{number}_phase.tif", np.roll(phase, (3, -5), (0, 1)))
    return tmp_path / "stain", tmp_path / "phase"


def labelled(inputs: Path | list[Path], out: Path, **options: object) -> LabelSummary:
    given = inputs if isinstance(inputs, list) else [inputs]
    return label_images(given, out, LabelOptions(**options), QUIET)  # type: ignore[arg-type]


def test_a_folder_of_stains(stains: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary = labelled(stains, out)
    table = rows(out / "labels.csv")
    assert [row["image"] for row in table] == [f"f{number}_dapi.tif" for number in range(4)]
    assert [int(row["objects"]) for row in table] == [3, 6, 9, 12] and summary.nuclei == 30
    for number, row in enumerate(table):
        labels = tifffile.imread(out / "labels" / f"f{number}_dapi.tif")
        assert labels.dtype == np.uint16 and labels.shape == (128, 160)
        assert set(np.unique(labels)) == set(range(int(row["objects"]) + 1))
        assert float(row["foreground"]) == pytest.approx((labels > 0).mean(), abs=1e-6)
        assert (out / "overlays" / f"f{number}_dapi.png").read_bytes().startswith(b"\x89PNG")
    assert [row["kept"] for row in table] == ["no", "yes", "yes", "yes"], "a quarter of four, the emptiest"
    assert "fewest" in table[0]["why"] and not any(row["why"] for row in table[1:])
    assert {row["shift_y"] + row["shift_x"] + row["correlation"] for row in table} == {""}
    assert {path.name for path in out.iterdir()} == {
        *("labels", "overlays", "labels.csv", "contact.png", "report.html", "run.json")
    }
    assert "plate" not in table[0] and not summary.failures and list(summary.skipped) == ["f0_dapi.tif"]


def test_run_json_tells_how(stains: Path, tmp_path: Path) -> None:
    labelled(stains, tmp_path / "out", preset="thesis", pixel_size=0.5)
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["task"] == "label" and run["preset"] == "thesis" and run["finished"]
    assert run["settings"]["clahe_block"] == 127 and run["settings"]["largest_diameter"] == 30
    assert run["made_by"]["cytally"] == cytally.__version__ and run["seconds"] > 0
    assert [Path(path).name for path in run["inputs"]] == list(run["images"])
    with tifffile.TiffFile(tmp_path / "out" / "labels" / "f1_dapi.tif") as file:
        assert file.pages[0].tags["XResolution"].value == (20000, 1), "half a micrometre per pixel"


def test_the_filter_only_lists(stains: Path, tmp_path: Path) -> None:
    labelled(stains, tmp_path / "all", skip_fewest=0, skip_above=1)
    assert {row["kept"] for row in rows(tmp_path / "all" / "labels.csv")} == {"yes"}
    labelled(stains, tmp_path / "none", skip_fewest=1)
    assert {row["kept"] for row in rows(tmp_path / "none" / "labels.csv")} == {"no"}
    labelled(stains, tmp_path / "dense", skip_fewest=0, skip_above=0.05)
    table = rows(tmp_path / "dense" / "labels.csv")
    assert [row["kept"] for row in table] == ["yes" if float(row["foreground"]) <= 0.05 else "no" for row in table]
    assert {row["kept"] for row in table} == {"yes", "no"}
    for name in ("all", "none", "dense"):
        assert len(list((tmp_path / name / "labels").iterdir())) == 4


def test_pairs_lie_upon_each_other(pairs: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary = labelled(pairs[0], out, phase=str(pairs[1]), window=64)
    table = rows(out / "labels.csv")
    assert [(float(row["shift_y"]), float(row["shift_x"])) for row in table] == [(-3, 5), (-3, 5)]
    assert all(float(row["correlation"]) > 0.3 for row in table)
    data = out / "pairs"
    names = sorted(path.name for path in (data / "images").iterdir())
    # Rows 0 to 124 and columns 5 to 159 show both: 125 × 155 pixels, of which 61 rows and 27 columns are too narrow.
    assert names == [f"f{number}_dapi_y0000_x{x:04d}.tif" for number in range(2) for x in (5, 69)]
    assert names == sorted(path.name for path in (data / "labels").iterdir())
    assert names == sorted(path.name for path in (data / "stain").iterdir())
    stain, phase = field(1)
    whole = tifffile.imread(out / "labels" / "f1_dapi.tif")
    part = (slice(0, 64), slice(69, 133))
    assert (tifffile.imread(data / "stain" / "f1_dapi_y0000_x0069.tif") == stain[part]).all()
    assert (tifffile.imread(data / "images" / "f1_dapi_y0000_x0069.tif") == phase[part]).all()
    cut = tifffile.imread(data / "labels" / "f1_dapi_y0000_x0069.tif")
    assert ((cut > 0) == (whole[part] > 0)).all() and set(np.unique(cut)) == set(range(cut.max() + 1))
    assert sum(len(image.windows) for image in summary.images) == 4
    skipped = rows(data / "skip.csv")
    shares = {name: (tifffile.imread(data / "labels" / name) > 0).mean() for name in names}
    assert [row["image"] for row in skipped] == [min(shares, key=lambda name: shares[name])], "a quarter of four"
    assert summary.skipped_windows == 1 and all(row["why"] for row in skipped)


def test_pairs_are_a_data_folder(pairs: tuple[Path, Path], tmp_path: Path) -> None:
    from cytally.datasets.folder import read_folder

    summary = labelled(pairs[0], tmp_path / "out", phase=str(pairs[1]), window=0)
    folder = read_folder(tmp_path / "out" / "pairs")
    assert [sample.name for sample in folder.annotated] == ["f0_dapi.tif", "f1_dapi.tif"], "whole: no place in the name"
    assert folder.total_cells == pytest.approx(summary.nuclei, abs=2), "but for nuclei beyond the common part"


def test_one_file_and_one_file_are_a_pair(tmp_path: Path) -> None:
    stain, phase = field(0)
    one, other = write(tmp_path / "some_stain.tif", stain), write(tmp_path / "another_day.tif", phase)
    summary = labelled([one], tmp_path / "out", phase=str(other))
    assert summary.images[0].shift == (0, 0) and not summary.failures
    summary = labelled([one], tmp_path / "narrow", phase=str(write(tmp_path / "narrow.tif", phase[:, :90])))
    assert "160" in summary.failures[0][1] and "90" in summary.failures[0][1]


def test_two_channels_of_one_file(tmp_path: Path) -> None:
    stain, phase = field(0)
    film = np.stack([np.stack([phase, stain]), np.stack([phase, stain])])
    path = write(tmp_path / "film.ome.tif", film, axes="TCYX")
    summary = labelled([path], tmp_path / "out", phase_channel="0", window=0)
    assert [image.image for image in summary.images] == ["film.ome.tif#0,0", "film.ome.tif#0,1"]
    assert {image.channel for image in summary.images} == {"1"}, "phase contrast varies more, and is no stain"
    assert "channel 1 of 2 images" in summary.notes[0]
    assert sorted(path.name for path in (tmp_path / "out" / "pairs" / "images").iterdir()) == [
        "film#0,0.tif",
        "film#0,1.tif",
    ]
    assert labelled([path], tmp_path / "1", channel="1").images[0].objects == 12
    (failure,) = labelled([path], tmp_path / "7", channel="7").failures
    (same,) = labelled([path], tmp_path / "same", channel="01", phase_channel="1").failures
    assert "no channel for the stain beside" in same[1]
    assert "has no channel '7'" in failure[1] and not rows(tmp_path / "7" / "labels.csv")


def test_depth_is_projected_also_beside_flat_phase_contrast(tmp_path: Path) -> None:
    stain = field(0)[0]
    stack = np.stack([np.where(np.arange(160) < 80, stain, 200), np.where(np.arange(160) < 80, 200, stain)])
    path = write(tmp_path / "z.tif", stack.astype(np.uint16))
    phase = write(tmp_path / "flat" / "z.tif", field(0)[1])
    summary = labelled([path], tmp_path / "out", axes="ZYX", phase=str(phase))
    assert summary.images[0].objects == 12 and summary.images[0].windows and not summary.failures


@pytest.mark.parametrize(
    ("pixels", "why"),
    [
        (np.zeros((64, 64), np.uint8), "every pixel has the value 0"),
        (np.where(np.arange(64) < 40, 255, np.arange(64 * 64).reshape(64, 64) % 17).astype(np.uint8), "saturated"),
    ],
)
def test_a_field_that_cannot_be_trusted_is_kept_out_of_training(
    pixels: np.ndarray, why: str, stains: Path, tmp_path: Path
) -> None:
    write(stains / "bad.tif", pixels)
    notes: list[str] = []
    summary = label_images([stains], tmp_path / "out", LabelOptions(skip_fewest=0, skip_above=1), noting(notes))
    assert not summary.failures and len(notes) == 1 and notes[0].startswith("bad.tif: ") and why in notes[0]
    (row,) = [row for row in rows(tmp_path / "out" / "labels.csv") if row["kept"] == "no"]
    assert row["image"] == "bad.tif" and why in row["why"]
    assert tifffile.imread(tmp_path / "out" / "labels" / "bad.tif").shape == (64, 64)


def noting(notes: list[str]) -> Watch:
    return Watch(on_note=notes.append, on_failure=lambda image, line: None)


def test_windows_of_a_refused_field_are_written_and_listed(
    pairs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cytally.labelling.labelled import Labelled

    whole = np.ones((128, 160), np.uint16)
    monkeypatch.setattr("cytally.tasks.label_plane.label_auto", lambda stain: Labelled(whole, "it has leaked"))
    options = {"phase": str(pairs[1]), "window": 64, "skip_fewest": 0.0, "skip_above": 1.0}
    summary = labelled(pairs[0], tmp_path / "out", **options)
    assert not summary.failures and len(list((tmp_path / "out" / "pairs" / "images").iterdir())) == 4
    assert {row["why"] for row in rows(tmp_path / "out" / "pairs" / "skip.csv")} == {"it has leaked"}
    assert summary.skipped_windows == 4 and set(summary.skipped.values()) == {"it has leaked"}


def test_what_does_not_belong_together_fails_and_the_rest_goes_on(pairs: tuple[Path, Path], tmp_path: Path) -> None:
    stain, phase = field(7)
    noise = np.random.default_rng(0).integers(0, 9000, phase.shape).astype(np.uint16)
    for name, other in (("alien", noise), ("narrow", phase[:, :100]), ("twice", np.stack([phase, phase]))):
        write(pairs[0] / f"{name}_dapi.tif", stain)
        write(pairs[1] / f"{name}_phase.tif", other, axes="TYX" if other.ndim == 3 else None)
    write(pairs[0] / "broken_dapi.tif", stain)
    (pairs[1] / "broken_phase.tif").write_bytes(b"")
    out = tmp_path / "out"
    summary = labelled(pairs[0], out, phase=str(pairs[1]), window=0, skip_fewest=0)
    failed = dict(summary.failures)
    assert sorted(failed) == [f"{name}_dapi.tif" for name in ("alien", "broken", "narrow", "twice")]
    assert [row["image"] for row in rows(out / "failures.csv")] == list(failed)
    assert "alien_phase.tif" in failed["alien_dapi.tif"] and "correlation" in failed["alien_dapi.tif"]
    assert "160" in failed["narrow_dapi.tif"] and "100" in failed["narrow_dapi.tif"]
    assert "broken_phase.tif" in failed["broken_dapi.tif"] and "empty" in failed["broken_dapi.tif"]
    assert "has 2 scenes or time points" in failed["twice_dapi.tif"]
    for row in rows(out / "labels.csv"):
        assert (row["kept"] == "no") == (row["image"] in failed) == ("phase contrast" in row["why"])
        assert (row["shift_y"] == "") == (row["image"] in failed)
        assert (out / "labels" / row["image"]).is_file() and row["objects"] == "12"
    assert sorted(path.name for path in (out / "pairs" / "images").iterdir()) == ["f0_dapi.tif", "f1_dapi.tif"]


def test_an_unreadable_file_is_one_failure(stains: Path, tmp_path: Path) -> None:
    (stains / "f1_dapi.tif").write_bytes(b"II*\0")
    summary = labelled(stains, tmp_path / "out")
    ((image, line),) = summary.failures
    assert image == "f1_dapi.tif" and "f1_dapi.tif" in line
    assert [row["image"] for row in rows(tmp_path / "out" / "labels.csv")] == [f"f{n}_dapi.tif" for n in (0, 2, 3)]
    assert not (tmp_path / "out" / "labels" / "f1_dapi.tif").exists()


def test_a_pattern_tells_plate_well_and_tile(stains: Path, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(stains.iterdir())):
        path.rename(stains / f"p1_B0{number + 1}_{number}_dapi.tif")
    labelled(stains, tmp_path / "out", pattern="{plate}_{well}_{tile}_{channel}.tif")
    told = [tuple(row.values())[:4] for row in rows(tmp_path / "out" / "labels.csv")]
    assert told[2] == ("p1_B03_2_dapi.tif", "p1", "B03", "2")
    write(stains / "odd.tif", field(0)[0])
    summary = labelled(stains, tmp_path / "odd", pattern="{plate}_{well}_{tile}_{channel}.tif")
    assert [image for image, _ in summary.failures] == ["odd.tif"], "its name tells nothing, and it is labelled"
    assert rows(tmp_path / "odd" / "labels.csv")[0]["plate"] == "" and len(summary.images) == 5
    with pytest.raises(UsageError, match="odd"):
        labelled([stains / "odd.tif"], tmp_path / "none", pattern="{plate}_{well}_{tile}")
    assert not (tmp_path / "none").exists()


def test_what_is_wrong_beforehand_writes_nothing(pairs: tuple[Path, Path], tmp_path: Path) -> None:
    stains, phases = pairs
    out = tmp_path / "out"
    for options in (
        {"preset": "none"},
        {"window": 5},
        {"window": -1},
        {"skip_fewest": 1.5},
        {"skip_above": float("nan")},
        {"pixel_size": 0.0},
        {"axes": "YY"},
        {"channel": "1", "phase_channel": "1"},
        {"phase": str(tmp_path / "nothing")},
        {"phase": str(stains)},
        {"pattern": "no field"},
    ):
        with pytest.raises(UsageError):
            labelled(stains, out, **options)
        assert not out.exists()
    (phases / "f1_phase.tif").unlink()
    with pytest.raises(UsageError, match="partner"):
        labelled(stains, out, phase=str(phases))
    assert not out.exists()


def test_labels_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr("cytally.tasks.label.logger.warning", lambda text, *given: warned.append(text % given))
    stain, phase = field(0)
    labels = cytally.label(stain)
    assert labels.shape == stain.shape and labels.dtype == np.uint16 and labels.max() == 12
    path = write(tmp_path / "two.ome.tif", np.stack([phase, stain]), axes="CYX")
    assert (cytally.label(path, channel=1) == labels).all()
    assert (cytally.label(Image.from_array(stain)) == labels).all()
    assert cytally.label(stain, preset="thesis").max() > 6
    assert not warned
    assert cytally.label(np.zeros((32, 32), np.uint8)).max() == 0
    assert warned == ["array: every pixel has the value 0; do not train on its labels"]
    with pytest.raises(ImageError, match="2 scenes or time points"):
        cytally.label(Image.from_array(np.stack([stain, stain]), axes="TYX"))
    with pytest.raises(UsageError, match="no preset 'best'"):
        cytally.label(stain, preset="best")  # type: ignore[arg-type]

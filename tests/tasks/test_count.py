"""What a count writes, and what it does with images that cannot be counted."""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pandas as pd
import pytest
import tifffile

from cytally.errors import ModelError, UsageError
from cytally.images.image import Image, Plane
from cytally.models.model import Model
from cytally.results import Prediction
from cytally.tasks import area
from cytally.tasks.count import CountSummary, count
from cytally.tasks.count_options import CountOptions
from cytally.tasks.watch import Watch

Picture = Callable[..., np.ndarray]


def table(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "counts.csv", keep_default_na=False, dtype=str)


def density_sum(out: Path, stem: str) -> float:
    return float(tifffile.imread(out / "density" / f"{stem}.tif").sum(dtype=np.float64))


def quiet(**functions: Callable[..., None]) -> Watch:
    return Watch(**{"on_failure": lambda image, line: None, **functions})


def test_all_that_is_promised_is_written(images: Path, model_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary = count([images], out, model_folder)
    rows = table(out)
    header = "image,count,lower,upper,area_mm2,density_per_mm2,model,flags"
    assert (out / "counts.csv").read_text().splitlines()[0] == header
    assert rows["image"].tolist() == ["a.png", "b.png", "c.png"] and set(rows["model"]) == {str(model_folder)}
    for kind, ending in (("points", "csv"), ("density", "tif"), ("overlays", "png")):
        assert sorted(path.name for path in (out / kind).iterdir()) == [f"{stem}.{ending}" for stem in "abc"]
    assert pd.read_csv(out / "points" / "a.csv").columns.tolist() == ["y", "x", "score"]
    for stem, number in zip("abc", rows["count"].astype(float), strict=True):
        density = tifffile.imread(out / "density" / f"{stem}.tif")
        assert density.shape == (24, 32) and density.dtype == np.float32
        assert density.sum(dtype=np.float64) == pytest.approx(number, rel=1e-3) and number > 0
    run = json.loads((out / "run.json").read_text())
    assert run["task"] == "count" and run["finished"] and set(run["images"]) == {"a.png", "b.png", "c.png"}
    assert run["inputs"] == [str(images / f"{stem}.png") for stem in "abc"] and run["seconds"] > 0
    assert "c.png" in (out / "report.html").read_text()
    assert {path.name for path in out.iterdir()} == {
        *("counts.csv", "run.json", "report.html", "points", "density", "overlays")
    }
    assert [row.count for row in summary.rows] == pytest.approx(rows["count"].astype(float), rel=1e-5)


def test_areas_need_a_pixel_size(images: Path, model: Model, square: Path, tmp_path: Path) -> None:
    count([images / "a.png"], tmp_path / "unknown", model)
    assert table(tmp_path / "unknown")[["area_mm2", "density_per_mm2"]].values.tolist() == [["", ""]]
    count([images / "a.png"], tmp_path / "known", model, CountOptions(pixel_size=10.0, roi=square))
    row = table(tmp_path / "known").iloc[0]
    assert float(row["area_mm2"]) == pytest.approx(96 * 1e-4)
    assert float(row["density_per_mm2"]) == pytest.approx(float(row["count"]) / 96e-4, rel=1e-4)
    assert density_sum(tmp_path / "known", "a") == pytest.approx(float(row["count"]), rel=1e-3)


@pytest.mark.parametrize("roi", [False, True])
@pytest.mark.parametrize("border", ["include", "exclude"])
def test_the_map_always_sums_to_the_count(
    images: Path, model: Model, square: Path, tmp_path: Path, roi: bool, border: str
) -> None:
    options = CountOptions(roi=square if roi else None, border=border)  # type: ignore[arg-type]
    count([images], tmp_path / "out", model, options)
    for stem, number in zip("abc", table(tmp_path / "out")["count"].astype(float), strict=True):
        assert density_sum(tmp_path / "out", stem) == pytest.approx(number, rel=1e-3)


def test_time_points_are_rows_with_files(picture: Picture, model: Model, tmp_path: Path) -> None:
    path = tmp_path / "film #1.ome.tif"
    tifffile.imwrite(path, picture(0, (3, 24, 32)), photometric="minisblack", metadata={"axes": "TYX"})
    moments: list[tuple[float, int]] = []
    watch = quiet(on_images=lambda stage, done, total: moments.append((done, total)))
    count([path], tmp_path / "out", model, watch=watch)
    rows = table(tmp_path / "out")
    assert rows["image"].tolist() == [f"film #1.ome.tif#0,{time}" for time in range(3)]
    for time, number in enumerate(rows["count"].astype(float)):
        assert density_sum(tmp_path / "out", f"film #1#0,{time}") == pytest.approx(number, rel=1e-3)
        assert (tmp_path / "out" / "overlays" / f"film #1#0,{time}.png").exists()
        assert (tmp_path / "out" / "points" / f"film #1#0,{time}.csv").exists()
    assert moments == [(0, 1), (pytest.approx(1 / 3), 1), (pytest.approx(2 / 3), 1), (1, 1)]


def test_one_prediction_is_held_at_a_time(
    picture: Picture, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tifffile.imwrite(tmp_path / "film.tif", picture(0, (4, 24, 32)), photometric="minisblack", metadata={"axes": "TYX"})
    alive: list[weakref.ref[Prediction]] = []

    def watched(*arguments: object) -> area.CountedPlane:
        assert sum(each() is not None for each in alive) == 0, "an earlier plane's prediction is still held"
        counted = area.count_plane(*arguments)  # type: ignore[arg-type]
        alive.append(weakref.ref(counted.prediction))
        return counted

    monkeypatch.setattr("cytally.tasks.count_input.count_plane", watched)
    assert len(count([tmp_path / "film.tif"], tmp_path / "out", model).rows) == len(alive) == 4


def test_axes_that_nothing_tells_are_refused_until_named(picture: Picture, model: Model, tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(picture(0, (3, 24, 32)), photometric="minisblack", metadata=None)
    summary = count([path], tmp_path / "out", model, watch=quiet())
    assert not summary.rows and "--axes TYX" in summary.failures[0][1]
    named = count([path], tmp_path / "out", model, CountOptions(axes="TYX", overwrite=True))
    assert len(named.rows) == 3 and not (tmp_path / "out" / "failures.csv").exists()
    projected = count([path], tmp_path / "out", model, CountOptions(axes="ZYX", overwrite=True))
    assert [row.image for row in projected.rows] == ["stack.tif"]


def test_inputs_that_share_a_name_are_kept_apart(images: Path, model: Model, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.png").write_bytes((images / "b.png").read_bytes())
    tifffile.imwrite(images / "a.tif", np.zeros((24, 32), np.uint8))
    out = tmp_path / "out"
    summary = count([images, other, images / "a.png"], out, model)
    assert [row.image for row in summary.rows] == ["images_a.png", "a.tif", "b.png", "c.png", "other_a.png"]
    assert sorted(path.stem for path in (out / "density").iterdir()) == [
        *("b", "c", "images_a_png", "images_a_tif", "other_a")
    ]
    counts = {row.image: row.count for row in summary.rows}
    assert counts["other_a.png"] == counts["b.png"] != counts["images_a.png"]
    assert density_sum(out, "other_a") == pytest.approx(counts["b.png"], rel=1e-3)


@pytest.mark.parametrize(
    "name", ["with space.png", "größe 細胞.png", "50% #2.png", "a,b;c.png", os.fsdecode(b"\xe9.png")]
)
def test_odd_names(name: str, picture: Picture, model: Model, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(imagecodecs.png_encode(picture(0)))
    count([tmp_path / name], tmp_path / "out", model)
    readable = name.encode(errors="replace").decode()
    assert table(tmp_path / "out")["image"].tolist() == [readable]
    assert (tmp_path / "out" / "density" / f"{Path(readable).stem}.tif").exists()
    assert json.loads((tmp_path / "out" / "run.json").read_text())["inputs"] == [str(tmp_path / name)]


def test_a_glob(images: Path, model: Model, tmp_path: Path) -> None:
    assert len(count([str(images / "[ab].*")], tmp_path / "out", model).rows) == 2


def broken_images(folder: Path, picture: Picture) -> dict[str, str]:
    """Images that cannot be counted, and a word of what is said of each."""
    (folder / "text.png").write_text("this is no image")
    (folder / "zero.tif").write_bytes(b"")
    (folder / "pixel.png").write_bytes(imagecodecs.png_encode(np.zeros((1, 1), np.uint8)))
    tifffile.imwrite(folder / "thin.tif", np.zeros((3, 100_000), np.uint8))
    tifffile.imwrite(folder / "whole.tif", picture(1, (64, 64)))
    (folder / "cut.tif").write_bytes((folder / "whole.tif").read_bytes()[:2000])
    (folder / "whole.tif").unlink()
    for name, value in (("nan.tif", np.nan), ("inf.tif", np.inf)):
        pixels = picture(2).astype(np.float32)
        pixels[3, 4] = value
        tifffile.imwrite(folder / name, pixels)
    (folder / ("long" * 62 + ".png")).write_bytes(imagecodecs.png_encode(picture(4)))
    return {
        "text.png": "whatever its ending says",
        "zero.tif": "empty",
        "pixel.png": "1 x 1",
        "thin.tif": "3 x 100000",
        "cut.tif": "cut off",
        "nan.tif": "NaN or infinite",
        "inf.tif": "NaN or infinite",
        "long" * 62 + ".png": "rename it",
    }


def test_broken_images_fail_and_the_rest_is_counted(
    images: Path, picture: Picture, model: Model, tmp_path: Path
) -> None:
    expected = broken_images(images, picture)
    told: dict[str, str] = {}
    summary = count([images], tmp_path / "out", model, watch=Watch(on_failure=told.__setitem__))
    assert [row.image for row in summary.rows] == ["a.png", "b.png", "c.png"]
    failures = pd.read_csv(tmp_path / "out" / "failures.csv")
    assert failures.columns.tolist() == ["image", "error"]
    assert dict(zip(failures["image"], failures["error"], strict=True)) == told == dict(summary.failures)
    assert set(told) == set(expected)
    for name, word in expected.items():
        assert word in told[name] and name in told[name] and ";" in told[name] and "\n" not in told[name]
    assert "nan.tif" in (tmp_path / "out" / "report.html").read_text()


def test_a_channel_that_is_not_there(images: Path, picture: Picture, model: Model, tmp_path: Path) -> None:
    tifffile.imwrite(images / "colour.tif", picture(3, (24, 32, 3)), photometric="rgb")
    summary = count([images], tmp_path / "out", model, CountOptions(channel="green"), quiet())
    assert [row.image for row in summary.rows] == ["colour.tif"] and len(summary.failures) == 3
    assert "no channel 'green'" in summary.failures[0][1]
    assert summary.notes == ("Counted in channel green of 1 image (as asked for).",)


def test_whatever_an_image_does_the_others_are_counted(
    images: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = {"a.png": RuntimeError("DefaultCPUAllocator: can't allocate memory"), "b.png": ZeroDivisionError("odd")}

    def failing(model: Model, plane: Plane, *others: object) -> area.CountedPlane:
        if plane.name in errors:
            raise errors[plane.name]
        return area.count_plane(model, plane, *others)  # type: ignore[arg-type]

    monkeypatch.setattr("cytally.tasks.count_input.count_plane", failing)
    summary = count([images], tmp_path / "out", model, watch=quiet())
    assert [line for _, line in summary.failures] == [
        "a.png: does not fit into memory; crop it or scale it down",
        "b.png: failed unexpectedly (ZeroDivisionError: odd); run again with --verbose and report it",
    ]
    assert [row.image for row in summary.rows] == ["c.png"]


def test_odd_exposures_are_counted_and_flagged(model: Model, picture: Picture, tmp_path: Path) -> None:
    half = picture(0)
    half[:8] = 255
    for name, pixels in (("black", half * 0), ("white", half * 0 + 255), ("saturated", half)):
        (tmp_path / f"{name}.png").write_bytes(imagecodecs.png_encode(pixels))
    count([tmp_path / f"{name}.png" for name in ("black", "white", "saturated")], tmp_path / "out", model)
    rows = table(tmp_path / "out")
    assert [flags.split(";")[0] for flags in rows["flags"]] == ["black", "white", "saturated"]
    assert all(rows["count"] != "")


def test_samples(images: Path, model: Model, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("image,drug\na.png,x\nb.png,x\nd.png,y\n")
    summary = count([images], tmp_path / "out", model, CountOptions(samples=sheet))
    result = pd.read_csv(tmp_path / "out" / "samples.csv")
    assert result.columns.tolist() == ["drug", "n", "mean", "sd", "total"] and result["n"].tolist() == [2]
    assert result["total"][0] == pytest.approx(sum(row.count for row in summary.rows[:2]), abs=2e-3)
    assert "d.png" in summary.notes[0] and "c.png" in summary.notes[1]


def test_a_method_that_finds_objects(
    images: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = np.zeros((24, 32), np.int64)
    labels[2:4, 5:8] = 70_000
    objects = area.CountedPlane
    monkeypatch.setattr(
        "cytally.tasks.count_input.count_plane",
        lambda model, plane, options, region: objects(
            plane, Prediction(1.0, labels=labels), model.predict(plane)[1], labels.size
        ),
    )
    count([images / "a.png"], tmp_path / "out", model)
    written = tifffile.imread(tmp_path / "out" / "labels" / "a.tif")
    assert written.dtype == np.uint32 and (written == labels).all()
    assert (tmp_path / "out" / "objects" / "a.csv").read_text().splitlines()[0] == "label,y,x,area,mean_0"
    assert not (tmp_path / "out" / "points").exists() and not (tmp_path / "out" / "density").exists()
    assert "objects/a.csv" in (tmp_path / "out" / "report.html").read_text()


def test_refused_before_anything_is_written(
    images: Path, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cytally.tasks.count_input.read", lambda *_, **__: pytest.fail("an image was opened"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.geojson").write_text("{")
    (tmp_path / "broken.csv").write_text("image\n")
    (tmp_path / "file").write_text("x")
    here = tmp_path / "out"

    def refused(
        inputs: list[Path | str] | None = None, out: Path = here, model: Path = model_folder, **options: object
    ) -> str:
        with pytest.raises((UsageError, ModelError)) as caught:
            count([images] if inputs is None else inputs, out, model, CountOptions(**options))  # type: ignore[arg-type]
        assert not here.exists() or not any(here.iterdir())
        return caught.value.line()

    assert "holds no image" in refused([tmp_path / "empty"])
    assert "no image was named" in refused([])
    assert "is empty" in refused([""])
    assert "does not exist" in refused([tmp_path / "none.png"])
    assert "cannot be written to" in refused(out=tmp_path / "file" / "out")
    assert "broken.geojson" in refused(roi=tmp_path / "broken.geojson")
    assert "no such file" in refused(roi=tmp_path / "none.geojson")
    assert "broken.csv" in refused(samples=tmp_path / "broken.csv")
    assert "no such model" in refused(model=tmp_path / "none")
    assert "pixel size" in refused(pixel_size=0.0)
    assert "pixel size" in refused(pixel_size=float("nan"))
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert "no 'cuda' device" in refused(device="cuda")
    here.mkdir()
    assert "exists" in refused()


def broken_models(source: Path, folder: Path) -> dict[str, Path]:
    """Model folders that must be refused, by a word of what is said of them."""
    card = (source / "model.json").read_text()
    weights = (source / "weights.safetensors").read_bytes()
    cases = {
        "cut short or no safetensors": (card, weights[:-100]),
        "weights are missing": (card, None),
        "cut short or no JSON": (card[:100], weights),
        "has format 99": (card.replace('"format": 1', '"format": 99'), weights),
        "is a pickle": (card, b"\x80\x02}q\x00." + weights),
        "no model.json": (None, weights),
    }
    models = {}
    for number, (word, (text, content)) in enumerate(cases.items()):
        models[word] = folder / str(number)
        models[word].mkdir()
        if text is not None:
            (models[word] / "model.json").write_text(text)
        if content is not None:
            (models[word] / "weights.safetensors").write_bytes(content)
    return models


def test_broken_models_are_refused(images: Path, model_folder: Path, tmp_path: Path) -> None:
    for word, folder in broken_models(model_folder, tmp_path).items():
        with pytest.raises(ModelError, match=word):
            count([images], tmp_path / "out", folder)
        assert not (tmp_path / "out").exists()


def test_overwriting_starts_anew_and_spares_what_is_read(images: Path, model: Model, tmp_path: Path) -> None:
    out = tmp_path / "out"
    count([images], out, model)
    count([images / "b.png"], out, model, CountOptions(overwrite=True))
    assert [path.name for path in (out / "density").iterdir()] == ["b.tif"]
    with pytest.raises(UsageError, match="would remove it"):
        count([out / "overlays"], out, model, CountOptions(overwrite=True))
    assert (out / "overlays" / "b.png").exists()


def test_a_model_in_python_counts_arrays_paths_and_images(images: Path, model: Model, tmp_path: Path) -> None:
    summary: CountSummary = count([images / "a.png"], tmp_path / "out", model)
    pixels = imagecodecs.imread(images / "a.png")
    expected = pytest.approx(summary.rows[0].count, rel=1e-6)
    assert model.count(pixels).count == model.count(Image.from_array(pixels)).count == expected
    assert model.count(images / "a.png").count == model.count(str(images / "a.png")).count == expected
    assert table(tmp_path / "out")["model"].tolist() == ["density"]


@pytest.mark.parametrize("axes", ["ZX", "YYX", "QYX"])
def test_impossible_axes_are_refused_before_anything_is_opened(axes: str) -> None:
    with pytest.raises(UsageError, match=f"'{axes}' are no axes; give different letters out of TCZYXS"):
        CountOptions(axes=axes)

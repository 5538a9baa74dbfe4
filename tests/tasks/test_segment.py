"""What a segmentation writes, and what it does with files that cannot be segmented."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from scipy import ndimage
from threshold_network import Threshold, threshold_configuration

from cytally.errors import ImageError, ModelError, UsageError
from cytally.images.prepare import InputConfig
from cytally.images.volume import Volume, open_volumes
from cytally.models.model import Model
from cytally.models.volumes import Segmenter
from cytally.tasks.segment import segment
from cytally.tasks.segment_options import SegmentOptions
from cytally.tasks.segment_volume import segment_volume
from cytally.tasks.watch import Watch


@pytest.fixture
def volume_model(make_model: Callable[..., Model]) -> Model:
    """A model of the method for volumes, whose network is a threshold."""
    return make_model(threshold_configuration(least_area=0.5), Threshold())  # of 25 voxels at the least


def boxes(depth: int = 4) -> np.ndarray:
    """Three boxes that stay, one that begins in slice 1, and a speck of 9 voxels: uint16, 24 × 32 pixels."""
    volume = np.full((depth, 24, 32), 100, np.uint16)
    volume[:, 2:8, 20:28] = 1000
    volume[:, 3:9, 3:9] = 1000
    volume[:, 14:22, 2:10] = 1000
    volume[1:, 14:22, 20:26] = 1000
    volume[-1, 11:14, 14:17] = 1000
    return volume


def write(path: Path, volume: np.ndarray, voxel: bool = True) -> Path:
    """An ImageJ TIFF, of half a micrometre per pixel and 2 from slice to slice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"axes": "TCZYX"[-volume.ndim :]}
    if voxel:
        metadata |= {"spacing": 2.0, "unit": "um"}
        tifffile.imwrite(path, volume, imagej=True, resolution=(2, 2), metadata=metadata)
    else:
        tifffile.imwrite(path, volume, metadata=metadata, photometric="minisblack")
    return path


def table(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / "counts.csv", keep_default_na=False, dtype=str)


def quiet(**functions: Callable[..., None]) -> Watch:
    return Watch(**{"on_failure": lambda image, line: None, **functions})


def test_all_that_is_promised_is_written(volume_model: Model, tmp_path: Path) -> None:
    path, out = write(tmp_path / "in" / "a.tif", boxes()), tmp_path / "out"
    summary = segment([path.parent], out, volume_model)
    header = "image,count,lower,upper,area_mm2,density_per_mm2,model,flags,slices,anisotropy"
    assert (out / "counts.csv").read_text().splitlines() == [
        header,
        "a.tif,4,,,0.000192,20833.33333,efficient-cell-seg,,4,4",
    ]
    truth = np.zeros((4, 24, 32), int)
    truth[:, 2:8, 20:28] = 1  # in order of appearance
    truth[:, 3:9, 3:9] = 2
    truth[:, 14:22, 2:10] = 3
    truth[1:, 14:22, 20:26] = 4
    with tifffile.TiffFile(out / "labels" / "a.tif") as file:
        assert file.series[0].axes == "ZYX"
        labels = file.asarray()
    assert labels.dtype == np.uint16 and (labels == truth).all()
    (written,) = open_volumes(out / "labels" / "a.tif")
    assert (written.pixel_size, written.z_spacing) == (pytest.approx(0.5), pytest.approx(2.0))
    objects = pd.read_csv(out / "objects" / "a.csv")
    header = "label,z,y,x,voxels,volume_um3,first_slice,last_slice,mean_intensity"
    assert objects.columns.tolist() == header.split(",") and objects["label"].tolist() == [1, 2, 3, 4]
    centres = ndimage.center_of_mass(truth > 0, truth, [1, 2, 3, 4])
    assert np.allclose(objects[["z", "y", "x"]], centres)
    assert objects["voxels"].tolist() == [192, 144, 256, 144] and objects["volume_um3"].tolist() == [96, 72, 128, 72]
    assert objects["first_slice"].tolist() == [0, 0, 0, 1] and set(objects["mean_intensity"]) == {1000}
    assert (out / "overlays" / "a.png").read_bytes().startswith(b"\x89PNG")
    run = json.loads((out / "run.json").read_text())
    assert run["task"] == "segment" and run["finished"] and run["images"]["a.tif"]["shape"] == [4, 24, 32]
    assert "data:image/jpeg;base64" in (out / "report.html").read_text()
    assert {each.name for each in out.iterdir()} == {
        *("counts.csv", "run.json", "report.html", "labels", "objects", "overlays")
    }
    assert summary.objects == 4 and not summary.notes and not summary.failures and not summary.results


def test_scenes_and_time_points_are_rows(volume_model: Model, tmp_path: Path) -> None:
    film = np.stack([boxes(), boxes() * 0 + 5, np.roll(boxes(), 1, axis=1)])[:, :, None]
    tifffile.imwrite(tmp_path / "film.tif", film, imagej=True, metadata={"axes": "TZCYX"})
    done: list[float] = []
    watch = quiet(on_images=lambda stage, number, total: done.append(number))
    segment([tmp_path / "film.tif"], tmp_path / "out", volume_model, watch=watch)
    rows = table(tmp_path / "out")
    assert rows["image"].tolist() == [f"film.tif#0,{time}" for time in range(3)]
    assert rows["count"].tolist() == ["4", "0", "4"]
    assert [flags.split(";")[0] for flags in rows["flags"]] == ["no-voxel-size", "constant", "no-voxel-size"]
    for time in range(3):
        assert tifffile.imread(tmp_path / "out" / "labels" / f"film#0,{time}.tif").shape == (4, 24, 32)
    assert done == sorted(done) and done[0] == 0 and done[-1] == 1 and len(set(done)) > 10


@pytest.mark.parametrize("depth", [1, 2])
def test_volumes_of_one_or_two_slices(depth: int, volume_model: Model, tmp_path: Path) -> None:
    path = tmp_path / "thin.tif"
    tifffile.imwrite(path, boxes(5)[2 : 2 + depth], photometric="minisblack", metadata={"axes": "ZYX"})
    summary = segment([path], tmp_path / "out", volume_model)
    assert not summary.failures and summary.volumes[0].shape == (depth, 24, 32)
    assert summary.objects == 4 and len(pd.read_csv(tmp_path / "out" / "objects" / "thin.csv")) == 4


def test_voxel_sizes_are_told_or_assumed(volume_model: Model, tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", boxes(), voxel=False)
    segment([path], tmp_path / "unknown", volume_model)
    row = table(tmp_path / "unknown").iloc[0]
    assert (row["flags"], row["anisotropy"], row["area_mm2"]) == ("no-voxel-size", "1", "")
    assert pd.read_csv(tmp_path / "unknown" / "objects" / "a.csv")["volume_um3"].isna().all()
    segment([path], tmp_path / "told", volume_model, SegmentOptions(pixel_size=0.5, z_spacing=1.0))
    row = table(tmp_path / "told").iloc[0]
    assert (row["flags"], row["anisotropy"], row["area_mm2"]) == ("", "2", "0.000192")
    segment([path], tmp_path / "half", volume_model, SegmentOptions(z_spacing=1.0))
    assert table(tmp_path / "half")["flags"].tolist() == ["no-voxel-size"]


def test_the_channel_is_asked_for_or_told(volume_model: Model, tmp_path: Path) -> None:
    two = np.stack([boxes() // 50 + np.uint16(3), boxes()], axis=1)
    two[:, 0, :, 16:] = 5
    path = tmp_path / "two.tif"
    tifffile.imwrite(path, two, imagej=True, metadata={"axes": "ZCYX", "Labels": ["a", "b"] * 4})
    summary = segment([path], tmp_path / "out", volume_model)
    assert summary.objects == 4 and len(summary.notes) == 1 and "--channel takes another" in summary.notes[0]
    asked = segment([path], tmp_path / "asked", volume_model, SegmentOptions(channel="0"))
    assert asked.objects == 2 and "as asked for" in asked.notes[0]
    none = segment([path], tmp_path / "none", volume_model, SegmentOptions(channel="7"), quiet())
    assert not none.volumes and "7" in none.failures[0][1]


def test_the_models_own_channel_is_taken(make_model: Callable[..., Model], tmp_path: Path) -> None:
    configuration = threshold_configuration(least_area=0.5)
    configuration = configuration.model_copy(update={"input": InputConfig(channels=("0",), normalisation="none")})
    two = np.stack([boxes() // 50 + np.uint16(3), boxes()], axis=1)
    two[:, 0, :, 16:] = 5
    tifffile.imwrite(tmp_path / "two.tif", two, imagej=True, metadata={"axes": "ZCYX"})
    assert segment([tmp_path / "two.tif"], tmp_path / "out", make_model(configuration, Threshold())).objects == 2


def bad_files(folder: Path) -> dict[str, str]:
    """Files that cannot be segmented, and a word of what is said of each."""
    folder.mkdir(exist_ok=True)
    tifffile.imwrite(folder / "flat.tif", boxes()[0])
    tifffile.imwrite(folder / "film.tif", boxes(), photometric="minisblack", metadata={"axes": "TYX"})
    spoilt = boxes().astype(np.float32)
    spoilt[2, 3, 4] = np.nan
    tifffile.imwrite(folder / "nan.tif", spoilt, photometric="minisblack", metadata={"axes": "ZYX"})
    whole = write(folder / "whole.tif", boxes(12))
    (folder / "cut.tif").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    whole.unlink()
    (folder / "text.tif").write_text("this is no image")
    return {"flat.tif": "one picture", "film.tif": "volume", "nan.tif": "NaN", "cut.tif": "cut off", "text.tif": ""}


def test_bad_files_are_lines_and_the_rest_is_segmented(volume_model: Model, tmp_path: Path) -> None:
    expected = bad_files(tmp_path / "in")
    write(tmp_path / "in" / "a.tif", boxes())
    write(tmp_path / "in" / "z.tif", boxes())
    told: dict[str, str] = {}
    out = tmp_path / "out"
    summary = segment([tmp_path / "in"], out, volume_model, watch=Watch(on_failure=told.__setitem__))
    assert [volume.image for volume in summary.volumes] == ["a.tif", "z.tif"]
    failures = pd.read_csv(out / "failures.csv")
    assert dict(zip(failures["image"], failures["error"], strict=True)) == told == dict(summary.failures)
    assert set(told) == set(expected)
    for name, word in expected.items():
        assert word in told[name] and name in told[name] and ";" in told[name] and "\n" not in told[name]
    assert sorted(each.name for each in (out / "labels").iterdir()) == ["a.tif", "z.tif"]
    assert "nan.tif" in (out / "report.html").read_text()


def test_one_bad_time_point_spares_the_others(volume_model: Model, tmp_path: Path) -> None:
    film = np.stack([boxes()] * 3).astype(np.float32)
    film[1, 2, 3, 4] = np.inf
    tifffile.imwrite(tmp_path / "film.tif", film[:, :, None], imagej=True, metadata={"axes": "TZCYX"})
    summary = segment([tmp_path / "film.tif"], tmp_path / "out", volume_model, watch=quiet())
    assert [volume.image for volume in summary.volumes] == ["film.tif#0,0", "film.tif#0,2"]
    assert [image for image, _ in summary.failures] == ["film.tif#0,1"] and "film.tif" in summary.failures[0][1]


def test_odd_exposures_are_flagged_and_empty(volume_model: Model, tmp_path: Path) -> None:
    for name, value in (("black", 0), ("white", 255)):
        write(tmp_path / f"{name}.tif", np.full((3, 24, 32), value, np.uint8))
    bright = (boxes() // 4).astype(np.uint8)
    bright[bright > 200] = 255
    write(tmp_path / "saturated.tif", bright)
    names = ("black", "white", "saturated")
    segment([tmp_path / f"{name}.tif" for name in names], tmp_path / "out", volume_model)
    rows = table(tmp_path / "out")
    assert rows["flags"].tolist() == list(names) and rows["count"].tolist() == ["0", "0", "4"]
    assert (tmp_path / "out" / "overlays" / "black.png").exists()
    assert (tmp_path / "out" / "objects" / "black.csv").read_text().count("\n") == 1


def test_more_objects_than_16_bits_hold(volume_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pixel of four slices an object of its own."""
    path = write(tmp_path / "many.tif", np.random.default_rng(0).integers(0, 999, (4, 130, 130)).astype(np.uint16))
    names = np.arange(1, 67_601).reshape(4, 130, 130)[::-1]
    monkeypatch.setattr(Segmenter, "slices", lambda self, on_slice=None: iter(names))
    monkeypatch.setattr(type(volume_model.method), "keeps", lambda self, voxels: voxels > 0)
    segment([path], tmp_path / "out", volume_model)
    labels = tifffile.imread(tmp_path / "out" / "labels" / "many.tif")
    assert labels.dtype == np.uint32 and (labels.ravel() == np.arange(1, 67_601)).all()
    assert table(tmp_path / "out")["count"].tolist() == ["67600"]


def test_memory_does_not_grow_with_the_slices(
    volume_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = np.kron(np.arange(1, 17).reshape(4, 4), np.ones((40, 40), int))
    monkeypatch.setattr(Segmenter, "slices", lambda self, on_slice=None: (labels for _ in range(self.volume.shape[0])))
    peaks = []
    for depth in (6, 6, 60):  # the first has modules to load
        volume = Volume("a.tif", (depth, 160, 160), np.dtype(np.uint16), _read=lambda z: labels.astype(np.uint16))
        tracemalloc.start()
        assert segment_volume(volume_model, volume, tmp_path, f"{depth}").objects == 16
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < peaks[1] + 30 * labels.astype(np.uint16).nbytes, "less than half of the volume more"


def test_inputs_that_share_a_name_are_kept_apart(volume_model: Model, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write(tmp_path / folder / "a.tif", boxes())
    segment([tmp_path / "one", tmp_path / "two"], tmp_path / "out", volume_model)
    assert table(tmp_path / "out")["image"].tolist() == ["one_a.tif", "two_a.tif"]
    assert sorted(each.name for each in (tmp_path / "out" / "labels").iterdir()) == ["one_a.tif", "two_a.tif"]


def test_a_name_too_long_for_results_is_one_line(volume_model: Model, tmp_path: Path) -> None:
    write(tmp_path / "in" / ("long" * 62 + ".tif"), boxes())
    write(tmp_path / "in" / "z.tif", boxes())
    summary = segment([tmp_path / "in"], tmp_path / "out", volume_model, watch=quiet())
    assert [volume.image for volume in summary.volumes] == ["z.tif"] and "rename it" in summary.failures[0][1]


def test_refused_before_anything_is_opened(
    volume_model: Model, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "in" / "a.tif", boxes())
    monkeypatch.setattr("cytally.tasks.segment.open_volumes", lambda *_, **__: pytest.fail("a volume was opened"))
    out = tmp_path / "out"

    def refused(model: Model | Path = volume_model, inputs: str = "in", **options: object) -> str:
        with pytest.raises((UsageError, ModelError)) as caught:
            segment([tmp_path / inputs], out, model, SegmentOptions(**options))  # type: ignore[arg-type]
        assert not out.exists()
        return caught.value.line()

    assert "cytally count" in refused(model=model_folder) and "density" in refused(model=model_folder)
    assert "none" in refused(model=tmp_path / "none")
    assert "does not exist" in refused(inputs="nothing")
    assert "no depth" in refused(axes="TYX") and "no axes" in refused(axes="ZZZ")
    assert "makes no sense" in refused(z_spacing=0.0) and "makes no sense" in refused(pixel_size=-1.0)
    assert "sequence" in refused(challenge=True)
    out.mkdir()
    (out / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="did not write"):
        segment([tmp_path / "in"], out, volume_model, SegmentOptions(overwrite=True))


def test_a_method_that_loses_slices_is_told(
    volume_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.tif", boxes())
    monkeypatch.setattr(Segmenter, "slices", lambda self, on_slice=None: iter(np.zeros((3, 24, 32), int)))
    summary = segment([path], tmp_path / "out", volume_model, watch=quiet())
    assert "3 label slices of a volume of 4" in summary.failures[0][1]


def test_errors_on_the_way_leave_nothing_half(
    volume_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.tif", boxes())
    read = Volume.slice

    def failing(self: Volume, z: int) -> np.ndarray:
        if z == 3:
            raise ImageError("is damaged", file=path, cure="copy it again")
        return read(self, z)

    monkeypatch.setattr(Volume, "slice", failing)
    summary = segment([path], tmp_path / "out", volume_model, watch=quiet())
    assert summary.failures == (("a.tif", f"{path}: is damaged; copy it again"),)
    assert {each.name for each in (tmp_path / "out").iterdir()} == {
        *("counts.csv", "failures.csv", "run.json", "report.html")
    }


@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_back_ends_agree(backend: str, volume_model: Model, tmp_path: Path) -> None:
    pytest.importorskip(backend)
    path = write(tmp_path / "a.tif", boxes())
    summary = segment([path], tmp_path / "out", volume_model, SegmentOptions(backend=backend))  # type: ignore[arg-type]
    assert volume_model.run.name == backend and summary.objects == 4
    assert pd.read_csv(tmp_path / "out" / "objects" / "a.csv")["voxels"].tolist() == [192, 144, 256, 144]


def test_a_back_end_that_does_not_serve_is_refused_beforehand(
    volume_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def differs(*_: object, **__: object) -> None:
        raise ModelError("OpenVINO does not give what torch gives", cure="use --backend torch")

    monkeypatch.setattr("cytally.inference.backend.OpenVinoBackend", differs)
    path = write(tmp_path / "a.tif", boxes())
    with pytest.raises(ModelError, match="--backend torch"):
        segment([path], tmp_path / "out", volume_model, SegmentOptions(backend="openvino"))
    assert not (tmp_path / "out").exists()

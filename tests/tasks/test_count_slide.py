"""Slides from the file to the tables: small ones, written here as scanners write them."""

import csv
import json
import re

import numpy as np
import psutil
import pytest
import tifffile
import torch
import zarr

from cytally.images.prepare import InputConfig
from cytally.images.region import read_named_regions
from cytally.slides import stream
from cytally.slides.array_slide import ArraySlide
from cytally.slides.density_map import DensityMap
from cytally.slides.look import look_at
from cytally.slides.overview import look_over
from cytally.tasks import slide_files, slide_preflight, slide_setup
from cytally.tasks.count import count
from cytally.tasks.count_options import CountOptions
from cytally.tasks.slide_preflight import core_that_fits
from cytally.tasks.watch import Watch
from cytally.training.configuration import make_configuration

SHAPE = (700, 900)


@pytest.fixture(scope="module")
def model(make_model):
    configuration = make_configuration(
        {
            "method": "density",
            "input": {"channels": ["green"], "normalisation": "range", "pixel_size": 0.5, "downscale": 2},
            "options": {"channels": [4, 6], "sigma": 2.0, "amplitude": 1.0},
            "counting": {"precision": "float32"},
        }
    )
    torch.manual_seed(0)
    network = configuration.build(1).network()
    with torch.no_grad():
        network.head.bias += 0.02
    return make_model(configuration, network)


@pytest.fixture(scope="module")
def pixels():
    """Tissue that glows in a disc on a dark ground, with bright cells in it."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    glow = 60.0 * (np.hypot(rows - 350, columns - 400) < 300)
    for y, x in rng.uniform(200, 500, (60, 2)):
        glow += 120 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 50)
    green = np.clip(glow + rng.normal(8, 2, SHAPE), 0, 255).astype(np.uint8)
    return np.stack([green // 4, green, green // 8], axis=-1)


def write_svs(path, pixels, factors=(2, 4), mpp=0.5, **options):
    """As Aperio's scanners do: each level a tiled page, what is known of the slide in the description."""
    size = "" if mpp is None else f"|AppMag = 20|MPP = {mpp}"
    with tifffile.TiffWriter(path) as file:
        for level in (1, *factors):
            rows, columns = (length // level for length in pixels.shape[:2])
            small = pixels[: rows * level, : columns * level].reshape(rows, level, columns, level, 3).mean(axis=(1, 3))
            file.write(
                np.rint(small).astype(np.uint8),
                photometric="rgb",
                tile=(128, 128),
                compression="zlib",
                metadata=None,
                subfiletype=0,
                description=f"Aperio Image Library v11\n{columns}x{rows} [0,0 {columns}x{rows}]{size}",
                **options,
            )
            if level == 1:  # the second page is a thumbnail, in one piece
                file.write(np.rint(pixels[::8, ::8]).astype(np.uint8), photometric="rgb", metadata=None)


@pytest.fixture(scope="module")
def slide(tmp_path_factory, pixels):
    path = tmp_path_factory.mktemp("slide") / "skin.svs"
    write_svs(path, pixels)
    return path


def row_of(out):
    (row,) = csv.DictReader((out / "counts.csv").open())
    return row


def about(out):
    (one,) = json.loads((out / "run.json").read_text())["images"].values()
    return one


def test_a_slide_is_counted_within_its_tissue(model, slide, tmp_path):
    out = tmp_path / "out"
    summary = count([slide], out, model, CountOptions(tile=64))
    assert not summary.failures
    row, told = row_of(out), about(out)
    disc = np.pi * 300**2 * (0.5 / 1000) ** 2
    assert disc < float(row["area_mm2"]) < 1.4 * disc  # a margin is left around it
    assert float(row["density_per_mm2"]) == pytest.approx(float(row["count"]) / float(row["area_mm2"]))
    assert told["level"] == 1  # half as wide as level 0, as the model asks
    assert 0 < told["regions"]["counted"] < told["regions"]["of"] == 12
    with (out / "density" / "skin.tif").open("rb") as file:
        density = tifffile.imread(file)
    assert density.shape == SHAPE
    assert density.sum(dtype=np.float64) == pytest.approx(float(row["count"]), rel=1e-5)
    assert not density[:20, :20].any()
    assert len((out / "points" / "skin.csv").read_text().splitlines()) > 1
    assert (out / "overlays" / "skin.png").is_file()
    (area,) = csv.DictReader((out / "regions" / "skin.csv").open())
    assert float(area["count"]) == pytest.approx(float(row["count"]))
    assert not (out / ".slides").exists()


def test_heat_maps_tell_cells_per_area_and_where_most_are(model, slide, tmp_path):
    count([slide], tmp_path / "out", model, CountOptions(tile=64))
    with tifffile.TiffFile(tmp_path / "out" / "heatmaps" / "skin.ome.tif") as file:
        assert file.is_ome
        values = file.series[0].asarray()
        assert file.series[1].asarray().shape[-1] == 3  # with the scale bar
        assert 'PhysicalSizeX="0.5' in file.ome_metadata
    per_pixel = (0.5 / 1000) ** 2 * SHAPE[0] * SHAPE[1] / values.size
    assert values.sum() * per_pixel == pytest.approx(float(row_of(tmp_path / "out")["count"]), rel=0.02)
    told = about(tmp_path / "out")
    assert told["densest"]["cells_per_mm²"] > told["sparsest"]["cells_per_mm²"]
    assert "Heat map of skin.svs" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize("tile", [256, 400])
def test_the_total_does_not_depend_on_the_tile(model, slide, tmp_path, tile):
    totals = []
    for place, size in enumerate((64, tile)):
        count([slide], tmp_path / str(place), model, CountOptions(tile=size))
        totals.append(float(row_of(tmp_path / str(place))["count"]))
    assert totals[0] == pytest.approx(totals[1], rel=1e-5)


def test_all_of_a_slide_is_what_the_level_counts_to(model, slide, pixels, tmp_path):
    count([slide], tmp_path / "out", model, CountOptions(tissue="all", tile=100))
    small = np.rint(pixels.reshape(350, 2, 450, 2, 3).mean(axis=(1, 3))).astype(np.uint8)
    whole = model.count(small, pixel_size=1.0)
    assert float(row_of(tmp_path / "out")["count"]) == pytest.approx(whole.count, rel=1e-4)
    assert float(row_of(tmp_path / "out")["area_mm2"]) == pytest.approx(SHAPE[0] * SHAPE[1] * (0.5 / 1000) ** 2)


def interrupted(model, slide, out, monkeypatch, after=3, options=None):
    """A count that is stopped once some regions are done."""
    original, done = stream.settle, []

    def settle(*given):
        done.append(given)
        if len(done) > after:
            raise KeyboardInterrupt
        return original(*given)

    with monkeypatch.context() as patched:
        patched.setattr(stream, "settle", settle)
        with pytest.raises(KeyboardInterrupt):
            count([slide], out, model, options or CountOptions(tile=64))


def test_a_run_that_was_stopped_goes_on_to_the_same_digit(model, slide, tmp_path, monkeypatch):
    count([slide], tmp_path / "whole", model, CountOptions(tile=64))
    out = tmp_path / "out"
    interrupted(model, slide, out, monkeypatch)
    assert len(list((out / ".slides" / "skin" / "regions").glob("*.npz"))) == 3
    counted = []
    original = stream.show
    monkeypatch.setattr(stream, "show", lambda task, region: counted.append(region) or original(task, region))
    count([slide], out, model, CountOptions(tile=64, resume=True))
    assert len(counted) == about(out)["regions"]["counted"] - 3
    assert row_of(out)["count"] == row_of(tmp_path / "whole")["count"]
    np.testing.assert_array_equal(
        tifffile.imread(out / "density" / "skin.tif"), tifffile.imread(tmp_path / "whole" / "density" / "skin.tif")
    )
    assert (out / "points" / "skin.csv").read_text() == (tmp_path / "whole" / "points" / "skin.csv").read_text()


def test_a_dry_run_leaves_what_is_counted(model, slide, tmp_path, monkeypatch):
    out = tmp_path / "out"
    interrupted(model, slide, out, monkeypatch)
    before = sorted(out.rglob("*"))
    count([slide], out, model, CountOptions(tile=64, dry_run=True, resume=True), Watch(on_note=lambda note: None))
    assert sorted(out.rglob("*")) == before


def test_regions_of_other_tiles_are_not_gone_on_with(model, slide, tmp_path, monkeypatch):
    out = tmp_path / "out"
    interrupted(model, slide, out, monkeypatch)
    count([slide], out, model, CountOptions(tile=200, resume=True))
    count([slide], tmp_path / "whole", model, CountOptions(tile=200))
    assert row_of(out)["count"] == row_of(tmp_path / "whole")["count"]


def test_a_kill_once_the_density_map_is_moved_loses_nothing_of_it(model, slide, tmp_path, monkeypatch):
    monkeypatch.setattr(slide_files, "LARGEST_TIFF", 1000)
    original = slide_files._move

    def move(folder, to):
        original(folder, to)
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(slide_files, "_move", move)
        with pytest.raises(KeyboardInterrupt):
            count([slide], out, model, CountOptions(tile=64))
    count([slide], out, model, CountOptions(tile=64, resume=True))
    density = zarr.open_group(out / "density" / "skin.zarr", mode="r")["0"][...]
    assert density.sum(dtype=np.float64) == pytest.approx(float(row_of(out)["count"]), rel=1e-5)


def test_a_kill_before_the_density_map_is_whole_begins_anew(model, slide, tmp_path, monkeypatch):
    def create(self, pixel_size):
        self.path.mkdir(parents=True)
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(DensityMap, "create", create)
        with pytest.raises(KeyboardInterrupt):
            count([slide], out, model, CountOptions(tile=64))
    assert not count([slide], out, model, CountOptions(tile=64, resume=True)).failures


@pytest.mark.parametrize(("memory", "side"), [(4.0, 256), (0.8, 256)])
def test_regions_stay_as_large_where_they_still_fit(model, slide, tmp_path, monkeypatch, memory, side):
    """Of a sitting with little memory they are small; what is counted of them counts as long as they fit."""
    monkeypatch.setattr(slide_setup, "core_that_fits", lambda *given: 128 if given[-1] < 1 else 256)
    interrupted(model, slide, tmp_path / "out", monkeypatch, after=1, options=CountOptions(memory=0.8))
    assert not count([slide], tmp_path / "out", model, CountOptions(memory=memory, resume=True)).failures
    assert about(tmp_path / "out")["regions"]["side"] == side


def test_regions_that_no_longer_fit_are_made_smaller(model, slide, tmp_path, monkeypatch):
    monkeypatch.setattr(slide_setup, "core_that_fits", lambda *given: 128 if given[-1] < 1 else 256)
    interrupted(model, slide, tmp_path / "out", monkeypatch, after=1, options=CountOptions(memory=4.0))
    assert not count([slide], tmp_path / "out", model, CountOptions(memory=0.8, resume=True)).failures
    assert about(tmp_path / "out")["regions"]["side"] == 256


def test_tiles_depend_on_the_settings_and_not_on_what_the_process_holds(model, slide, tmp_path, monkeypatch):
    held, told = psutil.Process().memory_info(), []
    options = CountOptions(memory=slide_preflight.BASE_GIB + 0.02, dry_run=True)
    for rss in (2**28, 2**31):
        monkeypatch.setattr(psutil.Process, "memory_info", lambda _self, rss=rss: held._replace(rss=rss))
        count([slide], tmp_path / "out", model, options, Watch(on_note=told.append))
    before, after = (each.rpartition(" GiB")[0] for each in told)
    assert before == after and 64 < int(re.search(r"tiles? of (\d+)", before)[1]) < 350


def test_what_is_counted_needs_no_more_disk(model, slide, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(slide_files, "write_heat_maps", lambda *given: 1 / 0)
        assert count([slide], out, model, CountOptions(tile=64)).failures
    monkeypatch.setattr("cytally.tasks.slide_preflight.free_disk_gb", lambda folder: 0.0)
    assert not count([slide], out, model, CountOptions(tile=64, resume=True)).failures


def test_drawn_regions_are_counted_one_by_one(model, slide, tmp_path):
    def feature(name, left, top, right, bottom):
        ring = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        return {"type": "Feature", "geometry": geometry, "properties": {"name": name}}

    drawn = tmp_path / "drawn.geojson"
    features = [feature("left & low", 100, 100, 400, 600), feature("right", 400, 100, 700, 600)]
    drawn.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    count([slide], tmp_path / "out", model, CountOptions(tile=64, roi=drawn, tissue="all"))
    rows = list(csv.DictReader((tmp_path / "out" / "regions" / "skin.csv").open()))
    assert [row["name"] for row in rows] == ["left & low", "right"]
    assert "Cells by region: left &amp; low" in (tmp_path / "out" / "report.html").read_text()
    total = float(row_of(tmp_path / "out")["count"])
    assert sum(float(row["count"]) for row in rows) == pytest.approx(total, rel=1e-6)
    assert float(rows[0]["area_mm2"]) == pytest.approx(300 * 500 * (0.5 / 1000) ** 2, rel=0.01)
    written = json.loads((tmp_path / "out" / "regions" / "skin.geojson").read_text())["features"]
    assert written[0]["properties"]["measurements"]["Count"] == pytest.approx(float(rows[0]["count"]), abs=1e-5)
    again = read_named_regions(tmp_path / "out" / "regions" / "skin.geojson")
    for one, before in zip(again, read_named_regions(drawn), strict=True):
        assert one.name == before.name
        np.testing.assert_allclose(one.region.polygons[0][0][:4], before.region.polygons[0][0][:4])


def test_very_large_slides_have_a_zarr_with_a_pyramid(model, slide, tmp_path, monkeypatch):
    monkeypatch.setattr(slide_files, "LARGEST_TIFF", 1000)
    count([slide], tmp_path / "out", model, CountOptions(tile=64))
    group = zarr.open_group(tmp_path / "out" / "density" / "skin.zarr", mode="r")
    assert group["0"].shape == SHAPE
    total = float(row_of(tmp_path / "out")["count"])
    assert group["0"][...].sum(dtype=np.float64) == pytest.approx(total, rel=1e-5)
    assert not (tmp_path / "out" / "density" / "skin.tif").exists()


def test_what_it_will_take_is_told_and_nothing_is_written(model, slide, tmp_path):
    notes = []
    count([slide], tmp_path / "out", model, CountOptions(dry_run=True), Watch(on_note=notes.append))
    assert any("GiB of memory" in note and "skin.svs" in note for note in notes)
    assert not (tmp_path / "out").exists()


def test_what_is_written_at_full_size_has_to_fit_as_well(model, pixels):
    tile = {}
    for downscale in (2, 16):
        config = InputConfig(channels=("0",), normalisation="range", downscale=downscale)
        whole = ArraySlide(np.zeros((1, 4096, 4096), np.uint8), factors=(2, 4, 8, 16), channels=["0"])
        look = look_at(whole, look_over(whole), None, config, in_channels=1)
        tile[downscale] = core_that_fits(model, whole, look, 16, 4, slide_preflight.BASE_GIB + 0.5)
    written = (16 * tile[16]) ** 2 * 4 / 2**30  # one region's part of the map in float32
    assert written < 0.5 and tile[16] < tile[2]


def test_too_little_memory_is_refused_with_the_setting_that_would_do(model, slide, tmp_path):
    summary = count([slide], tmp_path / "out", model, CountOptions(memory=0.01))
    ((_, line),) = summary.failures
    assert "--memory" in line


@pytest.mark.parametrize("streamed", [True, False])
def test_options_of_slides_that_come_to_nothing_are_told(model, slide, pixels, tmp_path, streamed):
    tifffile.imwrite(tmp_path / "a.tif", pixels[..., 1])
    inputs = [slide] if streamed else [tmp_path / "a.tif"]
    summary = count(inputs, tmp_path / "out", model, CountOptions(tile=64, tissue_threshold=0.5, pixel_size=0.5))
    told = [note for note in summary.notes if "No input is a slide" in note]
    assert told == ([] if streamed else ["No input is a slide, so nothing came of --tissue-threshold and --tile."])


def test_a_damaged_tile_is_left_out_and_told(model, pixels, tmp_path):
    path = tmp_path / "damaged.svs"
    write_svs(path, pixels)
    with tifffile.TiffFile(path) as file:
        page = file.pages[2]
        place, length = page.dataoffsets[5], page.databytecounts[5]
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\xff" * length)
    summary = count([path], tmp_path / "out", model, CountOptions(tile=64, tissue="all"))
    assert any(note.startswith("damaged.svs: ") and "damaged pixels" in note for note in summary.notes)
    row = row_of(tmp_path / "out")
    assert row["flags"] == "damaged-tiles"
    assert about(tmp_path / "out")["damaged_pixels"] == pytest.approx(256 * 256, rel=0.05)
    whole = SHAPE[0] * SHAPE[1]
    assert float(row["area_mm2"]) == pytest.approx((whole - 256 * 256) * (0.5 / 1000) ** 2, rel=0.02)


def test_without_a_pixel_size_there_is_no_area(model, pixels, tmp_path):
    write_svs(tmp_path / "a.svs", pixels, mpp=None)
    count([tmp_path / "a.svs"], tmp_path / "out", model, CountOptions(tile=64))
    row = row_of(tmp_path / "out")
    assert row["area_mm2"] == row["density_per_mm2"] == ""
    assert "no-pixel-size" in row["flags"]


def test_a_black_slide_has_no_cells(model, pixels, tmp_path):
    write_svs(tmp_path / "a.svs", np.zeros_like(pixels))
    count([tmp_path / "a.svs"], tmp_path / "out", model, CountOptions(tile=64))
    row = row_of(tmp_path / "out")
    assert (float(row["count"]), row["flags"]) == (0.0, "black")


def test_a_model_that_sees_images_whole_refuses_slides(make_model, slide, tmp_path):
    configuration = make_configuration(
        {"method": "density", "options": {"channels": [8, 8], "sigma": 2.0, "normalisation": "group"}}
    )
    other = make_model(configuration, configuration.build(1).network())
    summary = count([slide], tmp_path / "out", other, CountOptions())
    ((_, line),) = summary.failures
    assert "has to see an image whole" in line


def test_large_images_that_are_no_slides_are_counted_as_slides_are(model, pixels, tmp_path, monkeypatch):
    monkeypatch.setattr("cytally.tasks.count_slide.LARGEST_WHOLE", 1000)
    tifffile.imwrite(tmp_path / "a.tif", pixels[..., 1])
    whole = SHAPE[0] * SHAPE[1] * (0.5 / 1000) ** 2
    count([tmp_path / "a.tif"], tmp_path / "tissue", model, CountOptions(tile=64, pixel_size=0.5))
    assert float(row_of(tmp_path / "tissue")["area_mm2"]) < 0.6 * whole
    count([tmp_path / "a.tif"], tmp_path / "all", model, CountOptions(tile=64, pixel_size=0.5, tissue="all"))
    row = row_of(tmp_path / "all")
    assert float(row["area_mm2"]) == pytest.approx(whole)
    assert float(row["count"]) == pytest.approx(model.count(pixels[..., 1], pixel_size=0.5).count, rel=1e-5)

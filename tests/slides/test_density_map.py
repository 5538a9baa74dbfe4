import numpy as np
import pytest
import tifffile
import zarr

from cytally.slides import density_map as module
from cytally.slides.density_map import DensityMap
from cytally.slides.plan import Plan


@pytest.fixture
def plan(monkeypatch):
    monkeypatch.setattr(module, "COARSEST", 128)
    return Plan(shape=(700, 515), inner=(700, 515), side=256, halo=8, stride=8)


@pytest.fixture
def values():
    return np.random.default_rng(0).random((700, 515), np.float32)


def written(plan, values, path):
    density = DensityMap(path / "a.zarr", plan)
    density.create(pixel_size=0.5)
    for region in plan.regions[::-1]:
        density.write(region, values[region.rows, region.columns])
    return density


def test_every_level_sums_to_the_count(plan, values, tmp_path):
    density = written(plan, values, tmp_path)
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    shapes = [group[str(level)].shape for level in range(density.depth)]
    assert shapes == [(700, 515), (350, 258), (175, 129), (88, 65)]
    np.testing.assert_array_equal(group["0"][...], values)
    expected = values.sum(dtype=np.float64)
    for level in range(density.depth):
        assert group[str(level)][...].sum(dtype=np.float64) == pytest.approx(expected, rel=1e-6)
    assert group["1"][0, 0] == pytest.approx(values[:2, :2].sum())
    assert group["1"][349, 257] == pytest.approx(values[698:, 514:].sum())


def test_a_region_that_is_written_again_replaces_itself(plan, values, tmp_path):
    density = written(plan, values, tmp_path)
    first = plan.regions[0]
    density.write(first, values[first.rows, first.columns])
    assert density.coarsest().sum(dtype=np.float64) == pytest.approx(values.sum(dtype=np.float64), rel=1e-6)


def test_what_is_never_written_is_zero_and_takes_no_room(plan, tmp_path):
    density = DensityMap(tmp_path / "a.zarr", plan)
    density.create(None)
    assert not density.coarsest().any()
    assert not list((tmp_path / "a.zarr").rglob("c/*"))


def test_regions_fill_whole_chunks_on_every_level(plan, values, tmp_path):
    density = written(plan, values, tmp_path)
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    for level in range(density.depth):
        assert (plan.side >> level) % group[str(level)].chunks[0] == 0


def test_metadata_are_those_of_ome_zarr(plan, values, tmp_path):
    written(plan, values, tmp_path)
    about = zarr.open_group(tmp_path / "a.zarr", mode="r").attrs.asdict()["ome"]
    assert about["version"] == "0.5"
    (multiscale,) = about["multiscales"]
    assert multiscale["axes"] == [{"name": name, "type": "space", "unit": "micrometer"} for name in "yx"]
    second = multiscale["datasets"][1]["coordinateTransformations"]
    assert second[0]["scale"] == [1.0, 1.0]
    assert second[1]["translation"] == [0.25, 0.25]  # the middle of two pixels of half a micrometre


def test_the_tiff_holds_level_0(plan, values, tmp_path):
    density = written(plan, values, tmp_path)
    density.write_tiff(tmp_path / "a.tif", 0.5)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        np.testing.assert_array_equal(file.asarray(), values)
        numerator, denominator = file.pages[0].tags["XResolution"].value
        assert numerator / denominator == pytest.approx(1e4 / 0.5)

"""Segmenting volumes with a model: what streams, what is resized, what is refused."""

import dataclasses

import numpy as np
import pytest
import tifffile
import torch
from torch import nn

from cytally.errors import ImageError, ModelError, UsageError
from cytally.images.image import Image, Plane
from cytally.images.volume import Volume
from cytally.models.model import Model
from cytally.training.configuration import make_configuration


class Bright(nn.Module):
    """What is above half of a slice's range is a cell: a network without weights to speak of."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return (x[:, 1:2] if x.shape[1] == 3 else x[:, :1]) * self.weight


def model(make_model, **changes) -> Model:
    options = {"encoder": "b0", "split": "components", "cell_diameter": 8.0, "least_area": 0.1}
    given = {"method": "efficient-cell-seg", "counting": {"precision": "float32"}, **changes}
    given["options"] = {**options, **changes.get("options", {})}
    return make_model(make_configuration(given), Bright())


def balls() -> np.ndarray:
    """Two balls that go through several slices of ten, and a speck of one voxel."""
    z, y, x = np.mgrid[:10, :40, :50]
    volume = np.full((10, 40, 50), 100, np.uint16)
    for centre in ((4, 10, 12), (5, 28, 35)):
        volume[np.sqrt(sum((axis - at) ** 2 for axis, at in zip((z, y, x), centre, strict=True))) < 4.5] = 900
    volume[7, 5, 45] = 900
    return volume


def test_objects_go_through_the_slices_and_specks_are_left_out(make_model):
    found = model(make_model).segment(balls())
    assert found.count == 2
    assert found.labels.dtype == np.uint16
    assert np.array_equal(np.unique(found.labels), [0, 1, 2])
    expected = balls() > 500
    expected[7, 5, 45] = False
    assert np.array_equal(found.labels > 0, expected)


def test_an_array_has_no_voxel_size_and_that_is_told(make_model):
    assert model(make_model).segment(balls()).flags == ("no-voxel-size",)
    assert model(make_model).segment(balls(), anisotropy=2.0).flags == ()
    known = Volume.from_array(balls(), pixel_size=0.5, z_spacing=1.0)
    assert model(make_model).segment(known).flags == ()


@pytest.mark.parametrize("depth", [1, 2])
def test_volumes_of_one_or_two_slices(make_model, depth):
    found = model(make_model).segment(balls()[4 : 4 + depth])
    assert found.labels.shape == (depth, 40, 50)
    assert found.count == 2


def test_slices_are_resized_to_the_models_pixel_size_and_labels_back(make_model):
    scaled = model(make_model, input={"pixel_size": 1.0})
    seen = []
    scaled.network.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].shape))
    scaled.to(torch.device("cpu"))
    found = scaled.segment(Volume.from_array(balls(), pixel_size=0.5, z_spacing=0.5))
    assert set(seen) == {(1, 3, 20, 25)}
    assert found.labels.shape == (10, 40, 50)
    assert found.count == 2
    assert np.mean((found.labels > 0) == (balls() > 500)) > 0.98


def test_labels_stream(make_model):
    """The first label slice is there when two slices have been read, the second when three have."""
    asked = []
    volume = Volume.from_array(balls())
    counted = dataclasses.replace(volume, _read=lambda z: asked.append(z) or balls()[z])
    told = []
    linking = model(make_model, options={"objects": "linked"})
    labels = linking.segmenter(counted).slices(lambda done, total: told.append((done, total)))
    next(labels)
    assert asked == [0, 1]
    next(labels)
    assert (asked, told) == ([0, 1, 2], [(1, 10), (2, 10)])


def test_sizes_are_those_of_the_networks_pixels(make_model):
    """A tenth of a section of 8 pixels' diameter is 5 voxels; at half the size an object of 16 has 4 of them."""
    halved = model(make_model, input={"pixel_size": 1.0}).segmenter(Volume.from_array(balls(), pixel_size=0.5))
    assert halved.keeps(np.array([0, 16, 24])).tolist() == [False, False, True]
    whole = model(make_model).segmenter(Volume.from_array(balls()))
    assert whole.keeps(np.array([0, 4, 6])).tolist() == [False, False, True]


@pytest.mark.parametrize(("value", "flag"), [(0, "black"), (77, "constant")])
def test_without_contrast_nothing_is_found(make_model, value, flag):
    found = model(make_model, options={"threshold": 1e-9}).segment(np.full((3, 20, 20), value, np.uint16))
    assert found.count == 0 and not found.labels.any()
    assert flag in found.flags


def test_a_path_and_its_channel(make_model, tmp_path):
    both = np.stack([np.full_like(balls(), 7), balls()], axis=1)
    tifffile.imwrite(tmp_path / "two.tif", both, imagej=True, metadata={"axes": "ZCYX"})
    assert model(make_model).segment(tmp_path / "two.tif").count == 2  # the channel that varies
    assert model(make_model).segment(tmp_path / "two.tif", channel=0).count == 0
    assert model(make_model, input={"channels": [0]}).segment(tmp_path / "two.tif").count == 0


def test_what_is_no_volume_is_refused(make_model, tmp_path):
    tifffile.imwrite(tmp_path / "flat.tif", balls()[0])
    with pytest.raises(ImageError, match=r"flat.tif: is one picture, not a volume"):
        model(make_model).segment(tmp_path / "flat.tif")
    tifffile.imwrite(tmp_path / "t.tif", np.stack([balls()] * 2), imagej=True, metadata={"axes": "TZYX"})
    with pytest.raises(ImageError, match=r"t.tif: holds 2 volumes"):
        model(make_model).segment(tmp_path / "t.tif")


def test_a_model_for_pictures_does_not_segment(tiny_model):
    with pytest.raises(UsageError, match=r"is for single images, not for volumes; use 'cytally count'"):
        tiny_model.segment(balls())


def test_counting_projects_no_volume_but_takes_a_slice(make_model):
    volumes = model(make_model)
    assert volumes.count(Plane(balls()[None, 4])).count == 2
    with pytest.raises(ImageError, match=r"a volume of 10 slices.*; use 'cytally segment'"):
        volumes.count(Image.from_array(balls(), "ZYX"))


def test_its_number_of_weights(make_model):
    assert model(make_model).parameters == 1


def test_the_same_weights_read_otherwise(make_model):
    before = model(make_model)
    after = before.reading(objects="slices", least_area=0.0)
    assert after.segment(balls()).count > before.segment(balls()).count == 2
    assert (before.method.config.objects, after.method.config.objects) == ("auto", "slices")
    with pytest.raises(ModelError, match="cannot be read so"):
        before.reading(nonsense=1)


def test_a_pixel_size_that_is_wanted_and_unknown_is_told(make_model):
    found = model(make_model, input={"pixel_size": 0.5}).segment(balls(), anisotropy=1.0)
    assert found.flags == ("no-pixel-size",)


@pytest.mark.parametrize("size", [100.0, 0.001])
def test_slices_are_not_scaled_beyond_all_measure(make_model, size):
    volume = Volume.from_array(balls(), pixel_size=size, name="a.tif")
    with pytest.raises(ImageError, match=r"a.tif: would have slices scaled by .*; give its true pixel size"):
        model(make_model, input={"pixel_size": 0.5}).segment(volume)


@pytest.mark.parametrize("anisotropy", [0, -1.0, float("nan")])
def test_an_anisotropy_without_a_meaning_is_refused(make_model, anisotropy):
    with pytest.raises(UsageError, match=r"anisotropy of .* makes no sense"):
        model(make_model).segment(balls(), anisotropy=anisotropy)

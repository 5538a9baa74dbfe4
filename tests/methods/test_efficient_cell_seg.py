"""EfficientCellSeg: the inherited suite, its losses by hand, its targets, and how volumes are read."""

import dataclasses
import functools
import math
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
import yaml
from map_suite import MapSuite
from safetensors.torch import save_file

from cytally.datasets.example import Example
from cytally.errors import ConfigError, DataError, ModelError
from cytally.methods.efficient_cell_seg import EfficientCellSegMethod
from cytally.methods.efficient_cell_seg_config import EfficientCellSegConfig
from cytally.networks.efficient_cell_seg import EfficientCellSeg
from cytally.training.configuration import make_configuration
from cytally.volumes.pseudocolour import pseudocolour


@pytest.fixture(scope="session")
def draw(draw):
    """The same pictures, with their label images."""
    return functools.partial(draw, outlines=True)


class Volumes(MapSuite):
    method = "efficient-cell-seg"
    training: ClassVar = {"freeze_statistics_after": 0.6, "crop": 32, "steps": 70}

    @classmethod
    def configuration(cls, **training):
        """Volumes are seen one channel at a time."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("method_suite.make_configuration", lambda given: make_configuration({**given, "input": {}}))
            return super().configuration(**training)

    @classmethod
    def train_briefly(cls, draw, seed=0, **training):
        def coloured(*args) -> Example:
            """As a slice without neighbours is seen, so that an empty one is noise from 0 to 1."""
            example = draw(*args, outlines=True)
            return dataclasses.replace(example, image=pseudocolour(None, example.image[0], None))

        return super().train_briefly(coloured, seed, **training)


class TestFullyConvolutional(Volumes):
    options: ClassVar = {"encoder": "b0", "side": None, "cell_diameter": 6, "split": "components"}


@pytest.mark.slow  # half a minute each
class TestResizedWithGap(Volumes):
    options: ClassVar = {"encoder": "b0", "side": 64, "cell_diameter": 6, "gap": 1}


@pytest.mark.slow
class TestWithCentres(Volumes):
    options: ClassVar = {"encoder": "b0", "side": None, "centres": True, "split": "centres", "cell_diameter": 6}


def method(**options) -> EfficientCellSegMethod:
    given = {"encoder": "b0", "side": None, "cell_diameter": 6.0, **options}
    return EfficientCellSegMethod(EfficientCellSegConfig(**given), 1)


def example(labels) -> Example:
    labels = np.asarray(labels, np.uint16)
    return Example("drawn.tif", np.zeros((3, *labels.shape), np.float32), None, (-0.5, -0.5, 0, 0), labels=labels)


# What it is


def test_the_defaults_are_the_papers():
    configuration = make_configuration({"method": "efficient-cell-seg"})
    assert configuration.options == EfficientCellSegConfig()
    network = configuration.build(1).network()
    assert sum(parameter.numel() for parameter in network.parameters()) == 6_629_433
    assert (network.side, configuration.training.batch_size, configuration.training.schedule) == (384, 4, "plateau")


@pytest.mark.parametrize("name", ["efficient-cell-seg.yaml", "efficient-cell-seg-small.yaml"])
def test_the_examples_are_the_papers_network(name):
    path = Path(__file__).parents[2] / "examples" / name
    configuration = make_configuration(yaml.safe_load(path.read_text()))
    given = configuration.options
    assert (given.encoder, given.decoder, given.foreground) == ("b5", (64, 48, 32, 16), 0.03)
    assert given.context == "pseudocolours"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"options": {"split": "centres"}}, "set options.centres=true"),
        ({"options": {"side": 100}}, "100 is no multiple of 16"),
        ({"input": {"normalisation": "range"}}, "has no use for input.normalisation"),
        ({"input": {"object_diameter": 9}}, "has no use for input.object_diameter"),
        ({"drawn": {"ratio": 1, "preset": "nuclei"}}, "drawn"),
        ({"augmentation": {"mosaic": 0.5}}, "has no use for augmentation.mosaic"),
        ({"input": {"channels": [0, 1]}}, "sees one channel"),
    ],
    ids=str,
)
def test_settings_without_a_meaning_are_refused(changes, what):
    with pytest.raises(ConfigError, match=what):
        make_configuration({"method": "efficient-cell-seg", **changes})


# Losses and targets, by hand


def test_dice_by_hand():
    output = torch.tensor([[[[0.5, 1.0, 0.0, 0.5]]]])
    targets = torch.tensor([[[[1.0, 1.0, 0.0, 0.0]]]])
    weights = torch.ones(1, 1, 1, 4)
    assert method().loss(output, targets, weights).item() == pytest.approx(1 - (2 * 1.5 + 1) / (2 + 2 + 1))
    weights[..., 3] = 0
    assert method().loss(output, targets, weights).item() == pytest.approx(1 - (2 * 1.5 + 1) / (1.5 + 2 + 1))


def test_an_empty_slice_that_is_read_empty_has_no_loss():
    nothing = torch.zeros(1, 1, 4, 4)
    assert method().loss(nothing, nothing, torch.ones(1, 1, 4, 4)).item() == 0


def test_focal_loss_of_centres_by_hand():
    """Of a spot of height 1 that is found with 0.5: 0.25 × ln 2, over the spots' area plus one."""
    mask = torch.tensor([[1.0, 1.0]])
    output = torch.stack([mask, torch.tensor([[0.5, 0.25]])], dim=1)[..., None, :]
    targets = torch.stack([mask, torch.tensor([[1.0, 0.25]])], dim=1)[..., None, :]
    loss = method(centres=True, split="centres").loss(output, targets, torch.ones(1, 1, 1, 2))
    assert loss.item() == pytest.approx(0.25 * math.log(2) / (1.25 + 1), rel=1e-5)


def test_targets_are_mask_and_spots():
    labels = np.zeros((9, 12), int)
    labels[3:6, 2:5], labels[3:6, 8:11] = 1, 7
    mask, spots = method(centres=True, split="centres", centre_size=0.25).targets(example(labels))
    assert np.array_equal(mask, labels > 0)
    assert spots[4, 3] == spots[4, 9] == 1
    assert spots[4, 4] == pytest.approx(math.exp(-1 / (2 * 1.5**2)))
    assert spots[4, 6] == pytest.approx(math.exp(-9 / (2 * 1.5**2)))  # between both: the higher, not the sum
    assert method().targets(example(labels)).shape == (1, 9, 12)


def test_a_gap_parts_cells_in_training_and_is_given_back():
    labels = np.zeros((12, 12), int)
    labels[2:10, 1:6], labels[2:10, 6:11] = 1, 2
    parting = method(gap=1, split="components", least_area=0)
    targets = parting.targets(example(labels))
    assert not targets[0, :, 5:7].any()
    read = parting.read(targets).labels
    assert read.max() == 2
    assert np.array_equal(read > 0, labels > 0)
    assert method(split="components", least_area=0).read(method().targets(example(labels))).count == 1


def test_without_outlines_there_are_no_targets(draw):
    with pytest.raises(ValueError, match="are not outlined"):
        method().targets(dataclasses.replace(draw(3), labels=None))


# What is worked out from the data


def test_the_diameter_is_that_of_the_median_section():
    labels = np.zeros((30, 30), int)
    labels[2:12, 2:12], labels[15:20, 15:20], labels[22:24, 2:4] = 1, 2, 3
    fitted = method(cell_diameter="auto").fit_to([example(labels)])
    assert fitted.cell_diameter == pytest.approx(2 * math.sqrt(25 / math.pi))
    with pytest.raises(ValueError, match="fit_to"):
        method(cell_diameter="auto").cell_diameter  # noqa: B018
    with pytest.raises(ConfigError, match="no label volume shows a cell"):
        method(cell_diameter="auto").fit_to([example(np.zeros((9, 9)))])
    assert method(cell_diameter="auto").fit_to([], method(cell_diameter=11)).cell_diameter == 11


def test_published_weights_go_into_both_encoders(tmp_path):
    source = EfficientCellSeg(side=None, encoder="b0").encoder.state_dict()
    save_file({name: value + 0.25 for name, value in source.items() if value.is_floating_point()}, tmp_path / "w.st")
    network = method(weights=str(tmp_path / "w.st"), centres=True, split="centres").fit_to([]).network()
    for part in (network.mask, network.centres):
        found = part.encoder.state_dict()
        assert torch.equal(found["_conv_stem.weight"], source["_conv_stem.weight"] + 0.25)
    assert not torch.equal(method().network().encoder.state_dict()["_conv_stem.weight"], found["_conv_stem.weight"])


@pytest.mark.parametrize(
    ("content", "what"), [({}, "lacks '_conv_stem.weight'"), (None, "there are no such weights")], ids=["empty", "none"]
)
def test_weights_that_do_not_fit_are_told_at_once(content, what, tmp_path):
    if content is not None:
        save_file({"other": torch.zeros(1)}, tmp_path / "w.st")
    with pytest.raises(ModelError, match=what):
        method(weights=str(tmp_path / "w.st")).fit_to([])


# Reading volumes


def ball() -> np.ndarray:
    """The map of a ball of radius 5 in nine slices, and a speck beside it: (9, 1, 24, 24)."""
    z, y, x = np.mgrid[-4:5, :24, :24]
    maps = (np.sqrt(z**2 + (y - 10) ** 2 + (x - 10) ** 2) < 5).astype(np.float32)
    maps[2, 20, 20] = 1
    return maps[:, None]


@pytest.mark.parametrize("objects", ["linked", "volume", "slices"])
def test_a_ball_is_one_object_or_one_in_each_slice(objects):
    reading = method(objects=objects, cell_diameter=10.0)
    labels = np.stack(list(reading.read_volume(iter(ball()), anisotropy=1.0)))
    voxels = np.bincount(labels.ravel())
    assert np.array_equal(labels > 0, ball()[:, 0] > 0)
    assert len(np.unique(labels)) - 1 == (10 if objects == "slices" else 2)
    kept = reading.keeps(voxels) & (voxels > 0)
    assert kept[1:].sum() == (9 if objects == "slices" else 1)


def test_a_volume_streams():
    """Labels of a slice are there before the next is looked at."""
    asked = []

    def maps():
        for z, each in enumerate(ball()):
            asked.append(z)
            yield each

    labels = method(objects="linked").read_volume(maps(), anisotropy=1.0)
    next(labels), next(labels)
    assert asked == [0, 1]


@pytest.mark.parametrize(("most", "as_if"), [(9 * 24 * 24, "volume"), (8 * 24 * 24, "linked")])
def test_large_volumes_are_linked_and_others_parted_at_once(most, as_if, monkeypatch):
    monkeypatch.setattr("cytally.methods.efficient_cell_seg.MOST_AT_ONCE", most)
    asked = []
    maps = (asked.append(z) or each for z, each in enumerate(ball()))
    labels = method().read_volume(maps, anisotropy=1.0)
    first = next(labels)
    assert len(asked) == 9  # one slice more than the limit, or all
    found = np.stack([first, *labels])
    assert np.array_equal(found, np.stack(list(method(objects=as_if).read_volume(iter(ball()), anisotropy=1.0))))


def test_no_slices_give_no_labels():
    for objects in ("auto", "linked", "volume", "slices"):
        assert list(method(objects=objects).read_volume(iter(()), anisotropy=2.0)) == []


def test_it_sees_colours_or_copies():
    slices = [np.random.default_rng(z).random((32, 32)) for z in range(3)]
    coloured, copied = (list(method(context=each).pictures(slices)) for each in ("pseudocolours", "copies"))
    assert [picture.shape for picture in coloured] == [(3, 32, 32)] * 3
    assert all(np.array_equal(one[1], other[1]) for one, other in zip(coloured, copied, strict=True))
    assert all(np.array_equal(picture[0], picture[2]) for picture in copied)
    assert not np.array_equal(coloured[1][0], coloured[1][1])


# Whole slices in training


def test_whole_slices_are_trained_on_as_they_are_seen_afterwards():
    labels = np.zeros((20, 40), int)
    labels[5:15, 10:30] = 3
    slice_ = example(labels)
    seen = method(side=64, window=None).whole(slice_)
    assert seen.image.shape == (3, 64, 64)
    assert np.count_nonzero(seen.labels) == pytest.approx(64 * 64 / 4, rel=0.05)
    assert seen.points == pytest.approx(np.array([[31.5, 31.5]]), abs=0.6)
    assert seen.bounds == (-0.5, -0.5, 63.5, 63.5)
    assert method(side=None).whole(slice_) is slice_


def test_slices_that_are_seen_through_windows_are_not_trained_on_whole():
    with pytest.raises(DataError, match=r"slices of 20 × 100 pixels.*windows of 64.*--set training.crop=64"):
        method(window=64).whole(example(np.zeros((20, 100))))


def test_centres_that_nothing_reads_are_refused():
    with pytest.raises(ConfigError, match="never reads the centres"):
        make_configuration({"method": "efficient-cell-seg", "options": {"centres": True}})


@pytest.mark.parametrize(("anisotropy", "objects"), [(1.0, 1), (4.8, 2)])
def test_a_missed_slice_is_bridged_only_where_slices_are_close(anisotropy, objects):
    maps = [each * (z != 4) for z, each in enumerate(ball())]
    labels = np.stack(list(method(objects="linked", link=0.2).read_volume(iter(maps), anisotropy)))
    assert len(np.unique(labels[:, 10, 10])) - 1 == objects

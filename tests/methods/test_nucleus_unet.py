"""The nucleus U-Net: the suite in several configurations, its loss by hand, its targets, and its two counts."""

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

from cytally.datasets.example import Example
from cytally.errors import ConfigError
from cytally.methods.density import Density, DensityConfig
from cytally.methods.nucleus_unet import NucleusUNetConfig, NucleusUNetMethod
from cytally.training.configuration import make_configuration

DISC = 28.0
"""Pixels of a drawn cell."""


@pytest.fixture(scope="session")
def draw(draw):
    """The same pictures, with their label images."""
    return functools.partial(draw, outlines=True)


class Outlined(MapSuite):
    """What the suite's class methods draw has label images too."""

    method = "nucleus-unet"

    @classmethod
    def train_briefly(cls, draw, seed=0, **training):
        return super().train_briefly(functools.partial(draw, outlines=True), seed, **training)

    def test_both_counts_are_given(self, trained, draw):
        prediction = trained.count(self.plane(draw, 12))
        assert prediction.count == len(prediction.points) == len(np.unique(prediction.labels)) - 1
        pixels = np.count_nonzero(prediction.labels)
        assert prediction.count_by_area == pytest.approx(pixels / trained.method.nucleus_area)
        assert prediction.count_by_area == pytest.approx(12, rel=0.3)


class TestAsPublished(Outlined):
    """The thesis's settings, on a network that is small enough to train here."""

    options: ClassVar = {"filters": 8, "levels": 2, "nucleus_area": DISC}


class TestWithGapAndDistance(Outlined):
    options: ClassVar = {
        "filters": 8, "levels": 2, "gap": 1, "split": "distance", "least_area": 0.2, "nucleus_area": DISC,
    }  # fmt: skip


class TestOfTwoChannelsSplitByProbability(Outlined):
    options: ClassVar = {
        "filters": 8, "levels": 1, "dropout": 0.0, "split": "probability", "separation": 0.8, "nucleus_area": DISC,
    }  # fmt: skip
    channels = 2


class TestWithDepth(Outlined):
    """A second output, how deep inside its nucleus each pixel lies."""

    options: ClassVar = {"filters": 8, "levels": 2, "split": "depth", "nucleus_area": DISC}


def example(labels, dtype=np.uint16) -> Example:
    """A dark picture whose objects are outlined so."""
    labels = np.array(labels, dtype)
    bounds = (-0.5, -0.5, labels.shape[0] - 0.5, labels.shape[1] - 0.5)
    return Example("a.tif", np.zeros((1, *labels.shape), np.float32), np.zeros((0, 2)), bounds, labels=labels)


def method(**options) -> NucleusUNetMethod:
    return NucleusUNetMethod(NucleusUNetConfig(**{"nucleus_area": 4.0, "filters": 2, "levels": 1, **options}), 1)


# The defaults


def test_the_example_is_the_thesis_and_so_are_the_defaults():
    path = Path(__file__).parents[2] / "examples" / "nucleus-unet.yaml"
    told = make_configuration(yaml.safe_load(path.read_text(encoding="utf-8")))
    plain = make_configuration({"method": "nucleus-unet"})
    for section in ("options", "training", "augmentation", "input"):
        assert getattr(told, section) == getattr(plain, section), section
    options, training, augmentation = plain.options, plain.training, plain.augmentation
    assert (options.filters, options.levels, options.dropout, options.gamma, options.alpha) == (64, 4, 0.05, 2, 0.5)
    assert (options.gap, options.split, options.least_area, options.threshold) == (0, "none", 0, 0.5)
    assert (training.optimiser, training.learning_rate, training.batch_size) == ("adam", 2e-4, 4)
    assert (training.epochs, training.patience, training.keep, training.judge_by) == (3000, 250, "best", "loss")
    assert (training.schedule, training.averaging, training.clip, training.weight_decay) == ("constant", 0, None, 0)
    assert min(augmentation.rotation, augmentation.shift, augmentation.shear) > 0 and augmentation.flips
    assert 0 < augmentation.mix < 1 and augmentation.blur is None and augmentation.scale is None


def test_the_network_is_what_the_options_say():
    network = method(filters=3, levels=2, dropout=0.2).network()
    assert (network.stride, network.dropout.p, network.head.in_channels, network.head.out_channels) == (4, 0.2, 3, 1)


@pytest.mark.parametrize(
    "options",
    [
        *({"filters": 0}, {"levels": 0}, {"levels": 7}, {"dropout": 1.0}, {"gamma": -1}, {"alpha": 0}, {"alpha": 1}),
        *({"gap": -1}, {"threshold": 0}, {"threshold": 1}, {"split": "size"}, {"separation": 0}, {"least_area": 1}),
        *({"nucleus_area": 0}, {"nucleus_area": "some"}),
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused(options):
    with pytest.raises(ConfigError, match=f"'options.{next(iter(options))}"):
        make_configuration({"method": "nucleus-unet", "options": options})


# The loss, worked out by hand

OUTPUT = [0.9, 0.3, 0.2, 0.6]
TRUE = [1.0, 1.0, 0.0, 0.0]


def loss(options, output=OUTPUT, targets=TRUE, weights=(1, 1, 1, 1)) -> float:
    parts = (torch.tensor(part, dtype=torch.float32).reshape(1, 1, 2, 2) for part in (output, targets, weights))
    return float(method(**options).loss(*parts))


def test_without_gamma_and_at_half_alpha_it_is_half_the_cross_entropy():
    whole = torch.nn.functional.binary_cross_entropy(torch.tensor(OUTPUT), torch.tensor(TRUE))
    assert loss({"gamma": 0, "alpha": 0.5}) == pytest.approx(float(whole) / 2, rel=1e-5)


@pytest.mark.parametrize("alpha", [0.25, 0.5, 0.75])
def test_the_focal_loss_by_arithmetic(alpha):
    """(1 - p)^2 log p of what is said of the truth: 0.9 and 0.3 of the nuclei, 0.8 and 0.4 of the background."""
    nuclei = 0.1**2 * math.log(0.9) + 0.7**2 * math.log(0.3)
    background = 0.2**2 * math.log(0.8) + 0.6**2 * math.log(0.4)
    expected = -(alpha * nuclei + (1 - alpha) * background) / 4
    assert loss({"gamma": 2, "alpha": alpha}) == pytest.approx(expected, rel=1e-5)


def test_pixels_without_weight_are_not_in_the_mean():
    expected = -0.5 * (0.1**2 * math.log(0.9) + 0.2**2 * math.log(0.8)) / 2
    assert loss({}, weights=(1, 0, 1, 0)) == pytest.approx(expected, rel=1e-5)
    assert loss({}, weights=(0, 0, 0, 0)) == 0


def test_what_is_as_wrong_as_can_be_has_a_loss_and_a_gradient_that_are_numbers():
    output = torch.tensor([0.0, 1.0, 1.0, 0.0]).reshape(1, 1, 2, 2).requires_grad_()
    targets = torch.tensor([1.0, 0.0, 1.0, 0.0]).reshape(1, 1, 2, 2)
    for gamma in (0.0, 0.5, 2.0):
        found = method(gamma=gamma).loss(output, targets, torch.ones(1, 1, 2, 2))
        assert found.isfinite() and found > 1
        (gradient,) = torch.autograd.grad(found, output)
        assert gradient.isfinite().all()


def test_what_is_hard_weighs_more_with_gamma():
    easy, hard = [0.9, 0.9, 0.1, 0.1], [0.4, 0.4, 0.6, 0.6]
    ratios = [loss({"gamma": gamma}, hard) / loss({"gamma": gamma}, easy) for gamma in (0, 1, 2)]
    assert ratios == sorted(ratios)
    assert ratios[2] == pytest.approx(36 * ratios[0], rel=1e-4)  # (0.6 / 0.1) squared


def test_the_depth_adds_its_squared_error():
    """Off by 0.1 and 0.3 in two of four pixels; the mask is as good as certain."""
    targets = torch.tensor([[1.0, 1, 0, 0], [1.0, 0.5, 0, 0]]).reshape(1, 2, 2, 2)
    output = torch.tensor([[1.0, 1, 0, 0], [0.9, 0.5, 0, 0.3]]).reshape(1, 2, 2, 2)
    deep = method(split="depth")
    assert deep.loss(output, targets, torch.ones(1, 1, 2, 2)).item() == pytest.approx((0.01 + 0.09) / 4, rel=1e-4)
    weights = torch.tensor([1.0, 1, 1, 0]).reshape(1, 1, 2, 2)
    assert deep.loss(output, targets, weights).item() == pytest.approx(0.01 / 3, rel=1e-4)


# Targets


def test_with_depth_there_are_two_targets_and_two_outputs():
    deep = method(split="depth")
    targets = deep.targets(example([[0, 1, 1, 1, 2, 0]]))
    assert targets.tolist() == [[[0, 1, 1, 1, 1, 0]], [[0, 0.5, 1, 0.5, 1, 0]]]
    assert targets.dtype == np.float32
    assert deep.network()(torch.zeros(1, 1, 8, 8)).shape == (1, 2, 8, 8)


def test_targets_are_the_mask():
    targets = method().targets(example([[1, 1, 2, 0, 7]]))
    assert targets.dtype == np.float32
    assert targets.tolist() == [[[1, 1, 1, 0, 1]]]


@pytest.mark.parametrize(
    ("gap", "expected"), [(1, [1, 1, 0, 0, 1, 1, 0, 1, 0]), (2, [1, 0, 0, 0, 0, 0, 0, 0, 0])], ids=["1", "2"]
)
def test_a_gap_parts_what_touches_and_nothing_else(gap, expected):
    """Objects 1 and 2 touch; between 2 and 3 lies one pixel, which a gap of 2 reaches over."""
    labels = [[1, 1, 1, 2, 2, 2, 0, 3, 0]]
    assert method(gap=gap).targets(example(labels))[0].tolist() == [[float(each) for each in expected]]


def test_a_gap_leaves_the_label_image_alone():
    drawn = example([[1, 1, 2, 2]])
    method(gap=1).targets(drawn)
    assert drawn.labels.tolist() == [[1, 1, 2, 2]]


def test_without_outlines_there_are_no_targets(draw):
    with pytest.raises(ValueError, match=r"the nuclei of 0-3.tif are not outlined"):
        method().targets(dataclasses.replace(draw(3), labels=None))


# What is worked out from the data


def test_the_area_is_the_median_of_whole_nuclei_over_all_images():
    first = np.zeros((12, 12), int)
    first[0:3, 0:9] = 1  # cut by the edge
    first[5:7, 2:4] = 2  # 4 pixels
    first[9:11, 2:5] = 5  # 6 pixels
    second = np.zeros((12, 12), int)
    second[4:8, 4:9] = 1  # 20 pixels
    fitted = method(nucleus_area="auto").fit_to(
        [example(first), example(second), dataclasses.replace(example(first), labels=None)]
    )
    assert fitted.config.nucleus_area == fitted.nucleus_area == 6
    assert fitted.cell_diameter == pytest.approx(2 * math.sqrt(6 / math.pi))
    assert fitted.fit_to([]) is fitted
    assert method(nucleus_area=9).fit_to([example(first)]).nucleus_area == 9


def test_an_area_that_is_unknown_is_that_of_the_model_to_begin_with():
    unknown, empty = method(nucleus_area="auto"), example(np.zeros((4, 4)))
    with pytest.raises(ValueError, match="fit_to"):
        unknown.nucleus_area  # noqa: B018
    for others in ([], [empty]):
        for like in (None, Density(DensityConfig(sigma=2.0), 1)):
            with pytest.raises(ConfigError, match=r"no label image shows a nucleus.*; add label images with nuclei"):
                unknown.fit_to(others, like)
        assert unknown.fit_to(others, method(nucleus_area=77)).nucleus_area == 77


# Reading


def test_components_and_area_by_hand():
    """A block of four pixels, and one of eight that holds two nuclei."""
    output = np.zeros((1, 6, 9), np.float32)
    output[0, 1:3, 1:3] = 0.9
    output[0, 1:3, 4:8] = 0.6
    output[0, 4, 4] = 0.49
    prediction = method(nucleus_area=4).read(output)
    assert (prediction.count, prediction.count_by_area) == (2, 3)
    assert prediction.points == pytest.approx(np.array([[1.5, 1.5, 0.9], [1.5, 5.5, 0.6]]), abs=1e-6)
    assert prediction.labels.dtype == np.uint16
    assert method(threshold=0.7).read(output).count_by_area == 1
    assert method(threshold=0.4).read(output).count == 3
    assert method(threshold=0.4, least_area=0.5).read(output).count == 2


def test_nothing_is_read_from_nothing():
    prediction = method().read(np.zeros((1, 8, 8), np.float32))
    assert (prediction.count, prediction.count_by_area) == (0, 0)
    assert prediction.points.shape == (0, 3) and not prediction.labels.any()


def test_all_white_is_one_nucleus_by_components_and_many_by_area():
    prediction = method(nucleus_area=4).read(np.ones((1, 8, 8), np.float32))
    assert (prediction.count, prediction.count_by_area) == (1, 16)


def touching() -> Example:
    """Two discs of radius 6 that touch along a line of about 8 pixels."""
    rows, columns = np.mgrid[:24, :32]
    left, right = np.hypot(rows - 11, columns - 10), np.hypot(rows - 11, columns - 20)
    return example(np.where((left < 6) & (left <= right), 1, np.where(right < 6, 2, 0)))


@pytest.mark.parametrize(
    ("options", "count"),
    [({}, 1), ({"gap": 1}, 2), ({"gap": 2}, 2), ({"split": "distance"}, 2), ({"split": "depth"}, 2)],
    ids=str,
)
def test_touching_nuclei_are_parted_by_a_gap_or_by_their_shape(options, count):
    drawn = touching()
    fitted = method(nucleus_area="auto", **options).fit_to([drawn])
    prediction = fitted.read(fitted.targets(drawn))
    assert prediction.count == count
    assert prediction.count_by_area == pytest.approx(2, rel=0.15)
    if count == 2:
        orders = (drawn.labels, np.array([0, 2, 1])[drawn.labels])  # splitting numbers by height, not by place
        assert max(np.mean(prediction.labels == each) for each in orders) > 0.96


def test_it_cannot_learn_from_counts_and_asks_for_outlines():
    assert NucleusUNetMethod.needs_labels and not NucleusUNetMethod.learns_from_counts
    assert NucleusUNetMethod.counts_by_area and not Density.counts_by_area and not Density.needs_labels

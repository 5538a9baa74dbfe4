"""The density method: the suite in several configurations, its targets, its loss and its reading of maps."""

import dataclasses
import math
from typing import ClassVar

import numpy as np
import pytest
import torch
from map_suite import MapSuite
from torch.nn import functional

from cytally.datasets.example import Example
from cytally.errors import ConfigError
from cytally.images.image import Plane
from cytally.inference.config import CountingConfig
from cytally.methods.density import Density, DensityConfig
from cytally.training.configuration import make_configuration


class TestDensityAsPublished(MapSuite):
    """Batch norm and L1, on a network that is small enough to train here."""

    method = "density"
    options: ClassVar = {"sigma": 2.0, "channels": [16, 16], "normalisation": "batch", "count_weight": 1}


class TestDensityAsOurs(MapSuite):
    """Layer norm, and two channels."""

    method = "density"
    options: ClassVar = {"sigma": "auto", "channels": [16, 16], "normalisation": "layer", "count_weight": 1}
    channels = 2

    @classmethod
    def configuration(cls, **training):
        configuration = super().configuration(**training)
        return configuration.model_copy(update={"options": configuration.options.model_copy(update={"sigma": 2.0})})


class TestDensityWithoutNormalisation(MapSuite):
    method = "density"
    options: ClassVar = {"sigma": 2.0, "channels": [8, 8, 8], "normalisation": "none", "loss": "l2"}


class TestDensityWithAStem(MapSuite):
    """A stem of stride 2: the map is made at half the size."""

    method = "density"
    options: ClassVar = {"sigma": 2.0, "channels": [16, 16], "stem_stride": 2, "count_weight": 1}


class TestDensityOfSeparableConvolutions(MapSuite):
    method = "density"
    options: ClassVar = {"sigma": 2.0, "channels": [16, 16], "separable": True, "count_weight": 1}


class TestDensityWithGroupNorm(MapSuite):
    """Statistics over the image: counted whole, never in tiles."""

    method = "density"
    options: ClassVar = {"sigma": 2.0, "channels": [16, 16], "normalisation": "group", "count_weight": 1}
    learnt = 1.25  # a lone cell makes its own statistics, which takes longer to learn

    def test_it_is_never_tiled(self, trained):
        assert not trained.tileable


def test_auto_is_worked_out_from_the_examples_and_kept_in_the_configuration():
    method = Density(DensityConfig(sigma="auto"), 1)
    with pytest.raises(ValueError, match="fit_to"):
        method.targets(Example("a", np.zeros((1, 9, 9), np.float32), np.zeros((0, 2)), (-0.5, -0.5, 8.5, 8.5)))
    points = np.array([[0.0, 0], [0, 10]])
    fitted = method.fit_to([Example("a", np.zeros((1, 9, 12), np.float32), points, (-0.5, -0.5, 8.5, 11.5))])
    assert fitted.config.sigma == fitted.sigma == pytest.approx(3)
    assert fitted.fit_to([]) is fitted


def test_targets_are_a_hundred_times_the_density(draw):
    method = Density(DensityConfig(sigma=2.0), 1)
    assert method.targets(draw(3)).sum() == pytest.approx(300, rel=1e-5)


def test_losses_worked_out_by_hand():
    output = torch.tensor([[[[1.0, 3.0]]], [[[0.0, -4.0]]]])  # two patches of 1 x 2 pixels
    zeros = torch.zeros_like(output)
    ones, second = torch.ones(2, 1, 1, 2), torch.tensor([0.0, 1.0]).expand(2, 1, 1, 2)
    assert Density(DensityConfig(), 1).loss(output, zeros, ones) == 2.0
    assert Density(DensityConfig(loss="l2"), 1).loss(output, zeros, ones) == 6.5
    # the patches' means are 2 and -2, so the term on the count adds 3 times 2
    assert Density(DensityConfig(count_weight=3), 1).loss(output, zeros, ones) == 8.0
    # with the second pixels alone: (3 + 4) / 2 per pixel, and as much per patch
    assert Density(DensityConfig(count_weight=1), 1).loss(output, zeros, second) == 7.0


def test_a_map_below_nothing_counts_nothing():
    output = np.full((1, 8, 8), -1, np.float32)
    output[0, 4, 4] = 40
    prediction = Density(DensityConfig(sigma=2.0), 1).read(output)
    assert prediction.count == 0
    assert not prediction.density.any()
    assert prediction.points.shape == (0, 3)


def test_the_count_is_the_sum_and_the_points_are_the_peaks():
    method = Density(DensityConfig(sigma=2.0), 1)
    points = np.array([[10.0, 12.0], [30.0, 40.0], [11.0, 45.0]])
    prediction = method.read(
        method.targets(Example("a", np.zeros((1, 48, 64), np.float32), points, (-0.5, -0.5, 47.5, 63.5)))
    )
    assert prediction.count == pytest.approx(3, rel=1e-5)
    assert sorted(map(tuple, prediction.points[:, :2])) == sorted(map(tuple, points))
    assert prediction.points[:, 2] == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(
    "options", [{"channels": [4]}, {"channels": [4, 0]}, {"sigma": 0}, {"amplitude": 0}, {"loss": "l3"}], ids=str
)
def test_settings_out_of_range_are_refused(options):
    with pytest.raises(ConfigError, match=f"'options.{next(iter(options))}"):
        make_configuration({"method": "density", "options": options})


class TestDensityDeeplySupervised(MapSuite):
    """Coarser maps in training, squares in place of Gaussians, and the mean over turns and flips in counting."""

    method = "density"
    options: ClassVar = {
        "sigma": 2.0, "channels": [8, 8, 16], "normalisation": "batch", "kernel": "square", "deep_supervision": 0.5,
        "count_weight": 1,
    }  # fmt: skip

    @classmethod
    def configuration(cls, **training):
        return super().configuration(**training).model_copy(update={"counting": CountingConfig(flips=True)})

    def test_flips_change_nothing_at_all(self, trained, draw):
        plane = self.plane(draw, 12)
        mirrored = Plane(plane.data[:, ::-1].copy(), channels=plane.channels)
        assert trained.count(mirrored).count == pytest.approx(trained.count(plane).count, rel=1e-4)


def test_the_coarser_maps_are_judged_on_the_means_of_their_blocks():
    """By hand, l1 on 4 × 4 pixels: the finest is off by 1 in one pixel, the coarse one by 2 in one block of 2 × 2."""
    method = Density(DensityConfig(sigma=2.0, channels=(4, 8, 8), deep_supervision=0.5), 1)
    targets = torch.arange(16.0).reshape(1, 1, 4, 4)
    coarse = functional.interpolate(functional.avg_pool2d(targets, 2), scale_factor=2)
    output = torch.cat([targets, coarse], dim=1)
    weights = torch.ones(1, 1, 4, 4)
    assert method.loss(output, targets, weights) == pytest.approx(0, abs=1e-6)
    output[0, 0, 3, 3] += 1
    output[0, 1, :2, :2] += 2
    assert method.loss(output, targets, weights) == pytest.approx(1 / 16 + 0.5 * 2 * 4 / 16)


def test_the_loss_of_counts_is_that_of_the_sum_per_pixel():
    """By hand: 8 of 16 pixels are the image's; they sum to 3 cells of amplitude 10, and 5 were counted."""
    method = Density(DensityConfig(sigma=2.0, amplitude=10), 1)
    weights = torch.zeros(1, 1, 4, 4)
    weights[..., :2, :] = 1
    output = torch.full((1, 1, 4, 4), 30 / 8)
    assert method.count_loss(output, torch.tensor([5.0]), weights) == pytest.approx((50 - 30) / 8)
    assert method.count_loss(output, torch.tensor([3.0]), weights) == pytest.approx(0, abs=1e-6)


def test_shapes_of_objects_need_a_label_image(draw):
    method = Density(DensityConfig(kernel="object", sigma=2.0), 1)
    with pytest.raises(ConfigError, match="no training image has a label image"):
        method.fit_to([draw(3)])
    shaped = dataclasses.replace(draw(3), covariances=np.tile(np.diag([9.0, 1.0]), (3, 1, 1)))
    long, round_ = method.fit_to([shaped, draw(3)]).targets(shaped), method.targets(draw(3))
    assert long.sum() == pytest.approx(round_.sum(), rel=1e-4) == pytest.approx(300, rel=1e-4)
    assert np.abs(long - round_).max() > 1


def test_a_square_kernel_says_how_many_cells_lie_around_each_pixel():
    """A side of 4 pixels: 16 times the map, over the amplitude, is 1 around a lone cell."""
    method = Density(DensityConfig(kernel="square", sigma=4 / math.sqrt(12), amplitude=16), 1)
    example = Example("a", np.zeros((1, 12, 12), np.float32), np.array([[5.5, 5.5]]), (-0.5, -0.5, 11.5, 11.5))
    expected = np.zeros((12, 12))
    expected[4:8, 4:8] = 1
    assert method.targets(example)[0] == pytest.approx(expected, abs=1e-6)


def test_large_objects_are_found_under_their_own_kernel():
    """Discs of 60 pixels' radius, whose cells' spacing says nothing of their size."""
    points = np.array([[80.0, 80.0], [80.0, 240.0]])
    covariances = np.tile(np.eye(2) * 60**2 / 4, (2, 1, 1))
    example = Example("a", np.zeros((1, 160, 320), np.float32), points, (-0.5, -0.5, 159.5, 319.5), covariances)
    method = Density(DensityConfig(kernel="object", sigma="auto"), 1).fit_to([example])
    assert method.sigma == pytest.approx(15, abs=0.1)
    prediction = method.read(method.targets(example))
    assert prediction.points[:, :2] == pytest.approx(points, abs=1)


def test_deep_supervision_needs_coarser_maps():
    with pytest.raises(ValueError, match="three levels"):
        DensityConfig(channels=(8, 16), deep_supervision=0.3)


@pytest.mark.parametrize(
    ("channels", "deep"),
    [((2, 3), 0), ((2, 3, 4), 0), ((2, 3, 4), 0.5), ((4, 2, 3, 5, 2), 0), ((4, 2, 3, 5, 2), 0.5)],
    ids=str,
)
def test_core_and_outer_parts_together_are_the_whole_network_and_so_are_the_stages(channels, deep):
    method = Density(DensityConfig(sigma=2.0, channels=channels, deep_supervision=deep), 3)
    network = method.network()
    parts, names = method.parts(network), list(network.state_dict())

    def within(name, some):
        return any(name[: len(part) + 1] == f"{part}." for part in some)

    assert all(within(name, parts.core) != within(name, parts.outer) for name in names)
    staged = [part for _, some in parts.stages for part in some]
    assert sorted(staged) == sorted(parts.core + parts.outer), "each part thaws in one stage"
    assert [name for name, _ in parts.stages] == [*(f"level-{n + 1}" for n in range(len(channels) - 1)), "bottom"]


def test_the_outer_parts_are_those_that_work_on_the_finest_pixels():
    """By where the pixels are: of a picture of 32 pixels, what sees or gives a map of 32 is outer."""
    method = Density(DensityConfig(sigma=2.0, channels=(2, 3, 4)), 1)
    network = method.network()
    parts, sides = method.parts(network), {}
    for name in (*parts.core, *parts.outer):
        network.get_submodule(name).register_forward_hook(
            lambda _, given, made, name=name: sides.update({name: max(given[0].shape[-1], made.shape[-1])})
        )
    network(torch.zeros(1, 1, 32, 32))
    assert {name for name, side in sides.items() if side == 32} == set(parts.outer)
    assert {name for name, side in sides.items() if side < 32} == set(parts.core)


def test_blocks_of_the_coarser_maps_are_twice_as_wide_behind_a_stem():
    """One coarser map that is wrong by ±1 in each half of a block: as means over the block it is right."""
    output = torch.zeros(1, 2, 4, 4)
    output[:, 1, :, :2], output[:, 1, :, 2:] = 1.0, -1.0
    zeros, ones = torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4)
    plain, stem = (Density(DensityConfig(deep_supervision=1, stem_stride=stride), 1) for stride in (1, 2))
    assert plain.loss(output, zeros, ones) == 1.0
    assert stem.loss(output, zeros, ones) == 0.0


def test_the_stem_is_an_outer_part():
    method = Density(DensityConfig(channels=(4, 4), stem_stride=2), 1)
    assert "stem" in method.parts(method.network()).outer
    assert "stem" not in Density(DensityConfig(channels=(4, 4)), 1).parts(None).outer


def test_a_teachers_map_is_learnt_in_the_students_units():
    teacher, student = (Density(DensityConfig(sigma=2.0, amplitude=amplitude), 1) for amplitude in (50, 100))
    assert student.taught_by(teacher, np.full((1, 1, 2, 2), 3, np.float32)).tolist() == [[[[6, 6], [6, 6]]]]


@pytest.mark.parametrize("other", [{"sigma": 3.0}, {"sigma": 2.0, "kernel": "square"}], ids=str)
def test_a_teacher_of_other_maps_is_refused(other):
    student, teacher = Density(DensityConfig(sigma=2.0), 1), Density(DensityConfig(**other), 1)
    with pytest.raises(ConfigError, match=rf"makes other maps.*options.sigma={other['sigma']:g}"):
        student.taught_by(teacher, np.zeros((1, 1, 2, 2), np.float32))

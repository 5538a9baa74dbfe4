"""Validation: whole images counted, and the method's own loss where a run is judged by it."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from cytally.datasets.example import Example
from cytally.methods.density import Density, DensityConfig
from cytally.methods.efficient_cell_seg import EfficientCellSegMethod
from cytally.methods.efficient_cell_seg_config import EfficientCellSegConfig
from cytally.methods.nucleus_unet import NucleusUNetConfig, NucleusUNetMethod
from cytally.training.selection import Selection
from cytally.training.state import TrainingState
from cytally.training.validation import validate

CPU = torch.device("cpu")
NUCLEI = NucleusUNetMethod(NucleusUNetConfig(filters=2, levels=1, nucleus_area=28.0), 1)


def network(method, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return method.network().eval()


def test_the_loss_is_the_mean_over_whole_images_of_what_the_method_says(draw):
    """Large and small images weigh the same, and no pixel is left out."""
    examples = [draw(3, outlines=True), draw(1, shape=(21, 30), outlines=True)]
    net, losses = network(NUCLEI), []
    for example in examples:
        with torch.inference_mode():
            output = net(torch.from_numpy(example.image)[None])
        targets = torch.from_numpy((example.labels > 0).astype(np.float32))[None, None]
        right = torch.where(targets > 0, output, 1 - output)
        losses.append(float((-0.5 * (1 - right) ** 2 * right.log()).mean()))
    found = validate(NUCLEI, net, examples, CPU, "float32", loss=True)
    assert found["loss"] == pytest.approx(np.mean(losses), rel=1e-4)


def test_the_loss_changes_nothing_of_the_counts(draw):
    examples = [draw(count, outlines=True) for count in (2, 5)]
    for method in (NUCLEI, Density(DensityConfig(sigma=2.0, channels=(4, 4)), 1)):
        net = network(method)
        plain, judged = (validate(method, net, examples, CPU, "float32", loss=loss) for loss in (False, True))
        assert "loss" not in plain
        assert {name: judged[name] for name in plain} == pytest.approx(plain)
        assert set(judged) == {*plain, "loss"}


def test_what_is_no_number_makes_all_of_it_none(draw):
    class Nothing(nn.Module):
        def forward(self, x):
            return x * float("nan")

    for loss in (False, True):
        found = validate(Density(DensityConfig(sigma=2.0), 1), Nothing(), [draw(2)], CPU, "float32", loss=loss)
        assert all(np.isnan(value) for value in found.values()) and {"mae", "bias"} <= set(found)


def test_images_of_which_only_the_count_is_known_can_be_validated_on_by_loss(draw):
    """A method that learns from counts meets them in validation too."""
    method = Density(DensityConfig(sigma=2.0, channels=(4, 4)), 1)
    counted = dataclasses.replace(draw(4), points=None, total=4.0)
    found = validate(method, network(method), [draw(2), counted], CPU, "float32", loss=True)
    assert np.isfinite(found["loss"])


@pytest.mark.parametrize(("error", "kept"), [("mae", 3), ("loss", 1)])
def test_the_selection_keeps_what_is_least_in_the_figure_it_is_told(error, kept):
    net, state = nn.Linear(1, 1), TrainingState()
    selection = Selection(net)
    figures = [(5.0, 0.3), (4.0, 0.1), (4.5, 0.2), (3.0, 0.4)]
    better = []
    for number, (mae, loss) in enumerate(figures):
        nn.init.constant_(net.weight, number)
        state.epoch = number
        better.append(selection.consider(net, {"mae": mae, "loss": loss}, state, settled=False, error=error))
    assert better == ([True, True, False, True] if error == "mae" else [True, True, False, False])
    assert selection.best["weight"].item() == kept == state.best_epoch
    assert state.best_error == figures[kept][0 if error == "mae" else 1]
    assert selection.consider(net, {"mae": 9.0, "loss": 9.0}, state, settled=True, error=error)
    assert (state.best_error, selection.best["weight"].item()) == (9.0, 3)


shown: list[tuple[int, ...]] = []
"""Shapes of what `Green` has been given; outside of it, since validation works on a copy."""


class Green(nn.Module):
    """Says that what is bright in the middle channel is a cell."""

    def forward(self, x):
        shown.append(tuple(x.shape))
        return x[:, 1:2]


@pytest.mark.parametrize("loss", [True, False])
def test_slices_are_seen_in_their_colours_and_through_the_windows_they_will_be_seen_through(loss):
    """A slice whose cells are in green alone, 70 pixels wide, through windows of 64: one pair of windows."""
    config = EfficientCellSegConfig(side=None, window=64, split="components", cell_diameter=6.0)
    labels = np.zeros((40, 70), np.uint16)
    labels[5:11, 5:11], labels[20:26, 60:66] = 1, 2
    image = np.stack([np.zeros(labels.shape), labels > 0, np.zeros(labels.shape)]).astype(np.float32)
    points = np.array([[7.5, 7.5], [22.5, 62.5]])
    slice_ = Example("a.tif", image, points, (-0.5, -0.5, 39.5, 69.5), labels=labels)
    shown.clear()
    found = validate(EfficientCellSegMethod(config, 1), Green(), [slice_], CPU, "float32", loss=loss)
    assert found["mae"] == 0 and found["f1_50"] == 1
    assert shown == [(1, 3, 40, 64)] * 2
    assert ("loss" in found) == loss

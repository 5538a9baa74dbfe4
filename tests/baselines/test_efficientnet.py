"""EfficientNets that count: the suite, weights to begin with, and their place in a model."""

import subprocess
import sys
from typing import ClassVar

import numpy as np
import pytest
import torch
from monai.networks.nets.efficientnet import EfficientNetBN
from picture_suite import PictureSuite
from safetensors.torch import save_file

from cytally.baselines.efficientnet import EfficientNetB0, EfficientNetConfig
from cytally.datasets.example import Example
from cytally.errors import ModelError
from cytally.methods.picture_method import Moment, Pictures
from cytally.methods.registry import find_method
from cytally.models.store import load, save
from cytally.training.configuration import make_configuration


class TestEfficientNetB0(PictureSuite):
    """On pictures of 64 pixels, so that it trains here."""

    method = "efficientnet-b0"
    options: ClassVar = {"side": 64, "start": 4.0}
    training: ClassVar = {"steps": 12, "batch_size": 4, "learning_rate": 3e-3, "clip": None}
    size = (64, 64)
    unseen = (64, 64)
    half_tolerance = 0.02

    @pytest.mark.parametrize("count", [0, 1, 12])
    def test_it_counts_unseen_images_after_a_brief_training(self, trained, draw, count):
        """Its statistics need a hundred steps before it counts at all: the slow test below trains that long."""
        pytest.skip("needs more training than a test may take")

    @pytest.mark.slow
    def test_it_counts_unseen_images_after_a_minute(self, draw):
        network = self.train_briefly(draw, steps=200, batch_size=8, averaging=0.0).eval()
        with torch.no_grad():
            counted = [float(network(torch.from_numpy(self.plane(draw, n).data)[None])) for n in (0, 4, 12)]
        assert counted == pytest.approx([0, 4, 12], abs=2.5)

    @pytest.mark.parametrize("count", [5])
    @pytest.mark.parametrize("axis", [1, 2], ids=["upside-down", "mirrored"])
    def test_flips_hardly_change_the_count(self, trained, draw, count, axis):
        """After seconds of training they still do; that flips are learnt from is the loop's to show."""
        pytest.skip("needs more training than a test may take")


def example(count: float | None, shape=(128, 128)) -> Example:
    return Example(
        "a", np.zeros((1, *shape), np.float32), None, (-0.5, -0.5, shape[0] - 0.5, shape[1] - 0.5), total=count
    )


@pytest.mark.parametrize("size", ["b0", "b1", "b2", "b3"])
def test_it_is_monais_network_with_one_output(size):
    method = find_method(f"efficientnet-{size}")
    network = method(method.Config(), 1).network()
    monais = EfficientNetBN(f"efficientnet-{size}", pretrained=False, in_channels=1, num_classes=1)
    assert network.state_dict().keys() == monais.state_dict().keys()
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count == sum(parameter.numel() for parameter in monais.parameters())
    assert count == {"b0": 4_008_253, "b1": 6_513_889, "b2": 7_701_827, "b3": 10_697_049}[size]
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert {module.momentum for module in norms} == {0.1}


def test_it_begins_near_the_mean_count_of_the_pictures():
    method = EfficientNetB0(EfficientNetConfig(side=64), 1)
    # 16 cells on four pictures are 4 each; 6 on half a picture that is enlarged stay 6; nobody knows the third
    fitted = method.fit_to([example(16, (128, 128)), example(6, (32, 32)), example(None)])
    assert fitted.config.start == pytest.approx(5)
    assert method.fit_to([], like=fitted).config.start == fitted.config.start
    assert method.fit_to([]).config.start == 0
    assert EfficientNetB0(EfficientNetConfig(start=7), 1).fit_to([example(1)]).config.start == 7
    with torch.no_grad():
        counts = fitted.network().eval()(torch.rand(2, 1, 64, 64))
    assert counts.flatten().tolist() == pytest.approx([5, 5], abs=1)


def test_the_loss_is_the_squared_error_of_labelled_pictures():
    method = EfficientNetB0(EfficientNetConfig(), 1)
    counts, known = torch.tensor([2.0, 0.0, 0.0]), torch.tensor([True, False, True])
    images = torch.tensor([4.0, 99.0, 1.0]).reshape(3, 1, 1, 1)
    for drawn in (False, True):
        assert method.loss(lambda x: x[:, :, 0, 0], Pictures(images, counts, known, drawn), Moment(0, 0.0)) == 2.5


def test_the_last_layer_alone():
    network = EfficientNetB0(EfficientNetConfig(layers="last"), 1).network()
    assert [name for name, each in network.named_parameters() if each.requires_grad] == ["_fc.weight", "_fc.bias"]


def test_the_count_is_in_32_bits_where_the_rest_is_not():
    network = EfficientNetB0(EfficientNetConfig(start=30.1), 1).network().eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        output = network(torch.rand(1, 1, 32, 32))
    assert output.dtype == torch.float32


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_it_begins_with_the_weights_of_a_file_and_a_trained_model_needs_none(tmp_path, make_model, suffix):
    torch.manual_seed(3)
    colour = EfficientNetBN("efficientnet-b0", pretrained=False).eval()
    path = tmp_path / f"weights.{suffix}"
    (save_file if suffix == "safetensors" else torch.save)(colour.state_dict(), path)
    configuration = make_configuration({"method": "efficientnet-b0", "options": {"weights": str(path), "start": 3}})
    fitted = configuration.build(1).fit_to([])
    network, picture = fitted.network().eval(), torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        grey, same = network._conv_stem_padding(picture), colour._conv_stem_padding(picture.repeat(1, 3, 1, 1))
        assert torch.allclose(network._conv_stem(grey), colour._conv_stem(same), atol=1e-5)
    assert torch.equal(network._blocks[2][0]._depthwise_conv.weight, colour._blocks[2][0]._depthwise_conv.weight)
    assert network._fc.bias.item() == 3

    save(make_model(configuration, network), tmp_path / "model")
    path.unlink()
    again = load(tmp_path / "model").network
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in network.state_dict().items())


def test_weights_of_another_size_are_refused_before_training(tmp_path):
    path = tmp_path / "b1.safetensors"
    save_file(EfficientNetBN("efficientnet-b2", pretrained=False).state_dict(), path)
    with pytest.raises(ModelError, match=r"b1.safetensors: .*; give weights of this EfficientNet"):
        EfficientNetB0(EfficientNetConfig(weights=str(path)), 1).fit_to([])


def test_the_package_is_imported_without_monai():
    """Which takes seconds."""
    code = "import sys, cytally.baselines.efficientnet; sys.exit('monai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

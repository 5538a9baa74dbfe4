"""The nucleus U-Net: layer by layer as in the thesis, how far it sees, and how its weights begin."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from cytally.networks.nucleus_unet import NucleusUNet


def parameters(inputs: int, filters: int, levels: int, outputs: int = 1) -> int:
    """Layer by layer: weights and bias of each convolution, and two numbers per channel of each batch norm."""

    def double(before: int, after: int) -> int:
        return 9 * before * after + after + 2 * after + 9 * after * after + after + 2 * after

    widths = [filters << level for level in range(levels)]
    bottom = filters << levels
    total = sum(double(before, after) for before, after in zip([inputs, *widths], widths, strict=False))
    total += double(widths[-1], bottom)
    for width in widths:
        total += 9 * 2 * width * width + width  # the transposed convolution halves the channels
        total += double(2 * width, width)  # of which the skip adds as many again
    return total + filters * outputs + outputs


@pytest.mark.parametrize(
    ("inputs", "filters", "levels", "outputs"), [(1, 64, 4, 1), (1, 16, 4, 1), (3, 5, 2, 2), (2, 1, 1, 1)]
)
def test_the_number_of_parameters(inputs, filters, levels, outputs):
    network = NucleusUNet(inputs, filters, levels, outputs=outputs)
    assert sum(each.numel() for each in network.parameters()) == parameters(inputs, filters, levels, outputs)


def test_the_smallest_network_has_as_many_parameters_as_counted_on_paper():
    """One filter, one level, without its biases and norms: 9 + 9, 18 + 36, 18, 18 + 9, 1 weights."""
    network = NucleusUNet(1, 1, 1)
    weights = sum(each.numel() for each in network.parameters() if each.ndim == 4)
    assert weights == 9 + 9 + 18 + 36 + 18 + 18 + 9 + 1


def test_filters_sizes_and_order_are_the_thesis():
    """Kind, inputs, outputs and resulting size of all that runs, in the order in which it runs."""
    network, seen = NucleusUNet(), []
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_hook(
                lambda module, inputs, output: seen.append(
                    (module.kernel_size[0], inputs[0].shape[1], output.shape[1], output.shape[-1])
                )
            )
    network.eval()
    with torch.inference_mode():
        network(torch.zeros(1, 1, 32, 32))
    expected = []
    for before, after, side in ((1, 64, 32), (64, 128, 16), (128, 256, 8), (256, 512, 4), (512, 1024, 2)):
        expected += [(3, before, after, side), (3, after, after, side)]
    for width, side in ((512, 4), (256, 8), (128, 16), (64, 32)):
        expected += [(3, 2 * width, width, side), (3, 2 * width, width, side), (3, width, width, side)]
    assert seen == [*expected, (1, 64, 1, 32)]


def test_each_convolution_is_followed_by_batch_norm_then_relu():
    network = NucleusUNet(1, 4, 2)
    for double in (*network.encoders, network.bottom, *network.decoders):
        kinds = [type(module) for module in double]
        assert kinds == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU] * 2
    assert isinstance(network.pool, nn.MaxPool2d) and network.pool.kernel_size == 2
    assert all(isinstance(up, nn.ConvTranspose2d) and up.stride == (2, 2) for up in network.ups)


def lively(levels: int, seed: int = 0) -> NucleusUNet:
    """A network with random statistics too, as a trained one has, in double precision."""
    torch.manual_seed(seed)
    network = NucleusUNet(1, 2, levels).double().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, 0.5, 1.5)
    return network


def before_sigmoid(network: NucleusUNet, picture: torch.Tensor) -> torch.Tensor:
    seen = []
    handle = network.head.register_forward_hook(lambda module, inputs, output: seen.append(output))
    network(picture)
    handle.remove()
    return seen[0]


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_one_changed_pixel_reaches_no_further_than_the_halo(levels, seed):
    """Perturbed in each phase of the grid: what differs lies within the halo of the pixel."""
    network = lively(levels, seed)
    middle = network.halo + 2 * network.stride
    side = 2 * middle + network.stride
    picture = torch.rand(1, 1, side, side, dtype=torch.float64)
    with torch.inference_mode():
        before = before_sigmoid(network, picture)
        for place in range(middle, middle + network.stride):
            changed = picture.clone()
            changed[0, 0, place, place] += 100
            rows, columns = torch.nonzero((before_sigmoid(network, changed) != before)[0, 0], as_tuple=True)
            reach = max(int((rows - place).abs().max()), int((columns - place).abs().max()))
            assert 0 < reach <= network.halo


@pytest.mark.parametrize("levels", [1, 2, 3, 4])
def test_the_halo_is_no_wider_than_the_receptive_field_asks_for(levels):
    """All weights positive: nothing cancels, and what can reach an output pixel does."""
    network = NucleusUNet(1, 1, levels).double().eval()
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.1)
    assert network.stride == 2**levels and network.halo % network.stride == 0
    middle, furthest = network.halo + 2 * network.stride, 0
    side = 2 * middle + network.stride
    # max pooling lets one pixel of four through: a picture that rises along an axis leads to the furthest of them
    ramps = [torch.linspace(sign, -sign, side, dtype=torch.float64) for sign in (-1, 1)]
    for place in range(middle, middle + network.stride):
        for ramp in ramps:
            picture = (ramp[:, None] + ramp[None]).expand(1, 1, side, side).clone().requires_grad_()
            before_sigmoid(network, picture)[0, 0, place, place].backward()
            reached = picture.grad[0, 0].abs().sum(dim=0).nonzero()
            furthest = max(furthest, place - int(reached.min()), int(reached.max()) - place)
    assert furthest <= network.halo < furthest + 2 * network.stride


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (16, 24), (33, 50)], ids=str)
@pytest.mark.parametrize("levels", [1, 2, 4])
def test_every_size_comes_back_as_it_went_in_from_0_to_1(shape, levels):
    network = NucleusUNet(2, 2, levels, outputs=3).eval()
    with torch.inference_mode():
        output = network(100 * torch.randn(2, 2, *shape))
    assert output.shape == (2, 3, *shape)
    assert output.min() >= 0 and output.max() <= 1


def test_sizes_are_filled_up_by_repeating_the_last_pixels():
    network = lively(2)
    picture = torch.rand(1, 1, 8, 12, dtype=torch.float64)
    cut = picture[..., :6, :9].clone()
    picture[..., 6:, :] = picture[..., 5:6, :]
    picture[..., 9:] = picture[..., 8:9]
    assert torch.equal(network(cut), network(picture)[..., :6, :9])


def test_dropout_is_on_in_training_and_off_in_counting():
    torch.manual_seed(0)
    network, picture = NucleusUNet(1, 4, 2, dropout=0.5), torch.rand(1, 1, 16, 16)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()  # whose statistics would differ as well
    assert not torch.equal(network(picture), network(picture))
    network.eval()
    assert torch.equal(network(picture), network(picture))
    without = NucleusUNet(1, 4, 2, dropout=0.0).eval()
    without.load_state_dict(network.state_dict())
    assert torch.equal(without(picture), network(picture))


def test_dropout_stands_behind_each_change_of_level():
    network, sizes = NucleusUNet(1, 2, 3), []
    network.dropout.register_forward_hook(lambda module, inputs, output: sizes.append(tuple(output.shape[1:])))
    network(torch.rand(2, 1, 16, 16))
    assert sizes == [(2, 8, 8), (4, 4, 4), (8, 2, 2), (16, 4, 4), (8, 8, 8), (4, 16, 16)]


def test_weights_begin_as_he_draws_them_and_biases_at_nothing():
    torch.manual_seed(0)
    network, checked = NucleusUNet(1, 32, 3), 0
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            assert not module.bias.any()
            fan_in = module.in_channels * module.kernel_size[0] ** 2
            if module.weight.numel() > 5000:
                checked += 1
                assert module.weight.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=0.05)
                assert abs(module.weight.mean().item()) < 0.1 * math.sqrt(2 / fan_in)
                normal = (module.weight.abs() < module.weight.std()).float().mean()
                assert float(normal) == pytest.approx(0.683, abs=0.02), "drawn evenly it would be 0.577"
    assert checked > 10
    assert not any(up.bias.any() for up in network.ups)


def test_a_fresh_network_is_undecided():
    """Neither end of the sigmoid, where nothing could be learnt, in training or counting."""
    torch.manual_seed(0)
    output = NucleusUNet(1, 8, 3)(torch.randn(2, 1, 32, 32)).detach().numpy()
    assert 0.05 < np.median(output) < 0.95


def test_the_head_runs_in_32_bits_under_autocast():
    network, seen = NucleusUNet(1, 4, 1).eval(), {}
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_hook(lambda module, inputs, output, name=name: seen.update({name: output.dtype}))
    with torch.autocast("cpu", torch.bfloat16), torch.inference_mode():
        output = network(torch.rand(1, 1, 8, 8))
    assert output.dtype == seen.pop("head") == torch.float32
    assert set(seen.values()) == {torch.bfloat16}


def test_gradients_reach_every_parameter():
    torch.manual_seed(0)
    network = NucleusUNet(2, 4, 3)
    network(torch.rand(2, 2, 17, 22)).square().mean().backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []
    assert all(parameter.grad.any() for parameter in network.parameters() if parameter.ndim == 4)

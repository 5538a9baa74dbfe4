"""The density U-Net, layer by layer as in the paper, and how far it sees."""

import itertools

import pytest
import torch
from torch import nn

from cytally.networks.density_unet import ConvolutionBlock, DensityUNet, doubled


def test_it_has_the_papers_number_of_parameters():
    assert sum(parameter.numel() for parameter in DensityUNet().parameters()) == 2_143_329


def test_each_block_convolves_then_activates_then_normalises():
    blocks = [module for module in DensityUNet().modules() if isinstance(module, ConvolutionBlock)]
    assert len(blocks) == 3 * 2 + 2 + 3 * 3
    for convolution, activation, normalisation in blocks:
        assert isinstance(convolution, nn.Conv2d)
        assert convolution.kernel_size == (3, 3)
        assert convolution.padding == (1, 1)
        assert isinstance(activation, nn.LeakyReLU)
        assert activation.negative_slope == 0.2
        assert isinstance(normalisation, nn.BatchNorm2d)
        assert normalisation.num_features == convolution.out_channels


def test_filters_and_strides_are_the_papers():
    """Inputs, outputs, stride and resulting size of every convolution, in the order in which they run."""
    network, seen = DensityUNet(), []

    def note(module, inputs, output):
        seen.append((module.in_channels, module.out_channels, module.stride[0], output.shape[-1]))

    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(note)
    network.eval()(torch.zeros(1, 1, 16, 16))
    down = [(1, 32, 1, 16), (32, 32, 2, 8), (32, 64, 1, 8), (64, 64, 2, 4), (64, 128, 1, 4), (128, 128, 2, 2)]
    bottom = [(128, 256, 1, 2), (256, 256, 1, 2)]
    up = [
        *[(256, 128, 1, 4), (256, 128, 1, 4), (128, 128, 1, 4)],
        *[(128, 64, 1, 8), (128, 64, 1, 8), (64, 64, 1, 8)],
        *[(64, 32, 1, 16), (64, 32, 1, 16), (32, 32, 1, 16)],
    ]
    assert seen == [*down, *bottom, *up, (32, 1, 1, 16)]
    assert network.head.kernel_size == (1, 1)


@pytest.mark.parametrize("shape", [(1, 1), (7, 9), (16, 24), (33, 50)], ids=str)
@pytest.mark.parametrize("normalisation", ["batch", "group", "layer", "none"])
@pytest.mark.parametrize("lean", [{}, {"stem_stride": 2}, {"separable": True}], ids=str)
def test_every_size_comes_back_as_it_went_in(shape, normalisation, lean):
    network = DensityUNet(2, (4, 4, 4), normalisation, **lean).eval()
    assert network(torch.rand(2, 2, *shape)).shape == (2, 1, *shape)


def test_sizes_are_filled_up_by_repeating_the_last_pixels():
    network = DensityUNet(1, (4, 4, 4), "none")
    picture = torch.rand(1, 1, 8, 12)
    cut = picture[..., :6, :9].clone()
    picture[..., 6:, :] = picture[..., 5:6, :]
    picture[..., 9:] = picture[..., 8:9]
    assert torch.equal(network(cut), network(picture)[..., :6, :9])


@pytest.mark.parametrize("separable", [False, True])
@pytest.mark.parametrize("stem_stride", [1, 2])
@pytest.mark.parametrize("channels", [(2, 2), (2, 2, 2), (2, 2, 2, 2)], ids=len)
def test_no_pixel_beyond_the_halo_reaches_an_output_pixel(channels, stem_stride, separable):
    network = DensityUNet(1, channels, "none", stem_stride=stem_stride, separable=separable).double()
    assert network.halo % network.stride == 0
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.1)  # all positive: nothing cancels, what can reach does
    middle, furthest = network.halo + 2 * network.stride, 0
    size = 2 * middle + network.stride
    # rows and columns do not mix, so every phase along the diagonal is every phase
    for place in range(middle, middle + network.stride):
        picture = torch.rand(1, 1, size, size, dtype=torch.float64, requires_grad=True)
        network(picture)[0, 0, place, place].backward()
        for axis in (0, 1):
            reached = picture.grad[0, 0].abs().sum(dim=axis).nonzero()
            furthest = max(furthest, place - int(reached.min()), int(reached.max()) - place)
    assert furthest <= network.halo
    assert furthest > network.halo - 2 * network.stride, "the halo is wastefully wide"


def test_the_last_convolution_runs_in_32_bits_under_autocast():
    network, seen = DensityUNet(1, (4, 4)).eval(), {}
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda module, inputs, output, name=name: seen.update({name: output.dtype}))
    with torch.autocast("cpu", torch.bfloat16), torch.inference_mode():
        output = network(torch.rand(1, 1, 8, 8))
    assert output.dtype == seen.pop("head") == torch.float32
    assert set(seen.values()) == {torch.bfloat16}


def test_gradients_reach_every_parameter():
    network = DensityUNet(1, (4, 4, 4))
    network(torch.rand(2, 1, 17, 22)).square().mean().backward()
    missing = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert missing == []
    weights = [parameter for parameter in network.parameters() if parameter.ndim == 4]
    assert all(parameter.grad.any() for parameter in weights)


def test_widths_may_be_any():
    for channels, inputs in itertools.product([(3, 5), (4, 12, 6)], [1, 3]):
        for normalisation in ("batch", "group", "layer", "none"):
            network = DensityUNet(inputs, channels, normalisation).eval()
            assert network(torch.rand(1, inputs, 8, 8)).isfinite().all()


def test_deep_supervision_adds_coarser_maps_in_training_alone():
    torch.manual_seed(0)
    network = DensityUNet(1, (4, 8, 8, 16), deep_supervision=True)
    assert network.side_blocks == [4, 2]
    x = torch.rand(2, 1, 13, 18)
    output = network.train()(x)
    assert output.shape == (2, 3, 13, 18)
    for channel, block in ((1, 4), (2, 2)):
        blocks = output[..., :12, :16][:, channel].unfold(1, block, block).unfold(2, block, block).flatten(3)
        assert torch.equal(blocks.amin(-1), blocks.amax(-1))
        assert len(blocks.unique()) > 2
    output.sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert network.eval()(x).shape == (2, 1, 13, 18)


def test_without_it_there_is_one_map_and_no_parameter_more():
    assert DensityUNet(1, (4, 8)).train()(torch.rand(1, 1, 8, 8)).shape == (1, 1, 8, 8)
    plain, deep = (sum(p.numel() for p in DensityUNet(deep_supervision=on).parameters()) for on in (False, True))
    assert deep - plain == 128 + 64 + 2  # a 1×1 convolution with its bias each


def test_behind_a_stem_of_stride_two_all_runs_at_half_the_size():
    network, sizes = DensityUNet(1, (4, 8), stem_stride=2).eval(), []
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda module, inputs, output: sizes.append(output.shape[-1]))
    network(torch.zeros(1, 1, 16, 16))
    assert sizes == [8, 8, 4, 4, 4, 8, 8, 8, 8]
    assert network.stride == 4


def test_the_map_made_at_half_the_size_comes_back_with_its_sum():
    torch.manual_seed(0)
    network, made = DensityUNet(1, (4, 8), stem_stride=2).eval(), []
    network.head.register_forward_hook(lambda module, inputs, output: made.append(output))
    full = network(torch.rand(1, 1, 24, 40))
    assert made[0].shape[-2:] == (12, 20)
    assert full.sum().item() == pytest.approx(4 * made[0].sum().item(), rel=1e-5)


def test_a_separable_convolution_is_one_per_channel_and_one_over_them():
    block = ConvolutionBlock(3, 5, stride=2, normalisation="none", separable=True)
    alone, over, *_ = block
    assert (alone.groups, alone.kernel_size, alone.stride, over.kernel_size) == (3, (3, 3), (2, 2), (1, 1))
    x = torch.rand(1, 3, 8, 8)
    whole = nn.Conv2d(3, 5, 3, 2, 1)  # the 3×3 over all channels that the two make together
    whole.weight.data = over.weight.data * alone.weight.data[:, 0]
    whole.bias.data = over.bias.data
    assert torch.allclose(over(alone(x)), whole(x), atol=1e-6)


@pytest.mark.parametrize(("lean", "parameters"), [({"separable": True}, 259_201), ({"stem_stride": 2}, 2_152_641)])
def test_what_the_lean_variants_weigh(lean, parameters):
    assert sum(parameter.numel() for parameter in DensityUNet(**lean).parameters()) == parameters


def test_deep_supervision_behind_a_stem_spans_twice_the_blocks():
    network = DensityUNet(1, (4, 8, 8, 16), deep_supervision=True, stem_stride=2)
    assert network.side_blocks == [8, 4]
    assert network.train()(torch.rand(2, 1, 13, 18)).shape == (2, 3, 13, 18)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (4, 3)], ids=str)
def test_doubling_is_bilinear_interpolation(shape):
    maps = torch.rand(2, 1, *shape)
    wanted = nn.functional.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)
    assert torch.allclose(doubled(maps), wanted, atol=1e-6)

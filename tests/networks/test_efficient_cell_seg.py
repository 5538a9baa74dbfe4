"""EfficientCellSeg's network: the paper's numbers of weights, its shapes, and where published weights go."""

import pytest
import torch
from monai.networks.nets.efficientnet import EfficientNetBN
from torch.nn import functional

from cytally.networks.efficient_cell_seg import STRIDE, CutEfficientNet, EfficientCellSeg, MaskAndCentres


def weights(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return EfficientCellSeg(side=None).eval()


@pytest.mark.parametrize(
    ("decoder", "number"),
    [((64, 48, 32, 16), 1_063_553), ((112, 80, 48, 16), 1_962_689), ((512, 256, 128, 64), 11_933_057)],
    ids=str,
)
def test_the_papers_numbers_of_weights(decoder, number):
    network = EfficientCellSeg(decoder)
    assert weights(network.encoder) == 5_565_880
    assert weights(network) == 5_565_880 + number


def test_with_statistics_it_has_the_papers_6_7_million():
    network = EfficientCellSeg()
    statistics = sum(value.numel() for name, value in network.named_buffers() if "running" in name)
    normalisation = 7  # mean and variance of three colours, and the number of pictures they were taken from
    assert weights(network) + statistics + normalisation == 6_697_824


def test_what_skips_ahead(network):
    with torch.no_grad():
        seen = network.encoder(torch.zeros(1, 3, 384, 384))
    assert [tuple(each.shape[1:]) for each in seen] == [(48, 192, 192), (240, 96, 96), (384, 48, 48), (1056, 24, 24)]


def test_the_encoder_is_the_published_network_cut_off():
    """MONAI's own, with its paddings of even sizes replaced by hand, gives the same at the cut."""
    torch.manual_seed(1)
    whole = EfficientNetBN("efficientnet-b0", pretrained=False, in_channels=3, num_classes=1)
    ours = CutEfficientNet("b0")
    missing, _ = ours.load_state_dict(whole.state_dict(), strict=False)
    assert not missing
    x = torch.rand(2, 3, 64, 64)  # in training mode: without statistics nothing reaches the end
    with torch.no_grad():
        torch.manual_seed(2)  # blocks are left out by chance
        found = ours(x)
        torch.manual_seed(2)
        y = functional.silu(whole._bn0(whole._conv_stem(functional.pad(x, (0, 1, 0, 1)))))
        for stage in whole._blocks[:5]:
            for block in stage:
                kernel, stride = block._depthwise_conv.kernel_size[0], block._depthwise_conv.stride[0]
                if stride == 2:
                    before = (kernel - 2) // 2
                    sides = (before, kernel - 2 - before) * 2
                    block._depthwise_conv_padding = torch.nn.ConstantPad2d(sides, 0.0)
                y = block(y)
        last = whole._blocks[5][0]
        expected = functional.silu(last._bn0(last._expand_conv(y)))
    assert torch.allclose(found[-1], expected, atol=1e-5)
    assert found[-1].abs().max() > 0.01


@pytest.mark.parametrize("shape", [(33, 50), (17, 20), (64, 96), (8, 8)], ids=str)
def test_any_size_goes_in_and_comes_out(network, shape):
    with torch.no_grad():
        maps = network(torch.rand(2, 3, *shape))
    assert maps.shape == (2, 1, *shape)
    assert maps.dtype == torch.float32
    assert maps.min() >= 0 and maps.max() <= 1


def test_pictures_are_resized_where_the_network_has_a_side():
    torch.manual_seed(0)
    fixed = EfficientCellSeg(side=64, encoder="b0").eval()
    free = EfficientCellSeg(side=None, encoder="b0").eval()
    free.load_state_dict(fixed.state_dict())
    picture = torch.rand(1, 3, 100, 70)
    with torch.no_grad():
        small = functional.interpolate(picture, (64, 64), mode="bilinear", align_corners=False)
        expected = functional.interpolate(free(small), (100, 70), mode="bilinear", align_corners=False)
        assert torch.allclose(fixed(picture), expected, atol=1e-6)


def test_a_lone_slice_is_three_copies(network):
    slice_ = torch.rand(1, 1, 32, 32)
    with torch.no_grad():
        assert torch.equal(network(slice_), network(slice_.repeat(1, 3, 1, 1)))


def test_the_range_is_explicit():
    """Pictures from 0 to 1 reach the encoder as ImageNet's weights know them: mean 0 and deviation 1 per colour."""
    network, seen = EfficientCellSeg(side=None, encoder="b0").eval(), []
    network.encoder.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        network(torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1).expand(1, 3, 32, 32))
        network(torch.ones(1, 3, 32, 32))
    assert torch.allclose(seen[0], torch.zeros(()), atol=1e-6)
    assert seen[1][0, :, 0, 0].tolist() == pytest.approx([2.2489, 2.4286, 2.6400], abs=1e-3)


def test_sixteen_bits_keep_the_last_step_in_thirty_two(network):
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert network(torch.rand(1, 3, 32, 32)).dtype == torch.float32


def test_two_networks_beside_each_other(network):
    torch.manual_seed(5)
    other = EfficientCellSeg(side=None, encoder="b0").eval()
    picture = torch.rand(1, 3, 32, 48)
    with torch.no_grad():
        both = MaskAndCentres(network, other)(picture)
        assert torch.equal(both, torch.cat([network(picture), other(picture)], dim=1))


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match="four levels, and 3"):
        EfficientCellSeg((64, 48, 32))
    with pytest.raises(ValueError, match=f"100 pixels is no multiple of {STRIDE}"):
        EfficientCellSeg(side=100)

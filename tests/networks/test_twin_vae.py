"""The Twin-VAE's network: its size, its shapes, what is shared, and what is sampled."""

import pytest
import torch

from cytally.networks.twin_vae import LOG_VARIANCE_LIMITS, DrawnSide, TwinVAE

SMALL: dict = {"channels": (4, 4, 8, 8), "hidden": 16, "latent": 8}
SHARED = ("shared_encoder", "mean", "log_variance", "expand", "shared_decoder", "regressor")


@pytest.fixture
def network() -> TwinVAE:
    torch.manual_seed(0)
    return TwinVAE(**SMALL).eval()


@pytest.fixture
def pictures() -> torch.Tensor:
    return torch.rand(3, 1, 128, 128, generator=torch.Generator().manual_seed(1))


def test_the_parameters_are_those_of_the_paper_and_of_the_released_program():
    """Counted by hand, layer by layer: kernels times filters, biases, and two numbers per batch-normed filter."""

    def layers(*sizes):
        return sum(before * after * kernel**2 + after for before, after, kernel in sizes)

    encoder = layers((1, 32, 5), (32, 64, 5), (64, 128, 5), (128, 256, 5))
    decoder = layers((256, 128, 5), (128, 64, 5), (64, 32, 5), (32, 32, 2), (32, 1, 6)) + 2 * (128 + 64 + 32 + 32)
    core = layers((256, 512, 5), (512, 256, 1), (512, 256, 1), (256, 512, 1), (512, 256, 5)) + 2 * 256
    regressor = layers((256, 256, 1), (256, 128, 1), (128, 1, 1))
    wide = layers((256 * 25, 256, 1), (256, 128, 1), (128, 1, 1))

    def parameters(network):
        return sum(parameter.numel() for parameter in network.parameters())

    assert parameters(TwinVAE()) == 2 * (encoder + decoder) + core + regressor == 11_363_331
    assert parameters(TwinVAE(regressor="decoder")) == 2 * (encoder + decoder) + core + wide == 12_936_195


def test_sizes_on_the_way_are_the_papers():
    """128 → 62 → 29 → 13 → 5 → 1, and 1 → 5 → 13 → 29 → 61 → 62 → 128."""
    network = TwinVAE(**SMALL).eval()
    sizes = []
    for part in (network.natural_encoder, network.shared_encoder, network.shared_decoder, network.natural_decoder):
        for layer in part:
            if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
                layer.register_forward_hook(lambda _, __, output: sizes.append(output.shape[-1]))
    network.learn(torch.zeros(1, 1, 128, 128))
    assert sizes == [62, 29, 13, 5, 1, 5, 13, 29, 61, 62, 128]


def test_encoders_start_orthogonal():
    for encoder in (TwinVAE().natural_encoder, TwinVAE().drawn_encoder):
        for layer in encoder:
            if isinstance(layer, torch.nn.Conv2d):
                rows = layer.weight.detach().flatten(1)
                short = rows if rows.shape[0] <= rows.shape[1] else rows.T
                assert torch.allclose(short @ short.T, torch.eye(len(short)), atol=1e-4)


@pytest.mark.parametrize("reads", ["latent", "decoder"])
def test_what_each_kind_of_picture_trains(pictures, reads):
    """Drawn pictures leave what is natural alone, and the other way round; both train what is shared."""
    for drawn, own, other in ((True, "drawn", "natural"), (False, "natural", "drawn")):
        network = TwinVAE(**SMALL, regressor=reads)
        output = network.learn(pictures, drawn)
        (output.pictures.mean() + output.counts.mean() + output.mean.mean() + output.log_variance.mean()).backward()
        for name, parameter in network.named_parameters():
            part = name.split(".")[0]
            assert (parameter.grad is None) == part.startswith(other), name
            assert part.startswith((own, other)) or part in SHARED


def test_counting_takes_the_latent_mean_and_no_chance(network, pictures):
    assert torch.equal(network(pictures), network(pictures))
    mean, _ = network.encode(pictures)
    assert torch.allclose(network(pictures), network.regressor(mean))
    assert torch.equal(DrawnSide(network)(pictures), network.count(pictures, drawn=True))


def test_learning_samples_around_the_mean(network, pictures):
    first, second = network.learn(pictures), network.learn(pictures)
    assert torch.equal(first.mean, second.mean)
    assert not torch.equal(first.counts, second.counts)
    torch.manual_seed(5)
    seeded = network.learn(pictures).counts
    torch.manual_seed(5)
    undecoded = network.learn(pictures, decode=False)
    assert torch.equal(undecoded.counts, seeded) and undecoded.pictures is None


def test_pictures_are_decoded_as_either_kind(network, pictures):
    mean, _ = network.encode(pictures)
    natural, drawn = network.decode(mean), network.decode(mean, drawn=True)
    assert natural.shape == drawn.shape == (3, 1, 128, 128)
    assert natural.min() >= 0 and natural.max() <= 1
    assert not torch.allclose(natural, drawn)


def test_the_log_variance_is_clamped(network, pictures):
    with torch.no_grad():
        network.log_variance[0].bias.fill_(1e6)
    assert network.encode(pictures)[1].max() == LOG_VARIANCE_LIMITS[1]
    assert torch.isfinite(network.learn(pictures).counts).all()


def test_pictures_of_another_size_are_refused_with_both_shapes(network):
    with pytest.raises(ValueError, match=r"shape \(1, 1, 64, 64\) do not fit: the network takes \(N, 1, 128, 128\)"):
        network(torch.zeros(1, 1, 64, 64))

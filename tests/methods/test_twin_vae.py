"""The Twin-VAE as a method: the suite, the terms of its loss, and what its defaults are."""

import math
from typing import ClassVar

import numpy as np
import pytest
import torch
from picture_suite import PictureSuite

from cytally.methods.picture_method import Moment, Pictures
from cytally.methods.twin_vae import TwinVAEConfig, TwinVAEMethod
from cytally.networks.twin_vae import DrawnSide
from cytally.training.configuration import make_configuration

SMALL: dict = {"channels": [8, 8, 8, 16], "hidden": 32, "latent": 16, "dropout": 0.0, "regressor_latest": 0.0}
TINY: dict = {**SMALL, "channels": [8, 8, 16, 16], "hidden": 64, "reconstruction_weight": 1}
BRIEF: dict = {"steps": 150, "batch_size": 8, "learning_rate": 5e-3, "weight_decay": 0.0}


class TestTwinVAEReadingTheLatentVector(PictureSuite):
    method = "twin-vae"
    options: ClassVar = TINY
    training: ClassVar = BRIEF
    learnt = 2.5  # seconds of training from eight images: far from the mean of 7, and no more is asked


class TestTwinVAEReadingTheDecoder(PictureSuite):
    method = "twin-vae"
    options: ClassVar = {**TINY, "regressor": "decoder", "reconstruction": "bce"}
    training: ClassVar = {**BRIEF, "learning_rate": 1e-2}
    learnt = 2.5


@pytest.fixture
def pictures() -> Pictures:
    images = torch.rand(3, 1, 128, 128, generator=torch.Generator().manual_seed(0))
    return Pictures(images, torch.tensor([2.0, 0.0, 0.0]), torch.tensor([True, False, True]), False)


LATER = Moment(200, 0.0)


def parts(pictures: Pictures, moment: Moment = LATER, **options) -> tuple[float, torch.nn.Module]:
    """The loss and the network that had it."""
    method = TwinVAEMethod(TwinVAEConfig(**{**SMALL, "regressor_latest": 1.0, **options}), 1)
    torch.manual_seed(0)
    network = method.network().eval()
    torch.manual_seed(1)
    with torch.no_grad():
        return float(method.loss(network, pictures, moment)), network


def test_the_loss_is_the_papers_sum(pictures):
    """A slow reference: each term from its definition, over every element."""
    loss, network = parts(pictures)
    torch.manual_seed(1)
    with torch.no_grad():
        output = network.learn(pictures.images)
    shown, wanted = output.pictures.double().numpy(), pictures.images.double().numpy()
    reconstruction = sum((a - b) ** 2 for a, b in zip(shown.ravel(), wanted.ravel(), strict=True)) / shown.size
    labelled = [0, 2]
    regression = sum((float(output.counts[i, 0]) - float(pictures.counts[i])) ** 2 for i in labelled) / len(labelled)
    pairs = zip(output.mean.ravel().tolist(), output.log_variance.ravel().tolist(), strict=True)
    divergence = sum(-0.5 * (1 + v - m**2 - math.exp(v)) for m, v in pairs) / (3 * 128**2)
    assert loss == pytest.approx(100 * reconstruction + 3 * regression + 2 * divergence, rel=1e-4)


def test_the_regressor_starts_late(pictures):
    other = pictures._replace(counts=pictures.counts + 50)
    for moment, learns in ((Moment(99, 0.0), False), (Moment(100, 0.0), True)):
        assert (parts(pictures, moment)[0] != parts(other, moment)[0]) is learns
    early = Moment(0, 0.25)
    assert parts(pictures, early)[0] == parts(other, early)[0]
    assert parts(pictures, early, regressor_latest=0.2)[0] != parts(other, early, regressor_latest=0.2)[0]


def test_reconstruction_takes_turns_and_makes_up_for_it(pictures):
    """Of three batches of a kind one is reconstructed, with three times the weight."""
    only = {"count_weight": 0, "divergence_weight": 0}
    always = parts(pictures, **only)[0]
    seldom = [parts(pictures._replace(number=number), reconstruction_every=3, **only)[0] for number in range(6)]
    assert seldom == pytest.approx([3 * always, 0, 0, 3 * always, 0, 0])


def test_drawn_pictures_are_counted_by_the_natural_encoder_too(pictures):
    drawn = pictures._replace(drawn=True)
    only = {"reconstruction_weight": 0, "divergence_weight": 0}
    alone, network = parts(drawn, **only)
    crossed, _ = parts(drawn, cross_weight=2, **only)
    torch.manual_seed(1)
    with torch.no_grad():
        network.learn(drawn.images, drawn=True)
        seen = network.learn(drawn.images, drawn=False, decode=False).counts
    squares = [(float(seen[i, 0]) - float(drawn.counts[i])) ** 2 for i in (0, 2)]
    assert crossed - alone == pytest.approx(3 * 2 * sum(squares) / 2, rel=1e-4)
    assert parts(pictures, cross_weight=2, **only)[0] == parts(pictures, **only)[0], "natural pictures do not cross"


def test_the_weight_of_the_reconstruction_decays_per_epoch(pictures):
    """After 10,000 epochs of 3e-5, 74 % of it are left."""
    only = {"count_weight": 0, "divergence_weight": 0, "reconstruction_decay": 3e-5}
    first, last = (parts(pictures, Moment(epoch, 0.0), **only)[0] for epoch in (0, 10_000))
    assert last / first == pytest.approx((1 - 3e-5) ** 10_000, rel=1e-5) == pytest.approx(0.7408, abs=1e-3)


def test_binary_cross_entropy_of_a_grey_picture():
    """An untrained decoder ends near 0.5: its cross entropy with any picture is near ln 2."""
    grey = Pictures(torch.full((2, 1, 128, 128), 0.3), torch.zeros(2), torch.zeros(2, dtype=torch.bool), False)
    loss, _ = parts(grey, count_weight=0, divergence_weight=0, reconstruction="bce", reconstruction_weight=1)
    assert loss == pytest.approx(math.log(2), abs=0.05)


def test_pictures_brighter_than_white_do_not_break_the_cross_entropy():
    bright = Pictures(torch.full((2, 1, 128, 128), 1.7), torch.zeros(2), torch.zeros(2, dtype=torch.bool), False)
    assert math.isfinite(parts(bright, reconstruction="bce")[0])


def test_drawn_pictures_are_counted_by_the_drawn_side():
    method = TwinVAEMethod(TwinVAEConfig(**SMALL), 1)
    network = method.network().eval()
    images = torch.rand(2, 1, 128, 128)
    assert method.side_of(network, drawn=False) is network
    side = method.side_of(network, drawn=True)
    assert isinstance(side, DrawnSide)
    assert torch.equal(side(images), network.count(images, drawn=True))
    assert not torch.equal(side(images), network(images))


def test_what_is_not_said_is_the_papers():
    configuration = make_configuration({"method": "twin-vae"})
    training, augmentation = configuration.training, configuration.augmentation
    assert (training.batch_size, training.learning_rate, training.weight_decay) == (128, 1.3e-4, 1e-5)
    assert training.optimiser == "adam" and training.keep_most_accurate
    assert augmentation.rotation == 5 and augmentation.turns and augmentation.flips
    assert np.allclose(augmentation.scale, 128 / 115)
    assert (configuration.drawn.preset, configuration.drawn.ratio) == ("cho-phase-contrast", 1)
    options = configuration.options
    assert (options.reconstruction_weight, options.count_weight, options.divergence_weight) == (100, 3, 2)
    assert options.regressor_delay == 100


def within(name: str, parts) -> bool:
    """Slow and obvious: one of the parts is the name's own beginning, word by word."""
    words = name.split(".")
    return any(words[: len(part.split("."))] == part.split(".") for part in parts)


@pytest.mark.parametrize("regressor", ["latent", "decoder"])
@pytest.mark.parametrize("channels", [(2, 2, 2, 2), (3, 5, 4, 7)])
def test_core_and_outer_parts_together_are_the_whole_network_and_so_are_the_stages(channels, regressor):
    method = TwinVAEMethod(TwinVAEConfig(channels=channels, hidden=4, latent=3, regressor=regressor), 2)
    network = method.network()
    divided, names = method.parts(network), list(network.state_dict())
    assert all(within(name, divided.core) != within(name, divided.outer) for name in names)
    modules = dict(network.named_modules())
    assert {*divided.core, *divided.outer} == set(dict(network.named_children()))
    staged = [part for _, parts in divided.stages for part in parts]
    assert all(part in modules for part in staged) and all(within(name, staged) for name in names)
    *early, (last, rest) = divided.stages
    assert last == "rest" and all(within(name, rest) for name in names)
    assert not all(within(name, [part for _, parts in early for part in parts]) for name in names)


def test_the_stages_thaw_whole_layers_of_both_kinds():
    """Those of the released program: of an encoder the second layer, then the third, then the fourth."""
    network = TwinVAEMethod(TwinVAEConfig(**SMALL), 1).network()
    stages = dict(TwinVAEMethod(TwinVAEConfig(**SMALL), 1).parts(network).stages)
    modules = dict(network.named_modules())
    for stage, number in (("regressor", 1), ("shared", 2), ("inner", 3)):
        convolutions = [name for name, each in modules.items() if isinstance(each, torch.nn.Conv2d)]
        for kind in ("natural_encoder", "drawn_encoder"):
            layers = [name for name in convolutions if name.startswith(kind)]
            assert [name for name in layers if name in stages[stage]] == [layers[number]]
    for names in stages.values():
        assert {name.replace("natural", "drawn") for name in names} == {
            name.replace("drawn", "natural").replace("natural", "drawn") for name in names
        }


def test_without_the_decoder_nothing_is_decoded_and_counts_are_the_same(pictures, monkeypatch):
    calls = []
    forward = torch.nn.Sequential.forward

    def noting(self, *given):
        calls.append(self)
        return forward(self, *given)

    monkeypatch.setattr(torch.nn.Sequential, "forward", noting)
    for options, decodes in (({}, True), ({"decoder": False}, False), ({"reconstruction_weight": 0.0}, False)):
        method = TwinVAEMethod(TwinVAEConfig(**SMALL, **options), 1)
        assert method.config.decodes is decodes
        torch.manual_seed(0)
        network = method.network()
        calls.clear()
        loss = method.loss(network, pictures, LATER)
        loss.backward()
        decoders = (network.natural_decoder, network.shared_decoder, network.expand)
        assert [any(each is called for called in calls) for each in decoders] == [decodes] * 3
        assert (network.natural_decoder[0].weight.grad is not None) is decodes
        assert network.natural_encoder[0].weight.grad.abs().max() > 0
    counts = []
    for options in ({}, {"decoder": False}):
        method = TwinVAEMethod(TwinVAEConfig(**SMALL, **options), 1)
        torch.manual_seed(0)
        counts.append(method.network().eval()(pictures.images))
    assert torch.equal(*counts)


def test_without_the_decoder_the_loss_lacks_its_reconstruction_alone(pictures):
    whole, off = parts(pictures)[0], parts(pictures, decoder=False)[0]
    alone = parts(pictures, count_weight=0, divergence_weight=0)[0]
    assert off == pytest.approx(whole - alone, rel=1e-4) and alone > 0
    assert off == parts(pictures, reconstruction_weight=0)[0]


def test_a_regressor_that_reads_the_shared_decoder_still_passes_through_it(pictures):
    """What is left out is the own decoders' work; what the count is read from stays."""
    method = TwinVAEMethod(TwinVAEConfig(**SMALL, regressor="decoder", decoder=False), 1)
    torch.manual_seed(0)
    network = method.network()
    method.loss(network, pictures, LATER).backward()
    assert network.shared_decoder[1].weight.grad.abs().max() > 0
    assert all(each.grad is None for each in network.natural_decoder.parameters())

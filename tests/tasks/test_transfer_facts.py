"""What is found out before the first step: how the model counts as it came, and the time that the decoder takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cytally.inference.config import CountingConfig
from cytally.inference.predict import predict
from cytally.inference.torch_backend import TorchBackend
from cytally.methods.twin_vae import TwinVAEConfig
from cytally.tasks import transfer_facts as tested
from cytally.tasks.transfer_facts import decoder_seconds, decoding, transfer_facts
from cytally.training.configuration import make_configuration
from cytally.training.data import TrainingData
from cytally.training.loop import Trainer

TWIN = {"channels": [2, 2, 2, 2], "hidden": 4, "latent": 4}


def trainer(draw, method="twin-vae", options=None, transfer=None, **training) -> Trainer:
    usual = TWIN if method == "twin-vae" else {"sigma": 2.0, "channels": [2, 2, 4]}
    configuration = make_configuration(
        {
            "method": method,
            "options": {**usual, **(options or {})},
            "training": {"batch_size": 2, "crop": 16, "steps": 4, **training},
            "transfer": transfer or {},
        }
    )
    shape = (128, 128) if method == "twin-vae" else (32, 32)
    natural = [draw(count, shape=shape) for count in (1, 3)]
    drawn = [replace(each, drawn=True) for each in natural] if method == "twin-vae" else []
    torch.manual_seed(3)
    return Trainer(
        configuration.build(1),
        TrainingData(natural + drawn, natural),
        configuration.training,
        configuration.augmentation,
        counting=CountingConfig(precision="float32"),
        transfer=configuration.transfer,
    )


@pytest.mark.parametrize("method", ["twin-vae", "density"])
def test_the_error_as_it_came_is_that_of_the_network_before_its_first_step(draw, method):
    """A slow reference: each validation image counted by itself."""
    run = trainer(draw, method)
    facts = transfer_facts(run)
    backend = TorchBackend(run.network, torch.device("cpu"), "float32")
    counts = [predict(run.method, backend, run.network, each.image).count for each in run.data.validation]
    errors = [abs(found - each.count) for found, each in zip(counts, run.data.validation, strict=True)]
    assert facts["before"]["mae"] == pytest.approx(np.mean(errors), rel=1e-4)
    assert facts["before"]["n"] == 2
    assert facts["frozen"] == [] and facts["stages"] == [] and "step_seconds" not in facts


def test_frozen_parts_and_stages_are_plain_values(draw):
    facts = transfer_facts(trainer(draw, "density", transfer={"strategy": "thaw", "freeze": ["head"]}))
    assert facts["frozen"] == ["encoders.1", "downs.1", "ups.0", "decoders.0", "bottom", "head"]
    assert [(each["name"], each["at"]) for each in facts["stages"]] == [
        ("level-1", 0.25),
        ("level-2", 0.5),
        ("bottom", 0.75),
    ]
    assert facts["stages"][2]["parts"] == ["bottom"]


@pytest.mark.parametrize("strategy", ["simultaneous", "frozen-core", "frozen-outer"])
@pytest.mark.parametrize("options", [{"decoder": False}, {"reconstruction_weight": 0}], ids=str)
def test_timing_leaves_the_run_as_it_was(draw, options, strategy):
    run, plain = (trainer(draw, options=options, transfer={"strategy": strategy}) for _ in range(2))
    network = run.network
    seconds = transfer_facts(run)["step_seconds"]
    assert min(seconds.values()) > 0
    assert run.network is network and all(each.requires_grad and each.grad is None for each in network.parameters())
    assert not run.optimiser.state_dict()["state"]
    one, two = run.run().state_dict(), plain.run().state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_steps_are_timed_frozen_as_the_run_begins(draw, monkeypatch):
    seen = []
    loss_of = tested.batch_loss

    def noting(method, network, *others):
        parts = {name.partition(".")[0] for name, each in network.named_parameters() if each.requires_grad}
        seen.append((method.config.decodes, "mean" in parts, network.mean.training, network.natural_encoder.training))
        return loss_of(method, network, *others)

    monkeypatch.setattr(tested, "batch_loss", noting)
    decoder_seconds(trainer(draw, options={"decoder": False}, transfer={"strategy": "frozen-core"}))
    assert seen == [(False, False, False, True), (True, False, False, True)] * (1 + tested.REPEATS)


@pytest.mark.parametrize(("every", "usual"), [(1, 3.0), (4, 1.5)])
def test_a_decoder_that_takes_turns_takes_its_share(draw, monkeypatch, every, usual):
    """By a clock of our own: a batch takes 1 s, and 3 s where it is decoded; in one of four that is 1.5 s."""
    now = [0.0]
    loss_of = tested.batch_loss

    def slow(method, *others):
        now[0] += 3.0 if method.config.decodes else 1.0
        return loss_of(method, *others)

    monkeypatch.setattr(tested, "batch_loss", slow)
    monkeypatch.setattr(tested.time, "perf_counter", lambda: now[0])
    run = trainer(draw, options={"decoder": False, "reconstruction_every": every})
    assert decoder_seconds(run) == {"without_decoder": 1.0, "with_decoder": usual}


def test_decoding_is_the_same_with_the_decoder():
    off = TwinVAEConfig(decoder=False, reconstruction_every=4, reconstruction_weight=7, latent=9)
    assert decoding(off) == TwinVAEConfig(reconstruction_weight=7, latent=9)
    assert decoding(TwinVAEConfig(reconstruction_weight=0)) == TwinVAEConfig()

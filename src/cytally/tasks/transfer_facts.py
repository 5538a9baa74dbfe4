"""What is found out when a trained model is carried over: how it counts as it is, what is frozen, the time saved."""

from __future__ import annotations

import copy
import statistics
import time
from typing import Any

from cytally.methods.method import Method
from cytally.methods.picture_method import Moment
from cytally.methods.twin_vae import TwinVAEConfig, TwinVAEMethod
from cytally.training.freezing import Freezing
from cytally.training.learning import Batch, batch_loss, descend, epoch_of, make_optimiser
from cytally.training.loop import Trainer
from cytally.training.validation import validate

REPEATS = 5
"""Steps that are timed with and without the decoder, after one of each that is not."""


def transfer_facts(trainer: Trainer) -> dict[str, Any]:
    """What model.json remembers of how a model was carried over.

    Parameters
    ----------
    trainer
        Before its first step, with the weights to begin with.

    Returns
    -------
    dict
        `before` (counting metrics on the validation images of the model as it came), `frozen` (parts), `stages` (name,
        parts and share of the run at which they thaw), and where nothing is decoded `step_seconds` with and without
        the decoder.
    """
    plan = trainer.freezing.plan
    precision = trainer.counting.precision
    facts: dict[str, Any] = {
        "before": validate(trainer.method, trainer.network, trainer.data.validation, trainer.device, precision),
        "frozen": list(plan.frozen),
        "stages": [stage._asdict() | {"parts": list(stage.parts)} for stage in plan.stages],
    }
    if isinstance(trainer.method, TwinVAEMethod) and not trainer.method.config.decodes:
        facts["step_seconds"] = decoder_seconds(trainer)
    return facts


def decoder_seconds(trainer: Trainer) -> dict[str, float]:
    """Median seconds of a training step without and with the decoder, on batches of this run, in turn.

    The trainer is not changed: a copy of its network is trained, frozen as the run begins. With the decoder it decodes
    every so-many-th batch, as `options.reconstruction_every` says.
    """
    method = trainer.method
    assert isinstance(method, TwinVAEMethod)
    ways = {"without": method, "with": type(method)(decoding(method.config), method.in_channels)}
    network = copy.deepcopy(trainer.network)
    Freezing(network, trainer.freezing.plan).train(0)
    optimiser = make_optimiser(network, trainer.config)
    assert optimiser is not None

    def step(variant: Method, batch: Batch) -> float:
        started = time.perf_counter()
        loss = batch_loss(variant, network, batch, trainer.device, trainer.dtype, Moment(0, 1.0))
        descend(network, optimiser, loss, 1.0)  # clipped, so that the copy's weights stay numbers
        loss.item()  # an accelerator is waited for
        return time.perf_counter() - started

    batches = [batch for _, batch in zip(range(REPEATS + 1), epoch_of(trainer.batches, 0, 0, None), strict=False)]
    turns = [batches[number % len(batches)] for number in range(REPEATS + 1)]
    seconds = [{way: step(variant, batch) for way, variant in ways.items()} for batch in turns]
    without, usual = (statistics.median(each[way] for each in seconds[1:]) for way in ("without", "with"))
    usual = without + (usual - without) / method.config.reconstruction_every
    return {"without_decoder": round(without, 6), "with_decoder": round(usual, 6)}


def decoding(config: TwinVAEConfig) -> TwinVAEConfig:
    """The same settings, but every batch is decoded; with the usual weight where that was 0."""
    usual = TwinVAEConfig.model_fields["reconstruction_weight"].default
    weight = config.reconstruction_weight or usual
    return config.model_copy(update={"decoder": True, "reconstruction_every": 1, "reconstruction_weight": weight})

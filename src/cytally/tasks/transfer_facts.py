"""What is found out when a trained model is carried over: how it counts as it is, what is frozen, the time saved."""

from __future__ import annotations

import copy
import statistics
import time
from typing import Any

from cytally.methods.picture_method import Moment
from cytally.methods.twin_vae import TwinVAEMethod
from cytally.training.learning import batch_loss, epoch_of
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

    The network is not changed: a copy of it is trained. With the decoder it decodes every so-many-th batch, as
    `options.reconstruction_every` says.
    """
    method = trainer.method
    usual: dict[str, float] = {"decoder": True, "reconstruction_every": 1}
    usual |= {} if method.config.reconstruction_weight > 0 else {"reconstruction_weight": 100.0}
    ways = {
        "without_decoder": method,
        "with_decoder": type(method)(method.config.model_copy(update=usual), method.in_channels),
    }
    own, trainer.network = trainer.network, copy.deepcopy(trainer.network)
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    try:
        trainer.network.train()
        batches = list(zip(range(REPEATS + 1), epoch_of(trainer.batches, 0, 0, None), strict=False))
        for number in range(REPEATS + 1):
            _, batch = batches[number % len(batches)]
            for way, variant in ways.items():
                started = time.perf_counter()
                loss = batch_loss(variant, trainer.network, batch, trainer.device, trainer.dtype, Moment(0, 1.0))
                loss.backward()  # type: ignore[no-untyped-call]
                trainer.network.zero_grad(set_to_none=True)
                if number:  # the first of each warms up
                    seconds[way].append(time.perf_counter() - started)
    finally:
        trainer.network = own
    without, decoding = (statistics.median(each) for each in seconds.values())
    usually = without + (decoding - without) / method.config.reconstruction_every
    return {"without_decoder": round(without, 4), "with_decoder": round(usually, 4)}

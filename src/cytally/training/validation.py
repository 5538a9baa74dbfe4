"""How good a network is on images that it does not learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from cytally.datasets.example import Example
from cytally.inference.predict import predict
from cytally.inference.torch_backend import Precision, TorchBackend
from cytally.methods.method import Method
from cytally.methods.picture_method import PictureMethod
from cytally.metrics.counting import counting_metrics


def validate(
    method: Method, network: nn.Module, examples: Sequence[Example], device: torch.device, precision: Precision
) -> dict[str, float]:
    """Count every example whole; drawn ones as drawn, where the method keeps them apart.

    Returns
    -------
    dict
        As of `cytally.metrics.counting.counting_metrics`; all of it NaN where a count is not a number.
    """
    runs: dict[bool, TorchBackend] = {}
    predicted = []
    for example in examples:
        if example.drawn not in runs:
            side = method.side_of(network, drawn=example.drawn) if isinstance(method, PictureMethod) else network
            runs[example.drawn] = TorchBackend(side, device, precision)
        predicted.append(predict(method, runs[example.drawn], network, example.image).count)
    if not np.isfinite(predicted).all():
        return {"mae": float("nan"), "bias": float("nan"), "accuracy": float("nan")}
    true = [example.count for example in examples]
    return counting_metrics(np.array(true, float), np.array(predicted, float))

"""How good a network is on images that it does not learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cytally.datasets.example import Example
from cytally.inference.predict import predict
from cytally.inference.tiles import run_network
from cytally.inference.torch_backend import Precision, TorchBackend
from cytally.inference.windows import run_in_windows
from cytally.methods.map_method import MapMethod
from cytally.methods.method import Method
from cytally.methods.picture_method import PictureMethod
from cytally.methods.volume_method import VolumeMethod
from cytally.metrics.counting import counting_metrics
from cytally.metrics.objects import ObjectCounts, object_counts


def validate(
    method: Method,
    network: nn.Module,
    examples: Sequence[Example],
    device: torch.device,
    precision: Precision,
    *,
    loss: bool = False,
) -> dict[str, float]:
    """Count every example whole; drawn ones as drawn, where the method keeps them apart.

    Parameters
    ----------
    method, network
        What counts.
    examples
        Whole images with their annotation.
    device, precision
        Where and in which number type the network runs.
    loss
        Whether the method's own loss is asked for as well, of a method that gives maps.

    Returns
    -------
    dict
        As of `cytally.metrics.counting.counting_metrics`, `loss`, the mean over the images, where asked for, and
        `f1_50`, of objects one to one, where there are some to compare; all of it NaN where a count is not a number.
    """
    runs: dict[bool, TorchBackend] = {}
    predicted, losses, objects = [], [], ObjectCounts()
    for example in examples:
        if example.drawn not in runs:
            side = method.side_of(network, drawn=example.drawn) if isinstance(method, PictureMethod) else network
            runs[example.drawn] = TorchBackend(side, device, precision)
        if isinstance(method, MapMethod):
            output = _maps(method, runs[example.drawn], network, example.image)
            losses += [_loss(method, output, example)] if loss else []
            prediction = method.read(output)
        else:
            prediction = predict(method, runs[example.drawn], network, example.image)
        predicted.append(prediction.count)
        if example.labels is not None and prediction.labels is not None:
            objects += object_counts(example.labels, prediction.labels)
    if not np.isfinite(predicted + losses).all():
        return {"mae": float("nan"), "bias": float("nan"), "accuracy": float("nan"), "loss": float("nan")}
    true = [example.count for example in examples]
    metrics = counting_metrics(np.array(true, float), np.array(predicted, float))
    if losses:
        metrics["loss"] = float(np.mean(losses))
    if objects.true:
        metrics["f1_50"] = objects.metrics()["f1_50"]
    return metrics


def _maps(method: MapMethod, run: TorchBackend, network: nn.Module, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network says of a whole image, seen as it is seen afterwards."""
    if isinstance(method, VolumeMethod):
        return run_in_windows(run, image, method.window, method.overlap)
    return run_network(run, network, image)


def _loss(method: MapMethod, output: NDArray[np.float32], example: Example) -> float:
    """The loss of a whole image's output (K, Y, X); that of its count where nothing else is known."""
    made = torch.from_numpy(output)[None]
    weights = torch.ones_like(made[:, :1])
    if example.points is None:
        return float(method.count_loss(made, torch.tensor([float(example.count)]), weights))
    return float(method.loss(made, torch.from_numpy(method.targets(example))[None], weights))

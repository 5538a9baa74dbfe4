"""What one step learns from and by: batches, loss and optimiser for each kind of method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from cytally.datasets.augment import AugmentationConfig
from cytally.methods.map_method import MapMethod
from cytally.methods.method import Method
from cytally.methods.picture_method import Moment, PictureMethod, Pictures
from cytally.training.config import TrainingConfig
from cytally.training.data import TrainingData
from cytally.training.freezing import check_parts, is_part_of
from cytally.training.map_batches import CountedBatch, MapBatch, MapBatches
from cytally.training.picture_batches import PictureBatches
from cytally.training.teacher import Teacher

Batch = MapBatch | Pictures


def make_batches(
    method: Method,
    data: TrainingData,
    config: TrainingConfig,
    augmentation: AugmentationConfig,
    seed: int,
    teacher: Teacher | None = None,
) -> MapBatches | PictureBatches:
    """What each step sees, in the form that the method learns from."""
    if isinstance(method, PictureMethod):
        return PictureBatches(method, data, config, augmentation, seed)
    assert isinstance(method, MapMethod), f"{method.name} is neither a MapMethod nor a PictureMethod"
    return MapBatches(method, data, config, augmentation, seed, teacher)


def epoch_of(
    batches: MapBatches | PictureBatches, epoch: int, first: int, alone: Literal["drawn", "natural"] | None
) -> Iterator[Batch]:
    """The batches of one epoch from the `first`; only those of one kind of pictures where it is learnt from `alone`."""
    if isinstance(batches, PictureBatches):
        return batches.epoch(epoch, first, alone)
    return batches.epoch(epoch, first)


def make_optimiser(network: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer | None:
    """Adam (Kingma & Ba 2015), RAdam (Liu et al. 2020) or SGD over all weights; None where there are none.

    Each group of weights has the `factor` by which its learning rate differs.
    """
    groups = _by_factor(network, config.learning_rates)
    if not groups:
        return None
    if config.optimiser == "sgd":
        return torch.optim.SGD(groups, config.learning_rate, config.momentum, weight_decay=config.weight_decay)
    kind = torch.optim.Adam if config.optimiser == "adam" else torch.optim.RAdam
    return kind(groups, lr=config.learning_rate, weight_decay=config.weight_decay)


def _by_factor(network: nn.Module, factors: Mapping[str, float]) -> list[dict[str, Any]]:
    """The weights in groups that share a factor of the learning rate."""
    if not any(True for _ in network.parameters()):
        return []
    check_parts(network, factors, "training.learning_rates")
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        parts = [part for part in factors if is_part_of(name, [part])]
        factor = factors[max(parts, key=len)] if parts else 1.0
        groups.setdefault(factor, []).append(parameter)
    return [{"params": parameters, "factor": factor} for factor, parameters in groups.items()]


def batch_loss(
    method: Method,
    network: nn.Module,
    batch: Batch,
    device: torch.device,
    precision: torch.dtype,
    moment: Moment,
) -> Tensor:
    """The method's loss on a batch at a `moment` of the run, with convolutions in `precision`."""
    mixed = torch.autocast(device.type, precision, enabled=precision != torch.float32)
    if isinstance(batch, Pictures):
        assert isinstance(method, PictureMethod)
        images, counts, known = (part.to(device) for part in (batch.images, batch.counts, batch.known))
        images = images.to(memory_format=torch.channels_last)
        with mixed:
            return method.loss(network, Pictures(images, counts, known, batch.drawn, batch.number), moment)
    assert isinstance(method, MapMethod)
    images, wanted, weights = (part.to(device) for part in batch)
    with mixed:
        output = network(images.to(memory_format=torch.channels_last))
    judge = method.count_loss if isinstance(batch, CountedBatch) else method.loss
    return judge(output, wanted, weights)


def descend(network: nn.Module, optimiser: torch.optim.Optimizer, loss: Tensor, clip: float | None) -> str | None:
    """One step of the optimiser down the gradient of `loss`, whose norm is at most `clip`.

    Returns
    -------
    str or None
        What is not a number, where something is not; the weights are then as they were.
    """
    if not torch.isfinite(loss):
        return "the loss"
    optimiser.zero_grad(set_to_none=True)
    if loss.requires_grad:  # else all that the batch passes through is frozen
        loss.backward()  # type: ignore[no-untyped-call]
    slopes = [each.grad for each in network.parameters() if each.grad is not None]
    if not torch.isfinite(nn.utils.get_total_norm(slopes)):
        return "the gradient"
    if clip is not None:
        nn.utils.clip_grad_norm_(network.parameters(), clip)
    optimiser.step()
    return None

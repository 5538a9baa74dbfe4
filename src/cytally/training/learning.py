"""What one step learns from and by: batches, loss and optimiser for each kind of method."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cytally.datasets.augment import AugmentationConfig
from cytally.methods.map_method import MapMethod
from cytally.methods.method import Method
from cytally.methods.picture_method import Moment, PictureMethod, Pictures
from cytally.training.config import TrainingConfig
from cytally.training.data import TrainingData
from cytally.training.map_batches import CountedBatch, MapBatch, MapBatches
from cytally.training.picture_batches import PictureBatches

Batch = MapBatch | Pictures


def make_batches(
    method: Method, data: TrainingData, config: TrainingConfig, augmentation: AugmentationConfig, seed: int
) -> MapBatches | PictureBatches:
    """What each step sees, in the form that the method learns from."""
    if isinstance(method, PictureMethod):
        return PictureBatches(method, data, config, augmentation, seed)
    assert isinstance(method, MapMethod), f"{method.name} is neither a MapMethod nor a PictureMethod"
    return MapBatches(method, data, config, augmentation, seed)


def make_optimiser(network: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer | None:
    """Adam (Kingma & Ba 2015) or RAdam (Liu et al. 2020) over all weights; None where there are none."""
    parameters = list(network.parameters())
    if not parameters:
        return None
    kind = torch.optim.Adam if config.optimiser == "adam" else torch.optim.RAdam
    return kind(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)


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

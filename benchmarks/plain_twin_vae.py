"""The published training step, written plainly from the paper's description, to be timed against ours.

Float32 in torch's usual layout, a backward pass and an optimiser step for either kind of picture in turn. Nothing is
shared with cytally.networks.twin_vae: the layers are those of Stallmann et al. 2020, figure 3 and supplement.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE, DROPOUT = 0.2, 0.1
RECONSTRUCTION, REGRESSION, DIVERGENCE = 100.0, 3.0, 2.0


class PlainEncoder(nn.Module):
    """A picture (N, 1, 128, 128) to (N, 256, 5, 5)."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 5, stride=2) for before, after in ((1, 32), (32, 64), (64, 128), (128, 256))
        )

    def forward(self, pictures: Tensor) -> Tensor:
        for convolution in self.convolutions:
            pictures = functional.leaky_relu(convolution(pictures), SLOPE)
            pictures = functional.dropout(pictures, DROPOUT, self.training)
        return pictures


class PlainDecoder(nn.Module):
    """What the shared decoder layer gives (N, 256, 5, 5) to a picture (N, 1, 128, 128)."""

    def __init__(self) -> None:
        super().__init__()
        shapes = ((256, 128, 5, 2), (128, 64, 5, 2), (64, 32, 5, 2), (32, 32, 2, 1))
        self.convolutions = nn.ModuleList(nn.ConvTranspose2d(*shape) for shape in shapes)
        self.norms = nn.ModuleList(nn.BatchNorm2d(shape[1]) for shape in shapes)
        self.last = nn.ConvTranspose2d(32, 1, 6, stride=2)

    def forward(self, features: Tensor) -> Tensor:
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            features = functional.leaky_relu(norm(convolution(features)), SLOPE)
        return torch.sigmoid(self.last(features))


class PlainTwinVAE(nn.Module):
    """Both autoencoders, counted from the sampled latent vector."""

    def __init__(self) -> None:
        super().__init__()
        self.encoders = nn.ModuleList([PlainEncoder(), PlainEncoder()])
        self.decoders = nn.ModuleList([PlainDecoder(), PlainDecoder()])
        self.down, self.up = nn.Conv2d(256, 512, 5), nn.ConvTranspose2d(512, 256, 5)
        self.norm = nn.BatchNorm2d(256)
        self.mean, self.log_variance, self.expand = nn.Linear(512, 256), nn.Linear(512, 256), nn.Linear(256, 512)
        self.regressor = nn.Sequential(
            nn.Linear(256, 256), nn.Dropout(DROPOUT), nn.Linear(256, 128), nn.Dropout(DROPOUT), nn.Linear(128, 1)
        )

    def forward(self, pictures: Tensor, kind: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Reconstruction, counts (N,), latent means and log-variances of pictures of one kind, 0 or 1."""
        seen = functional.leaky_relu(self.down(self.encoders[kind](pictures)), SLOPE)
        seen = functional.dropout(seen, DROPOUT, self.training).flatten(1)
        mean = functional.dropout(self.mean(seen), DROPOUT, self.training)
        log_variance = functional.dropout(self.log_variance(seen), DROPOUT, self.training)
        latent = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        wide = functional.dropout(self.expand(latent), DROPOUT, self.training)[:, :, None, None]
        core = functional.leaky_relu(self.norm(self.up(wide)), SLOPE)
        return self.decoders[kind](core), self.regressor(latent)[:, 0], mean, log_variance


def plain_loss(network: PlainTwinVAE, pictures: Tensor, counts: Tensor, known: Tensor, kind: int) -> Tensor:
    """The paper's loss of pictures of one kind."""
    painted, counted, mean, log_variance = network(pictures, kind)
    divergence = 0.5 * (mean**2 + torch.exp(log_variance) - log_variance - 1).sum() / pictures.numel()
    errors = (counted - counts)[known] ** 2
    regression = errors.mean() if len(errors) else errors.sum()
    painted_error = ((painted - pictures) ** 2).mean()
    return RECONSTRUCTION * painted_error + REGRESSION * regression + DIVERGENCE * divergence


def plain_step(
    network: PlainTwinVAE, optimiser: torch.optim.Optimizer, batches: Sequence[tuple[Tensor, Tensor, Tensor]]
) -> None:
    """One batch (pictures, counts, known) of each kind, with an optimiser step after each."""
    for kind, (pictures, counts, known) in enumerate(batches):
        optimiser.zero_grad()
        plain_loss(network, pictures, counts, known, kind).backward()
        optimiser.step()

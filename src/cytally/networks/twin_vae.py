"""Two variational autoencoders, for natural and for drawn pictures, with a shared core (Stallmann et al. 2020)."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

SIDE = 128
"""Rows and columns of the pictures: 128 → 62 → 29 → 13 → 5 → 1 and back."""

LOG_VARIANCE_LIMITS = (-20.0, 20.0)
"""What the log-variance is clamped to: its exponential stays a number."""

Regressor = Literal["latent", "decoder"]


class TwinOutput(NamedTuple):
    """What the network says of pictures of one origin."""

    pictures: Tensor | None
    """Their reconstruction (N, C, 128, 128), 0 to 1; None where they were not decoded."""
    counts: Tensor
    """(N, 1)"""
    mean: Tensor
    """Latent mean (N, latent)."""
    log_variance: Tensor
    """(N, latent), clamped."""


class TwinVAE(nn.Module):
    """The Twin-VAE: own encoders and decoders for natural and for drawn pictures, all between them shared.

    Parameters
    ----------
    in_channels
        Channels of a picture, C.
    channels
        Filters of the four layers of an encoder; a decoder has them in reverse order.
    hidden
        Width of the layers on both sides of the bottleneck.
    latent
        Width of the bottleneck.
    regressor
        What the count is read from: the sampled ``"latent"`` vector, as the authors' released program does, or the
        output of the shared ``"decoder"`` layer, as their text says.
    leak
        Slope of the leaky ReLUs below zero.
    dropout
        Share of values that training leaves out, after each encoder layer and linear layer.

    Examples
    --------
    >>> sum(parameter.numel() for parameter in TwinVAE().parameters())
    11363331
    >>> TwinVAE().eval()(torch.zeros(2, 1, 128, 128)).shape
    torch.Size([2, 1])

    Notes
    -----
    The named parts, which transfer freezes and thaws: `natural_encoder`, `drawn_encoder`, `shared_encoder`, `mean`,
    `log_variance`, `expand`, `shared_decoder`, `natural_decoder`, `drawn_decoder`, `regressor`.

    References
    ----------
    Stallmann et al. 2020, figure 3 and its supplement; Kingma & Welling 2014 (the variational autoencoder).
    """

    def __init__(
        self,
        in_channels: int = 1,
        channels: tuple[int, int, int, int] = (32, 64, 128, 256),
        hidden: int = 512,
        latent: int = 256,
        regressor: Regressor = "latent",
        leak: float = 0.2,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.in_channels, self.reads = in_channels, regressor
        self.natural_encoder = _encoder(in_channels, channels, leak, dropout)
        self.drawn_encoder = _encoder(in_channels, channels, leak, dropout)
        self.shared_encoder = nn.Sequential(
            nn.Conv2d(channels[-1], hidden, 5), nn.LeakyReLU(leak), nn.Dropout(dropout), nn.Flatten()
        )
        self.mean = nn.Sequential(nn.Linear(hidden, latent), nn.Dropout(dropout))
        self.log_variance = nn.Sequential(nn.Linear(hidden, latent), nn.Dropout(dropout))
        self.expand = nn.Sequential(nn.Linear(latent, hidden), nn.Dropout(dropout))
        self.shared_decoder = nn.Sequential(
            nn.Unflatten(1, (hidden, 1, 1)),
            nn.ConvTranspose2d(hidden, channels[-1], 5),
            nn.BatchNorm2d(channels[-1]),
            nn.LeakyReLU(leak),
        )
        self.natural_decoder = _decoder(in_channels, channels, leak)
        self.drawn_decoder = _decoder(in_channels, channels, leak)
        seen = latent if regressor == "latent" else channels[-1] * 25
        self.regressor = nn.Sequential(
            nn.Flatten(),
            nn.Linear(seen, 256),
            nn.Dropout(dropout),
            nn.Linear(256, 128),
            nn.Dropout(dropout),
            nn.Linear(128, 1),
        )
        for encoder in (self.natural_encoder, self.drawn_encoder, self.shared_encoder):
            for layer in encoder:
                if isinstance(layer, nn.Conv2d):
                    nn.init.orthogonal_(layer.weight)

    def encode(self, pictures: Tensor, drawn: bool = False) -> tuple[Tensor, Tensor]:
        """Latent mean and clamped log-variance, (N, latent) each, of pictures (N, C, 128, 128) of one origin."""
        if pictures.shape[1:] != (self.in_channels, SIDE, SIDE):
            expected = f"(N, {self.in_channels}, {SIDE}, {SIDE})"
            raise ValueError(f"pictures of shape {tuple(pictures.shape)} do not fit: the network takes {expected}")
        seen = self.shared_encoder((self.drawn_encoder if drawn else self.natural_encoder)(pictures))
        return self.mean(seen), self.log_variance(seen).clamp(*LOG_VARIANCE_LIMITS)

    def decode(self, latent: Tensor, drawn: bool = False) -> Tensor:
        """Pictures (N, C, 128, 128) from latent vectors, as natural or as drawn ones."""
        decoded: Tensor = (self.drawn_decoder if drawn else self.natural_decoder)(self._core(latent))
        return decoded

    def count(self, pictures: Tensor, drawn: bool = False) -> Tensor:
        """Counts (N, 1) read from the latent mean: nothing is sampled."""
        return self._regress(self.encode(pictures, drawn)[0], None)

    def learn(self, pictures: Tensor, drawn: bool = False, *, decode: bool = True) -> TwinOutput:
        """Everything a training step needs; the latent vector is sampled (Kingma & Welling 2014, section 2.4)."""
        mean, log_variance = self.encode(pictures, drawn)
        latent = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        core = self._core(latent) if decode or self.reads == "decoder" else None
        decoder = self.drawn_decoder if drawn else self.natural_decoder
        decoded = decoder(core) if decode else None
        return TwinOutput(decoded, self._regress(latent, core), mean, log_variance)

    def forward(self, pictures: Tensor) -> Tensor:
        """Counts (N, 1) of natural pictures (N, C, 128, 128)."""
        return self.count(pictures)

    def _core(self, latent: Tensor) -> Tensor:
        core: Tensor = self.shared_decoder(self.expand(latent))
        return core

    def _regress(self, latent: Tensor, core: Tensor | None) -> Tensor:
        """The count, from the latent vector or the shared decoder's output, whichever the regressor reads."""
        if self.reads == "decoder":
            latent = self._core(latent) if core is None else core
        with torch.autocast(latent.device.type, enabled=False):  # 16 bits would round 30 cells to quarters
            counts: Tensor = self.regressor(latent.float())
        return counts


class DrawnSide(nn.Module):
    """The Twin-VAE as a network that counts drawn pictures (N, C, 128, 128): (N, 1)."""

    def __init__(self, network: TwinVAE) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        """Counts (N, 1)."""
        return self.network.count(pictures, drawn=True)


def _encoder(in_channels: int, channels: tuple[int, ...], leak: float, dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in zip((in_channels, *channels), channels, strict=False):
        layers += [nn.Conv2d(before, after, 5, stride=2), nn.LeakyReLU(leak), nn.Dropout(dropout)]
    return nn.Sequential(*layers)


def _decoder(in_channels: int, channels: tuple[int, ...], leak: float) -> nn.Sequential:
    first, second, third, last = reversed(channels)
    layers: list[nn.Module] = []
    for before, after, kernel, stride in ((first, second, 5, 2), (second, third, 5, 2), (third, last, 5, 2)):
        layers += [nn.ConvTranspose2d(before, after, kernel, stride), nn.BatchNorm2d(after), nn.LeakyReLU(leak)]
    layers += [nn.ConvTranspose2d(last, last, 2), nn.BatchNorm2d(last), nn.LeakyReLU(leak)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(last, in_channels, 6, stride=2), nn.Sigmoid())

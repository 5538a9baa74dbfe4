"""The U-Net of Salomon-Sörensen 2023: from a phase-contrast picture to how likely each pixel lies in a nucleus."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class DoubleConvolution(nn.Sequential):
    """Twice a 3×3 convolution, batch norm and ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        layers: list[nn.Module] = []
        for width in (inputs, outputs):
            layers += [nn.Conv2d(width, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
        super().__init__(*layers)


class NucleusUNet(nn.Module):
    """U-Net with max pooling down and transposed convolutions up.

    On each level down two 3×3 convolutions, then 2×2 max pooling and dropout; two 3×3 at the bottom; on each level up
    a transposed 3×3 convolution of stride 2, concatenation with the level's skip, dropout, two 3×3; a 1×1 and a
    sigmoid last. Filters double from level to level, the bottom included. Weights begin as He et al. (2015) draw them.

    Parameters
    ----------
    in_channels
        Channels of the input.
    filters
        Filters of the first level.
    levels
        Levels above the bottom.
    dropout
        Share of the values that dropout clears, in training alone.
    outputs
        Maps that the network gives, each from 0 to 1.

    References
    ----------
    Salomon-Sörensen 2023; the architecture after Ronneberger et al. 2015, *U-Net*.

    Examples
    --------
    >>> sum(p.numel() for p in NucleusUNet().parameters())
    34523969
    >>> NucleusUNet(filters=2)(torch.zeros(1, 1, 33, 50)).shape  # any size: padded inside, cropped again
    torch.Size([1, 1, 33, 50])
    """

    def __init__(
        self, in_channels: int = 1, filters: int = 64, levels: int = 4, dropout: float = 0.05, outputs: int = 1
    ) -> None:
        super().__init__()
        widths = [filters * 2**level for level in range(levels + 1)]
        self.encoders = nn.ModuleList(
            DoubleConvolution(inputs, width) for inputs, width in zip([in_channels, *widths], widths[:-1], strict=False)
        )
        self.bottom = DoubleConvolution(widths[-2], widths[-1])
        self.ups, self.decoders = nn.ModuleList(), nn.ModuleList()
        for width in reversed(widths[:-1]):
            self.ups.append(nn.ConvTranspose2d(2 * width, width, 3, stride=2, padding=1, output_padding=1))
            self.decoders.append(DoubleConvolution(2 * width, width))
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Conv2d(filters, outputs, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # every one of them has a bias

    @property
    def stride(self) -> int:
        """Pixels that one step at the bottom spans: tiles must begin at multiples of it."""
        return int(2 ** len(self.encoders))

    @property
    def halo(self) -> int:
        """Pixels on each side that can reach an output pixel, rounded up to a multiple of `stride`.

        On a level of scale s two 3×3 convolutions reach 2 s further on the way down and on the way up, pooling s, and
        the transposed convolution one pixel of the coarser level, 2 s; at the bottom two 3×3 reach twice the stride.
        """
        scales = [2**level for level in range(len(self.encoders))]
        reach = sum((2 + 1 + 2 + 2) * scale for scale in scales) + 2 * self.stride
        halo: int = -(-reach // self.stride) * self.stride
        return halo

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, Y, X) of any Y and X to (N, outputs, Y, X), from 0 to 1.

        The last convolution and the sigmoid run in 32 bits even where autocast chose fewer.
        """
        rows, columns = x.shape[-2:]
        bottom, right = -rows % self.stride, -columns % self.stride
        if bottom or right:
            x = functional.pad(x, (0, right, 0, bottom), mode="replicate")
        skips = []
        for encoder in self.encoders:
            skips.append(encoder(x))
            x = self.dropout(self.pool(skips[-1]))
        x = self.bottom(x)
        for up, decoder in zip(self.ups, self.decoders, strict=True):
            x = decoder(self.dropout(torch.cat([up(x), skips.pop()], dim=1)))
        with torch.autocast(x.device.type, enabled=False):
            maps: Tensor = torch.sigmoid(self.head(x.to(self.head.weight.dtype)).float())
        return maps[..., :rows, :columns]

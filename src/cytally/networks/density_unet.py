"""The density U-Net of Lazard et al. 2022: from a picture to a map that sums to the count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from cytally.networks.normalisation import Normalisation, normalisation_layer

SLOPE = 0.2

StemStride = Literal[1, 2]


class ConvolutionBlock(nn.Sequential):
    """3×3 convolution, leaky ReLU with slope 0.2, then the normalisation: in this order, as in the paper.

    A `separable` convolution is a 3×3 of each channel by itself, then a 1×1 over them all (Chollet 2017); of a single
    input channel it is a plain one, which costs no more.
    """

    def __init__(
        self, inputs: int, outputs: int, *, stride: int, normalisation: Normalisation, separable: bool = False
    ) -> None:
        alone = separable and inputs > 1
        layers: list[nn.Module] = [nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)] if alone else []
        layers.append(nn.Conv2d(inputs, outputs, 1) if alone else nn.Conv2d(inputs, outputs, 3, stride, 1))
        super().__init__(*layers, nn.LeakyReLU(SLOPE, inplace=True), normalisation_layer(normalisation, outputs))


class DensityUNet(nn.Module):
    """U-Net with strided convolutions down and bilinear interpolation up.

    On each level down a 3×3 convolution and a 3×3 of stride 2 that keeps its channels; two 3×3 at the bottom;
    on each level up bilinear interpolation, a 3×3, concatenation with the level's skip, two 3×3; a 1×1 last.
    With its default arguments it has 2,143,329 parameters.

    Parameters
    ----------
    in_channels
        Channels of the input.
    channels
        Filters per level, the last being the bottom.
    normalisation
        Which layer follows each leaky ReLU. The paper's is ``batch``.
    deep_supervision
        Whether each decoder but the last also gives a map, in training alone: further channels of the output, from
        the coarsest on, constant over blocks of `side_blocks` pixels (He et al. 2021).
    stem_stride
        2 puts a 3×3 of stride 2 before all of it, and bilinear interpolation behind: everything between runs on a
        quarter of the pixels, and the map, made at half the size, comes back to the whole with its sum. Ours.
    separable
        Whether the 3×3 convolutions are separable ones (Chollet 2017). Ours.

    References
    ----------
    Lazard et al. 2022, *Applying deep learning to melanocyte counting on fluorescent TRP1 labelled images of in
    vitro skin model*, section "Network architecture". Layer by layer after Xie et al. 2018.
    He et al. 2021, *Deeply-supervised density regression for automatic cell counting in microscopy images*.
    Chollet 2017, *Xception: deep learning with depthwise separable convolutions*.

    Examples
    --------
    >>> sum(p.numel() for p in DensityUNet().parameters())
    2143329
    >>> DensityUNet()(torch.zeros(1, 1, 33, 50)).shape  # any size: padded inside, cropped again
    torch.Size([1, 1, 33, 50])
    """

    def __init__(
        self,
        in_channels: int = 1,
        channels: Sequence[int] = (32, 64, 128, 256),
        normalisation: Normalisation = "batch",
        deep_supervision: bool = False,
        stem_stride: StemStride = 1,
        separable: bool = False,
    ) -> None:
        super().__init__()
        *levels, bottom = channels

        def block(inputs: int, outputs: int, stride: int = 1) -> ConvolutionBlock:
            return ConvolutionBlock(inputs, outputs, stride=stride, normalisation=normalisation, separable=separable)

        self.stem_stride = stem_stride
        stem = [block(in_channels, levels[0], stride=stem_stride)] if stem_stride > 1 else []
        self.stem = nn.Sequential(*stem)
        self.encoders = nn.ModuleList()
        self.downs = nn.ModuleList()
        width = levels[0] if stem else in_channels
        for level in levels:
            self.encoders.append(block(width, level))
            self.downs.append(block(level, level, stride=2))
            width = level
        self.bottom = nn.Sequential(block(width, bottom), block(bottom, bottom))
        self.ups = nn.ModuleList()
        self.decoders = nn.ModuleList()
        width = bottom
        for level in reversed(levels):
            self.ups.append(block(width, level))
            self.decoders.append(nn.Sequential(block(2 * level, level), block(level, level)))
            width = level
        self.head = nn.Conv2d(width, 1, kernel_size=1)
        coarse = levels[:0:-1] if deep_supervision else []
        self.side_heads = nn.ModuleList(nn.Conv2d(level, 1, kernel_size=1) for level in coarse)

    @property
    def stride(self) -> int:
        """Pixels that one step at the bottom spans: tiles must begin at multiples of it."""
        return int(self.stem_stride * 2 ** len(self.downs))

    @property
    def halo(self) -> int:
        """Pixels on each side that can reach an output pixel, rounded up to a multiple of `stride`.

        Down, a 3×3 on a level of scale s reaches s further, and so does the strided one; at the bottom twice the
        stride. Up, bilinear interpolation reaches one pixel of the coarser level, then three 3×3. A stem of stride 2
        makes all of them twice as wide and adds a 3×3 before, a bilinear interpolation behind.
        """
        stem = self.stem_stride
        scales = [stem * 2**level for level in range(len(self.downs))]
        reach = sum(2 * scale for scale in scales) + 2 * self.stride + sum(5 * scale for scale in scales)
        reach += 1 + stem if stem > 1 else 0
        halo: int = -(-reach // self.stride) * self.stride
        return halo

    @property
    def side_blocks(self) -> list[int]:
        """Side in pixels of the blocks over which each of the training's further channels is constant."""
        return [self.stem_stride * 2 ** (len(self.downs) - 1 - place) for place in range(len(self.side_heads))]

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, Y, X) of any Y and X to (N, 1, Y, X); in training with deep supervision to (N, 1 + S, Y, X).

        The last convolution runs in 32 bits even where autocast chose fewer: a count sums tens of thousands of
        pixels, and a rounding bias that no eye sees in one pixel would show in the sum.
        """
        rows, columns = x.shape[-2:]
        bottom, right = -rows % self.stride, -columns % self.stride
        if bottom or right:
            x = functional.pad(x, (0, right, 0, bottom), mode="replicate")
        x = self.stem(x)
        skips = []
        for encoder, down in zip(self.encoders, self.downs, strict=True):
            x = encoder(x)
            skips.append(x)
            x = down(x)
        x = self.bottom(x)
        decoded = []
        for up, decoder in zip(self.ups, self.decoders, strict=True):
            x = up(functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False))
            x = decoder(torch.cat([skips.pop(), x], dim=1))
            decoded.append(x)
        with torch.autocast(x.device.type, enabled=False):
            finest = _in_full_precision(self.head, x)
            if self.stem_stride > 1:
                finest = doubled(finest)
            maps = [finest]
            if self.training:
                for head, block, coarse in zip(self.side_heads, self.side_blocks, decoded, strict=False):
                    side = _in_full_precision(head, coarse)
                    maps.append(functional.interpolate(side, scale_factor=block, mode="nearest"))
        return torch.cat(maps, dim=1)[..., :rows, :columns]


def doubled(maps: Tensor) -> Tensor:
    """Twice as many rows and columns by bilinear interpolation, each value being shared out whole: four times the sum.

    What `torch.nn.functional.interpolate` gives (``align_corners=False``), written out: OpenVINO would run that in the
    16 bits of the convolutions, in which neighbours are rounded to the same number, and one peak becomes two.

    Examples
    --------
    >>> doubled(torch.tensor([[[[0.0, 4.0]]]])).tolist()
    [[[[0.0, 1.0, 3.0, 4.0], [0.0, 1.0, 3.0, 4.0]]]]
    """
    for axis in (2, 3):
        last = maps.shape[axis] - 1
        before = torch.cat([maps.narrow(axis, 0, 1), maps.narrow(axis, 0, last)], dim=axis)
        behind = torch.cat([maps.narrow(axis, 1, last), maps.narrow(axis, last, 1)], dim=axis)
        near = 0.75 * maps
        maps = torch.stack([near + 0.25 * before, near + 0.25 * behind], dim=axis + 1).flatten(axis, axis + 1)
    return maps


def _in_full_precision(head: nn.Module, x: Tensor) -> Tensor:
    """Run a last convolution in the number type of its weights, whatever came before it ran in."""
    output: Tensor = head(x.to(next(head.parameters()).dtype))
    return output

"""EfficientCellSeg (Wagner & Rohr 2022): a pretrained encoder cut in its middle, and a decoder of few filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from cytally.networks.nucleus_unet import DoubleConvolution

Encoder = Literal["b0", "b1", "b2", "b3", "b4", "b5"]

STRIDE = 16
"""Pixels that one step at the bottom spans."""

MEANS, DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's colours, each from 0 to 1."""


class CutEfficientNet(nn.Module):
    """EfficientNet from the stem through the expansion of its sixth stage's first block, with what skips ahead.

    Convolutions of stride 2 are padded as TensorFlow's `same` pads even sizes, one pixel more at the bottom and the
    right, as the published weights were trained. Names are those of MONAI's EfficientNetBN.

    Parameters
    ----------
    size
        Which EfficientNet, of `b0` to `b5`.
    """

    def __init__(self, size: Encoder = "b5") -> None:
        super().__init__()
        from monai.networks.nets.efficientnet import EfficientNetBN  # takes seconds to import

        # MONAI's momentum of 0.01 needs several hundred steps until the running statistics follow
        norm = ("batch", {"eps": 1e-3, "momentum": 0.1})
        whole = EfficientNetBN(f"efficientnet-{size}", pretrained=False, in_channels=3, num_classes=1, norm=norm)
        whole.set_swish(memory_efficient=False)
        stages: Any = whole._blocks  # the library has no types
        number, last = next(iter(stages[5].named_children()))
        self._conv_stem, self._bn0 = whole._conv_stem, whole._bn0
        self._blocks: Any = nn.ModuleList(stages[:5])
        expansion = nn.ModuleDict({"_expand_conv": last._expand_conv, "_bn0": last._bn0})
        self._blocks.append(nn.ModuleDict({number: expansion}))
        for stage in stages[:5]:
            for block in stage:
                block._depthwise_conv_padding = _padding(block._depthwise_conv)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of what `forward` gives."""
        expanded = [self._blocks[index][0]._expand_conv.out_channels for index in (2, 3)]
        return (self._conv_stem.out_channels, *expanded, self._last["_expand_conv"].out_channels)

    @property
    def _last(self) -> Any:
        """The expansion of block 6a."""
        return next(iter(self._blocks[5].values()))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Activations of block 1a and expansions of blocks 3a, 4a, 6a, at 1/2, 1/4, 1/8 and 1/16 of (N, 3, Y, X)."""
        x = functional.silu(self._bn0(self._conv_stem(functional.pad(x, (0, 1, 0, 1)))))
        seen = []
        for index, stage in enumerate(self._blocks[:5]):
            first = stage[0]
            if index == 0:
                seen.append(functional.silu(first._bn1(first._depthwise_conv(first._depthwise_conv_padding(x)))))
            elif index in (2, 3):
                seen.append(functional.silu(first._bn0(first._expand_conv(x))))
            for block in stage:
                x = block(x)
        return (*seen, functional.silu(self._last["_bn0"](self._last["_expand_conv"](x))))


class EfficientCellSeg(nn.Module):
    """From a pseudocoloured slice to how likely each pixel lies in a cell.

    The encoder is EfficientNet-B5 up to the expansion of block 6a. The decoder goes up four times: bilinear ×2,
    concatenation with the encoder's activation of that size (at last with the input itself), twice a 3×3 convolution
    with batch norm and ReLU; a 1×1 convolution and a sigmoid end it.

    Parameters
    ----------
    decoder
        Filters of the decoder's four levels, from the bottom up.
    side
        Rows and columns that every picture is resized to, bilinearly; the map is resized back. None: fully
        convolutional, pictures of any size as they are.
    encoder
        Which EfficientNet.

    Notes
    -----
    Pictures range from 0 to 1. The network itself subtracts the mean of ImageNet's colours and divides by their
    standard deviation, so that published weights see what they were trained on.

    Of the 6,697,824 numbers that the paper counts as 6.7 million parameters, 6,629,433 are trained; 68,384 are running
    statistics of batch norm, and 7 belong to the normalisation of the input.

    References
    ----------
    Wagner & Rohr 2022, *EfficientCellSeg: efficient volumetric cell segmentation using Context Aware Pseudocoloring*;
    Tan & Le 2019, *EfficientNet*. The encoder's blocks are MONAI's.

    Examples
    --------
    >>> sum(p.numel() for p in EfficientCellSeg().parameters())
    6629433
    >>> network = EfficientCellSeg(side=None).eval()
    >>> network(torch.zeros(1, 3, 33, 50)).shape  # any size: padded inside, cropped again
    torch.Size([1, 1, 33, 50])
    """

    def __init__(
        self, decoder: Sequence[int] = (64, 48, 32, 16), side: int | None = 384, encoder: Encoder = "b5"
    ) -> None:
        super().__init__()
        if len(decoder) != 4:
            raise ValueError(f"the decoder has four levels, and {len(decoder)} numbers of filters are given")
        if side is not None and side % STRIDE:
            raise ValueError(f"a side of {side} pixels is no multiple of {STRIDE}")
        self.side = side
        self.encoder = CutEfficientNet(encoder)
        block1a, block3a, block4a, inputs = self.encoder.widths
        self.decoders = nn.ModuleList()
        for skip, filters in zip((block4a, block3a, block1a, 3), decoder, strict=True):
            self.decoders.append(DoubleConvolution(inputs + skip, filters))
            inputs = filters
        self.head = nn.Conv2d(inputs, 1, 1)
        self.means: Tensor
        self.deviations: Tensor
        self.register_buffer("means", torch.tensor(MEANS).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviations", torch.tensor(DEVIATIONS).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures (N, 3, Y, X) from 0 to 1, or a lone slice (N, 1, Y, X) as three copies, to (N, 1, Y, X).

        The last convolution and the sigmoid run in 32 bits even where autocast chose fewer.
        """
        rows, columns = x.shape[-2:]
        x = x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x
        if self.side is not None:
            x = functional.interpolate(x, size=(self.side, self.side), mode="bilinear", align_corners=False)
        else:
            x = _filled_up(x)
        block1a, block3a, block4a, y = self.encoder((x - self.means) / self.deviations)
        for decoder, skip in zip(self.decoders, (block4a, block3a, block1a, x), strict=True):
            y = functional.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)
            y = decoder(torch.cat([y, skip.to(y.dtype)], dim=1))
        with torch.autocast(x.device.type, enabled=False):
            maps = torch.sigmoid(self.head(y.to(self.head.weight.dtype)).float())
            if self.side is not None:
                return functional.interpolate(maps, size=(rows, columns), mode="bilinear", align_corners=False)
        return maps[..., :rows, :columns]


class MaskAndCentres(nn.Module):
    """Two networks beside each other: one for the mask, one for a heat map of the cells' centres.

    Parameters
    ----------
    mask, centres
        The networks, each from (N, C, Y, X) to (N, 1, Y, X).
    """

    def __init__(self, mask: nn.Module, centres: nn.Module) -> None:
        super().__init__()
        self.mask, self.centres = mask, centres

    def forward(self, x: Tensor) -> Tensor:
        """Both maps: (N, 2, Y, X), the mask first."""
        return torch.cat([self.mask(x), self.centres(x)], dim=1)


def _padding(convolution: nn.Conv2d) -> nn.Module:
    """What TensorFlow's `same` adds around an even size."""
    kernel, stride = convolution.kernel_size[0], convolution.stride[0]
    whole = kernel - stride
    before = whole // 2
    return nn.ConstantPad2d((before, whole - before, before, whole - before), 0.0)


def _filled_up(x: Tensor) -> Tensor:
    """The picture, its last rows and columns repeated up to multiples of the stride, two of them at least."""
    rows, columns = x.shape[-2:]
    bottom, right = (max(-side % STRIDE, 2 * STRIDE - side) for side in (rows, columns))
    if not bottom and not right:
        return x
    return functional.pad(x, (0, right, 0, bottom), mode="replicate")

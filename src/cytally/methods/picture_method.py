"""Methods whose network looks at a picture of one fixed size and says how many cells are in it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, Self

import torch
from pydantic import Field
from torch import Tensor, nn

from cytally.images.pictures import Larger
from cytally.methods.method import Method, MethodConfig


class Pictures(NamedTuple):
    """A batch of pictures of one origin, some of them labelled."""

    images: Tensor
    """(N, C, side, side)"""
    counts: Tensor
    """(N,): number of cells; 0 where it is not known."""
    known: Tensor
    """(N,), boolean: whether the number of cells is known. Zero cells is an ordinary number."""
    drawn: bool
    """Whether the pictures are drawn; else they are natural."""
    number: int = 0
    """How many batches of the same kind came before."""


class Moment(NamedTuple):
    """How far a training has come when a batch is learnt from."""

    epoch: int
    """Passes over the natural images that are behind."""
    done: float
    """Share of the run that is behind, 0 where nothing limits it."""


class PictureConfig(MethodConfig):
    """Settings that every method of this kind has."""

    larger: Larger = Field(
        "windows",
        description="What happens to images larger than the pictures that the network sees: `windows` counts piece by "
        "piece and adds up, and learns from pieces whose cells are marked; `resize` makes the whole image as small, "
        "which suits images that show the same scene at a finer grain. Images smaller than a picture are enlarged.",
    )


class PictureMethod(Method):
    """A method whose network turns pictures (N, C, side, side) into counts (N, 1) when it evaluates."""

    side: int
    """Rows and columns of the pictures that the network sees, in pixels."""
    config: PictureConfig

    @abstractmethod
    def loss(self, network: nn.Module, pictures: Pictures, moment: Moment) -> Tensor:
        """How far the network is from what is known of `pictures`, one number to minimise."""

    def sized(self, shapes: Sequence[tuple[int, ...]]) -> Self:
        """This method with the size of its pictures worked out, where it is left to training images of such shapes."""
        return self

    def side_of(self, network: nn.Module, *, drawn: bool) -> nn.Module:
        """What turns drawn, or natural, pictures (N, C, side, side) into counts (N, 1): here one network for both."""
        return network

    @property
    def cell_diameter(self) -> float:
        """A tenth of the picture: thirty cells side by side then fill a quarter of it."""
        return self.side / 10


def count_error(predicted: Tensor, pictures: Pictures) -> Tensor:
    """Mean squared error (cells²) over the labelled pictures alone; 0 where there is none.

    Parameters
    ----------
    predicted
        Counts (N, 1).
    pictures
        What is known.

    Examples
    --------
    An unlabelled picture takes no part, however wrong the count; a picture known to be empty does.

    >>> images, drawn = torch.zeros(3, 1, 8, 8), False
    >>> known = torch.tensor([True, False, True])
    >>> pictures = Pictures(images, torch.tensor([2.0, 0.0, 0.0]), known, drawn)
    >>> count_error(torch.tensor([[4.0], [99.0], [1.0]]), pictures).item()
    2.5
    """
    squares = (predicted[:, 0] - pictures.counts).square()
    return torch.where(pictures.known, squares, 0.0).sum() / pictures.known.sum().clamp(min=1)

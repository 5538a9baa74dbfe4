"""What every method offers: settings, a network, and what it can learn from.

There are three kinds. A `MapMethod` turns an image of any size into a map as large (`cytally.methods.map_method`); a
`VolumeMethod` does so with every slice of a volume (`cytally.methods.volume_method`); a `PictureMethod` turns a picture
of one fixed size into a count (`cytally.methods.picture_method`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict
from torch import nn

from cytally.datasets.example import Example
from cytally.methods.parts import Parts


class MethodConfig(BaseModel):
    """Settings of a method. Unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Method(ABC):
    """A way from a picture to a count.

    A method knows nothing of files or of the loop that trains it. Subclasses register in the entry-point group
    ``cytally.methods`` under their name, so that another package can add one.

    Parameters
    ----------
    config
        Its settings, an instance of `Config`.
    in_channels
        Channels of the pictures that its network takes.
    """

    name: ClassVar[str]
    Config: ClassVar[type[MethodConfig]]
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Settings of the other sections of a configuration, where the method's paper has others than the section's own."""
    transfer_defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """The same for a configuration by which a trained model is carried over."""
    learns_from_counts: ClassVar[bool] = False
    """Whether it can learn from images of which only the number of cells is known."""
    has_weights: ClassVar[bool] = True
    """Whether there is a network to train; else all that is learnt is learnt by `fit_to`."""
    needs_labels: ClassVar[bool] = False
    """Whether it can learn only from images whose objects are outlined in a label image."""
    counts_by_area: ClassVar[bool] = False
    """Whether its predictions also tell the objects' area over that of a single one."""
    learns_from_unlabelled: ClassVar[bool] = False
    """Whether it can learn from images of which nothing is known."""
    learns_from_teacher: ClassVar[bool] = False
    """Whether it can learn what another trained network says, see `MapMethod.taught_by`."""
    reads: ClassVar[Literal["sum", "mask"]] = "sum"
    """What its network's output is read for, and so what has to stay where another program runs the network: its sum,
    the count, or the mask of what lies above 0.5."""

    def __init__(self, config: Any, in_channels: int) -> None:
        self.config = config
        self.in_channels = in_channels

    @classmethod
    def channels_of(cls, example: Example) -> int:
        """Channels of the image that an example shows."""
        return int(example.image.shape[0])

    def fit_to(self, examples: Sequence[Example], like: Method | None = None) -> Self:
        """Return this method with the settings that are left to the data (``auto``) worked out from `examples`.

        What the examples cannot tell is taken from `like`, the method of the model that training begins with.
        """
        return self

    @abstractmethod
    def network(self) -> nn.Module:
        """Build the network, untrained. It takes (N, C, Y, X)."""

    def parts(self, network: nn.Module) -> Parts | None:
        """Core, outer parts and stages of thawing of its `network`; None where it does not fall into these."""
        return None

    def untaught(self, *, drawn: bool) -> tuple[str, ...]:
        """Parts of its network that learn nothing as it is set, with `drawn` images or without."""
        return ()

    @property
    @abstractmethod
    def cell_diameter(self) -> float:
        """Typical diameter of a cell in pixels of the network's input."""

    @property
    def flip_tolerance(self) -> float:
        """Share of the count by which mirroring the picture may change it."""
        return 0.15

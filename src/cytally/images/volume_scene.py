"""What a file tells of a scene whose pixels are read slice by slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class SlicedPixels(Protocol):
    """Pixels that lie in a file until they are asked for.

    They are indexed as an array of NumPy's is, with a number for every axis but Y and X, which are whole slices.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __getitem__(self, index: Any, /) -> NDArray[Any]: ...


@dataclass(frozen=True, eq=False)
class SlicedScene:
    """One scene of a file.

    Parameters
    ----------
    pixels
        One axis per letter of `axes`.
    axes
        Letters out of TCZYXS; any other letter is an axis of unknown meaning.
    channels
        Channel names, empty where the file tells none.
    pixel_size, z_spacing
        Micrometres, None where the file tells none.
    """

    pixels: SlicedPixels
    axes: str
    channels: Sequence[str] = ()
    pixel_size: float | None = None
    z_spacing: float | None = None

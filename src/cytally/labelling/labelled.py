"""What labelling says of one image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Labelled:
    """Nuclei found in one field, and whether they can be trusted.

    Parameters
    ----------
    labels
        Label image (Y, X), uint16 or uint32, numbered from 1 without gaps; 0 is background.
    refused
        Why nothing should be learnt from it, as ``one object covers 93 % of the image``; None where nothing speaks
        against it.

    Examples
    --------
    >>> labelled = Labelled(np.array([[1, 0], [2, 2]], np.uint16))
    >>> labelled.objects, labelled.foreground
    (2, 0.75)
    """

    labels: NDArray[np.integer[Any]]
    refused: str | None = None

    @property
    def objects(self) -> int:
        """Number of objects."""
        return int(self.labels.max(initial=0))

    @property
    def foreground(self) -> float:
        """Share of the pixels that lie in an object."""
        return float((self.labels > 0).mean()) if self.labels.size else 0.0

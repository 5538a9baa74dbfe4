"""What is measured of a picture to tell whether its count can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cytally.calibration.cell_size import cell_size
from cytally.calibration.contrast import contrast, foreground, stands_out
from cytally.calibration.focus import focus_clues
from cytally.calibration.scales import scales_of
from cytally.calibration.sharpness import sharpness
from cytally.calibration.texture import texture

SCALARS = ("contrast", "sharpness", "cell_size", "density")
"""The measures that are a number each, or None where there is nothing to measure."""


@dataclass(frozen=True)
class Measures:
    """What is measured of one picture.

    Parameters
    ----------
    stands_out
        Whether anything is clear of the noise.
    contrast
        A cell's height over the noise, log10.
    sharpness
        Slope of edges over their height.
    cell_size
        Diameter of things over that of the cells expected, log2.
    density
        Cells per square of a cell's diameter; None where their number is not known.
    texture
        Numbers (11 C,) that tell how the channels look.
    focus
        Numbers (8,) that tell a blurred picture from a sharp one.
    """

    stands_out: bool
    contrast: float
    sharpness: float | None
    cell_size: float | None
    density: float | None
    texture: NDArray[np.float64]
    focus: NDArray[np.float64]


def measure(
    picture: NDArray[np.float32],
    diameter: float,
    count: float | None = None,
    *,
    has_background: bool = True,
    factor: float = 1.0,
) -> Measures:
    """Measure a picture as a network sees it.

    Numbers other than the texture are those of the channel that varies most.

    Parameters
    ----------
    picture
        (C, Y, X), normalised and brought to the network's scale.
    diameter
        Of the cells that the network is made for, in pixels of the picture.
    count
        Number of cells in it, where known.
    has_background
        As in `cytally.calibration.scales.scales_of`.
    factor
        How much larger the picture is than in its file.
    """
    channels = [scales_of(channel, diameter, has_background=has_background) for channel in picture]
    most = max(range(len(channels)), key=lambda place: float(channels[place].smooth[0].std()))
    seen = channels[most]
    height, edges = contrast(seen), sharpness(seen)
    return Measures(
        stands_out=any(map(stands_out, channels)),
        contrast=height,
        sharpness=edges,
        cell_size=cell_size(foreground(seen), diameter),
        density=None if count is None else count * diameter**2 / picture[0].size,
        texture=np.concatenate([texture(channel) for channel in channels]),
        focus=focus_clues(seen, edges, height, factor),
    )

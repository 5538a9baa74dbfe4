"""The preset ``thesis``: nuclei as Salomon-Sörensen 2023 labelled them, with ImageJ and CellProfiler, without either.

Contrast is equalised (`clahe`), foreground thresholded (`adaptive_otsu`), and objects taken from it (`identify`).
Every setting is one for a whole data set; the preset knows nothing of the image.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from cytally.labelling.adaptive_otsu import ThresholdSettings, foreground
from cytally.labelling.check import refusal
from cytally.labelling.clahe import clahe, to_bytes
from cytally.labelling.identify import Clumps, identify
from cytally.labelling.labelled import Labelled


class ThesisSettings(BaseModel):
    """Settings of the preset, with the thesis's values; what it does not tell has CellProfiler's and ImageJ's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clahe_block: int = Field(127, ge=3, description="Side in pixels of the window that contrast is equalised in.")
    clahe_bins: int = Field(256, ge=2, le=256, description="Number of grey values that the equalisation tells apart.")
    clahe_slope: float = Field(3.0, ge=1, description="The most by which contrast may grow.")
    clahe_fast: bool = Field(
        True,
        description="Whether windows lie on a grid and are interpolated, instead of one around every pixel: faster, "
        "less accurate, and ticked when ImageJ's dialog opens.",
    )
    threshold_window: int = Field(20, ge=2, description="Side in pixels of the blocks that have their own threshold.")
    threshold_lowest: float = Field(0.05, ge=0, le=1, description="The least threshold, on an image of 0 to 1.")
    threshold_highest: float = Field(1.0, ge=0, le=1, description="The greatest threshold, on an image of 0 to 1.")
    threshold_smoothing_scale: float = Field(
        1.3488, ge=0, description="Diameter in pixels of the smoothing before the threshold; 0 smooths nothing."
    )
    threshold_correction: float = Field(1.0, gt=0, description="What thresholds are multiplied by.")
    smallest_diameter: float = Field(5.0, gt=0, description="Least diameter of an object in pixels.")
    largest_diameter: float = Field(30.0, gt=0, description="Greatest diameter of an object in pixels.")
    clumps: Clumps = Field(
        "shape",
        description="What tells nuclei apart that touch: their `shape`, or their `intensity`, by which each bright "
        "spot is a nucleus of its own. The thesis does not tell; CellProfiler offers both.",
    )
    discard_outside: bool = Field(True, description="Whether objects outside that range of diameters are discarded.")

    @model_validator(mode="after")
    def _ordered(self) -> ThesisSettings:
        if self.threshold_lowest > self.threshold_highest:
            raise ValueError("threshold_lowest must not be above threshold_highest")
        if self.smallest_diameter > self.largest_diameter:
            raise ValueError("smallest_diameter must not be above largest_diameter")
        return self


def label_thesis(image: NDArray[Any], settings: ThesisSettings | None = None) -> Labelled:
    """Label the nuclei of one field as the thesis did.

    Parameters
    ----------
    image
        (Y, X) of any real type, nuclei bright.
    settings
        The thesis's without any.

    Returns
    -------
    Labelled
        Labels and, from the self-check that both presets share, why they cannot be trusted.

    Raises
    ------
    ImageError
        When the image is not two-dimensional, has no pixels or has NaN or infinite ones.

    Examples
    --------
    >>> y, x = np.mgrid[:60, :60]
    >>> disc = np.hypot(y - 30, x - 20) < 8
    >>> label_thesis(np.where(disc, 200, 10).astype(np.uint8)).objects
    1
    """
    settings = settings or ThesisSettings()
    flat = to_bytes(image)
    # Near the edges, equalising makes differences where there are none.
    labels = _nuclei(flat, settings) if flat.min() < flat.max() else np.zeros(flat.shape, np.int64)
    kind = np.uint16 if labels.max() < 2**16 else np.uint32
    return Labelled(labels.astype(kind), refusal(image, labels))


def _nuclei(image: NDArray[np.uint8], settings: ThesisSettings) -> NDArray[np.integer[Any]]:
    equalised = clahe(image, settings.clahe_block, settings.clahe_bins, settings.clahe_slope, fast=settings.clahe_fast)
    values = equalised / 255
    threshold = ThresholdSettings(
        window=settings.threshold_window,
        lowest=settings.threshold_lowest,
        highest=settings.threshold_highest,
        smoothing_scale=settings.threshold_smoothing_scale,
        correction=settings.threshold_correction,
    )
    return identify(
        values,
        foreground(values, threshold),
        settings.smallest_diameter,
        settings.largest_diameter,
        discard=settings.discard_outside,
        clumps=settings.clumps,
    )

"""One plane's nuclei, and the phase-contrast picture that belongs to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.images.channels import find_channel, most_varying
from cytally.images.image import Plane
from cytally.labelling.auto import label_auto
from cytally.labelling.labelled import Labelled
from cytally.labelling.registration import common, moved, register
from cytally.labelling.thesis import ThesisSettings, label_thesis
from cytally.labelling.windows import windows
from cytally.tasks.label_options import LabelOptions, Preset

Picture = NDArray[Any]


@dataclass(frozen=True)
class PairedWindow:
    """One part that stain and phase contrast both show.

    Parameters
    ----------
    y, x
        Where its top left pixel lies in the stain's image.
    phase, stain, labels
        (y, x) each, of one shape.
    """

    y: int
    x: int
    phase: Picture
    stain: Picture
    labels: NDArray[np.integer[Any]]

    @property
    def foreground(self) -> float:
        """Share of the pixels that lie in a nucleus."""
        return float((self.labels > 0).mean())


@dataclass(frozen=True)
class Paired:
    """A phase-contrast image moved onto the stain's, cut into the windows that both show."""

    shift: tuple[float, float]
    correlation: float
    windows: tuple[PairedWindow, ...]
    phase: Picture
    """The phase-contrast image (Y, X) as it lies on the stain, 0 where it shows nothing."""


def preset_settings(preset: Preset) -> dict[str, Any]:
    """Every setting of a preset, as run.json holds them; ``auto`` has none."""
    return ThesisSettings().model_dump(mode="json") if preset == "thesis" else {}


def find_nuclei(stain: Picture, preset: Preset) -> Labelled:
    """The nuclei in a stain's channel (Y, X) of any real type."""
    return label_thesis(stain) if preset == "thesis" else label_auto(stain)


def choose_stain(plane: Plane, options: LabelOptions) -> int:
    """Index of the stain's channel: the one asked for, else the one that varies most, phase contrast aside.

    Raises
    ------
    ImageError
        When there is no such channel, or none but the phase contrast.
    """
    asked = None if options.channel is None else find_channel(plane, options.channel)
    others = list(range(len(plane.data))) if asked is None else [asked]
    if options.phase is None and options.phase_channel is not None:
        others = [channel for channel in others if channel != find_channel(plane, options.phase_channel)]
    if not others:
        raise ImageError(
            "has no channel for the stain beside the phase contrast",
            file=plane.source or plane.name,
            cure="name two different channels, or give the phase-contrast images with --phase",
        )
    return others[0] if len(others) == 1 else others[most_varying(plane.data[others])]


def choose_phase(plane: Plane, options: LabelOptions) -> int:
    """Index of the channel with the phase contrast: the one asked for, else the one that varies most."""
    asked = options.phase_channel
    return most_varying(plane.data) if asked is None else find_channel(plane, asked)


def pair_up(stain: Picture, phase: Picture, labels: NDArray[np.integer[Any]], side: int) -> Paired:
    """Move the phase contrast onto the stain, and cut both and the labels into the same windows.

    Parameters
    ----------
    stain, phase, labels
        (Y, X) each.
    side
        Side of the windows in pixels; 0 takes the whole common part.

    Raises
    ------
    ImageError
        When the two do not belong together, or are the same.
    """
    found = register(stain, phase)
    if np.array_equal(stain, phase):
        raise ImageError(
            "the phase contrast is the stain itself, pixel by pixel",
            cure="name other files with --phase, or the channel with --phase-channel",
        )
    rows, columns = common((stain.shape[0], stain.shape[1]), found.shift)
    laid = moved(phase, found.shift)
    shown = (laid[rows, columns], stain[rows, columns], labels[rows, columns])
    height, width = shown[1].shape
    cut = []
    for window in windows((height, width), side or max(height, width)):
        phase_part, stain_part, labels_part = (each[window.slices] for each in shown)
        y, x = rows.start + window.y, columns.start + window.x
        cut.append(PairedWindow(y, x, phase_part, stain_part, renumbered(labels_part)))
    return Paired((float(found.shift[0]), float(found.shift[1])), float(found.correlation), tuple(cut), laid)


def renumbered(labels: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """The labels numbered from 1 without gaps, in the same order.

    Examples
    --------
    >>> renumbered(np.array([[0, 7], [3, 7]])).tolist()
    [[0, 2], [1, 2]]
    >>> renumbered(np.array([[5, 5]])).tolist()
    [[1, 1]]
    """
    values = np.unique(labels)
    return np.searchsorted(values[values > 0], labels, side="left").astype(labels.dtype) + (labels > 0)

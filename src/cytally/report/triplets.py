"""A triplet for experts: an image, the same with a model's outlines, and the stain, side by side and equally large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from cytally.report.lettering import GROUND, INK, font
from cytally.report.overlays import overlay
from cytally.results import Prediction

Rgb = NDArray[np.uint8]
"""Colours (Y, X, 3)."""

LEAST_SIDE = 800
"""Small panels are enlarged towards this, so that experts see single cells."""
LONGEST_SIDE = 1000
"""Longest side of a panel in pixels, so that three of them fit a wide screen."""

GAP = 12
"""Pixels between panels and about them."""


@dataclass(frozen=True)
class Panel:
    """One picture of a triplet, and what stands above it."""

    title: str
    picture: Rgb


def triplet_panels(
    plane_data: NDArray[Any],
    channel: int | None,
    labels: NDArray[np.integer[Any]],
    *,
    stain: NDArray[Any] | None = None,
    reference: NDArray[np.integer[Any]] | None = None,
) -> list[Panel]:
    """The panels of one image.

    Parameters
    ----------
    plane_data
        Pixels (C, Y, X) of any real type.
    channel
        The channel to show; None shows all, as `cytally.report.overlays.overlay` does.
    labels
        The model's objects (Y, X), 0 is background; they are outlined in the second panel.
    stain
        What the cells look like where their nuclei are stained (C, Y, X): the third panel.
    reference
        Label image (Y, X) of the annotation, shown where there is no stain.

    Returns
    -------
    list
        Two panels, or three, of equal size.

    Raises
    ------
    ValueError
        When labels, stain or reference have another height or width than the image.
    """
    shape = plane_data.shape[-2:]
    for what, other in (("labels", labels), ("stain", stain), ("reference", reference)):
        if other is not None and other.shape[-2:] != shape:
            raise ValueError(f"the {what} have the shape {other.shape[-2:]} and the image has {shape}")
    panels = [
        Panel("phase contrast" if stain is not None else "image", _drawn(plane_data, channel)),
        Panel("with the model's outlines", _drawn(plane_data, channel, labels)),
    ]
    if stain is not None:
        panels.append(Panel("stain", _drawn(stain, None)))
    elif reference is not None:
        mask = np.where(reference > 0, 255, 0).astype(np.uint8)
        panels.append(Panel("reference labels", _drawn(mask[None], 0, reference)))
    return panels


def side_by_side(panels: list[Panel]) -> Rgb:
    """Panels of equal size in a row, their titles above them."""
    height, width = panels[0].picture.shape[:2]
    line = _line_height(width)
    row = _ground(height + line + GAP, GAP + len(panels) * (width + GAP))
    for place, panel in enumerate(panels):
        left = GAP + place * (width + GAP)
        row[line : line + height, left : left + width] = panel.picture
        _write(row[:line, left : left + width], panel.title)
    return row


def headed(picture: Rgb, heading: str) -> Rgb:
    """The picture with a line of text above it."""
    line = _line_height(picture.shape[1] // 3)
    strip = _ground(line, picture.shape[1])
    _write(strip[:, GAP:], heading)
    return np.concatenate([strip, picture])


def _drawn(data: NDArray[Any], channel: int | None, labels: NDArray[np.integer[Any]] | None = None) -> Rgb:
    return overlay(data, channel, Prediction(0.0, labels=labels), longest_side=LONGEST_SIDE, enlarge_towards=LEAST_SIDE)


def _ground(height: int, width: int) -> Rgb:
    return np.tile(np.array(GROUND, np.uint8), (height, width, 1))


def _line_height(panel_width: int) -> int:
    """Room for a line of text: it has to fit a narrow panel and be read above a wide one."""
    return int(np.clip(panel_width // 16, 16, 48))


def _write(strip: Rgb, text: str) -> None:
    """Write a line of text into a strip, from its left."""
    height, width = strip.shape[:2]
    picture = Pillow.fromarray(np.ascontiguousarray(strip))
    size = height * 5 // 8
    while size > 6 and font(size).getlength(text) > width:
        size -= 1
    ImageDraw.Draw(picture).text((0, height // 2), text, fill=INK, font=font(size), anchor="lm")
    strip[:] = np.asarray(picture)

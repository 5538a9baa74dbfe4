"""Which images and windows training should skip, and why: what speaks against each, and the filter over all."""

from __future__ import annotations

from collections.abc import Sequence

from cytally.labelling.screen import screen
from cytally.tasks.label_row import LabelledImage


def reasons(images: Sequence[LabelledImage], fewest: float, most: float) -> dict[str, str]:
    """Why training should skip each image, in one clause or several; empty where it should not.

    The filter ranks all images, those that are refused for another reason too.
    """
    filtered = screen([image.foreground for image in images], fewest=fewest, most=most)
    return {image.image: _joined([*image.doubts, reason]) for image, reason in zip(images, filtered, strict=True)}


def window_reasons(images: Sequence[LabelledImage], fewest: float, most: float) -> dict[str, str]:
    """The windows that training should skip, and why. Each is ranked by its own nuclei among all windows."""
    windows = [(window, image.doubts) for image in images for window in image.windows]
    filtered = screen([window.foreground for window, _ in windows], fewest=fewest, most=most)
    whys = {
        window.image: _joined([*doubts, reason]) for (window, doubts), reason in zip(windows, filtered, strict=True)
    }
    return {name: why for name, why in whys.items() if why}


def _joined(clauses: Sequence[str | None]) -> str:
    return "; ".join(clause for clause in clauses if clause)

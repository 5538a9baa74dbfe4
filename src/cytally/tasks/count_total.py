"""The cells of a whole run together, with bounds of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cytally.calibration.intervals import Bounds, Calibration
from cytally.models.card import ModelCard
from cytally.tasks.count_row import CountRow


@dataclass(frozen=True)
class CountTotal:
    """Cells in several images together.

    Parameters
    ----------
    images
        Rows of counts.csv.
    count
        The sum of their counts.
    interval
        Lower and upper bound of the true total; None where a row has none.
    coverage
        How probably they hold it; None likewise.
    """

    images: int
    count: float
    interval: Bounds | None = None
    coverage: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """As run.json holds it."""
        lower, upper = self.interval or (None, None)
        return {
            "images": self.images,
            "count": self.count,
            "lower": lower,
            "upper": upper,
            "coverage": self.coverage,
        }


def total_of(calibration: Calibration | None, rows: Sequence[CountRow]) -> CountTotal:
    """The total of rows. Their bounds are not added up: errors partly cancel (`Calibration.total`)."""
    counts = [row.count for row in rows]
    bounds = totals(calibration, rows)
    if bounds is None or calibration is None or not rows:
        return CountTotal(len(rows), math.fsum(counts))
    return CountTotal(len(rows), math.fsum(counts), bounds(counts), calibration.coverage)


def totals(calibration: Calibration | None, rows: Sequence[CountRow]) -> Callable[[Sequence[float]], Bounds] | None:
    """What gives the bounds of a total of some of these rows; None where one of them has no bounds itself."""
    if calibration is None or any(row.lower is None or row.upper is None for row in rows):
        return None
    return calibration.total


def interval_notes(card: ModelCard, rows: Sequence[CountRow]) -> list[str]:
    """Why counts of a calibrated model have no bounds, where some have none."""
    without = sum(row.lower is None for row in rows)
    if card.calibration is None or not without:
        return []
    which = "The counts have" if without == len(rows) else f"{without} of the {len(rows)} counts have"
    return [
        f"{which} no interval, nor has the total: the model was calibrated on whole single images, which says nothing "
        "of slides or of parts of an image."
    ]

"""Whether intervals held the truth as often as they promise, as far as so few images can tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scipy.stats import binom

CHANCE = 0.99
"""Share of such evaluations that chance leaves within the bounds, where the promise is kept."""


def coverage_note(counting: Mapping[str, Any], promised: float) -> str | None:
    """A sentence where intervals held the truth less or more often than chance leaves room for.

    Parameters
    ----------
    counting
        As `cytally.metrics.counting.counting_metrics` gives it.
    promised
        The coverage that the model was calibrated for.

    Examples
    --------
    >>> coverage_note({"n": 12, "coverage": 0.75}, 0.9) is None
    True
    >>> coverage_note({"n": 12, "coverage": 0.5}, 0.9)[:76]
    'The intervals promise to hold 90 % of the truths, and hold 50 % of these 12,'
    """
    number, found = int(counting["n"]), counting.get("coverage")
    if found is None:
        return None
    low, high = (float(bound) / number for bound in binom.interval(CHANCE, number, promised))
    if low <= found <= high:
        return None
    shares = [f"{100 * each:.0f} %" for each in (promised, found, low, high)]
    return (
        "The intervals promise to hold {} of the truths, and hold {} of these {}, where chance leaves {} to {}: the "
        "images are unlike those calibrated on, or those were few. Calibrate on more images, drawn at random."
    ).format(shares[0], shares[1], number, *shares[2:])

"""Which labelled fields training should skip: those with hardly any nuclei, and those with suspiciously many."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cytally.errors import UsageError

FEWEST = 0.25
"""Share of the fields to skip, those with the fewest nucleus pixels first."""
MOST = 0.5
"""Share of a field that nuclei may cover: beyond it there is more nucleus than background."""


def screen(foreground: Sequence[float], *, fewest: float = FEWEST, most: float = MOST) -> list[str | None]:
    """Say for each labelled field why training should skip it.

    The quarter with the fewest nucleus pixels teaches little, and a field with more nucleus than background has most
    likely been labelled wrongly. Nothing is removed: the labels of a field that is listed here stay as they are.

    Parameters
    ----------
    foreground
        Share of the pixels that lie in a nucleus, one per field, 0 to 1.
    fewest
        Share of the fields to skip, 0 to 1: of N fields the ``floor(fewest * N)`` with the smallest share, the earlier
        of equals first.
    most
        Largest share of nucleus pixels that a field may have, 0 to 1.

    Returns
    -------
    list of str or None
        One per field: the reason, or None for a field to learn from.

    Raises
    ------
    UsageError
        When a setting or a share lies outside 0 to 1.

    References
    ----------
    Salomon-Sörensen 2023: the quarter of the images with the fewest nucleus pixels was left out, and each with more
    nucleus than background.

    Examples
    --------
    >>> screen([0.1, 0.02, 0.6, 0.2])
    [None, '2.0 % nucleus, among the 25 % of fields with the fewest nucleus pixels', '60.0 % nucleus, above 50 %', None]
    >>> screen([0.1, 0.0, 0.2])  # a quarter of three fields is none
    [None, None, None]
    """
    for name, value in (("fewest", fewest), ("most", most)):
        if not 0 <= value <= 1:
            raise UsageError(f"the setting '{name}' of the filter is {value}", cure="give a share from 0 to 1")
    if not all(0 <= share <= 1 for share in foreground):
        raise UsageError("a share of nucleus pixels lies outside 0 to 1", cure="give shares, not percentages")
    # The small number keeps 0.29 of 100 fields at 29, which in floating point is a little less.
    skipped = math.floor(fewest * len(foreground) + 1e-9)
    least = set(sorted(range(len(foreground)), key=lambda field: foreground[field])[:skipped])
    reasons: list[str | None] = []
    for field, share in enumerate(foreground):
        if share > most:
            reasons.append(f"{100 * share:.1f} % nucleus, above {100 * most:.4g} %")
        elif field in least:
            rank = f"among the {100 * fewest:.4g} % of fields with the fewest nucleus pixels"
            reasons.append(f"{100 * share:.1f} % nucleus, {rank}")
        else:
            reasons.append(None)
    return reasons

"""Doubling times and their intervals in words, the same in legends and on pages."""

from __future__ import annotations

import math

from cytally.report.html import DASH

SHORT = {"hours": "h", "minutes": "min", "days": "d"}


def doubling_in_words(doubling: float | None, lower: float | None, upper: float | None, unit: str) -> str:
    """What a doubling time and its interval say.

    Parameters
    ----------
    doubling
        Doubling time; below zero, cells halve in so long. None or infinite: there is no growth to tell.
    lower, upper
        Its interval, of the same sign; None or infinite where it is open. A bound of the other sign is an open end
        too: growth may as well be none.
    unit
        What they are in: ``hours`` or ``frames``.

    Examples
    --------
    >>> doubling_in_words(18.44, 17.1, 19.92, "hours")
    'doubles in 18.4 h (17.1 to 19.9 h)'
    >>> doubling_in_words(18.44, 17.1, None, "hours"), doubling_in_words(-30.0, None, -12.0, "frames")
    ('doubles in 18.4 h (at least 17.1 h)', 'halves in 30.0 frames (at least 12.0 frames)')
    >>> doubling_in_words(None, None, None, "hours")
    'no doubling time'
    """
    if doubling is None or not math.isfinite(doubling) or doubling == 0:
        return "no doubling time"
    interval = interval_in_words(doubling, lower, upper, unit)
    return f"{'doubles' if doubling > 0 else 'halves'} in {time_in_words(doubling, unit)}" + (
        f" ({interval})" if interval != DASH else ""
    )


def interval_in_words(doubling: float | None, lower: float | None, upper: float | None, unit: str) -> str:
    """The interval of a doubling time, with the parameters of `doubling_in_words`; a dash where it is open both ways.

    Examples
    --------
    >>> interval_in_words(-30.0, -40.0, -25.0, "hours"), interval_in_words(30.0, 25.0, -90.0, "hours")
    ('25.0 to 40.0 h', 'at least 25.0 h')
    """
    if doubling is None:
        return DASH
    known = (end for end in (lower, upper) if end is not None and math.isfinite(end) and end * doubling > 0)
    ends = sorted(abs(end) for end in known)
    if not ends:
        return DASH
    if len(ends) == 1:
        return f"{'at least' if ends[0] <= abs(doubling) else 'at most'} {time_in_words(ends[0], unit)}"
    return f"{_number(ends[0])} to {time_in_words(ends[1], unit)}"


def time_in_words(time: float, unit: str) -> str:
    """How long, without the sign.

    Examples
    --------
    >>> time_in_words(-0.456, "hours"), time_in_words(1234.5, "frames")
    ('0.46 h', '1,234 frames')
    """
    return f"{_number(abs(time))} {SHORT.get(unit, unit)}"


def _number(value: float) -> str:
    return f"{value:,.2f}" if value < 1 else f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"

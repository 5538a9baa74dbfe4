"""Ending trials that promise nothing, by the median rule.

Golovin et al. 2017 (Google Vizier), section 3.2.1: a trial stops when its best error so far is worse than the median of
the others' at the same point. The point here is the share of the run that is done, since runs of different batch sizes
or time budgets differ in steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

Curve = Sequence[tuple[float, float]]
"""Share of a run and best error so far, one entry wherever that fell."""

NEARLY_DONE = 0.9
"""Share from which a run is let go to its end: little is left to be saved."""


class Pruned(Exception):
    """The trial that runs promises nothing."""


def hopeless(done: float, error: float, finished: Sequence[Curve], *, warm_up: float, least: int) -> bool:
    """Whether a run is worse than the median of the finished ones at the same share.

    Parameters
    ----------
    done
        Share of the run that is behind.
    error
        Its best validation error so far; infinite before the first validation.
    finished
        The curves of complete trials.
    warm_up
        Share of a run that is never cut off.
    least
        Complete trials that had validated by then without which none is cut off.

    Examples
    --------
    >>> finished = [[(0.2, 9.0), (0.5, 4.0)], [(0.2, 8.0), (0.8, 1.0)], [(0.4, 6.0)]]
    >>> hopeless(0.5, 7.0, finished, warm_up=0.3, least=3)  # the others stood at 4, 8 and 6
    True
    >>> hopeless(0.5, 6.0, finished, warm_up=0.3, least=3), hopeless(0.2, 99.0, finished, warm_up=0.3, least=3)
    (False, False)
    """
    if not warm_up <= done < NEARLY_DONE or not math.isfinite(error):
        return False
    others = [min((at for share, at in curve if share <= done), default=math.inf) for curve in finished]
    others = [at for at in others if math.isfinite(at)]
    return len(others) >= least and error > median(others)

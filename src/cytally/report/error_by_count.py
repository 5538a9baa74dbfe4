"""How far counts are off where there are few cells and where there are many (Stallmann et al. 2020, figure 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from cytally.report.plots import BLUE, GREY, figure_of, histogram_edges, png_of, tidy

if TYPE_CHECKING:
    import pandas

MOST_COUNTS = 30
"""Up to so many different true counts each has a row of its own; more are put together in bins."""


def error_by_count(true: ArrayLike, predicted: ArrayLike) -> pandas.DataFrame:
    """Absolute errors by true count.

    Parameters
    ----------
    true, predicted
        One count per image (N,), in the same order.

    Returns
    -------
    pandas.DataFrame
        One row per true count, or bin of counts: `true_from` and `true_to` (both included), `images`, `mae` (mean
        absolute error, in cells) and `sd` (standard deviation of the absolute errors, n - 1; NaN for one image).

    Examples
    --------
    >>> error_by_count([2, 2, 5], [3, 5, 5]).to_numpy().tolist()
    [[2.0, 2.0, 2.0, 2.0, 1.4142135623730951], [5.0, 5.0, 1.0, 0.0, nan]]
    """
    import pandas as pd

    true, predicted = np.asarray(true, float), np.asarray(predicted, float)
    table = pd.DataFrame({"true": true, "error": np.abs(predicted - true)})
    values = np.unique(true)
    place = np.searchsorted(values, true)
    if len(values) > MOST_COUNTS:
        place = np.digitize(true, histogram_edges(true))
    groups = table.groupby(place)
    return pd.DataFrame(
        {
            "true_from": groups["true"].min(),
            "true_to": groups["true"].max(),
            "images": groups.size(),
            "mae": groups["error"].mean(),
            "sd": groups["error"].std(ddof=1),
        }
    ).reset_index(drop=True)


def draw_error_by_count(table: pandas.DataFrame) -> bytes:
    """Mean absolute error with its spread over true counts, and below it the number of images.

    Parameters
    ----------
    table
        What `error_by_count` returns.

    Returns
    -------
    bytes
        A PNG file.
    """
    figure = figure_of(6.6, 5.0)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    middle = ((table["true_from"] + table["true_to"]) / 2).to_numpy(float)
    mae, sd = table["mae"].to_numpy(float), table["sd"].fillna(0).to_numpy(float)
    lower = np.minimum(sd, mae)  # no error is below zero
    above.errorbar(middle, mae, (lower, sd), fmt="o", color=BLUE, ecolor=GREY, elinewidth=1, capsize=2, markersize=5)
    above.set_ylim(bottom=0)
    above.set_ylabel("absolute error, cells\n(mean, standard deviation)")
    gaps = np.diff(middle)
    width = 0.8 * float(gaps.min()) if gaps.size else 0.8
    below.bar(middle, table["images"].to_numpy(float), width, color=GREY, alpha=0.6)
    below.set(xlabel="true count", ylabel="images")
    for axes in (above, below):
        axes.locator_params(axis="x", integer=True)
        tidy(axes)
    below.locator_params(axis="y", integer=True, nbins=4)
    return png_of(figure)

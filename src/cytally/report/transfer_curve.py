"""The picture of a transfer: the validation error over the steps, beside that of the model as it came."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cytally.report.plots import BLUE, GREY, ORANGE, figure_of, png_of, tidy

FAR = 3.0
"""A model that came with an error so many times all that followed is left out of the picture, whose curve would lie on
the ground."""


def transfer_curve(
    steps: ArrayLike,
    errors: ArrayLike,
    *,
    before: float,
    kept: int | None = None,
    thawed_at: Mapping[str, int] | None = None,
) -> bytes:
    """Draw how the validation error went.

    Parameters
    ----------
    steps, errors
        Steps after which was validated (N,), and the mean absolute errors then, in cells. The curve begins with
        `before` at step 0.
    before
        The error of the model as it came, a line across; none where it is not a number.
    kept
        The step whose weights were kept, marked by a point.
    thawed_at
        By its name, the step before which each stage thawed: a line upright.

    Returns
    -------
    bytes
        A PNG file.
    """
    along, error = np.r_[0, np.asarray(steps, float)], np.r_[before, np.asarray(errors, float)]
    end, known = max(1.0, float(along.max())), np.isfinite(error)
    along, error = along[known], error[known]
    figure = figure_of(8.0, 3.8)
    axes = figure.add_subplot()
    if np.isfinite(before):
        above = " (above the picture)" if before > _highest(before, error[along > 0]) else ""
        label = f"the model as it came: {before:.2f}{above}"
        axes.axhline(before, color=GREY, linestyle="--", linewidth=1, label=label)
    axes.plot(along, error, color=BLUE, linewidth=1.4, label="validation error")
    if kept is not None and kept in along:
        reached = float(error[along == kept][-1])
        axes.plot(
            kept, reached, "o", color=BLUE, markersize=6, clip_on=False, label=f"kept, step {kept:,}: {reached:.2f}"
        )
    room = 1.35 if thawed_at else 1.1  # for the names of the stages
    axes.set_ylim(bottom=0, top=room * max(0.1, _highest(before, error[along > 0])))
    axes.set_xlim(0, end)
    for number, (name, step) in enumerate((thawed_at or {}).items()):
        first = "stage thaws" if number == 0 else None
        axes.axvline(step, color=ORANGE, linestyle=":", linewidth=1.4, label=first)
        axes.annotate(
            name, (step, 1), (3, -3), xycoords=("data", "axes fraction"), textcoords="offset points",
            rotation=90, ha="left", va="top", color=ORANGE, fontsize="small",
        )  # fmt: skip
    axes.set(xlabel="step", ylabel="mean absolute error (cells)")
    tidy(axes)
    figure.legend(frameon=False, fontsize="small", loc="outside upper left", ncols=4)
    return png_of(figure)


def _highest(before: float, errors: NDArray[np.float64]) -> float:
    """The error up to which the picture goes."""
    after = float(errors.max(initial=0))
    return after if not np.isfinite(before) or (after > 0 and before > FAR * after) else max(before, after)

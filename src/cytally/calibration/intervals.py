"""What turns a count into an interval: the errors of a model on images that it has not seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field, model_validator

from cytally.calibration.conformal import conformal_bounds, fewest
from cytally.calibration.difficulty import difficulty

COVERAGE = 0.9
"""Share of true counts that intervals hold, unless told otherwise."""
Bounds = tuple[float, float]


class Calibration(BaseModel):
    """The field `calibration` of model.json.

    A score is ``(true - predicted) / difficulty(predicted)`` of one image.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    coverage: float = Field(gt=0, lt=1, description="Share of true counts that an interval holds.")
    difficulty: Literal["sqrt(count + 1 + (count / 10)^2)"] = Field(
        "sqrt(count + 1 + (count / 10)^2)", description="What errors are measured by, of the predicted count."
    )
    scores: tuple[float, ...] = Field(description="The scores of the images calibrated on, in ascending order.")
    lower: float = Field(description="Lower bound of a score; the interval begins at count + lower x difficulty.")
    upper: float = Field(description="Upper bound of a score.")
    images: dict[str, str] = Field(description="Fingerprint of each image calibrated on, by its name.")
    left_out: int = Field(0, ge=0, description="Annotated images left out, since the model was trained on them.")
    provenance: dict[str, Any] = Field(description="When, where and by which command it was calibrated.")

    @model_validator(mode="after")
    def _fits(self) -> Calibration:
        if len(self.scores) < fewest(self.coverage):
            raise ValueError(f"{len(self.scores)} scores are too few for a coverage of {self.coverage:g}")
        if not np.isfinite([*self.scores, self.lower, self.upper]).all() or self.lower > self.upper:
            raise ValueError("scores and bounds are finite, and the lower bound is not above the upper")
        return self

    @classmethod
    def of(
        cls,
        true: ArrayLike,
        predicted: ArrayLike,
        coverage: float = COVERAGE,
        *,
        images: dict[str, str] | None = None,
        left_out: int = 0,
        provenance: dict[str, Any] | None = None,
    ) -> Calibration:
        """Calibrate by true and predicted counts (n,) of images that took no part in training.

        Raises
        ------
        ValueError
            When they are fewer than `cytally.calibration.conformal.fewest` says, or not finite.

        Examples
        --------
        >>> calibration = Calibration.of(true=[1, 2, 3] * 3, predicted=[0.0] * 9)  # too few by 2, give or take 1
        >>> calibration.interval(0.0)
        (0.75, 3.25)
        """
        counts = np.asarray(predicted, dtype=np.float64)
        scores = (np.asarray(true, dtype=np.float64) - counts) / difficulty(counts)
        lower, upper = conformal_bounds(scores, coverage)
        return cls(
            coverage=coverage,
            scores=tuple(float(score) for score in np.sort(scores)),
            lower=lower,
            upper=upper,
            images=images or {},
            left_out=left_out,
            provenance=provenance or {},
        )

    def interval(self, count: float) -> Bounds:
        """Lower and upper bound of the true count of an image in which `count` cells were counted; none below zero."""
        size = float(difficulty(count))
        return max(0.0, count + self.lower * size), max(0.0, count + self.upper * size)

    def total(self, counts: Sequence[float]) -> Bounds:
        """Lower and upper bound of the true number of cells in several images together.

        Errors of one image and another partly cancel, so the bounds are nearer than the sums of the images' bounds.
        With difficulties ``d``, and mean ``m`` and standard deviation ``s`` of the n scores, the truth is expected at
        ``sum(p) + m sum(d)``, and its variance is ``s^2 (sum(d^2) + sum(d)^2 / n)``: what images differ by, and how
        well the mean error is known, which does not cancel. The quantile is Student's with n - 1 degrees of freedom.
        That is exact for normal scores and, for others, near by the central limit theorem. It holds for images whose
        errors are independent; what they share and the calibration images do not, as another stain, it cannot know.

        Parameters
        ----------
        counts
            Predicted counts; of a single one the bounds are those of `interval`.

        Examples
        --------
        >>> calibration = Calibration.of(true=[-1, 0, 1] * 3, predicted=[0] * 9)
        >>> lower, upper = calibration.total([100.0] * 100)  # 1.86 * 0.866 * sqrt(100 * 201 + 1417.7**2 / 9)
        >>> round(lower), round(upper)
        (9205, 10795)
        """
        from scipy.stats import t

        if len(counts) == 0:
            return 0.0, 0.0
        if len(counts) == 1:
            return self.interval(counts[0])
        sizes, scores = difficulty(counts), np.array(self.scores)
        number = len(scores)
        spread = float(scores.std(ddof=1))
        quantile = float(t.ppf((1 + self.coverage) / 2, number - 1))
        half = quantile * spread * math.sqrt(float((sizes**2).sum()) + float(sizes.sum()) ** 2 / number)
        middle = math.fsum(counts) + float(scores.mean()) * float(sizes.sum())
        return max(0.0, middle - half), max(0.0, middle + half)

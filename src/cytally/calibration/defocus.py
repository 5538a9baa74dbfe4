"""What a blurred picture looks like: learnt from training images and the same ones blurred."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Vectors = NDArray[np.float64]

PENALTY = 0.01
"""On the squares of the weights, beside the mean loss."""

FARTHEST = 4.0
"""A clue further from the mean, in standard deviations, counts as being there."""

PARTS = 5
"""A training image is judged by what was learnt from the other four fifths."""

WITHIN = 0.97
"""Share of the training images within the limit."""

MARGIN_OF_FEW = 2.0
"""The limit lies further out by this share of the training images' range over their number."""

SAME = 1e-3
"""A clue that varies less than this in the training images does not vary."""

STEPS, CLOSE = 50, 1e-8
DIGITS = 5


class Defocus(BaseModel):
    """Tells pictures out of focus: a logistic regression on clues and their products."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    means: list[float] = Field(description="Of each clue over training images, sharp and blurred.")
    spreads: list[float] = Field(description="Standard deviation of each.")
    weights: list[float] = Field(description="Of each clue so scaled, then of each product of two.")
    middle: float = Field(description="The training images' median.")
    limit: float = Field(description="Above this, an image is out of focus.")

    @classmethod
    def of(cls, sharp: Vectors, blurred: Vectors) -> Defocus:
        """Learn from clues of training images (N, F) and of the same ones blurred (N, F).

        Each image is judged by what was learnt from four fifths of the others, as an unseen one will be; the limit is
        the 97 % quantile of these, moved outwards by twice their range over their number. So the limit follows from
        training images as they are: where these are soft, only what is blurred more is out of focus.
        """
        part = np.arange(len(sharp)) % PARTS
        whole = _learn(sharp, blurred)
        apart = np.zeros(len(sharp))
        for number in range(PARTS):
            here = part == number
            apart[here] = _value(sharp[here], *_learn(sharp[~here], blurred[~here]))
        middle, limit = np.quantile(apart, (0.5, WITHIN)).tolist()
        limit += MARGIN_OF_FEW / len(sharp) * float(np.ptp(apart)) + 10**-DIGITS
        means, spreads, weights = (each.round(DIGITS).tolist() for each in whole)
        found = round(middle, DIGITS), round(limit, DIGITS)
        return cls(means=means, spreads=spreads, weights=weights, middle=found[0], limit=found[1])

    def score(self, clues: Vectors) -> float:
        """How far clues (F,) are on the way to being out of focus: 0 in the middle of training images, 1 at the limit.

        It does not go on for ever: beyond some blur, what is blurred more looks no more so.
        """
        known = np.array(self.means), np.array(self.spreads), np.array(self.weights)
        return (float(_value(clues[None], *known)[0]) - self.middle) / (self.limit - self.middle)


def _value(clues: Vectors, means: Vectors, spreads: Vectors, weights: Vectors) -> Vectors:
    """The logarithm of the odds (N,) that clues (N, F) are those of a blurred picture, up to a constant."""
    return np.asarray(_terms((clues - means) / spreads) @ weights)


def _terms(scaled: Vectors) -> Vectors:
    """Clues (N, F) and their products: (N, F + F (F + 1) / 2)."""
    near = np.clip(scaled, -FARTHEST, FARTHEST)
    one, other = np.triu_indices(near.shape[1])
    return np.hstack([near, near[:, one] * near[:, other]])


def _learn(sharp: Vectors, blurred: Vectors) -> tuple[Vectors, Vectors, Vectors]:
    """Means and spreads of clues (F,), and the weights of their terms.

    Newton's method on the penalised logistic loss of images and their blurred versions, both (N, F).
    """
    both = np.vstack([sharp, blurred])
    means, spreads = both.mean(axis=0), both.std(axis=0)
    spreads[spreads < SAME] = 1.0  # what never varied tells nothing: its terms are 0, and so are their weights
    terms = np.hstack([_terms((both - means) / spreads), np.ones((len(both), 1))])
    truth = np.repeat([0.0, 1.0], len(sharp))
    penalty = np.diag([PENALTY] * (terms.shape[1] - 1) + [1e-9])
    weights = np.zeros(terms.shape[1])
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-np.clip(terms @ weights, -30, 30)))
        slope = terms.T @ (likely - truth) / len(sharp) + penalty @ weights
        bend = (terms * np.maximum(likely * (1 - likely), 1e-6)[:, None]).T @ terms / len(sharp) + penalty
        step = np.linalg.solve(bend, slope)
        weights = weights - step
        if np.abs(step).max() < CLOSE:
            break
    return means, spreads, weights[:-1]

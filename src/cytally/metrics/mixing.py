"""How mixed the latent vectors of two origins are: whether a simple classifier can tell them apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

LEAST_OF_EACH = 10
"""Vectors of each origin below which nothing can be said."""

FOLDS = 5


def origin_auc(latents: ArrayLike, origins: ArrayLike, seed: int = 0) -> float | None:
    """Area under the ROC curve of a logistic regression that tells two origins apart, 0 to 1.

    0.5 is chance: the origins lie in the same place. 1 is certainty: they lie apart. Each vector is judged by a
    classifier that has not seen it (stratified folds, `FOLDS` of them), on values standardised by what that classifier
    has seen; the mean over folds.

    Parameters
    ----------
    latents
        Latent means (N, L).
    origins
        Two different values (N,), as False for natural and True for drawn.
    seed
        Decides the folds.

    Returns
    -------
    float or None
        None where there are fewer than 10 vectors of either origin.

    Raises
    ------
    ValueError
        When shapes do not fit, a latent is not finite, or there are more than two origins.

    Examples
    --------
    One value that is 0 for the one origin and 1 for the other tells all; one that never changes tells nothing.

    >>> origins = [False] * 10 + [True] * 10
    >>> origin_auc([[float(origin)] for origin in origins], origins)
    1.0
    >>> origin_auc(np.ones((20, 1)), origins)
    0.5
    >>> origin_auc(np.ones((19, 1)), origins[1:]) is None
    True
    """
    latents, origins = np.asarray(latents, np.float64), np.asarray(origins)
    if latents.ndim != 2 or origins.shape != latents.shape[:1]:
        raise ValueError(f"latents (N, L) and origins (N,) do not fit: {latents.shape} and {origins.shape}")
    if not np.isfinite(latents).all():
        raise ValueError("a latent is not a finite number")
    names, each = np.unique(origins, return_counts=True)
    if len(names) > 2:
        raise ValueError(f"there are {len(names)} origins, and two can be told apart")
    if len(names) < 2 or each.min() < LEAST_OF_EACH:
        return None
    # importing scikit-learn takes half a second, which other commands need not wait for
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    areas = cross_val_score(classifier, latents, origins == names[1], cv=folds, scoring="roc_auc")
    return float(areas.mean())

"""How far an image's texture is from that of the training images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]

NEIGHBOURS = 3
"""The distance is that to the so-manieth nearest training image: one odd image among them is no home for another."""


def shrunk_covariance(vectors: Vectors) -> Vectors:
    """Covariance of vectors (N, F), drawn towards a multiple of the identity so that it can be inverted: (F, F).

    References
    ----------
    Ledoit & Wolf 2004, *A well-conditioned estimator for large-dimensional covariance matrices*, equations 14 to 18.

    Examples
    --------
    >>> shrunk_covariance(np.array([[1.0, 0.0], [-1.0, 0.0]])).round(4).tolist()
    [[0.9995, 0.0], [0.0, 0.0005]]
    """
    number, size = vectors.shape
    centred = vectors - vectors.mean(axis=0)
    plain: Vectors = centred.T @ centred / number
    mean = np.trace(plain) / size
    identity = np.eye(size)
    spread = float(((plain - mean * identity) ** 2).sum())
    if spread == 0:
        return np.asarray(plain + 0.01 * (mean or 1.0) * identity)
    squares = np.einsum("ni,nj->nij", centred, centred)
    error = min(spread, float(((squares - plain) ** 2).sum()) / number**2)
    share = max(error / spread, 1e-3)
    return np.asarray(share * mean * identity + (1 - share) * plain)


class Likeness:
    """Tells how far vectors are from those of training images.

    Each number is divided by its standard deviation, then all are turned and stretched so that the training images
    have the identity for their covariance (Mahalanobis' distance). The distance is that to the third nearest training
    image rather than to their mean: images of several kinds have a mean that is like none of them.

    Parameters
    ----------
    training
        Vectors (N, F).
    """

    def __init__(self, training: Vectors) -> None:
        self._mean, self._spread = training.mean(axis=0), training.std(axis=0) + 1e-9
        scaled = (training - self._mean) / self._spread
        values, vectors = np.linalg.eigh(shrunk_covariance(scaled))
        self._turn = vectors / np.sqrt(values)
        self._training = scaled @ self._turn

    def distance(self, vector: Vectors) -> float:
        """Of a vector (F,) that is none of the training images'."""
        turned = (vector - self._mean) / self._spread @ self._turn
        return float(_nth(np.linalg.norm(self._training - turned, axis=1), NEIGHBOURS))

    @classmethod
    def apart(cls, training: Vectors) -> Vectors:
        """Of each training vector (N,) the distance to the others, as it was if it were none of them.

        Among few, each has much to say on what is usual, so that it seems nearer to the others than a new one would.
        """
        return np.array([cls(np.delete(training, place, 0)).distance(each) for place, each in enumerate(training)])

    def own_distances(self) -> Vectors:
        """Of each training image (N,) to the others."""
        apart = [np.linalg.norm(self._training - each, axis=1) for each in self._training]
        return np.array([_nth(distances, NEIGHBOURS + 1) for distances in apart])  # the nearest is itself


def _nth(distances: Vectors, number: int) -> float:
    place = min(number, len(distances)) - 1
    return float(np.partition(distances, place)[place])

"""Training labels spoiled on purpose: nuclei that are missing, nuclei that leak. Seeded; the input is left as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import relabel_sequential

Labels = NDArray[np.integer[Any]]

LEAK = 0.3
"""How far a nucleus leaks, in diameters of a disc of its area."""


def chosen(labels: Labels, share: float, seed: int) -> NDArray[np.int64]:
    """The labels of a share of the nuclei, rounded to the nearest; a larger share has those of a smaller one."""
    names = np.unique(labels[labels > 0]).astype(np.int64)
    order = np.random.default_rng(seed).permutation(len(names))
    return np.sort(names[order[: round(share * len(names))]])


def missing(labels: Labels, share: float, seed: int) -> Labels:
    """Leave a share of the nuclei out of a label image (Y, X).

    Examples
    --------
    >>> len(np.unique(missing(np.array([[1, 0, 2, 0, 3, 0, 4]]), 0.5, seed=0))) - 1
    2
    """
    return renumbered(np.where(np.isin(labels, chosen(labels, share, seed)), 0, labels))


def leaking(labels: Labels, share: float, seed: int, reach: float = LEAK) -> Labels:
    """Let a share of the nuclei of a label image (Y, X) leak, as a threshold that is too low does.

    What lies within `reach` diameters of a leaking nucleus becomes part of it, and every nucleus that is met there is
    merged with it as a whole. The order in which they leak changes nothing.

    Examples
    --------
    A nucleus of four pixels, a diameter of 2.3, leaks one pixel to either side:

    >>> leaking(np.array([[0, 0, 1, 1, 1, 1, 0, 0]]), 1, seed=0, reach=0.5).tolist()
    [[0, 1, 1, 1, 1, 1, 1, 0]]
    """
    spoiled = labels.astype(np.int64)
    for name in chosen(labels, share, seed):
        nucleus = labels == name
        diameter = 2 * np.sqrt(nucleus.sum() / np.pi)
        near = ndimage.distance_transform_edt(~nucleus) <= reach * diameter
        met = np.unique(spoiled[near])
        spoiled[near | np.isin(spoiled, met[met > 0])] = spoiled[nucleus][0]
    return renumbered(spoiled)


def renumbered(labels: Labels) -> Labels:
    """The labels from 1 without gaps, in the same order, uint16."""
    return relabel_sequential(labels)[0].astype(np.uint16)


KINDS: dict[str, Callable[[Labels, float, int], Labels]] = {"missing": missing, "leaking": leaking}

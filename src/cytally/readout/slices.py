"""Objects in the maps of one slice: components, parted by predicted centres or by the distance to the background."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cytally.readout.splitting import Floats, Split, split_map


def split_slice(
    probability: Floats,
    centres: Floats | None,
    *,
    threshold: float,
    split: Split,
    separation: float,
    least_area: float,
) -> NDArray[np.int32]:
    """Find the objects in a slice's map of how likely each pixel lies in a cell.

    Parameters
    ----------
    probability
        (Y, X), from 0 to 1.
    centres
        For `split` ``centres``: the predicted heat map of the cells' centres (Y, X), about 1 at a centre.
    threshold
        Least probability of a cell's pixels.
    split
        ``components``: pixels that touch by a side are of one object. ``centres``: a component is parted by a
        marker-controlled watershed from the peaks of the slightly smoothed heat map in it, where that is at least 0.3
        high. ``distance``: the same from the peaks of the slightly smoothed distance to the background. Either floods
        distance and probability together, by centres also the heat map. A component with one peak, or without any,
        stays one object.
    separation
        Least distance in pixels between two peaks of one component; of nearer ones the highest counts.
    least_area
        Pixels under which an object is left out.

    Returns
    -------
    labels
        (Y, X), numbered from 1; 0 is background.

    Raises
    ------
    ValueError
        Where the maps do not have two axes or differ in shape, `centres` is needed and not given, or `split` is none of
        the three.

    Examples
    --------
    >>> bar = np.array([[0.9, 0.9, 0.8, 0.9, 0.9, 0.1, 0.7]])
    >>> split_slice(bar, None, threshold=0.5, split="components", separation=3, least_area=2).tolist()
    [[1, 1, 1, 1, 1, 0, 0]]
    >>> heat = np.array([[0.1, 1.0, 0.1, 0.1, 0.8, 0.1, 0.1]])
    >>> split_slice(bar, heat, threshold=0.5, split="centres", separation=3, least_area=1).tolist()
    [[1, 1, 1, 3, 3, 0, 2]]
    """
    if probability.ndim != 2:
        raise ValueError(f"a slice has two axes (Y, X), not {probability.ndim}")
    return split_map(
        probability,
        centres,
        threshold=threshold,
        split=split,
        separation=separation,
        anisotropy=1.0,
        least_size=least_area,
    )

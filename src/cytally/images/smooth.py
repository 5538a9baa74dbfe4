"""The Gaussian filter of SciPy, to the last digit, by as many threads as torch may use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Float = TypeVar("Float", np.float32, np.float64)

LEAST = 262_144
"""Fewer pixels than this are not worth a second thread."""


def gaussian(
    plane: NDArray[Float], sigma: float, *, truncate: float = 4.0, threads: int | None = None
) -> NDArray[Float]:
    """Smooth a plane (Y, X) by a Gaussian; beyond the edges it is mirrored.

    Along either axis the lines are shared out among threads: each line comes out as it would alone.

    Parameters
    ----------
    plane
        float32 or float64, which the result is in as well.
    sigma
        Standard deviation in pixels.
    truncate
        Standard deviations at which the Gaussian ends.
    threads
        How many; None: as many as torch has been told to use, where the plane is large.
    """
    if threads is None:
        import torch  # slow to load, and loaded already where a network is about to run

        threads = torch.get_num_threads() if plane.size >= LEAST else 1
    across, smooth = np.empty_like(plane), np.empty_like(plane)

    def down(columns: slice) -> None:
        ndimage.gaussian_filter1d(plane[:, columns], sigma, axis=0, output=across[:, columns], truncate=truncate)

    def along(rows: slice) -> None:
        ndimage.gaussian_filter1d(across[rows], sigma, axis=1, output=smooth[rows], truncate=truncate)

    if threads == 1:
        down(slice(None))
        along(slice(None))
        return smooth
    with ThreadPoolExecutor(threads) as crew:
        for work, length in ((down, plane.shape[1]), (along, plane.shape[0])):
            edges = np.linspace(0, length, threads + 1).round().astype(int).tolist()
            list(crew.map(work, map(slice, edges, edges[1:])))
    return smooth

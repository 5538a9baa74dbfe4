"""The latent space in two dimensions: where natural and drawn pictures lie, and how many cells they hold."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cytally.report.plots import BLUE, GREY, ORANGE, figure_of, png_of

LEAST_FOR_UMAP = 20
"""Pictures below which neighbourhoods mean nothing, and principal components are drawn."""


class LatentMap(NamedTuple):
    """Latent vectors in two dimensions."""

    places: NDArray[np.float64]
    """(N, 2)"""
    umap: bool
    """Whether UMAP laid them out; else they are principal components."""


def umap_is_installed() -> bool:
    """Whether the extra ``cytally[umap]`` is there."""
    return find_spec("umap") is not None


def latent_map(latents: ArrayLike, seed: int = 0) -> LatentMap:
    """Lay latent vectors out in two dimensions, by UMAP where it is installed, else by their principal components.

    Parameters
    ----------
    latents
        Latent means (N, L).
    seed
        Decides what UMAP leaves to chance.

    References
    ----------
    McInnes et al. 2018, UMAP, with its defaults: 15 neighbours, a least distance of 0.1.

    Examples
    --------
    A few vectors are too few for UMAP. Those on a line lie on a line.

    >>> latent_map([[0.0, 0.0, 7.0], [3.0, 4.0, 7.0], [6.0, 8.0, 7.0]]).places[:, 0].round(6).tolist()
    [-5.0, 0.0, 5.0]
    """
    latents = np.asarray(latents, np.float64)
    if umap_is_installed() and len(np.unique(latents, axis=0)) >= LEAST_FOR_UMAP:
        from umap import UMAP  # takes seconds

        # one job: with more of them UMAP is not the same twice
        places = UMAP(random_state=seed, n_jobs=1, init="pca").fit_transform(latents.astype(np.float32))
        return LatentMap(np.asarray(places, np.float64), True)
    return LatentMap(_principal_components(latents), False)


def draw_latent_map(laid_out: LatentMap, counts: ArrayLike, drawn: ArrayLike) -> bytes:
    """Two panels: the pictures coloured by their count, and by their origin.

    Parameters
    ----------
    laid_out
        What `latent_map` returns, of N pictures.
    counts
        Number of cells (N,); NaN where unknown, which is drawn grey.
    drawn
        Whether each picture is drawn (N,); else it is natural.

    Returns
    -------
    bytes
        A PNG file.
    """
    counts, drawn = np.asarray(counts, float), np.asarray(drawn, bool)
    figure = figure_of(10.0, 4.8)
    by_count, by_origin = figure.subplots(1, 2)
    x, y = laid_out.places.T
    look: dict[str, Any] = {"s": 16, "alpha": 0.75, "linewidth": 0}
    for kind, marker in ((False, "o"), (True, "^")):
        here = drawn == kind
        name = "drawn" if kind else "natural"
        known = here & np.isfinite(counts)
        by_count.scatter(x[here & ~known], y[here & ~known], color=GREY, marker=marker, **look)
        limits = {"vmin": np.nanmin(counts), "vmax": np.nanmax(counts)} if np.isfinite(counts).any() else {}
        points = by_count.scatter(x[known], y[known], c=counts[known], cmap="viridis", marker=marker, **limits, **look)
        if here.any():
            colour = ORANGE if kind else BLUE
            label = f"{name} ({here.sum()})"
            by_origin.scatter(x[here], y[here], color=colour, marker=marker, label=label, **look)
    if np.isfinite(counts).any():
        figure.colorbar(points, ax=by_count, label="cells")
    by_count.set_title("by count (○ natural, △ drawn; grey: unknown)", fontsize=10)
    by_origin.set_title("by origin", fontsize=10)
    by_origin.legend(frameon=False, fontsize="small")
    for axes in (by_count, by_origin):
        axes.set(xticks=[], yticks=[])
        axes.set_xlabel("UMAP 1" if laid_out.umap else "first principal component")
        axes.set_ylabel("UMAP 2" if laid_out.umap else "second principal component")
        axes.spines[["top", "right"]].set_visible(False)
    if not laid_out.umap:
        figure.suptitle("The first two principal components, not UMAP", fontsize=10)
    return png_of(figure)


def _principal_components(latents: NDArray[np.float64]) -> NDArray[np.float64]:
    """The first two, (N, 2), each with the sign that makes its largest part positive; zeros where there are fewer."""
    centred = latents - latents.mean(axis=0)
    left, sizes, right = np.linalg.svd(centred, full_matrices=False)
    found = min(2, len(sizes))
    signs = np.sign(right[np.arange(found), np.abs(right[:found]).argmax(axis=1)])
    places = np.zeros((len(latents), 2))
    places[:, :found] = left[:, :found] * sizes[:found] * signs
    return places

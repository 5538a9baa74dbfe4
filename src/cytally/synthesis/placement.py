"""Where nuclei lie: seeds that keep their distance, touch, or crowd, in a search that always ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Clear = Callable[[int, Floats, NDArray[np.intp], Floats], NDArray[np.bool_]]
"""Tells of nucleus `index` which of its candidates (C, 2) keep clear of `others` (K,), placed at centres (K, 2)."""

CANDIDATES = 8  # places tried at once
ROUNDS = 5  # times that is repeated for one nucleus
GIVE_UP = 4  # nuclei in a row without a place before the field counts as full


@dataclass(frozen=True)
class Ellipses:
    """Ellipses of N nuclei, without their places.

    `major` and `minor` are half axes in pixels, `angle` turns the major axis from x towards y, in radians; each (N,).
    """

    major: Floats
    minor: Floats
    angle: Floats

    def __len__(self) -> int:
        return len(self.major)

    def metric(self) -> Floats:
        """The (N, 3) terms yy, xy, xx of each quadratic form; it is 1 on the ellipse."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        major, minor = self.major**-2, self.minor**-2
        return np.stack(
            [major * sin**2 + minor * cos**2, 2 * (major - minor) * sin * cos, major * cos**2 + minor * sin**2], axis=1
        )


@dataclass(frozen=True)
class Crowding:
    """How nuclei seek each other; see the fields of the same names in `NucleiConfig`."""

    clustering: float
    patchiness: float
    allowed_overlap: float


def place(
    ellipses: Ellipses,
    inside: int,
    shape: tuple[int, int],
    margin: float,
    crowding: Crowding,
    rng: np.random.Generator,
    clear: Clear | None = None,
) -> Floats:
    """Find places for nuclei, one after the other.

    The first `inside` nuclei get their centres within the image, the others within a frame around it.

    Parameters
    ----------
    ellipses
        N nuclei.
    inside
        How many of them lie in the image.
    shape
        Height and width of the image, px.
    margin
        Width of the frame, px. A negative one keeps centres that far inside the border.
    crowding
        How they seek each other.
    rng
        Source of chance.
    clear
        A further test, for shapes that ellipses describe badly.

    Returns
    -------
    array (N, 2)
        Centres y, x in pixels; NaN for nuclei that found no place.

    Notes
    -----
    Along the line through both centres, half axes r1 and r2, two nuclei at distance d are accepted where
    d >= (1 - allowed_overlap) (r1 + r2). With no overlap allowed, ellipses that lie askew may still graze.
    """
    total = len(ellipses)
    centres = np.full((total, 2), np.nan)
    metric = ellipses.metric()
    radius = np.sqrt(ellipses.major * ellipses.minor)
    size = np.array(shape, dtype=np.float64)
    mode = rng.random(total)
    placed = np.zeros(total, dtype=np.intp)
    done = failed = 0
    for index in range(total):
        if index == inside:
            failed = 0
        if failed == GIVE_UP:
            continue
        low, high = (-0.5 - min(margin, 0.0), size - 0.5 + min(margin, 0.0))
        if index >= inside:
            low, high = -0.5 - margin, size - 0.5 + margin
        for _ in range(ROUNDS):
            others = placed[:done]
            candidates = _candidates(index, mode[index], others, centres, radius, low, high, crowding, rng)
            good = np.all((candidates >= low) & (candidates <= high), axis=1)
            if index >= inside:
                good &= np.any((candidates < -0.5) | (candidates > size - 0.5), axis=1)
            if done and crowding.allowed_overlap < 1:
                good &= _free(candidates, metric[index], centres[others], metric[others], crowding.allowed_overlap)
            if clear is not None and done and good.any():
                good &= clear(index, candidates, others, centres[others])
            if good.any():
                centres[index] = candidates[int(np.argmax(good))]
                placed[done] = index
                done += 1
                failed = 0
                break
        else:
            failed += 1
    return centres


def _candidates(
    index: int,
    mode: float,
    others: NDArray[np.intp],
    centres: Floats,
    radius: Floats,
    low: float,
    high: Floats,
    crowding: Crowding,
    rng: np.random.Generator,
) -> Floats:
    """Places to try, (CANDIDATES, 2): beside another nucleus, near one, or anywhere. The last quarter is anywhere."""
    anywhere = low + rng.random((CANDIDATES, 2)) * (high - low)
    if not len(others) or mode >= crowding.clustering + (1 - crowding.clustering) * crowding.patchiness:
        return anywhere
    neighbours = others[rng.integers(len(others), size=CANDIDATES)]
    turn = rng.random(CANDIDATES) * 2 * np.pi
    if mode < crowding.clustering:
        # From as deep as allowed to just apart.
        distance = (radius[index] + radius[neighbours]) * (1.05 - crowding.allowed_overlap * rng.random(CANDIDATES))
    else:
        distance = radius[index] * (2 + 6 * rng.random(CANDIDATES))
    beside = centres[neighbours] + distance[:, None] * np.stack([np.sin(turn), np.cos(turn)], axis=1)
    beside[-CANDIDATES // 4 :] = anywhere[-CANDIDATES // 4 :]
    return np.asarray(beside)


def _free(
    candidates: Floats, own: Floats, centres: Floats, metric: Floats, allowed_overlap: float
) -> NDArray[np.bool_]:
    """Which candidates keep the distance from every nucleus placed already."""
    dy = candidates[:, 0, None] - centres[:, 0]
    dx = candidates[:, 1, None] - centres[:, 1]
    yy, xy, xx = dy * dy, dy * dx, dx * dx
    # 1 / distance in units of each ellipse's own radius along the line of centres; a tiny term avoids 0 / 0.
    of_own = 1 / np.sqrt(own[0] * yy + own[1] * xy + own[2] * xx + 1e-12)
    of_other = 1 / np.sqrt(metric[:, 0] * yy + metric[:, 1] * xy + metric[:, 2] * xx + 1e-12)
    return np.asarray(np.all((1 - allowed_overlap) * (of_own + of_other) <= 1, axis=1))

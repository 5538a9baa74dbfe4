"""Discs on a lattice: cells of which everything is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest


def _discs(
    diameter: float = 12.0, side: int = 160, noise: float = 0.02, blur: float = 0.0, seed: int = 0
) -> np.ndarray:
    """Pixels (side, side): discs of height 1 on a lattice three diameters wide, smoothed by a pixel or more."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] % (3 * diameter) - 1.5 * diameter
    sharp = (np.hypot(y, x) < diameter / 2).astype(np.float32)
    picture = cv2.GaussianBlur(sharp, (0, 0), max(0.6, blur))
    return (picture + rng.normal(0, noise, picture.shape)).astype(np.float32)


@pytest.fixture(scope="session")
def discs():
    """``discs(diameter, side, noise, blur, seed)``: a picture (side, side)."""
    return _discs

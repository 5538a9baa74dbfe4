from __future__ import annotations

import numpy as np
import pytest

from cytally.synthesis.outlines import Outlines, draw_outlines
from cytally.synthesis.painting import Look, Painting, paint
from cytally.synthesis.placement import Ellipses

SHARP = Look("add", dome=0.0, texture=0.0, grain=1.0, blur=0.0, out_of_focus_share=0.0, defocus=0.0)


def discs(radii: list[float]) -> Outlines:
    axes = np.array(radii, dtype=np.float64)
    rng = np.random.default_rng(0)
    return draw_outlines(Ellipses(axes, axes, np.zeros(len(axes))), 0.0, 0.0, rng)


def painted(radii: list[float], centres: list[tuple[float, float]], look: Look = SHARP) -> Painting:
    brightness = np.linspace(0.5, 1.0, len(radii))
    return paint(discs(radii), np.array(centres), brightness, (40, 50), look, np.random.default_rng(0))


def test_a_disc_against_a_slow_reference() -> None:
    painting = painted([7.3], [(20.25, 24.5)])
    y, x = np.mgrid[:40, :50]
    disc = np.hypot(y - 20.25, x - 24.5) <= 7.3
    assert np.array_equal(painting.labels == 1, disc)
    assert painting.light.sum() == pytest.approx(0.5 * np.pi * 7.3**2, rel=0.01)
    assert painting.points == pytest.approx(np.array([[20.25, 24.5]]), abs=0.05)


@pytest.mark.parametrize(("outside", "counts"), [(3.0, True), (5.0, False)])
def test_a_quarter_of_the_area_must_be_visible(outside: float, counts: bool) -> None:
    # The segment of a disc beyond a chord at distance d from its middle, r = 10:
    # r² acos(d / r) - d √(r² - d²) = 98.0 of 314.2 (31 %) for d = 3 and 61.4 (20 %) for d = 5.
    painting = painted([10.0], [(-0.5 - outside, 25.0)])
    assert len(painting.points) == counts
    assert bool(painting.labels.any()) == counts
    assert painting.light.sum() == pytest.approx(0.5 * (98.0 if counts else 61.4), rel=0.05)


def test_the_point_of_a_cut_nucleus_is_the_centroid_of_what_is_seen() -> None:
    # Half a disc: its centroid lies 4 r / (3 π) from the chord, which is the border at y = -0.5.
    painting = painted([10.0], [(-0.5, 25.0)])
    assert painting.points[0] == pytest.approx((-0.5 + 40 / (3 * np.pi), 25.0), abs=0.1)


def test_the_later_nucleus_takes_shared_pixels_and_light_adds() -> None:
    painting = painted([6.0, 6.0], [(20.0, 20.0), (20.0, 26.0)])
    assert painting.labels[20, 23] == 2
    assert painting.labels[20, 16] == 1
    assert painting.light[20, 23] == pytest.approx(1.5)
    maximum = painted([6.0, 6.0], [(20.0, 20.0), (20.0, 26.0)], Look(**(vars(SHARP) | {"overlay": "maximum"})))
    assert maximum.light[20, 23] == pytest.approx(1.0)


def test_a_nucleus_covered_entirely_is_not_counted() -> None:
    painting = painted([3.0, 9.0], [(20.0, 20.0), (20.0, 20.0)])
    assert len(painting.points) == painting.labels.max() == 1


def test_blur_keeps_light() -> None:
    sharp, soft = painted([5.0], [(20.0, 25.0)]), painted([5.0], [(20.0, 25.0)], Look(**(vars(SHARP) | {"blur": 2.0})))
    assert soft.light.sum() == pytest.approx(sharp.light.sum(), rel=1e-3)
    assert soft.light.max() < sharp.light.max()

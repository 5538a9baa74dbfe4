"""Laying a phase-contrast image on the stain of the same field, and refusing one of another field."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from tifffile import imread

from cytally.errors import ImageError
from cytally.labelling.registration import common, moved, register

PAIRS = Path(__file__).parents[2] / "../shared/data/phase_nuclei"
SHIFTS = [(0, 0), (7, -11), (-18, 4)]


def drawn(seed: int, side: int = 256, number: int = 30, radius: int = 8) -> np.ndarray:
    """Discs that do not touch, 1 on 0."""
    rng = np.random.default_rng(seed)
    ys, xs = np.ogrid[:side, :side]
    centres: list[tuple[float, float]] = []
    while len(centres) < number:
        y, x = rng.uniform(0, side, 2)
        if all((y - a) ** 2 + (x - b) ** 2 > (2.5 * radius) ** 2 for a, b in centres):
            centres.append((y, x))
    return np.any([(ys - y) ** 2 + (xs - x) ** 2 < radius**2 for y, x in centres], axis=0).astype(float)


def noisy(image: np.ndarray, share: float, seed: int = 1) -> np.ndarray:
    return image + np.random.default_rng(seed).normal(0, share * image.std(), image.shape)


def seen(style: str, discs: np.ndarray) -> np.ndarray:
    """What phase contrast may make of discs."""
    return {
        "dark": -discs,
        "bright": discs,
        "smoothed": ndimage.gaussian_filter(discs, 4),
        "bright edges": ndimage.gaussian_filter(discs, 1) - ndimage.gaussian_filter(discs, 3),
        "texture": discs * np.random.default_rng(2).normal(0, 1, discs.shape),
    }[style]


@pytest.mark.parametrize("style", ["dark", "bright", "smoothed", "bright edges", "texture"])
@pytest.mark.parametrize("shift", SHIFTS)
def test_drawn_pairs(style: str, shift: tuple[int, int]) -> None:
    discs = drawn(0)
    stain = noisy(ndimage.gaussian_filter(discs, 1) * 900 + 100, 0.1).clip(0).astype(np.uint16)
    phase = noisy(np.roll(seen(style, discs), (-shift[0], -shift[1]), (0, 1)) * 100 + 3000, 0.3).astype(np.uint16)
    found = register(stain, phase)
    assert np.abs(np.subtract(found.shift, shift)).max() <= 1
    assert found.least < found.correlation <= 1


@pytest.mark.parametrize(("radius", "side", "number"), [(3, 200, 15), (15, 512, 15), (30, 700, 20)])
def test_nuclei_of_any_size(radius: int, side: int, number: int) -> None:
    discs = drawn(3, side, number, radius)
    found = register(noisy(discs, 0.2), noisy(-np.roll(discs, (5, 6), (0, 1)), 0.5, 4))
    assert np.abs(np.subtract(found.shift, (-5, -6))).max() <= 1


def test_the_same_image_fits_perfectly() -> None:
    discs = drawn(0)
    found = register(discs, discs)
    assert found.shift == (0, 0)
    assert found.correlation > 0.9 > found.least > found.background > 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["other discs", "noise", "smooth noise"])
def test_what_does_not_belong_together(kind: str, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 1, (256, 256))
    phase = {"other discs": -noisy(drawn(seed + 10), 0.2), "noise": noise}.get(kind, ndimage.gaussian_filter(noise, 5))
    with pytest.raises(ImageError, match=r"correlation 0\.\d\d, at least 0\.\d\d is wanted") as raised:
        register(noisy(drawn(0), 0.1), phase)
    best, least = map(float, re.findall(r"0\.\d\d", raised.value.message))
    assert best <= least


def test_a_shift_beyond_a_tenth() -> None:
    discs = drawn(0)
    with pytest.raises(ImageError, match=r"\+40, -3 pixels \(y, x\) off the stain, more than 10 % of a side"):
        register(discs, -np.roll(discs, (-40, 3), (0, 1)))


def test_brightness_and_contrast_do_not_matter() -> None:
    discs = noisy(drawn(0), 0.1)
    light = np.linspace(0, 3, 256)[:, None]
    plain, changed = register(discs, -discs), register(discs * 50 + 7, 2000 - 30 * discs + light)
    assert plain.shift == changed.shift == (0, 0)
    assert changed.correlation == pytest.approx(plain.correlation, abs=0.01)


@pytest.mark.parametrize(
    ("stain", "phase", "message"),
    [
        (np.eye(80), np.eye(80, 81), "the stain has 80 × 80 pixels and the phase contrast 80 × 81"),
        (np.eye(80, 40), np.eye(80, 40), "too small"),
        (np.eye(80)[None], np.eye(80)[None], "too small"),
        (np.full((80, 80), 7), np.eye(80), "the stain is constant: every pixel is 7"),
        (np.eye(80), np.zeros((80, 80)), "the phase contrast is constant"),
        (np.eye(80), np.where(np.eye(80) > 0, np.nan, 1), "the phase contrast holds values that are not finite"),
    ],
)
def test_bad_input(stain: Any, phase: Any, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        register(stain, phase)


@given(st.tuples(st.integers(1, 30), st.integers(1, 30)), st.tuples(st.integers(-40, 40), st.integers(-40, 40)))
def test_moving_by_a_loop(shape: tuple[int, int], shift: tuple[int, int]) -> None:
    image = np.arange(1, shape[0] * shape[1] + 1, dtype=np.uint16).reshape(shape)
    expected, shown = np.zeros_like(image), np.zeros(shape, bool)
    for y, x in np.ndindex(shape):
        if 0 <= y - shift[0] < shape[0] and 0 <= x - shift[1] < shape[1]:
            expected[y, x], shown[y, x] = image[y - shift[0], x - shift[1]], True
    result = moved(image, shift)
    assert result.dtype == image.dtype and result.tolist() == expected.tolist()
    overlap = np.zeros(shape, bool)
    overlap[common(shape, shift)] = True
    assert (overlap == shown).all()


@pytest.fixture(scope="module")
def keratinocytes() -> tuple[np.ndarray, np.ndarray]:
    if not PAIRS.is_dir():
        pytest.skip("the real images are not here")
    return imread(PAIRS / "keratinocytes_hoechst.tif"), imread(PAIRS / "keratinocytes_phase.tif")


@pytest.mark.parametrize("shift", [(0, 0), (12, -9), (-20, 21)])
def test_real_phase_contrast(keratinocytes: tuple[np.ndarray, np.ndarray], shift: tuple[int, int]) -> None:
    stain, phase = keratinocytes
    y, x = 100, 45
    part = phase[y - shift[0] : y - shift[0] + 256, x - shift[1] : x - shift[1] + 256]
    # What is at (y, x) of the stain's part is at (y + shift) of the phase contrast's: it must be moved back.
    found = register(stain[y : y + 256, x : x + 256], part)
    assert np.abs(np.add(found.shift, shift)).max() <= 1
    assert register(stain, phase.max() - phase).shift == (0, 0)


@pytest.mark.parametrize("turn", [np.fliplr, np.flipud, np.rot90, np.transpose])
def test_real_phase_contrast_turned(keratinocytes: tuple[np.ndarray, np.ndarray], turn: Any) -> None:
    stain, phase = (image[:352] for image in keratinocytes)
    with pytest.raises(ImageError, match=r"do not seem to show the same field|off the stain"):
        register(stain, turn(phase))


def test_a_culture_lit_from_one_side() -> None:
    if not PAIRS.is_dir():
        pytest.skip("the real images are not here")
    found = register(imread(PAIRS / "neurons_dapi.tif"), imread(PAIRS / "neurons_phase.tif"))
    assert np.abs(found.shift).max() <= 6


def test_a_regular_grid_fits_itself_though_wrong_shifts_fit_nearly_as_well():
    rows, columns = np.mgrid[:256, :256]
    grid = (np.hypot(rows % 32 - 16, columns % 32 - 16) < 8).astype(float)
    found = register(grid, -grid)
    assert found.shift == (0.0, 0.0)
    assert 3.5 * found.background > 1 > found.correlation >= found.least == 0.9

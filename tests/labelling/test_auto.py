"""Nuclei without a setting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage import io

from cytally.errors import ImageError
from cytally.labelling.auto import label_auto, without_specks

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "dsb2018_fluo"


def drawn(diameter: float = 16, *, size: int = 160, noise: float = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Nuclei on a jittered grid, of various brightness, every third with a neighbour that touches; and their labels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    image, labels, pitch = np.zeros((size, size)), np.zeros((size, size), int), 2.6 * diameter
    for place, (row, column) in enumerate(
        (r, c)
        for r in np.arange(pitch / 2, size - pitch / 3, pitch)
        for c in np.arange(pitch / 2, size - pitch / 3, pitch)
    ):
        row, column = row + rng.uniform(-2, 2), column + rng.uniform(-2, 2)
        for shift in (-0.46, 0.46) if place % 3 == 0 else (0,):
            disc = np.hypot(y - row, x - column - shift * diameter) < diameter / 2
            image[disc], labels[disc] = 200 * rng.uniform(0.6, 1.3), labels.max() + 1
    image = ndimage.gaussian_filter(image, diameter / 16) + 50 + rng.normal(0, noise, image.shape)
    return image.clip(0), labels


def found(true: np.ndarray, labels: np.ndarray) -> tuple[int, int, int]:
    """Hits, false ones and missed ones: one to one at more than half of the union, in the obvious way."""
    hits = 0
    for one in range(1, true.max() + 1):
        for other in np.unique(labels[true == one]):
            if other:
                a, b = true == one, labels == other
                hits += (a & b).sum() > 0.5 * (a | b).sum()
    return hits, int(labels.max()) - hits, int(true.max()) - hits


@pytest.mark.parametrize("diameter", [10, 16, 30])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32, np.int64])
def test_all_nuclei_of_a_drawn_field(diameter: float, kind: type) -> None:
    image, true = drawn(diameter, size=int(10 * diameter))
    result = label_auto(
        (image if kind == np.uint8 else 30 * image).clip(0, None if kind != np.uint8 else 255).astype(kind)
    )
    assert found(true, result.labels) == (true.max(), 0, 0)
    assert result.refused is None
    assert result.labels.dtype == np.uint16


@pytest.mark.parametrize("slope", [0.3, 1.5])
def test_uneven_light(slope: float) -> None:
    image, true = drawn(size=240)
    _, false, missed = found(true, label_auto(image + np.linspace(0, slope * 200, 240)[:, None]).labels)
    assert false <= 1 and missed <= 2


def test_hot_pixels_noise_and_haze() -> None:
    image, true = drawn(size=240, noise=30)
    rng = np.random.default_rng(5)
    image[rng.random(image.shape) < 0.002] = 60_000
    _, false, missed = found(true, label_auto(image).labels)
    assert false <= 2 and missed <= 2
    image, true = drawn(size=240)
    _, false, missed = found(true, label_auto(image + 0.4 * ndimage.gaussian_filter(image, 20)).labels)
    assert false <= 1 and missed <= 1


def test_specks_and_holes() -> None:
    image, true = drawn(size=160, noise=1)
    image[76:79, 2:5] += 300
    hole = ndimage.distance_transform_edt(true == 2) > 6
    image[hole] = 50
    labels = label_auto(image).labels
    assert labels[77, 3] == 0
    assert labels[hole].all()


@given(st.sampled_from([0.125, 1.0, 512.0]), st.sampled_from([0.0, 1000.0]))
@settings(max_examples=6, deadline=None)
def test_brightness_and_offset_change_nothing(factor: float, offset: float) -> None:
    image, _ = drawn(size=128)
    plain, other = label_auto(image).labels, label_auto(factor * image + offset).labels
    assert plain.max() == other.max()
    assert ((plain > 0) != (other > 0)).mean() < 0.002


@given(st.integers(0, 2**32 - 1), st.sampled_from([np.s_[::-1], np.s_[:, ::-1], np.s_[::-1, ::-1]]))
@settings(max_examples=6, deadline=None)
def test_turned_over(seed: int, turn: tuple[slice, ...]) -> None:
    image, _ = drawn(size=120, seed=seed)
    plain, turned = label_auto(image), label_auto(image[turn])
    assert abs(plain.objects - turned.objects) <= 1
    assert ((plain.labels > 0) != (turned.labels[turn] > 0)).mean() < 0.005


@given(st.integers(0, 2**32 - 1), st.integers(1, 70), st.integers(1, 70), st.sampled_from([0.0, 1.0, 4.0]))
@settings(max_examples=25, deadline=None)
def test_labels_run_from_1_without_gaps(seed: int, rows: int, columns: int, blur: float) -> None:
    image = ndimage.gaussian_filter(np.random.default_rng(seed).random((rows, columns)), blur)
    result = label_auto(image)
    assert result.labels.shape == image.shape
    assert np.unique(np.append(result.labels.ravel(), 0)).tolist() == list(range(result.objects + 1))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("blur", [0, 1, 3])
def test_noise_alone_is_refused(seed: int, blur: float) -> None:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(500, 20, (150, 200)), blur)
    assert label_auto(noise.astype(np.float32)).refused is not None


def test_empty_saturated_and_leaked_fields_are_refused() -> None:
    assert label_auto(np.full((64, 64), 9, np.uint8)).refused == "every pixel has the value 9"
    image, _ = drawn()
    assert "saturated" in str(label_auto((8 * (image - 40)).clip(0, 255).astype(np.uint8)).refused)
    y, x = np.mgrid[:64, :64]
    big = (np.hypot(y - 32, x - 32) < 29) * 200 + np.random.default_rng(0).normal(50, 5, (64, 64))
    assert "covers" in str(label_auto(big).refused)


def test_a_single_nucleus_in_a_small_picture() -> None:
    y, x = np.mgrid[:64, :64]
    image = ndimage.gaussian_filter((np.hypot(y - 30, x - 34) < 10) * 100.0, 1) + np.random.default_rng(0).normal(
        0, 3, (64, 64)
    )
    result = label_auto(image)
    assert (result.objects, result.refused) == (1, None)
    assert result.foreground == pytest.approx(np.pi * 100 / 64**2, rel=0.15)


def test_what_cannot_be_looked_at() -> None:
    with pytest.raises(ImageError, match="not finite"):
        label_auto(np.array([[np.inf, 1], [2, 3]]))
    with pytest.raises(ImageError, match="has shape"):
        label_auto(np.zeros((0, 5)))


def test_specks_by_hand() -> None:
    parts = np.array([[5, 5, 0, 2], [5, 0, 0, 7], [0, 9, 9, 7]])
    assert without_specks(parts, 2).tolist() == [[1, 1, 0, 0], [1, 0, 0, 2], [0, 3, 3, 2]]
    assert without_specks(np.arange(70_000).reshape(1, -1), 1).dtype == np.uint32


@pytest.mark.skipif(not DATA.is_dir(), reason="real images are not here")
def test_real_fluorescence_images() -> None:
    """Twelve of the images: better than Gaussian, Otsu and distance watershed by a margin."""
    true_positives, all_of_them, off, cells = 0, 0, 0, 0
    for file in sorted((DATA / "images").glob("*.png"))[1::10]:
        true = io.imread(DATA / "labels" / f"{file.stem}.tif").astype(int)
        result = label_auto(io.imread(file))
        assert result.refused is None
        hits, false, missed = found(true, result.labels)
        true_positives, all_of_them = true_positives + hits, all_of_them + hits + false + missed
        off, cells = off + abs(result.objects - len(np.unique(true)) + 1), cells + len(np.unique(true)) - 1
    assert true_positives / all_of_them > 0.78
    assert off / cells < 0.09

"""Tissue on drawn low-resolution pictures: no cell is lost, empty ground is left out where it is clear."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cytally.errors import UsageError
from cytally.slides.ground import stands_out
from cytally.slides.tissue import Tissue, TissueOptions, find_tissue

HEIGHT, WIDTH = 300, 360
Y, X = np.mgrid[:HEIGHT, :WIDTH]


def dome(y: float, x: float, height: float, width: float) -> np.ndarray:
    """A piece of tissue: 1 in its middle, fading out."""
    return np.exp(-((((Y - y) / height) ** 2 + ((X - x) / width) ** 2) ** 2))


def piece(y: float, x: float, height: float, width: float) -> np.ndarray:
    return (((Y - y) / height) ** 2 + ((X - x) / width) ** 2 < 1).astype(float)


def cells(places: np.ndarray, brightness: float) -> np.ndarray:
    """Cells that cover a few pixels; the brightest pixel of each has `brightness`."""
    picture = np.zeros((HEIGHT, WIDTH))
    for y, x in places:
        picture = np.maximum(picture, brightness * np.exp(-((Y - y) ** 2 + (X - x) ** 2) / 2 / 0.8**2))
    return picture


def scattered(number: int, rng: np.random.Generator, where: np.ndarray | None = None) -> np.ndarray:
    inside = np.ones((HEIGHT, WIDTH)) if where is None else where
    candidates = np.argwhere(inside[8:-8, 8:-8] > 0.5) + 8
    return candidates[rng.choice(len(candidates), number, replace=False)]


def camera(picture: np.ndarray, noise: float, dtype: str, rng: np.random.Generator) -> np.ndarray:
    seen = picture + rng.normal(0, noise, picture.shape)
    if np.dtype(dtype).kind == "f":
        return seen.astype(dtype)
    return np.clip(np.rint(seen), 0, np.iinfo(dtype).max).astype(dtype)


def all_with_margin(mask: np.ndarray, places: np.ndarray, margin: int = 3) -> bool:
    """Whether each place and what lies within `margin` pixels of it is in."""
    return all(mask[max(0, y - margin) : y + margin + 1, max(0, x - margin) : x + margin + 1].all() for y, x in places)


CAMERAS = [
    ("uint8", 10, 0),
    ("uint8", 0, 1),
    ("uint8", 10, 3),
    ("uint16", 100, 3),
    ("float32", 0, 3),
    ("float64", -5, 0),
]


@pytest.mark.parametrize(("dtype", "dark", "noise"), CAMERAS)
def test_glowing_skin_with_bright_cells_on_black(dtype, dark, noise):
    rng = np.random.default_rng(1)
    skin = dome(150, 180, 70, 90)
    places = scattered(80, rng, skin)
    picture = dark + 40 * skin + cells(places, 150)
    mask = find_tissue(camera(picture, noise, dtype, rng)[None])
    assert mask[skin > 0.3].all()
    assert all_with_margin(mask, places)
    assert mask[skin < 1e-8].mean() < 0.05
    assert mask.mean() < 0.8


@pytest.mark.parametrize(("dtype", "dark", "noise"), CAMERAS)
def test_cells_scattered_on_empty_ground(dtype, dark, noise):
    rng = np.random.default_rng(2)
    places = scattered(150, rng)
    mask = find_tissue(camera(dark + cells(places, 60), noise, dtype, rng)[None])
    assert all_with_margin(mask, places)
    assert mask.mean() < 0.9  # and what lies between them is left out


def test_a_ground_that_flickers_between_two_values_is_ground():
    rng = np.random.default_rng(3)
    places = scattered(60, rng)
    picture = np.rint(cells(places, 60)).astype(np.uint8) + (rng.random((HEIGHT, WIDTH)) < 0.01)
    mask = find_tissue(picture.astype(np.uint8)[None])
    assert all_with_margin(mask, places)
    assert mask.mean() < 0.6


def test_one_piece_and_single_faint_cells_far_away():
    kept = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        tissue = piece(80, 100, 50, 70)
        places = scattered(20, rng, piece(240, 280, 45, 60))
        picture = 100 + 80 * tissue + cells(places, 5 * 3.0)  # five times the noise
        mask = find_tissue(camera(picture, 3.0, "uint16", rng)[None])
        assert mask[tissue > 0].all()
        assert mask.mean() < 0.3
        kept += sum(all_with_margin(mask, place[None], margin=2) for place in places)
    assert kept >= 99  # of 100: noise may take one out


@pytest.mark.parametrize("white", [225, 250])
def test_stained_tissue_on_white(white):
    rng = np.random.default_rng(4)
    tissue = piece(150, 180, 80, 100)
    nuclei = cells(scattered(60, rng, tissue), 1)
    pale = scattered(10, rng, piece(40, 60, 25, 40))  # cells that float beside it
    stain = tissue * rng.uniform(0.4, 1, tissue.shape) + nuclei + 0.5 * cells(pale, 1)
    picture = np.stack([white - depth * np.minimum(stain, 1) for depth in (60, 140, 70)])
    mask = find_tissue(camera(picture, 1.5, "uint8", rng))
    assert mask[tissue > 0].all()
    assert all_with_margin(mask, pale)
    assert mask.mean() < 0.45


def test_uneven_illumination_loses_nothing():
    rng = np.random.default_rng(5)
    light = 1 - 0.35 * (((Y - 150) / 150) ** 2 + ((X - 180) / 180) ** 2) / 2
    places = scattered(60, rng)
    tissue = piece(150, 180, 60, 60)
    for picture, inside in ((100 + cells(places, 60), None), (100 + 80 * tissue + cells(places, 60), tissue > 0)):
        mask = find_tissue(camera(picture * light, 1, "uint16", rng)[None])
        assert all_with_margin(mask, places)
        assert inside is None or mask[inside].all()


def test_a_faint_slope_of_light_is_no_tissue():
    rng = np.random.default_rng(6)
    tissue = piece(150, 180, 60, 60)
    mask = find_tissue(camera((100 + 80 * tissue) * (1 + 0.02 * X / WIDTH), 1, "uint16", rng)[None])
    assert mask[tissue > 0].all()
    assert mask.mean() < 0.3


def test_tissue_that_fills_the_picture_is_all_in():
    rng = np.random.default_rng(7)
    rough = 30 * np.sin(Y / 17) * np.sin(X / 23)
    corner = 200 * (1 - piece(0, 0, 90, 90))  # the only dark place is a corner
    assert find_tissue(camera(100 + corner + rough, 3, "uint16", rng)[None]).all()
    white = 240 - (100 + rough) * (1 - piece(0, 0, 90, 90))
    assert find_tissue(camera(white, 3, "uint8", rng)[None]).all()


def test_an_unscanned_margin_takes_no_tissue_away():
    rng = np.random.default_rng(8)
    tissue = piece(150, 130, 60, 60)
    picture = camera(100 + 80 * tissue, 3, "uint16", rng)
    picture[:, 240:] = 0
    assert find_tissue(picture[None])[tissue > 0].all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "bool"])
@pytest.mark.parametrize("value", [0, 1])
def test_a_constant_picture_is_all_in(dtype, value):
    assert find_tissue(np.full((2, 40, 50), value, dtype)).all()


def test_noise_alone_is_all_in():
    assert find_tissue(np.random.default_rng(9).normal(100, 3, (1, HEIGHT, WIDTH))).all()


def test_a_channel_of_noise_says_nothing_and_one_with_cells_adds_them():
    rng = np.random.default_rng(10)
    tissue, places = piece(150, 130, 60, 60), scattered(30, rng)
    noise = camera(np.full((HEIGHT, WIDTH), 100.0), 3, "uint16", rng)
    first = camera(100 + 80 * tissue, 3, "uint16", rng)
    alone, beside_noise = find_tissue(first[None]), find_tissue(np.stack([first, noise]))
    assert beside_noise.mean() < alone.mean() + 0.01
    both = find_tissue(np.stack([first, camera(100 + cells(places, 60), 3, "uint16", rng)]))
    assert all_with_margin(both, places)
    assert (both >= alone).all()


@pytest.mark.parametrize("length", [1, 2, 7, 40, 500])
def test_pictures_of_one_row_or_column(length):
    rng = np.random.default_rng(11)
    line = rng.normal(10, 1, length) + 100 * (np.arange(length) > 0.6 * length)
    for picture in (line[None, None], line[None, :, None]):
        mask = find_tissue(picture)
        assert mask.shape == picture.shape[1:]
        assert mask.ravel()[int(0.6 * length) + 1 :].all()


def test_pixels_that_are_no_numbers_do_not_matter():
    picture = 80 * piece(150, 130, 60, 60)
    picture[20, 30], picture[200, 300] = np.nan, np.inf
    assert find_tissue(picture[None])[piece(150, 130, 60, 60) > 0].all()


@given(arrays("uint8", st.tuples(st.just(1), st.integers(1, 40), st.integers(1, 40))))
@settings(deadline=None, max_examples=60)
def test_any_picture_gets_a_mask_that_is_not_empty(picture):
    mask = find_tissue(picture)
    assert mask.dtype == bool
    assert mask.shape == picture.shape[1:]
    assert mask.any()


@given(st.sampled_from([1, 7, 250]), st.floats(0.01, 100))
@settings(deadline=None, max_examples=10)
def test_brightness_and_contrast_do_not_matter(offset, factor):
    rng = np.random.default_rng(12)
    picture = rng.normal(0, 1, (1, 100, 120)) + 30 * (np.hypot(Y - 50, X - 60)[:100, :120] < 20)
    plain, changed = (find_tissue(each.astype(np.float32)) for each in (picture, offset + factor * picture))
    assert (plain != changed).mean() < 0.01


# Noise of few photons


DIM = {  # photons of the ground, of cells, and of reading, grey levels per photon and for none, type
    "photons are counted": (0.3, 15, 0, 1, 0, "uint8"),
    "cut off at black": (1, 40, 1, 1, 0, "uint8"),
    "amplified": (0.3, 15, 0.1, 30, 100, "uint16"),
    "a common camera": (5, 100, 1.6, 2, 100, "uint16"),
    "floating point": (2, 40, 0.5, 0.01, 0, "float32"),
}


def dim_slide(kind: str, places: np.ndarray, rng: np.random.Generator, *, edge: float = 0.6) -> np.ndarray:
    """Light that falls to `edge` in the corners, on cells of few pixels."""
    ground, bright, reading, gain, black, dtype = DIM[kind]
    light = 1 - (1 - edge) * (((Y - 150) / 150) ** 2 + ((X - 180) / 180) ** 2) / 2
    photons = ground + np.zeros((HEIGHT, WIDTH))
    for y, x in places:
        photons += bright * np.exp(-((Y - y) ** 2 + (X - x) ** 2) / 2 / 1.2**2)
    return camera(black + gain * (rng.poisson(photons * light) + rng.normal(0, reading, light.shape)), 0, dtype, rng)


@pytest.mark.parametrize("kind", DIM)
@pytest.mark.parametrize("edge", [1.0, 0.6])
def test_specks_of_noise_are_no_tissue_and_single_cells_are(kind, edge):
    kept, taken = [], []
    for seed in range(4):
        rng = np.random.default_rng(100 + seed)
        places = scattered(12, rng)
        mask = find_tissue(dim_slide(kind, places, rng, edge=edge)[None])
        kept.append(all_with_margin(mask, places, margin=2))
        cell = np.min([np.hypot(Y - y, X - x) for y, x in places], axis=0) < 16
        taken.append(mask[~cell].mean())
    assert all(kept)
    assert np.mean(taken) < 0.01


@pytest.mark.parametrize("kind", DIM)
def test_a_channel_of_few_photons_without_cells_adds_no_specks(kind):
    rng = np.random.default_rng(16)
    tissue = camera(100 + 80 * piece(150, 180, 60, 60), 0, "uint16", rng)
    alone = find_tissue(tissue[None])
    noise = dim_slide(kind, np.zeros((0, 2)), rng)
    assert (find_tissue(np.stack([tissue, noise.astype(float)])) & ~alone).mean() < 0.01


def test_noise_that_is_stronger_on_one_side_is_no_tissue_there():
    rng = np.random.default_rng(17)
    places = scattered(40, rng)
    noise = rng.normal(0, 1, (HEIGHT, WIDTH)) * (2 + 4 * X / WIDTH)
    mask = find_tissue(camera(200 + noise + cells(places, 150), 0, "uint16", rng)[None])
    assert all_with_margin(mask, places)
    cell = np.min([np.hypot(Y - y, X - x) for y, x in places], axis=0) < 14
    assert mask[~cell].mean() < 0.01


@pytest.mark.parametrize("number", [300, 1500])
def test_faint_cells_that_lie_dense_are_not_taken_for_noise(number):
    rng = np.random.default_rng(18)
    places = scattered(number, rng)
    picture = 100 + 80 * piece(80, 100, 50, 70) + cells(places, 7 * 3.0)
    mask = find_tissue(camera(picture, 3.0, "uint16", rng)[None])
    assert np.mean([all_with_margin(mask, place[None], margin=2) for place in places]) > 0.99


# The settings


def test_a_higher_threshold_takes_less():
    rng = np.random.default_rng(13)
    picture = camera(100 + 200 * dome(150, 180, 80, 100), 3, "uint16", rng)[None]
    masks = [find_tissue(picture, TissueOptions(threshold=factor)) for factor in (0.5, 1, 3, 8)]
    shares = [mask.mean() for mask in masks]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 1.1 * shares[-1]


@pytest.mark.parametrize("factor", [0.4, 0.5])
def test_a_lower_threshold_takes_fainter_tissue_and_no_noise(factor):
    rng = np.random.default_rng(19)
    bright, faint = piece(80, 100, 50, 70), piece(230, 270, 40, 50)
    picture = camera(100 + 80 * bright + faint, 3, "float32", rng)[None]
    usual, lower = find_tissue(picture), find_tissue(picture, TissueOptions(threshold=factor))
    assert lower[faint > 0].mean() > 0.9 > 0.5 > usual[faint > 0].mean()
    near = np.hypot(Y - 80, X - 100) < 90
    assert lower[(faint == 0) & ~near & (np.hypot(Y - 230, X - 270) > 70)].mean() < 0.02


def test_the_margin_is_as_wide_as_asked_for():
    y, x = np.mgrid[:60, :70]
    picture = 100 * (np.hypot(y - 30, x - 35) < 10)[None]
    bare = find_tissue(picture, TissueOptions(margin=0))
    for margin in (1, 5.5):
        mask = find_tissue(picture, TissueOptions(margin=margin))
        slow = np.zeros_like(bare)
        for top, left in np.argwhere(bare):
            slow |= (y - top) ** 2 + (x - left) ** 2 <= margin**2
        assert (mask == slow).all()


def test_gaps_holes_and_specks():
    ring = (np.hypot(Y - 150, X - 180) < 60) & (np.hypot(Y - 150, X - 180) > 40) & (abs(Y - 150) > 2)
    picture = 100.0 * ring
    picture[20, 20] = 100
    bare = TissueOptions(closing=0, largest_hole=0, margin=0)
    assert not find_tissue(picture[None], bare)[150, 180]
    assert find_tissue(picture[None], bare)[20, 20]
    assert not find_tissue(picture[None], TissueOptions(closing=0, largest_hole=0, margin=0, smallest=300))[20, 20]
    filled = find_tissue(picture[None], TissueOptions(closing=4, largest_hole=0.1, margin=0))
    assert filled[np.hypot(Y - 150, X - 180) < 60].all()
    assert not find_tissue(picture[None], TissueOptions(closing=4, largest_hole=0.01, margin=0))[150, 180]


def test_closing_takes_nothing_away_at_the_edge():
    picture = np.zeros((1, 60, 80))
    picture[0, :, :20] = 100
    mask = find_tissue(picture, TissueOptions(margin=0))
    assert mask[:, :20].all()
    assert not mask[:, 40:].any()


@pytest.mark.parametrize("settings", [{"threshold": 0}, {"threshold": np.nan}, {"margin": -1}, {"smallest": -1}])
def test_settings_that_make_no_sense(settings):
    with pytest.raises(UsageError):
        TissueOptions(**settings)


# What is known of a channel


def test_the_grounds_of_channels():
    rng = np.random.default_rng(14)
    assert stands_out(np.zeros((30, 40))).ground == "even"
    assert stands_out(rng.normal(0, 1, (100, 100))).ground == "even"
    assert stands_out(np.where(np.hypot(Y - 150, X - 180) < 50, 100, 0)).ground == "clear"
    assert stands_out(200 * (1 - piece(0, 0, 90, 90)) + 30 * np.sin(Y / 17) * np.sin(X / 23)).ground == "unclear"


def test_of_a_slope_the_brighter_half_is_in():
    assert find_tissue(X[None])[:, WIDTH // 2 :].all()


def test_single_cells_are_seen_in_even_noise():
    rng = np.random.default_rng(15)
    picture = rng.normal(0, 1, (100, 100))
    picture[40, 60] = 12
    assert stands_out(picture).mask[40, 60]
    assert stands_out(-picture).mask[40, 60]
    assert stands_out(picture).mask.sum() < 30


# Windows


def test_a_window_by_hand():
    tissue = Tissue(np.array([[True, False, True], [False, True, False]]), shape=(8, 12))
    assert tissue.step == (4, 4)
    window = tissue.window(np.array([-1.0, 0, 3.4, 3.5, 7.4, 7.5]), np.array([0.0, 4, 8, 12]))
    assert window.astype(int).tolist() == [
        [0, 0, 0, 0],
        [1, 0, 1, 0],
        [1, 0, 1, 0],
        [0, 1, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 0, 0],
    ]


@given(arrays(bool, (5, 7)), st.integers(5, 60), st.integers(7, 60))
@settings(deadline=None)
def test_windows_make_up_the_whole(mask, height, width):
    tissue = Tissue(mask, (height, width))
    rows, columns = np.arange(height, dtype=float), np.arange(width, dtype=float)
    whole = tissue.window(rows, columns)
    slow = [
        [mask[int((y + 0.5) * 5 / height), int((x + 0.5) * 7 / width)] for x in range(width)] for y in range(height)
    ]
    assert (whole == slow).mean() > 0.98  # rounding may decide where a centre lies on an edge
    cut = height // 2
    parts = np.concatenate([tissue.window(rows[:cut], columns), tissue.window(rows[cut:], columns)])
    assert (parts == whole).all()

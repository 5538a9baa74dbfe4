"""Overlays: marks lie where the cells are, shapes are what was promised, and no image is too odd to draw."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from cytally.report.overlays import (
    SKY_BLUE,
    drawing_size,
    encode_png,
    overlay,
    shrink,
    stretch,
    thumbnail,
    write_png,
)
from cytally.results import Prediction


def points(*pairs: tuple[float, float]) -> Prediction:
    return Prediction(count=float(len(pairs)), points=np.array([(y, x, 1.0) for y, x in pairs]))


def orange(rgb: np.ndarray) -> np.ndarray:
    red, green, blue = (rgb[..., band].astype(int) for band in range(3))
    return (red > 200) & (green > 100) & (green < 220) & (blue < 100)


def test_a_mark_lies_on_its_point_at_native_size() -> None:
    # 900 pixels: neither enlarged (900 > 800) nor shrunk, so a point at (300, 450) is drawn at (300, 450).
    rgb = overlay(np.zeros((1, 900, 900), np.uint8), 0, points((300, 450)))
    y, x = np.nonzero(orange(rgb))
    assert rgb.shape == (900, 900, 3)
    assert (y.mean(), x.mean()) == (300, 450)
    assert y.max() - y.min() == x.max() - x.min() <= 14


def test_a_mark_lies_on_its_point_when_shrunk() -> None:
    # 4000 x 2000 becomes 1600 x 800: factor 0.4. The centre of pixel 999 lies 999.5 pixels from the edge, at
    # 999.5 * 0.4 = 399.8 of the drawing, which is 399.3 counted from the centre of its first pixel; x: 1500.5 * 0.4.
    rgb = overlay(np.zeros((1, 4000, 2000), np.uint8), 0, points((999, 1500)))
    weight = rgb[..., 0].astype(float) * orange(rgb)
    y, x = np.indices(weight.shape)
    assert rgb.shape == (1600, 800, 3)
    assert (y * weight).sum() / weight.sum() == pytest.approx(399.3, abs=0.2)
    assert (x * weight).sum() / weight.sum() == pytest.approx(599.7, abs=0.2)


def test_a_mark_lies_on_its_point_when_enlarged() -> None:
    # 128 pixels are enlarged 4 times: pixel 50 covers 200 to 203, whose middle is 201.5.
    rgb = overlay(np.zeros((1, 128, 128), np.uint8), 0, points((50, 120)))
    y, x = np.nonzero(orange(rgb))
    assert rgb.shape == (512, 512, 3)
    assert (y.mean(), x.mean()) == (201.5, 481.5)


@pytest.mark.parametrize("shade", [0, 255])
def test_marks_are_seen_on_dark_and_on_bright(shade: int) -> None:
    rgb = overlay(np.full((1, 900, 900), shade, np.uint8), 0, points((100, 100)))
    assert (rgb[0, 0] == shade).all()
    assert orange(rgb).any()
    assert (rgb[100, 90:111].max(axis=1) < 60).any(), "no dark rim"


def test_points_outside_and_not_finite_are_harmless() -> None:
    rgb = overlay(np.zeros((1, 900, 900), np.uint8), 0, points((-50, 10), (2000, 10), (np.nan, 3), (0, 0)))
    y, x = np.nonzero(orange(rgb))
    assert max(y.max(), x.max()) < 12


def test_the_chosen_channel_is_shown_in_grey_and_stretched() -> None:
    data = np.zeros((2, 900, 900), np.uint16)
    data[1, :, 450:] = 300
    rgb = overlay(data, 1, Prediction(0.0))
    assert (rgb[:, :450] == 0).all()
    assert (rgb[:, 450:] == 255).all()
    assert (overlay(data, 0, Prediction(0.0)) == 0).all()


def test_three_channels_keep_their_colours() -> None:
    data = np.zeros((3, 900, 900), np.uint8)
    data[2, :, 450:] = 100
    rgb = overlay(data, None, Prediction(0.0))
    assert rgb[0, 899].tolist() == [0, 0, 255]
    assert rgb[0, 0].tolist() == [0, 0, 0]


def test_two_channels_without_a_choice_show_both() -> None:
    data = np.zeros((2, 900, 900), np.uint8)
    data[0, :300], data[1, 600:] = 10, 200
    grey = overlay(data, None, Prediction(0.0))[:, 0, 0]
    assert (grey[[0, 450, 899]] == [255, 0, 255]).all()


def test_outlines_lie_on_the_rim_of_the_labels() -> None:
    labels = np.zeros((900, 900), np.uint16)
    labels[100:110, 200:220] = 70
    rgb = overlay(np.zeros((1, 900, 900), np.uint8), 0, Prediction(1.0, labels=labels))
    expected = np.zeros((900, 900), bool)
    expected[100:110, 200:220] = True
    expected[101:109, 201:219] = False
    drawn = (rgb == np.rint(SKY_BLUE * 255)).all(axis=-1)
    np.testing.assert_array_equal(drawn, expected)


def test_two_labels_that_touch_are_told_apart() -> None:
    labels = np.zeros((900, 900), np.int32)
    labels[100:120, 100:110], labels[100:120, 110:120] = 1, 2
    rgb = overlay(np.zeros((1, 900, 900), np.uint8), 0, Prediction(2.0, labels=labels))
    assert (rgb[110, [109, 110]] > 0).any(axis=-1).all()
    assert (rgb[110, [105, 115]] == 0).all()


def test_density_tints_blue_where_cells_are_and_nowhere_else() -> None:
    density = np.zeros((900, 900), np.float32)
    density[300:400, 300:400] = 1e-3
    rgb = overlay(np.full((1, 900, 900), 128, np.uint8), 0, Prediction(10.0, density=density)).astype(int)
    assert rgb[350, 350, 2] > rgb[350, 350, 0] + 20
    assert len(set(rgb[100, 100])) == 1


def test_the_remains_in_an_empty_image_stay_invisible() -> None:
    density = np.full((900, 900), 1e-12, np.float32)
    plain = overlay(np.zeros((1, 900, 900), np.uint8), 0, Prediction(0.0))
    tinted = overlay(np.zeros((1, 900, 900), np.uint8), 0, Prediction(float(density.sum()), density=density))
    assert np.abs(tinted.astype(int) - plain).max() <= 1


@pytest.mark.parametrize(
    ("value", "dtype", "shade"),
    [(0, "uint8", 0), (255, "uint8", 255), (100, "uint8", 128), (65535, "uint16", 255), (0, "float32", 0)],
)
def test_constant_images_are_safe(value: int, dtype: str, shade: int) -> None:
    assert (overlay(np.full((1, 30, 40), value, dtype), 0, Prediction(0.0)) == shade).all()


def test_values_that_are_not_numbers_are_safe() -> None:
    data = np.linspace(0, 1, 40 * 40).reshape(1, 40, 40)
    data[0, 0, :3] = np.nan, np.inf, -np.inf
    assert overlay(data, 0, Prediction(0.0)).max() == 255
    assert (overlay(np.full((1, 9, 9), np.nan), 0, Prediction(0.0)) == 0).all()
    assert overlay(np.geomspace(1, 1e300, 81).reshape(1, 9, 9), 0, Prediction(0.0)).shape == (36, 36, 3)


def test_a_lone_bright_pixel_is_still_shown() -> None:
    data = np.zeros((1, 900, 900), np.uint8)
    data[0, 5, 6] = 3
    rgb = overlay(data, 0, Prediction(0.0))
    assert rgb[5, 6].tolist() == [255, 255, 255]
    assert rgb.sum() == 3 * 255


@pytest.mark.parametrize("shape", [(1, 1), (3, 100_000), (100_000, 3), (1, 1601)])
def test_huge_aspect_ratios(shape: tuple[int, int]) -> None:
    prediction = Prediction(
        1.0,
        density=np.full(shape, 1 / np.prod(shape), np.float32),
        points=np.array([[0.0, 0.0, 1.0], [shape[0] - 1.0, shape[1] - 1.0, 1.0]]),
        labels=np.ones(shape, np.uint8),
    )
    rgb = overlay(np.zeros((1, *shape), np.uint8), 0, prediction)
    assert rgb.shape == (*drawing_size(*shape, 1600), 3)
    assert max(rgb.shape) <= 1600


@pytest.mark.parametrize(("shape", "channel"), [((4, 5), 0), ((1, 0, 5), 0), ((1, 4, 5), 1), ((1, 4, 5), -1)])
def test_what_cannot_be_drawn_is_refused(shape: tuple[int, ...], channel: int) -> None:
    with pytest.raises(ValueError, match=r"pixels|channel"):
        overlay(np.zeros(shape), channel, Prediction(0.0))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_shrinking_averages_over_areas(height: int, width: int, rows: int, columns: int) -> None:
    """Against two dense matrices that hold, for each pixel out, the share of each pixel in."""
    rows, columns = min(rows, height), min(columns, width)

    def shares(n_in: int, n_out: int) -> np.ndarray:
        edges_in, edges_out = np.arange(n_in + 1), np.linspace(0, n_in, n_out + 1)
        overlap = np.minimum(edges_out[1:, None], edges_in[1:]) - np.maximum(edges_out[:-1, None], edges_in[:-1])
        return np.maximum(overlap, 0) * n_out / n_in

    values = np.random.default_rng(height * width).random((height, width))
    expected = shares(height, rows) @ values @ shares(width, columns).T
    np.testing.assert_allclose(shrink(values, (rows, columns)), expected, atol=1e-6)


def test_shrinking_in_strips_is_shrinking_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random((301, 50))
    at_once = shrink(values, (97, 20))
    monkeypatch.setattr("cytally.report.overlays.STRIP_PIXELS", 1000)
    np.testing.assert_allclose(shrink(values, (97, 20)), at_once, atol=1e-6)


def test_stretch_is_monotone_and_fills_the_range() -> None:
    values = np.arange(10_001, dtype=np.float32)
    stretched = stretch(values, (0, 65535))
    assert (np.diff(stretched) >= 0).all()
    # 0.5 % of 10,000 is 50 and 99.9 % is 9990; 5020 lies half way between.
    assert stretched[[0, 50, 5020, 9990, 10_000]].tolist() == pytest.approx([0, 0, 0.5, 1, 1])


def test_many_pixels_are_stretched_by_some_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(100, 20, (300, 400)).astype(np.float32)
    every = stretch(values, (0, 65535))
    low, high = np.percentile(values, (0.5, 99.9))
    np.testing.assert_allclose(every, np.clip((values - low) / (high - low), 0, 1), atol=1e-5)
    monkeypatch.setattr("cytally.report.overlays.STRETCHED_BY", 20_000)
    some = stretch(values, (0, 65535))
    assert 0 < np.abs(some - every).max() < 0.1


def test_a_tint_is_the_mean_of_the_grey_and_the_colour() -> None:
    """Where the density is highest, half of it is the sky's blue."""
    density = np.zeros((900, 900), np.float32)
    density[300:400, 300:400] = 1e-3
    rgb = overlay(np.full((1, 900, 900), 128, np.uint8), 0, Prediction(10.0, density=density))
    assert rgb[350, 350].tolist() == pytest.approx((SKY_BLUE * 255 / 2 + 128 / 2).tolist(), abs=1)
    assert rgb[100, 100].tolist() == [128, 128, 128]


def test_thumbnails_shrink_and_never_grow() -> None:
    rgb = np.zeros((300, 900, 3), np.uint8)
    rgb[:, 450:] = 200
    small = thumbnail(rgb, 90)
    assert small.shape == (30, 90, 3)
    assert (small[:, :44] == 0).all()
    assert (small[:, 46:] == 200).all()
    assert thumbnail(rgb[:20, :30]).shape == (20, 30, 3)
    assert thumbnail(np.zeros((1, 1600, 3), np.uint8)).shape == (1, 256, 3)


def test_png_holds_what_was_drawn(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    write_png(tmp_path / "overlays" / "a.png", rgb)
    assert [path.name for path in (tmp_path / "overlays").iterdir()] == ["a.png"]
    np.testing.assert_array_equal(np.asarray(Pillow.open(tmp_path / "overlays" / "a.png")), rgb)
    np.testing.assert_array_equal(np.asarray(Pillow.open(io.BytesIO(encode_png(rgb)))), rgb)

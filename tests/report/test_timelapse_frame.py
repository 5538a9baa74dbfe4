"""A frame of the video."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.report.lettering import GROUND
from cytally.report.timelapse_frame import DIM, NARROWEST, STRIP, colour_of, draw_frame, frame_size, grey_limits

NONE = np.empty((0, 2))


def below(picture: np.ndarray) -> np.ndarray:
    return picture[STRIP:]


@pytest.mark.parametrize(
    ("shape", "size"),
    [((512, 512), (512, 512)), ((4000, 2000), (1024, 512)), ((100, 50), (500, 250)), ((1, 4096), (1, 1024))],
)
def test_sizes(shape: tuple[int, int], size: tuple[int, int]) -> None:
    assert frame_size(*shape) == size


def test_small_planes_are_enlarged_by_whole_pixels() -> None:
    plane = np.random.default_rng(0).integers(0, 255, (60, 80)).astype(np.uint8)
    picture = below(draw_frame(plane, NONE, limits=(0, 255)))
    assert picture.shape == (360, 480, 3)
    assert (picture[..., 0].reshape(60, 6, 80, 6) == plane[:, None, :, None]).all()


def test_a_cell_is_ringed_in_the_colour_of_its_track() -> None:
    plane = np.zeros((500, 500), np.uint8)
    picture = below(draw_frame(plane, np.array([[100.0, 200.0], [np.nan, 3.0]]), tracks=[3, 4]))
    y, x = np.nonzero(picture.any(axis=-1))
    assert (y.mean(), x.mean()) == pytest.approx((100, 200), abs=0.3)
    assert not picture[100, 200].any()  # the cell itself stays to be seen
    brightest = picture[y, x][picture[y, x].sum(axis=1).argmax()]
    assert brightest == pytest.approx(np.array(colour_of(3)), abs=25)


def test_tails_lead_to_the_cell_and_fade() -> None:
    tail = (1, np.array([[50.0, 10], [50, 100], [50, 200]]))
    picture = below(draw_frame(np.zeros((480, 480), np.uint8), NONE, tails=[tail, (2, np.array([[5.0, 5.0]]))]))
    assert picture[50, 150].sum() > picture[50, 50].sum() > 0
    assert not picture[50, 250].any() and not picture[5, 5].any()


def test_places_follow_the_enlargement() -> None:
    picture = below(draw_frame(np.zeros((48, 48), np.uint8), np.array([[10.0, 20.0]])))
    y, x = np.nonzero(picture.any(axis=-1))
    assert (y.mean(), x.mean()) == pytest.approx((104.5, 204.5), abs=0.5)


def test_what_left_the_field_is_dim() -> None:
    inside = np.ones((500, 500), bool)
    inside[:, :100] = False
    picture = below(draw_frame(np.full((500, 500), 200, np.uint8), NONE, limits=(0, 200), inside=inside))
    assert (picture[:, :99] == round(255 * DIM)).all() and (picture[:, 102:] == 255).all()


def test_words_stand_above_and_cover_no_cell() -> None:
    plane = np.full((600, 600), 50, np.uint8)
    silent, told = (draw_frame(plane, NONE, count=words) for words in ("", "143 cells"))
    assert (silent[STRIP:] == told[STRIP:]).all() and (silent[:STRIP] == GROUND).all()
    assert (told[:STRIP, 300:] != GROUND).any() and (told[:STRIP, :300] == GROUND).all()


def test_narrow_planes_have_room_for_words() -> None:
    assert draw_frame(np.zeros((900, 40)), NONE).shape == (900 + STRIP, NARROWEST, 3)


@pytest.mark.parametrize("plane", [np.full((5, 5), np.nan), np.zeros((5, 5), np.uint16), np.full((5, 5), 7.0)])
def test_frames_without_contrast(plane: np.ndarray) -> None:
    assert draw_frame(plane, NONE, limits=grey_limits([plane])).dtype == np.uint8


def test_limits_are_those_of_most_frames() -> None:
    usual = np.arange(10_000.0).reshape(100, 100)
    assert grey_limits([usual, usual, 9 * usual, np.zeros((3, 3))]) == grey_limits([usual])

"""The contact sheet: where pictures stand, what their rims and words say."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.report.contact_sheet import (
    COLUMNS,
    KEPT,
    MOST_IMAGES,
    SIDE,
    SKIPPED,
    ContactImage,
    choose_evenly,
    contact_sheet,
    shortened,
    wrapped,
)


def picture(height: int, width: int, colour: tuple[int, int, int] = (0, 255, 0)) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def pixels(sheet: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.argwhere((sheet == colour).all(axis=-1))


def test_rims_tell_what_becomes_of_each() -> None:
    kept, skipped = ContactImage("a.tif", picture(40, 80), 5), ContactImage("b.tif", picture(40, 80), 1, "too empty")
    assert (kept.verdict, skipped.verdict) == ("kept, 5 nuclei", "skipped, 1 nucleus")
    one, both = contact_sheet([kept], title="1"), contact_sheet([kept, skipped], title="2")
    assert len(pixels(one, KEPT)) and not len(pixels(one, SKIPPED))
    assert pixels(both, KEPT)[:, 1].max() < pixels(both, SKIPPED)[:, 1].min(), "side by side, in order"
    assert len(pixels(both, (0, 255, 0))) == 2 * 40 * 80, "small pictures keep their size"


def test_large_pictures_are_shrunk_and_rows_filled() -> None:
    images = [ContactImage(str(number), picture(500, 1000), number) for number in range(COLUMNS + 1)]
    sheet = contact_sheet(images, title="seven")
    green = pixels(sheet, (0, 255, 0))
    assert len(green) == len(images) * SIDE * SIDE // 2
    below = green[green[:, 0] > green[:, 0].min() + SIDE]
    assert len(below) == SIDE * SIDE // 2 and below[:, 1].max() < sheet.shape[1] / COLUMNS
    with pytest.raises(ValueError, match="too many"):
        contact_sheet([images[0]] * (MOST_IMAGES + 1), title="")


def test_a_long_title_fits() -> None:
    image = ContactImage("a", picture(10, 10), 0)
    assert contact_sheet([image], title="word " * 40).shape[1] > 2 * contact_sheet([image], title="word").shape[1]


def test_images_are_chosen_evenly() -> None:
    chosen = choose_evenly(range(118))
    assert len(chosen) == MOST_IMAGES == len(set(chosen)) and chosen[0] == 0 and chosen[-1] == 117
    assert set(np.diff(chosen)) <= {1, 2}
    assert choose_evenly(range(MOST_IMAGES)) == list(range(MOST_IMAGES)) and choose_evenly([]) == []


def test_words_that_do_not_fit() -> None:
    assert shortened("a.tif", 200) == "a.tif"
    short = shortened("a-very-long-name-of-an-image-of-some-plate-and-well-17.tif", 200)
    assert short.startswith("a-very") and short.endswith("17.tif") and "…" in short
    assert shortened("abc", 1) == "…"
    lines = wrapped("one word after the other, until two lines of it are full and there is still more", 150, 2)
    assert len(lines) == 2 and lines[0].startswith("one word") and "…" in lines[1]
    assert wrapped("short", 150, 2) == ["short"] and wrapped("", 150, 2) == [""]

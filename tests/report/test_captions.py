"""Words in a picture: inside it, and not on top of each other as long as there is room."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from cytally.report.captions import Captions

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def drawn(size, things) -> tuple[np.ndarray, Captions]:
    canvas = Image.new("RGB", size, (90, 90, 90))
    captions = Captions(size, 15, [])
    for text, box in things:
        captions.write(ImageDraw.Draw(canvas), text, WHITE, BLACK, box)
    return np.asarray(canvas), captions


def test_the_first_word_stands_above_its_thing_and_the_next_finds_another_place():
    picture, captions = drawn((300, 200), [("tumour", (100, 80, 160, 140)), ("stroma", (100, 80, 160, 140))])
    first, second = captions.taken
    assert first[3] < 80
    assert second[1] > 140
    rows, columns = np.nonzero((picture == 255).all(axis=2))
    assert all(
        any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for box in captions.taken)
        for y, x in zip(rows, columns, strict=True)
    )
    assert len(rows) > 50


@given(st.lists(st.tuples(st.integers(-50, 350), st.integers(-50, 250)), max_size=6))
@settings(deadline=None, max_examples=30)
def test_words_lie_inside_the_picture(corners):
    _, captions = drawn((300, 200), [("name", (x, y, x + 20, y + 20)) for x, y in corners])
    assert len(captions.taken) == len(corners)
    assert all(box[0] >= 0 and box[1] >= 0 and box[2] <= 300 and box[3] <= 200 for box in captions.taken)


def test_a_word_that_fits_nowhere_is_left_out():
    picture, captions = drawn((30, 200), [("a very long name", (0, 0, 5, 5))])
    assert not captions.taken
    assert (picture == 90).all()

"""The queue's report, and the frame of a region."""

from __future__ import annotations

import numpy as np

from cytally.choosing.regions import Box
from cytally.report.html import ReportFailure
from cytally.report.overlays import encode_png
from cytally.report.suggest_page import SuggestData, SuggestedRow, render_suggestions
from cytally.report.suggest_picture import RIM, framed

GREY = np.full((100, 200, 3), 90, np.uint8)


def test_the_frame_lies_where_the_region_is() -> None:
    drawn = framed(GREY, Box(10, 20, 20, 30), (50, 100))  # the picture is twice as large as the image
    changed = np.argwhere((drawn != GREY).any(axis=2))
    assert np.abs(changed.min(axis=0) - (20, 40)).max() <= 2 and np.abs(changed.max(axis=0) - (59, 99)).max() <= 2
    assert (drawn == RIM).all(axis=2).any() and (drawn[40, 70] == 90).all(), "the cells inside stay as they are"
    assert (GREY == 90).all()


def test_the_whole_image_needs_no_frame() -> None:
    assert framed(GREY, None, (50, 100)) is GREY and framed(GREY, Box(0, 0, 50, 100), (50, 100)) is GREY


def test_the_page_tells_all() -> None:
    row = SuggestedRow(
        1, "<a>.png", (1, 2, 3, 4), 0.5, 0.25, "counts differ by 23 %", encode_png(GREY), "crops/1_a.png"
    )
    data = SuggestData(
        "What to label next", "m", "d", (row,), 7, 2, True, (ReportFailure("b.png", "b.png: broken"),), ("a note",)
    )
    page = render_suggestions(data)
    for text in ("&lt;a&gt;.png", "counts differ by 23 %", "crops/1_a.png", "b.png: broken", "a note", "3 × 4"):
        assert text in page
    assert "regions suggested" in page and "labelled already" in page
    assert "There is nothing to suggest" in render_suggestions(SuggestData("t", "m", "d"))

"""Lineage trees: what is drawn, and what is said of the rest."""

from __future__ import annotations

import numpy as np
import pandas
import pytest
from matplotlib.figure import Figure

from cytally.report.lineage_tree import MOST_ROWS, draw_lineage
from cytally.report.vector import svg_of

COLUMNS = ["track", "frame", "parent", "end"]


def table(*tracks: tuple[int, list[int], int, str]) -> pandas.DataFrame:
    return pandas.DataFrame(
        [(track, frame, parent, end) for track, frames, parent, end in tracks for frame in frames], columns=COLUMNS
    )


DIVIDING = table((1, [0, 1, 2], 0, "divides"), (2, [3, 4], 1, "dies"), (3, [3, 6], 1, "last frame"))


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_division() -> None:
    figure = draw_lineage(DIVIDING, times=np.arange(7) / 2)
    lines, gaps = figure.axes[0].collections
    # The mother, her two branches, then each daughter; the second was seen in frames 3 and 6 alone.
    assert [path.tolist() for path in lines.get_segments()] == [  # type: ignore[attr-defined]
        [[0, 0.5], [1, 0.5]],
        [[1, 0.5], [1.5, 0.5], [1.5, 0], [1.5, 0]],
        [[1, 0.5], [1.5, 0.5], [1.5, 1], [1.5, 1]],
        [[1.5, 0], [2, 0]],
        [[1.5, 1], [1.5, 1]],
        [[3, 1], [3, 1]],
    ]
    assert [path.tolist() for path in gaps.get_segments()] == [[[1.5, 1], [3, 1]]]  # type: ignore[attr-defined]
    assert legend(figure) == ["dies", "last frame", "not seen"]
    assert figure.axes[0].get_title(loc="left") == "3 tracks, 1 division"
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "2", "3"]


def test_time_is_in_frames_where_unknown() -> None:
    assert draw_lineage(DIVIDING).axes[0].get_xlabel() == "frame"
    assert draw_lineage(DIVIDING, times=np.arange(7.0)).axes[0].get_xlabel() == "time (hours)"


def test_those_that_are_not_shown_are_counted() -> None:
    lonely = table(*((track, [0, 1], 0, "leaves") for track in range(4, 9)))
    figure = draw_lineage(pandas.concat([lonely, DIVIDING]), most_families=2)
    words = figure.axes[0].get_title(loc="left")
    assert words.startswith("8 tracks, 1 division; 2 of 6 families")
    assert words.endswith("not shown: 4 families that never divide, 4 tracks")
    assert figure.axes[0].texts[0].get_text() == "1"  # the dividing one comes first


def test_hundreds_stay_readable() -> None:
    many = table(*((track, [0, 1], 0, "last frame") for track in range(1, 601)))
    figure = draw_lineage(many, most_families=500)
    lines = figure.axes[0].collections[0]
    assert len(lines.get_segments()) == MOST_ROWS  # type: ignore[attr-defined]
    assert f"not shown: {600 - MOST_ROWS} families" in figure.axes[0].get_title(loc="left")


def test_a_family_that_is_too_large_is_shown_nevertheless() -> None:
    mother = (1, [0], 0, "divides")
    figure = draw_lineage(table(mother, *((track, [1], 1, "") for track in range(2, 2 * MOST_ROWS))))
    assert "not shown" not in figure.axes[0].get_title(loc="left")


def test_a_frame_without_a_time() -> None:
    with pytest.raises(ValueError, match="frame 6 has no time among 6"):
        draw_lineage(DIVIDING, times=np.arange(6))


def test_no_tracks_and_one_frame() -> None:
    assert b"no tracks" in svg_of(draw_lineage(DIVIDING.iloc[:0]))
    assert b"1 track, 0 divisions" in svg_of(draw_lineage(table((1, [0], 0, ""))))


def test_the_drawing_is_the_same_every_time() -> None:
    assert svg_of(draw_lineage(DIVIDING)) == svg_of(draw_lineage(DIVIDING))

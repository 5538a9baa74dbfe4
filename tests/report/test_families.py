"""Families of tracks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.report.families import families_of


def table(*tracks: tuple[int, int, int, int], **more: Any) -> pandas.DataFrame:
    """Rows of tracks that are told as number, first frame, last frame and parent."""
    rows = [(track, frame, parent) for track, first, last, parent in tracks for frame in range(first, last + 1)]
    return pandas.DataFrame(rows, columns=["track", "frame", "parent"]).assign(**more)


# 5 lives on; 1 divides into 2 and 3, of which 3 divides into 4 and 6.
FAMILY = ((5, 0, 9, 0), (1, 0, 2, 0), (2, 3, 9, 1), (3, 3, 5, 1), (4, 6, 8, 3), (6, 6, 9, 3))


def test_most_divisions_first() -> None:
    families = families_of(table(*FAMILY))
    assert families.roots == [1, 5] and families.last_frame == 9
    assert [families.divisions(root) for root in (1, 5)] == [2, 0]
    assert families.members(1) == [1, 2, 3, 4, 6] and families.leaves(1) == 3


def test_mothers_lie_amid_their_daughters() -> None:
    heights = families_of(table(*FAMILY)).heights(1)
    assert heights == {2: 0.0, 4: 1.0, 6: 2.0, 3: 1.5, 1: 0.75}


def test_ends_that_are_not_told_are_seen_from_the_frames() -> None:
    families = families_of(table(*FAMILY))
    assert [families.end(track) for track in (2, 4)] == ["last frame", ""]
    told = families_of(table((1, 0, 2, 0), (2, 0, 4, 0), end="dies"))
    assert [told.end(track) for track in (1, 2)] == ["dies", "dies"]


def test_a_division_without_daughters_has_no_known_end() -> None:
    assert families_of(table((1, 0, 2, 0), (2, 0, 4, 0), end="divides")).end(1) == ""


def test_parents_that_are_no_tracks_and_circles() -> None:
    families = families_of(table((1, 0, 1, 7), (2, 0, 1, 3), (3, 2, 3, 2), (4, 0, 3, 4)))
    assert sorted(families.roots) == [1, 2, 4]
    assert list(families.members(2)) == [2, 3] and not families.daughters(3)


def test_no_tracks() -> None:
    assert families_of(table()).roots == []


@given(st.lists(st.integers(0, 12), min_size=1, max_size=12))
def test_each_track_is_in_one_family_and_each_end_has_its_row(parents: list[int]) -> None:
    families = families_of(table(*((track, track, track + 1, parent) for track, parent in enumerate(parents, 1))))
    members = [track for root in families.roots for track in families.members(root)]
    assert sorted(members) == list(range(1, len(parents) + 1))
    for root in families.roots:
        heights = families.heights(root)
        rows = sorted(heights[track] for track in families.members(root) if not families.daughters(track))
        assert rows == list(range(families.leaves(root)))
        for track in families.members(root):
            below = [heights[daughter] for daughter in families.daughters(track)]
            assert not below or heights[track] == pytest.approx(np.mean(below))


def test_a_line_of_very_many_generations() -> None:
    families = families_of(table(*((track, track, track, track - 1) for track in range(1, 3001))))
    assert families.heights(1)[1] == 0.0

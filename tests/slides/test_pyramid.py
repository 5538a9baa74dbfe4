"""Levels that are the same picture, smaller."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cytally.slides.pyramid import find_levels


def test_labels_and_overviews_are_left_out() -> None:
    slide = (32914, 46000)
    shapes = [slide, (8228, 11500), (2057, 2875), (768, 1074), (463, 387), (431, 1280)]
    assert [number for number, _ in find_levels(shapes)] == [0, 1, 2, 3]


def test_levels_must_become_smaller() -> None:
    assert [number for number, _ in find_levels([(400, 400), (400, 400), (100, 100), (200, 200)])] == [0, 2]


@given(
    st.tuples(st.integers(200, 5000), st.integers(200, 5000)),
    st.sampled_from([2, 3, 4]),
    st.sampled_from([lambda side, step: side // step, lambda side, step: -(-side // step)]),
)
def test_halved_again_and_again(shape: tuple[int, int], step: int, halve: object) -> None:
    """However each side is rounded at each step, all levels that are wide enough are found."""
    assert callable(halve)
    shapes = [shape]
    while min(shapes[-1]) // step >= 8:
        shapes.append((halve(shapes[-1][0], step), halve(shapes[-1][1], step)))
    found = find_levels(shapes)
    assert len(found) == len(shapes)
    for number, downsample in found:
        for side, full, ratio in zip(shapes[number], shape, downsample, strict=True):
            assert abs(full / ratio - side) < 2

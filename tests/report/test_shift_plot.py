"""The plot of the shifts."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np

from cytally.report.shift_plot import BOTTOM, LEFT, MOST_POINTS, RIGHT, TOP, plot_of_shifts


def curves(svg: str) -> list[str]:
    """The paths of y and x, without the grid and the key."""
    return [path for path in re.findall(r' d="(M[^"]*)"', svg) if "L" in path or path.endswith("h1")]


def test_both_run_from_the_first_frame_to_the_last() -> None:
    y, x = curves(plot_of_shifts(np.array([[0, 0], [4, -4], [2, 0]])))
    middle = (LEFT + RIGHT) / 2
    assert y.startswith(f"M{LEFT:.1f} ") and f"L{middle:.1f} {TOP:.1f}" in y  # the largest of all is at the top
    assert f"L{middle:.1f} {BOTTOM:.1f}" in x and f"L{RIGHT:.1f} " in x


def test_a_frame_without_a_shift_is_a_gap() -> None:
    shifts = np.array([[0, 0], [np.nan, np.nan], [2, 1], [2, 1.0]])
    assert [path.count("M") for path in curves(plot_of_shifts(shifts))] == [2, 2]


def test_it_is_whole_and_not_longer_than_needed() -> None:
    svg = plot_of_shifts(np.random.default_rng(0).normal(size=(20_000, 2)))
    ElementTree.fromstring(svg)
    assert all(path.count("L") < MOST_POINTS for path in curves(svg))


def test_one_frame_none_and_none_known() -> None:
    ElementTree.fromstring(plot_of_shifts(np.zeros((1, 2))))
    assert plot_of_shifts(np.zeros((0, 2))) == plot_of_shifts(np.full((3, 2), np.nan)) == ""

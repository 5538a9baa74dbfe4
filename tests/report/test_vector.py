"""Figures as files."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from cytally.report.plots import figure_of
from cytally.report.vector import svg_of, write_figure


def drawn() -> Figure:
    figure = figure_of(3, 2)
    axes = figure.add_subplot()
    axes.plot([1, 2], [3, 4], "o")
    axes.set_title("readable words")
    return figure


def test_the_same_figure_has_the_same_bytes() -> None:
    one, two = svg_of(drawn()), svg_of(drawn())
    assert one == two and b"<dc:date>" not in one
    assert b">readable words<" in one


def test_both_files_are_written(tmp_path: Path) -> None:
    png, svg = write_figure(drawn(), tmp_path / "new", "curve.1")
    assert (png.name, svg.name) == ("curve.1.png", "curve.1.svg")
    assert png.read_bytes().startswith(b"\x89PNG") and b"<svg" in svg.read_bytes()
    assert len(list(png.parent.iterdir())) == 2

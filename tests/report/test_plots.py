"""Plots: the histogram's bars hold every image, curves mark the best epoch, pyplot stays untouched."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image as Pillow

from cytally.report.plots import histogram_edges, histogram_of_counts, predicted_against_true, training_curves

COUNTS = st.lists(st.floats(0, 1e6), min_size=1, max_size=60)


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that were saved during a test."""
    figures: list[Figure] = []
    save = Figure.savefig

    def remember(figure: Figure, *arguments: object, **options: object) -> None:
        figures.append(figure)
        save(figure, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Figure, "savefig", remember)
    return figures


def test_histogram_worked_by_hand() -> None:
    # Four values over a range of 30: at most 3 * cbrt(4) = 4.8 bins, 30 / 4.8 = 6.3, so bins of 10.
    svg = histogram_of_counts([0, 5, 12, 30])
    titles = [element.text for element in ElementTree.fromstring(svg).iter("title")][1:]
    assert titles == [
        "0 to 10 cells: 2 images",
        "10 to 20 cells: 1 image",
        "20 to 30 cells: 0 images",
        "30 to 40 cells: 1 image",
    ]


@given(COUNTS)
def test_every_image_lies_in_one_bar(counts: list[float]) -> None:
    svg = histogram_of_counts(counts)
    ElementTree.fromstring(svg)
    assert sum(int(found) for found in re.findall(r"cells: (\d+) image", svg)) == len(counts)
    heights = [float(found) for found in re.findall(r'class="bar"[^>]* height="([-\d.]+)"', svg)]
    assert min(heights) >= 0
    assert max(heights) == pytest.approx(184)


@given(COUNTS)
def test_edges_enclose_the_counts_in_few_even_steps(counts: list[float]) -> None:
    edges = histogram_edges(counts)
    assert edges[0] <= min(counts)
    assert max(counts) < edges[-1]
    assert 2 <= len(edges) <= 27
    np.testing.assert_allclose(np.diff(edges), edges[1] - edges[0])


def test_histogram_without_counts_is_empty() -> None:
    assert histogram_of_counts([]) == ""
    assert histogram_of_counts([float("nan")]) == ""
    assert "1 image" in histogram_of_counts([0.0])


def test_curves_show_the_columns_there_are_and_mark_the_best(tmp_path: Path, saved: list[Figure]) -> None:
    history = pd.DataFrame(
        {
            "epoch": [1, 2, 3, 4],
            "train_loss": [4.0, 3.0, 2.0, 1.0],
            "validation_loss": [4.0, 2.0, 3.0, 1.0],
            "validation_mae": [9.0, np.nan, 5.0, 7.0],
        }
    )
    training_curves(history, tmp_path / "curves.png")
    assert Pillow.open(tmp_path / "curves.png").format == "PNG"
    loss, error = saved[0].axes
    assert (loss.get_ylabel(), error.get_ylabel(), error.get_xlabel()) == ("loss", "validation MAE (cells)", "epoch")
    assert error.lines[0].get_xdata().tolist() == [1, 3, 4]  # type: ignore[union-attr]
    assert error.lines[-1].get_label() == "best, epoch 4", "a run with a validation loss is judged by it"
    assert error.lines[-1].get_xdata() == [4, 4]
    training_curves(history.drop(columns="validation_loss"), tmp_path / "curves.png")
    assert saved[1].axes[1].lines[-1].get_label() == "best, epoch 3"


@pytest.mark.parametrize(
    ("history", "panels", "along"),
    [
        (pd.DataFrame({"seconds": [1.0, 2.0], "train_loss": [0.0, -1.0]}), 1, "seconds"),
        (pd.DataFrame({"train_loss": [1.0], "learning_rate": [1e-4]}, index=[7]), 2, "row"),
        (pd.DataFrame({"epoch": [1, 2], "validation_mae": [np.nan, np.nan]}), 0, ""),
        (pd.DataFrame(), 0, ""),
    ],
)
def test_curves_of_little(history: pd.DataFrame, panels: int, along: str, tmp_path: Path, saved: list[Figure]) -> None:
    training_curves(history, tmp_path / "curves.svg")
    assert (tmp_path / "curves.svg").stat().st_size > 0
    assert len(saved[0].axes) == panels
    if panels:
        assert saved[0].axes[-1].get_xlabel() == along


def test_scatter_holds_every_image_inside_its_axes(saved: list[Figure]) -> None:
    png = predicted_against_true([0, 10, 200], [1, 12, 180])
    axes = saved[0].axes[0]
    assert Pillow.open(io.BytesIO(png)).format == "PNG"
    assert np.asarray(axes.collections[-1].get_offsets()).tolist() == [[0, 1], [10, 12], [200, 180]]
    assert axes.get_xlim() == axes.get_ylim() == (0, 210)
    assert axes.get_title().endswith("7.67")  # (1 + 2 + 20) / 3


def test_scatter_of_nothing() -> None:
    assert predicted_against_true([], []).startswith(b"\x89PNG")


def test_reports_import_no_matplotlib_and_plots_no_pyplot() -> None:
    code = """
import sys
import cytally.report.page
assert "matplotlib" not in sys.modules, "the page waits for matplotlib"
from cytally.report.plots import predicted_against_true
predicted_against_true([1], [1])
assert "matplotlib.pyplot" not in sys.modules, "pyplot was touched"
"""
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})

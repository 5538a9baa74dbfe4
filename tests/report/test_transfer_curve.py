"""The picture of a transfer: what is drawn where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from cytally.report import transfer_curve as tested
from cytally.report.plots import BLUE, GREY, ORANGE
from cytally.report.transfer_curve import transfer_curve


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``drawn(...)``: the axes that would become the picture."""
    monkeypatch.setattr(tested, "png_of", lambda figure: figure)

    def draw(*given: Any, **more: Any) -> Axes:
        return transfer_curve(*given, **more).axes[0]

    return draw


def lines(axes: Axes, colour: str) -> list[tuple[list[float], list[float]]]:
    found = [line for line in axes.get_lines() if line.get_color() == colour]
    return [(np.atleast_1d(line.get_xdata()).tolist(), np.atleast_1d(line.get_ydata()).tolist()) for line in found]


def test_the_curve_begins_with_the_model_as_it_came(drawn: Any) -> None:
    axes = drawn([10, 20, 30], [4.0, 2.0, 3.0], before=5.0, kept=20, thawed_at={"one": 6, "two": 18})
    (curve, point), (across,) = lines(axes, BLUE), lines(axes, GREY)
    assert curve == ([0, 10, 20, 30], [5, 4, 2, 3]) and point == ([20], [2])
    assert set(across[1]) == {5.0}
    assert [set(x) for x, _ in lines(axes, ORANGE)] == [{6}, {18}]
    assert [each.get_text() for each in axes.texts] == ["one", "two"]
    assert axes.get_xlim() == (0, 30) and axes.get_ylim()[0] == 0 and axes.get_ylim()[1] > 5
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["the model as it came: 5.00", "validation error", "kept, step 20: 2.00", "stage thaws"]


def test_what_is_no_number_is_left_out(drawn: Any) -> None:
    axes = drawn([10, 20], [float("nan"), 1.0], before=float("nan"), kept=10)
    assert lines(axes, BLUE) == [([20], [1.0])] and lines(axes, GREY) == [] and axes.get_xlim() == (0, 20)


def test_a_run_that_was_never_validated_has_a_line_alone(drawn: Any) -> None:
    axes = drawn([], [], before=0.0)
    assert lines(axes, BLUE) == [([0], [0.0])] and axes.get_ylim()[1] > 0


def test_it_is_a_png() -> None:
    one, two = (transfer_curve([1], [2.0], before=3.0, thawed_at=at) for at in ({}, {"a": 1}))
    assert one.startswith(b"\x89PNG") and one != two

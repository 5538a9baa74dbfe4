"""Growth curves: what is drawn where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from cytally.report.growth_curve import MANY_SERIES, CurveSeries, draw_growth_curve
from cytally.report.plots import BLUE, ORANGE
from cytally.report.vector import svg_of

TIMES = np.arange(5.0)


def series(name: str = "a", counts: Any = (10, 12, 15, 18, 22), **more: Any) -> CurveSeries:
    return CurveSeries(name, TIMES, np.asarray(counts, float), **more)


def fit(scale: float = 10.0) -> dict[str, Any]:
    along = np.linspace(0, 4, 9)
    curve = scale * 1.2**along
    return {"fitted_times": along, "fitted": curve, "fitted_low": 0.9 * curve, "fitted_high": 1.1 * curve}


def points(axes: Axes, *, hollow: bool) -> list[tuple[float, float]]:
    lines = [
        line
        for line in axes.get_lines()
        if line.get_marker() not in ("None", "") and (line.get_markerfacecolor() == "white") == hollow
    ]
    return [(float(x), float(y)) for line in lines for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_frames_left_out_are_hollow_and_those_without_a_count_stand_on_the_axis() -> None:
    left = np.array([False, True, False, True, False])
    figure = draw_growth_curve([series(counts=[10, 11, 15, np.nan, 22], left_out=left)])
    assert points(figure.axes[0], hollow=False) == [(0, 10), (2, 15), (4, 22)]
    assert points(figure.axes[0], hollow=True) == [(1, 11), (3, 0)]
    assert legend(figure) == ["a", "frame left out"]


def test_a_frame_left_out_far_off_does_not_press_the_curve_down() -> None:
    figure = draw_growth_curve([series(counts=[10, 9000, 15, 18, 22], left_out=np.arange(5) == 1)])
    top = figure.axes[0].get_ylim()[1]
    assert top < 30 and points(figure.axes[0], hollow=True) == [(1, top)]


def test_intervals_are_bars_that_do_not_press_the_curve_down_either() -> None:
    one = series(lower=np.zeros(5), upper=np.full(5, 1e6))
    axes = draw_growth_curve([one]).axes[0]
    (bars,) = axes.collections
    assert len(bars.get_segments()) == 5  # type: ignore[attr-defined]
    assert axes.get_ylim()[1] == pytest.approx(1.05 * 1.6 * 22)


def test_a_fit_has_its_band_and_what_remains() -> None:
    figure = draw_growth_curve([series(words="doubles", **fit())])
    above, below = figure.axes
    assert len(above.collections) == 1 and legend(figure) == ["doubles"]
    rest = points(below, hollow=False)
    assert [x for x, _ in rest] == TIMES.tolist()
    np.testing.assert_allclose([y for _, y in rest], np.array([10, 12, 15, 18, 22]) - 10 * 1.2**TIMES, atol=1e-9)
    assert below.get_xlabel() == "time (hours)"


def test_conditions_share_a_colour() -> None:
    figure = draw_growth_curve([series(name, condition=name[0]) for name in ("a1", "b1", "a2")])
    filled = [line for line in figure.axes[0].get_lines() if line.get_markerfacecolor() != "white"]
    assert [to_hex(line.get_color()) for line in filled] == [BLUE, ORANGE, BLUE]
    assert legend(figure) == ["a1", "b1", "a2"]


def test_without_conditions_each_has_its_own() -> None:
    figure = draw_growth_curve([series("a"), series("b")])
    filled = [line for line in figure.axes[0].get_lines() if line.get_markerfacecolor() != "white"]
    assert [to_hex(line.get_color()) for line in filled] == [BLUE, ORANGE]


def test_of_many_the_conditions_are_named_and_no_intervals_drawn() -> None:
    many = [series(f"{n}", condition="ab"[n % 2], **fit()) for n in range(MANY_SERIES + 1)]
    figure = draw_growth_curve(many)
    assert legend(figure) == ["a: 5 time-lapses", "b: 4 time-lapses"]
    assert len(figure.axes) == 1 and not figure.axes[0].collections


def test_tenfold_growth_is_shown_on_a_logarithmic_axis_unless_there_is_a_zero() -> None:
    assert draw_growth_curve([series(counts=[1, 3, 9, 27, 81])]).axes[0].get_yscale() == "log"
    assert draw_growth_curve([series(counts=[0, 3, 9, 27, 81])]).axes[0].get_yscale() == "linear"
    assert draw_growth_curve([series(counts=[10, 12, 9, 27, 81])]).axes[0].get_yscale() == "linear"


@pytest.mark.parametrize("counts", [[np.nan] * 5, [0.0] * 5])
def test_nothing_to_see_is_drawn_nevertheless(counts: list[float]) -> None:
    figure = draw_growth_curve([series(counts=counts)], unit="frames")
    assert figure.axes[0].get_xlabel() == "frame" and b"<svg" in svg_of(figure)


def test_no_series_at_all() -> None:
    assert b"<svg" in svg_of(draw_growth_curve([]))


def test_the_drawing_is_the_same_every_time() -> None:
    one, two = (svg_of(draw_growth_curve([series(lower=TIMES, upper=TIMES + 30, **fit())])) for _ in range(2))
    assert one == two


def test_axes_fill_the_picture():
    # artists that are not clipped would push them apart
    times = np.arange(10.0)
    fitted = {"fitted_times": times, "fitted": times + 5, "fitted_low": times + 4, "fitted_high": times + 6}
    figure = draw_growth_curve([CurveSeries("a", times, times + 5, **fitted)])
    figure.draw_without_rendering()
    above, below = (axes.get_position() for axes in figure.axes)
    assert above.height > 2.5 * below.height
    assert above.height + below.height > 0.65

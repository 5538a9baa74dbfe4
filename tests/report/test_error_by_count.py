"""Error by true count."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image as Pillow

from cytally.report.error_by_count import MOST_COUNTS, draw_error_by_count, error_by_count


def test_each_count_has_a_row() -> None:
    table = error_by_count([4, 0, 4, 4], [3, 0.5, 4, 6])
    assert table[["true_from", "true_to", "images"]].to_numpy().tolist() == [[0, 0, 1], [4, 4, 3]]
    assert table["mae"].tolist() == [0.5, 1.0]  # (1 + 0 + 2) / 3
    assert np.isnan(table["sd"][0]) and table["sd"][1] == 1.0  # ((0 + 1 + 1) / 2) ** 0.5


def test_many_counts_are_put_together() -> None:
    true = np.arange(300.0)
    table = error_by_count(true, true + 2)
    assert 4 <= len(table) <= MOST_COUNTS and table["images"].sum() == 300
    assert (table["true_from"] <= table["true_to"]).all() and (table["mae"] == 2).all()
    assert (table["true_from"][1:].to_numpy() > table["true_to"][:-1].to_numpy()).all(), "bins do not overlap"


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    figures: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *given, **named: (figures.append(self), save(self, *given, **named))[1]
    )
    return figures


def test_the_picture_shows_error_and_number_of_images(saved: list[Figure]) -> None:
    png = draw_error_by_count(error_by_count([4, 0, 4, 4], [3, 0.5, 4, 6]))
    assert Pillow.open(io.BytesIO(png)).format == "PNG"
    above, below = saved[0].axes
    assert np.asarray(above.lines[0].get_xydata()).tolist() == [[0, 0.5], [4, 1]]
    assert above.get_ylim()[0] == 0
    assert [patch.get_height() for patch in below.patches] == [1, 3]


def test_one_image_can_be_drawn() -> None:
    table = error_by_count([7], [7])
    assert isinstance(table, pd.DataFrame) and draw_error_by_count(table).startswith(b"\x89PNG")

"""The share of labels that the queue needs, from results made by hand."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture
def page(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("active_choice_page")


def runs(errors: list[float], step: int = 4) -> list[dict[str, float]]:
    return [{"labels": 4 + step * place, "mae": error} for place, error in enumerate(errors)]


def test_the_share_is_of_rounds_from_which_on_the_queue_is_as_good(page: ModuleType) -> None:
    found = {
        "random": {"0": runs([9, 6, 4], 8), "1": runs([9, 8, 6], 8), "2": runs([9], 8)},
        "queue": {"0": runs([9, 4, 6, 5, 4]), "1": runs([9, 4, 4, 5, 4])},
    }
    assert page.whole_seeds(found) == ["0", "1"], "the third is not ended"
    assert page.errors(found, "random") == {4: [9, 9], 12: [6, 8], 20: [4, 6]}
    assert page.share_line("plain", found)[1:] == ["2", "5.00", "8", "0.40", "at most 0.70", "yes"]
    found["queue"]["1"][1]["mae"] = 9
    assert page.share_line("plain", found)[3:5] == ["12", "0.60"]
    found["queue"]["1"][4]["mae"] = 9
    assert page.share_line("plain", found)[3:] == ["more than 20", "above 1", "at most 0.70", "no"]


def test_what_was_not_run_is_not_measured(page: ModuleType) -> None:
    assert page.share_line("vgg", {})[-1] == "not measured"
    assert {cell for line in page.curve_lines("vgg", {}) for cell in line[2:]} == {"not measured"}

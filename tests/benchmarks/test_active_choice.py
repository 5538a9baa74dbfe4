"""The share of labels that the queue needs, from results made by hand."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def page(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("active_choice_page")


def at_random(half: list[float], full: list[float], repeat: int = 0) -> list[dict[str, Any]]:
    """A run for each random order."""
    return [
        {"labels": labels, "mae": error, "cells": 10 * labels, "order": order, "repeat": repeat}
        for labels, errors in ((14, half), (20, full))
        for order, error in enumerate(errors)
    ]


def queued(errors: list[float], repeat: int = 0) -> list[dict[str, Any]]:
    return [
        {"labels": labels, "mae": error, "cells": 20 * labels, "repeat": repeat}
        for labels, error in zip((4, 8, 14, 20), errors, strict=False)
    ]


def test_the_share_is_of_rounds_from_which_on_the_queue_is_as_good(page: ModuleType) -> None:
    found = {
        "random": {"0": at_random([6, 8], [4, 2]), "1": at_random([8, 8], [7, 7]), "2": at_random([8], [7])},
        "queue": {"0": queued([9, 4, 6, 3]), "1": queued([9, 9, 4, 4]), "2": queued([9, 9, 9, 9])},
    }
    assert page.whole_seeds(found, 0) == {"0", "1"}, "the third is not ended"
    assert page.means(found, "random") == {4: [9, 9], 14: [7, 8], 20: [3, 7]}
    assert page.share_line("plain", found)[1:] == ["2", "5.00", "14", "0.70", "at most 0.70", "yes", "280", "200"]
    assert page.paired_line("plain", found)[1:] == [
        "-2.50; better in 2 of 2 seeds",
        "-1.50; better in 1 of 2 seeds",
        "+0.00; better in 1 of 2 seeds",
    ]
    assert page.share_line("plain", found, max)[2:4] == ["7.00", "14"], "the worst seed in place of the mean"
    found["queue"]["1"][3]["mae"] = 9
    assert page.share_line("plain", found)[3:] == ["more than 20", "above 1", "at most 0.70", "no", "–", "200"]


def test_random_weights_that_not_all_seeds_were_trained_from_do_not_count(page: ModuleType) -> None:
    found = {
        "random": {"0": [*at_random([6, 8], [4, 2]), *at_random([0, 0], [1, 1], 1)], "1": at_random([8, 8], [7, 7])},
        "queue": {"0": [*queued([9, 4, 6, 3]), *queued([1, 0, 0, 0], 1)], "1": queued([9, 9, 4, 4])},
    }
    assert page.means(found, "queue")[4] == [9, 9]
    assert page.means(found, "queue", repeat=1) == {4: [1], 8: [0], 14: [0], 20: [0]}, "unless asked for alone"
    assert [line[1] for line in page.share_lines("plain", found)] == ["2", "2", "1"]
    found["random"]["1"] += at_random([0, 0], [1, 1], 1)
    found["queue"]["1"] += queued([1, 0, 0, 0], 1)
    assert page.means(found, "queue")[4] == [5, 5] and page.means(found, "random")[20] == [2, 4]


def test_what_was_not_run_is_not_measured(page: ModuleType) -> None:
    assert page.share_line("vgg", {})[6] == "not measured"
    lines = [*page.curve_lines("vgg", {}), page.paired_line("vgg", {})]
    assert {cell for line in lines for cell in line[2:]} == {"not measured"}

"""Flags in plain words."""

from __future__ import annotations

import pytest

from cytally.metrics.objects import object_metrics
from cytally.metrics.pixels import PixelCounts
from cytally.report.words import FIGURES_OF_BLOCK, SENTENCES, figure_words, sentence


@pytest.mark.parametrize("flag", ["black", "white", "constant", "saturated", "no-pixel-size"])
def test_known_flags_have_a_sentence(flag: str) -> None:
    assert sentence(flag).endswith(".")
    assert " " in sentence(flag)


def test_unknown_flags_are_shown_as_they_are() -> None:
    assert sentence("of-another-package") == "of-another-package"


def test_flags_fit_in_counts_csv() -> None:
    assert not any(";" in flag or " " in flag or "," in flag for flag in SENTENCES)


def test_every_figure_of_objects_and_pixels_has_words() -> None:
    for block, figures in (("pixel", PixelCounts().metrics()), ("object", object_metrics([]))):
        for name in figures:
            title, words = figure_words(block, name)
            assert title != name or (block, name) in FIGURES_OF_BLOCK
            assert words.endswith(".")
    assert len({figure_words("object", name)[0] for name in object_metrics([])}) == 7

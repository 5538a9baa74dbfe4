"""Flags in plain words."""

from __future__ import annotations

import pytest

from cytally.report.words import SENTENCES, sentence


@pytest.mark.parametrize("flag", ["black", "white", "constant", "saturated", "no-pixel-size"])
def test_known_flags_have_a_sentence(flag: str) -> None:
    assert sentence(flag).endswith(".")
    assert " " in sentence(flag)


def test_unknown_flags_are_shown_as_they_are() -> None:
    assert sentence("of-another-package") == "of-another-package"


def test_flags_fit_in_counts_csv() -> None:
    assert not any(";" in flag or " " in flag or "," in flag for flag in SENTENCES)

"""What the report and the terminal tell of a slide's damage."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from cytally.tasks.count_files import CountFiles
from cytally.tasks.slide_report import damage, slide_notes

WHOLE = {"shape": [1000, 2000], "tissue_share": 0.5, "damaged_pixels": 250_000}


def test_damage_by_hand() -> None:
    """A million pixels of half a micrometre were counted in, a quarter of a million more were not."""
    assert (
        damage(WHOLE, 0.25) == "250,000 damaged pixels (0.0625 mm²) are left out, 20 % of what there was to count in."
    )
    assert damage(WHOLE, None) == "250,000 damaged pixels are left out, 20 % of what there was to count in."


@pytest.mark.parametrize("about", [{}, {"damaged_pixels": 0}, WHOLE | {"damaged_pixels": 0}])
def test_nothing_is_told_of_what_is_sound(about: dict[str, Any]) -> None:
    assert damage(about, 0.25) == ""


def test_where_all_there_was_to_count_in_is_damaged() -> None:
    told = damage(WHOLE | {"tissue_share": 0.0}, 0.0)
    assert told == "250,000 damaged pixels are left out, 100 % of what there was to count in."


def test_only_damaged_slides_are_noted() -> None:
    rows = [SimpleNamespace(image=name, area_mm2=0.25) for name in ("a.svs", "b.svs", "c.png")]
    details = {"a.svs": WHOLE, "b.svs": WHOLE | {"damaged_pixels": 0}, "c.png": {}}
    (note,) = slide_notes(cast("CountFiles", SimpleNamespace(rows=rows, details=details)))
    assert note.startswith("a.svs: 250,000 damaged pixels")

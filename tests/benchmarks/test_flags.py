"""The images of the benchmark of flags, and its table."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from cytally.models.store import load


@pytest.fixture
def cases(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("flags_cases")


@pytest.fixture
def page(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("flags_page")


def test_good_drawn_fields_do_not_clip_and_are_told_about(cases: ModuleType) -> None:
    chance = cases.Chance()
    planes = list(cases.drawn_images(8, chance))
    assert len(planes) == 8 and all((plane.data == 255).mean() < cases.CLIPS for plane in planes)
    assert chance.left_out >= 0 and chance.exposed_shorter <= 8
    again = list(cases.drawn_images(2))
    assert all((one.data == other.data).all() for one, other in zip(again, planes, strict=False))


def test_crowded_fields_hold_more_than_covers_them(cases: ModuleType) -> None:
    plane = next(cases.crowded_images(1))
    assert (plane.data == 255).mean() < cases.CLIPS and plane.data.shape == (1, 256, 256)


def test_every_way_to_spoil_changes_the_image_or_what_is_told(cases: ModuleType) -> None:
    model = load("nuclei-fluorescence-lean")
    plane = next(cases.drawn_images(1))
    for case, spoiling in cases.SPOILED.items():
        found = cases.spoil(spoiling, plane, model)
        assert found is not None and found.data.dtype == np.uint8, case
        if spoiling.kind == "resize":
            assert found.data.shape[-1] == int(spoiling.amount * plane.data.shape[-1])
        else:
            assert (found.data == plane.data).all() == (spoiling.kind == "told"), case


def test_table_by_hand(cases: ModuleType, page: ModuleType) -> None:
    row = {"good": 4, "images": 5, "auroc": 0.94, "auroc_any": 0.97, "flagged": 0.5, "flagged_any": 0.75}
    resized = next(name for name, each in cases.SPOILED.items() if each.kind == "resize")
    found = {
        "cases": {
            cases.CROWDED: {"flag": "crowded", "drawn": row},
            resized: {"flag": "cell-size", "unseen": row},
        },
        "good": {"drawn": 4},
        "drawing": dataclasses.asdict(cases.Chance(2, 1)),
    }
    lines = {line[0]: line for line in page.tell_lines(found)}
    assert lines[cases.CROWDED][1:] == [
        *("drawn fields", "5 beside 4", "`crowded`", "0.940", "50%", "0.970", "75%", "at least 0.95", "no")
    ]
    assert lines[resized][-1] == "–" and lines[cases.VGG][-1] == page.MISSING
    assert "1 clipped" in page.drawing_text(found) and "2 more" in page.drawing_text(found)
    assert page.MISSING in page.drawing_text({})

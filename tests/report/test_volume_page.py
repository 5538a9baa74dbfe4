"""The page of a segmentation."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from cytally.report.html import ReportFailure
from cytally.report.overlays import encode_png
from cytally.report.volume_page import VolumeData, VolumeRow, render_volumes

ROW = VolumeRow(
    "a <b>.tif#0,1",
    *(1234, (13, 512, 640), 0.5, None, 1.0, "GFP", ("no-voxel-size",)),
    *("overlays/a #1.png", "labels/a #1.tif", "objects/a #1.csv"),
    thumbnail=encode_png(np.zeros((8, 9, 3), np.uint8)),
)


def page(**changes: object) -> str:
    return render_volumes(VolumeData("Cells in volumes", "model", "Finds cells.", **changes))  # type: ignore[arg-type]


def test_what_is_known_of_a_volume() -> None:
    text = page(rows=(ROW,), notes=("A note.",), facts={"date": "today"})
    for word in ("a &lt;b&gt;.tif#0,1", "1,234", "13 × 512 × 640", "? × 0.5 × 0.5", "GFP", "no-voxel-size", "A note."):
        assert word in text, word
    for link in ("overlays/a%20%231.png", "labels/a%20%231.tif", "objects/a%20%231.csv"):
        assert f'href="{link}"' in text
    assert 'src="data:image/jpeg;base64,' in text and "<b>" not in text
    assert not re.search(r"(?:src|href)=\"https?:", text)


def test_failures_and_nothing_else() -> None:
    text = page(failures=(ReportFailure("b.tif", "b.tif: is one picture; use 'cytally count'"),))
    assert "No volume was segmented" in text and "is one picture" in text and 'id="table"' not in text


def test_a_picture_that_was_removed() -> None:
    assert "no picture of" in page(rows=(replace(ROW, thumbnail=None),))


def test_pages_of_many_volumes_point_at_the_files() -> None:
    text = page(rows=(ROW,) * 501)
    assert 'src="overlays/a%20%231.png"' in text and "data:image/jpeg" not in text

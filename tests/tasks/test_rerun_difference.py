"""The first difference of two files: found, and none where there is none."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cytally.tasks.rerun_difference import first_difference


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("then", "now"):
        (tmp_path / name).mkdir()
    return tmp_path / "then", tmp_path / "now"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("image,count\na,1\n", "image,count\r\na,1\r\n", None),
        ("image,count\na,1\nb,2\n", "image,count\na,1\nb,2.5\n", "row 2 (b), column count: 2 then, 2.5 now"),
        ("image,count\na,\n", "image,count\na,1\n", "row 1 (a), column count: empty then, 1 now"),
        ("image,count\na,1\n", "image,count\na,1\nb,2\n", "row 2 (b): not there then, there now"),
        ("image,count\na,1\n", "image,count\n", "row 1 (a): there then, gone now"),
        ("image,count\na,1\n", "image,n\na,1\n", "columns image,count then, image,n now"),
    ],
)
def test_tables(pair: tuple[Path, Path], old: str, new: str, expected: str | None) -> None:
    (pair[0] / "t.csv").write_text(old)
    (pair[1] / "t.csv").write_bytes(new.encode())
    assert first_difference(pair[0] / "t.csv", pair[1] / "t.csv") == expected


def test_failures_are_the_same_images_whatever_the_line_says(pair: tuple[Path, Path]) -> None:
    (pair[0] / "failures.csv").write_text("image,error\na.png,in/a.png: is empty\n")
    (pair[1] / "failures.csv").write_text("image,error\na.png,/x/in/a.png: is empty\n")
    assert first_difference(pair[0] / "failures.csv", pair[1] / "failures.csv") is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"rate": 1.0, "made_by": {"created": "x"}}, {"made_by": {"created": "y"}, "rate": 1.0}, None),
        ({"a": [1, {"b": 0.1}]}, {"a": [1, {"b": 0.2}]}, "a[1].b: 0.1 then, 0.2 now"),
        ({"a": float("nan")}, {"a": float("nan"), "seconds": 3}, None),
        ({"a": [1]}, {"a": [1, 2]}, "a[1]: null then, 2 now"),
    ],
)
def test_json(pair: tuple[Path, Path], old: object, new: object, expected: str | None) -> None:
    (pair[0] / "fit.json").write_text(json.dumps(old))
    (pair[1] / "fit.json").write_text(json.dumps(new))
    assert first_difference(pair[0] / "fit.json", pair[1] / "fit.json") == expected


def test_pictures_are_compared_pixel_by_pixel(pair: tuple[Path, Path]) -> None:
    then, now = pair[0] / "a.tif", pair[1] / "a.tif"
    picture = np.zeros((3, 4), np.float32)
    tifffile.imwrite(then, picture)
    tifffile.imwrite(now, picture, software="another")
    assert then.read_bytes() != now.read_bytes() and first_difference(then, now) is None
    picture[1, 2] = 0.5
    tifffile.imwrite(now, picture)
    assert first_difference(then, now) == "pixel (1, 2): 0.0 then, 0.5 now"
    tifffile.imwrite(now, picture[:2])
    assert first_difference(then, now) == "float32 (3, 4) then, float32 (2, 4) now"


def test_archives_and_folders(pair: tuple[Path, Path]) -> None:
    for folder, text in zip(pair, ("1", "2"), strict=True):
        (folder / "z.zarr").mkdir()
        (folder / "z.zarr" / "0").write_text(text)
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            archive.writestr("cells.roi", text)
    assert first_difference(pair[0] / "a.zip", pair[1] / "a.zip") == "cells.roi has other bytes"
    assert first_difference(pair[0] / "z.zarr", pair[1] / "z.zarr") == "0: 1 bytes then, 1 other bytes now"
    (pair[1] / "z.zarr" / "0").unlink()
    assert first_difference(pair[0] / "z.zarr", pair[1] / "z.zarr") == "0: there then, not so now"

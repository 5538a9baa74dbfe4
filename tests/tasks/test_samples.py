"""Counts per condition."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cytally.errors import UsageError
from cytally.tasks.samples import read_sheet, summarise, write_samples


def sheet(tmp_path: Path, text: str, **encoding: str) -> Path:
    path = tmp_path / "sheet.csv"
    path.write_text(text, **encoding or {"encoding": "utf-8"})
    return path


def test_one_row_per_condition(tmp_path: Path) -> None:
    table, warnings = summarise(
        read_sheet(sheet(tmp_path, "image,drug,dose\na.png,none,0\nb.png,none,0\nc.png,x,5\n")),
        [("a.png", 10.0), ("b.png", 14.0), ("c.png", 3.0)],
    )
    assert warnings == []
    write_samples(tmp_path / "samples.csv", table)
    assert (tmp_path / "samples.csv").read_text() == (
        "drug,dose,n,mean,sd,total\nnone,0,2,12.000,2.828,24.000\nx,5,1,3.000,,3.000\n"
    )


def test_the_sheet_is_not_for_what_the_columns_are_called(tmp_path: Path) -> None:
    text = "count,image,row\nlow,a.png,1\n"
    table, _ = summarise(read_sheet(sheet(tmp_path, text)), [("a.png", 2.0)])
    assert table.to_dict("records")[0]["count"] == "low" and table["total"][0] == 2
    assert list(table.columns)[:2] == ["count", "row"]


def test_time_points_belong_to_their_image_unless_named(tmp_path: Path) -> None:
    counts = [("f.tif#0,0", 1.0), ("f.tif#0,1", 3.0), ("g #1.png", 5.0)]
    path = sheet(tmp_path, "image,kind\nf.tif,film\ng #1.png,field\n")
    table, warnings = summarise(read_sheet(path), counts)
    assert table[["kind", "n", "total"]].values.tolist() == [["field", 1, 5.0], ["film", 2, 4.0]] and not warnings
    path = sheet(tmp_path, 'image,kind\n"f.tif#0,0",early\nf.tif,late\n')
    table, warnings = summarise(read_sheet(path), counts)
    assert table[["kind", "total"]].values.tolist() == [["early", 1.0], ["late", 3.0]]
    assert warnings == ["The sheet lacks 1 image that was counted, the first g #1.png; samples.csv is without them."]


def test_images_that_do_not_match_are_told(tmp_path: Path) -> None:
    path = sheet(tmp_path, "image,kind\nx.png,k\ny.png,k\n")
    table, warnings = summarise(read_sheet(path), [("a.png", 1.0)])
    assert len(table) == 0 and list(table.columns) == ["kind", "n", "mean", "sd", "total"]
    assert "names 2 images that were not counted, the first x.png" in warnings[0] and "a.png" in warnings[1]


def test_a_sheet_from_a_spreadsheet(tmp_path: Path) -> None:
    read = read_sheet(sheet(tmp_path, "image , kind\n a.png ,NA\n", encoding="utf-8-sig"))
    assert read.to_dict("records") == [{"image": "a.png", "kind": "NA"}]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no readable CSV"),
        ("image,kind\na,b,c,d\n", "no readable CSV"),
        ("image\na.png\n", "at least one column"),
        ("file,kind\na.png,x\n", "columns 'file,kind'"),
        ("image;kind\na.png;x\n", "with commas"),
        ("image,kind\na.png,x\na.png,y\n", "'a.png' twice"),
        ("image,total\na.png,x\n", "'total'"),
    ],
)
def test_a_broken_sheet_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        read_sheet(sheet(tmp_path, text))
    assert "sheet.csv" in caught.value.line()


def test_a_sheet_that_is_missing_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such sheet"):
        read_sheet(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"image,kind\n\xff\xfe,x\n")
    with pytest.raises(UsageError, match="no readable CSV"):
        read_sheet(tmp_path / "bytes.csv")


def test_the_groups_agree_with_a_plain_loop(tmp_path: Path) -> None:
    rows = [(f"{n}.png", "abc"[n % 3], float(n * n)) for n in range(11)]
    path = sheet(tmp_path, "\n".join(["image,kind", *(f"{name},{kind}" for name, kind, _ in rows)]))
    table, _ = summarise(read_sheet(path), [(name, number) for name, _, number in rows])
    for record in table.to_dict("records"):
        numbers = pd.Series([number for _, kind, number in rows if kind == record["kind"]])
        assert record["n"] == len(numbers) and record["total"] == numbers.sum()
        assert record["sd"] == pytest.approx(((numbers - record["mean"]) ** 2).sum() ** 0.5 / (len(numbers) - 1) ** 0.5)

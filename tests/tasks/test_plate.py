"""Counts per well."""

from __future__ import annotations

import statistics
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.errors import UsageError
from cytally.tasks.count_row import CountRow
from cytally.tasks.plate import COLUMNS, check_pattern, find_well, plate_tables, write_wells

PATTERN = "{plate}_{well}_{tile}"


def row(image: str, count: float, area: float | None = None, *flags: str) -> CountRow:
    density = None if area is None else count / area
    return CountRow(image, count, None, None, area, density, "m", flags)


def test_wells_worked_out_by_hand(tmp_path: Path) -> None:
    rows = [
        row("p2_B03_1.tif", 10.0, 0.5),
        row("p10_A1_1.tif", 1.0),
        row("p2_A12_1.tif", 7.0, 0.25, "black", "tiny"),
        row("p2_B03_2.tif", 14.0, 1.5),
        row("p2_B3_3.tif", 6.0, None, "black"),
    ]
    tables = plate_tables(PATTERN, rows)
    assert tables.notes == []
    write_wells(tmp_path / "wells.csv", tables.wells)
    assert (tmp_path / "wells.csv").read_text().splitlines() == [
        "plate,well,row,column,images,count_mean,count_sd,count_total,density_per_mm2,flagged_images",
        "p2,A12,A,12,1,7,,7,28,1",
        "p2,B03,B,3,3,10,4,30,12,1",  # (10 + 14) / (0.5 + 1.5); the third image's area is unknown
        "p10,A01,A,1,1,1,,1,,0",
    ]


def test_without_a_plate_the_column_is_empty() -> None:
    tables = plate_tables(r"(?P<well>r\d+c\d+)f\d+", [row("r02c11f1.tif", 3.0), row("r02c11f2.tif", 5.0)])
    assert tables.wells[["plate", "well", "count_total"]].values.tolist() == [["", "B11", 8.0]]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("A1", (1, 1)),
        ("a01", (1, 1)),
        ("H012", (8, 12)),
        ("P24", (16, 24)),
        ("AF48", (32, 48)),
        ("r16c24", (16, 24)),
        ("R1C1", (1, 1)),
        *((text, None) for text in ("AG1", "A49", "A0", "r33c1", "r1c0", "", "1A", "AAA1", "A", "12", "A-1", "A١")),
    ],
)
def test_how_wells_are_written(text: str, place: tuple[int, int] | None) -> None:
    assert find_well(text) == place


def test_names_that_do_not_fit_are_told_in_one_line() -> None:
    rows = [row("p_A1_1.tif", 3.0), row("blank.tif", 1.0), row("dark.tif", 1.0), row("p_A49_1.tif", 2.0)]
    tables = plate_tables(PATTERN, rows)
    assert tables.wells["count_total"].tolist() == [3.0]
    assert tables.notes == [
        "2 of 4 images lie in no well, since their names do not fit the pattern '{plate}_{well}_{tile}', the first "
        "blank.tif; wells.csv is without them.",
        "1 of 4 images lie in no well of a plate (A1 to AF48), the first p_A49_1.tif in 'A49'; wells.csv is without "
        "them.",
    ]


def test_the_same_field_twice_is_told() -> None:
    rows = [row("p_A1_1.tif", 3.0), row("p_A01_1.tif", 5.0), row("p_A1_2.tif", 1.0)]
    tables = plate_tables(PATTERN, rows)
    assert tables.wells[["images", "count_total"]].values.tolist() == [[3, 9.0]]
    assert tables.notes == [
        "2 images share plate, well and tile with another, the first p_A1_1.tif with p_A01_1.tif; each of them counts "
        "in its well."
    ]
    assert plate_tables("{plate}_{well}*", rows).notes == [], "without a tile, a well may have any number of images"


def test_channels_and_times_that_add_up_are_told() -> None:
    rows = [row(f"p_A1_1_{channel}.tif", 3.0) for channel in ("DAPI", "GFP")]
    (note,) = plate_tables("{plate}_{well}_{tile}_{channel}", rows).notes
    assert note.startswith("1 well holds images of several channels (DAPI, GFP), all of which count_total adds up;")
    (note,) = plate_tables(PATTERN, [row(f"p_B{well}_1.tif#0,{time}", 3.0) for well in (1, 2) for time in (0, 1)]).notes
    assert note.startswith("2 wells hold images of several time points")
    assert plate_tables(PATTERN, [row(f"p_A1_1.tif#{scene},0", 3.0) for scene in (0, 1)]).notes == [], (
        "scenes are tiles"
    )
    (note,) = plate_tables("{well}_{time}", [row("A1_0h.tif", 3.0), row("A1_4h.tif", 3.0)]).notes
    assert "several time points" in note


def test_nothing_counted_gives_an_empty_table(tmp_path: Path) -> None:
    tables = plate_tables(PATTERN, [])
    assert tables.notes == [] and list(tables.wells.columns) == list(COLUMNS)
    write_wells(tmp_path / "wells.csv", tables.wells)
    assert (tmp_path / "wells.csv").read_text() == ",".join(COLUMNS) + "\n"


@pytest.mark.parametrize(
    ("pattern", "names", "says"),
    [
        ("{plate}_{tile}", ["p_1.tif"], "does not say where the well stands; write as"),
        ("{plate}_{row}", ["p_1.tif"], "a field 'row', which there is not"),
        ("{well", ["A1.tif"], "names no field"),
        ("(?P<well>[A-H", ["A1.tif"], "no valid regular expression"),
        ("{well}_{tile}", ["one.tif", "two.tif"], r"fits none of the 2 names, as 'one\.tif'"),
        (
            "{well}_{tile}",
            ["a_1.tif", "b_2.tif"],
            r"finds no well in the 2 names: in 'a_1\.tif' it reads 'a', and wells",
        ),
        (
            "{well}",
            ["A49.tif"],
            r"finds no well in the only name: in 'A49\.tif' it reads 'A49', and wells are called A1",
        ),
    ],
)
def test_a_pattern_that_fits_none_is_refused(pattern: str, names: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says) as raised:
        check_pattern(pattern, names)
    assert raised.value.cure


def test_a_pattern_that_fits_some_is_not_refused() -> None:
    check_pattern("{well}_{tile}", ["blank.tif", "x_1.tif", "A1_1.tif"])
    check_pattern("{plate}_{well}", ["plate1_A01.tif", "plate2_A01.tif"])
    check_pattern("{well}", [])


WELLS = st.tuples(st.sampled_from(["x", "y1", "y2"]), st.integers(1, 32), st.integers(1, 48))
COUNTS = st.floats(0, 1e5).map(lambda count: round(count, 3))


@given(st.lists(st.tuples(WELLS, COUNTS, st.sampled_from([None, 0.25, 1.0])), max_size=30))
def test_agrees_with_a_plain_loop(images: list[tuple[tuple[str, int, int], float, float | None]]) -> None:
    rows, groups = [], defaultdict(list)
    for number, (well, count, area) in enumerate(images):
        rows.append(row(f"{well[0]}_r{well[1]:02}c{well[2]:02}_{number}.tif", count, area))
        groups[well].append((count, area))
    wells = plate_tables(r"(?P<plate>\w+?)_(?P<well>r\d+c\d+)_\d+", rows).wells
    assert wells["images"].sum() == len(images)
    assert wells["count_total"].sum() == pytest.approx(sum(count for _, count, _ in images))
    for (_, record), well in zip(wells.iterrows(), sorted(groups), strict=True):
        counts = [count for count, _ in groups[well]]
        assert (record["plate"], record["column"], record["images"]) == (well[0], well[2], len(counts))
        assert find_well(record["well"]) == well[1:]
        assert record["count_mean"] == pytest.approx(statistics.fmean(counts))
        assert pd.isna(record["count_sd"]) if len(counts) == 1 else True
        if len(counts) > 1:
            assert record["count_sd"] == pytest.approx(statistics.stdev(counts), abs=1e-6)
        known = [(count, area) for count, area in groups[well] if area]
        if known:
            density = sum(count for count, _ in known) / sum(area for _, area in known)
            assert record["density_per_mm2"] == pytest.approx(density)
        else:
            assert pd.isna(record["density_per_mm2"])

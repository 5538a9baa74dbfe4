"""Plate, well and tile from names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.errors import ImageError, UsageError
from cytally.images.name_pattern import NamePattern

FOUR = "{plate}_{well}_{tile}_{channel}"


def paths(text: str) -> list[Path]:
    return [Path(name) for name in text.split()]


@pytest.mark.parametrize(
    ("pattern", "name", "values"),
    [
        (FOUR, "P1_A1_3_DAPI.tif", "P1 A1 3 DAPI"),
        (FOUR + ".tif", "P1_A01_3_DAPI.tif", "P1 A01 3 DAPI"),
        (FOUR + ".tif", "folder/P1_A1_3_phase.ome.tiff", "P1 A1 3 phase"),
        (FOUR, "P1_P24_3_Alexa-488.png", "P1 P24 3 Alexa-488"),
        # More separators than fields: the well is known by its looks.
        (FOUR, "exp_3_B07_2_DAPI.tif", "exp_3 B07 2 DAPI"),
        (FOUR, "P1_A1_3_phase_contrast.tif", "P1 A1 3 phase_contrast"),
        ("{plate}_{tile}", "my_exp_12.tif", "my_exp 12"),
        # A well beyond P24 is taken where nothing else fits.
        (FOUR, "P1_AF48_3_DAPI.tif", "P1 AF48 3 DAPI"),
        ("{well}s{tile}", "B2s14.tif", "B2 14"),
        ("run*_{well}_*_{tile}", "run7_C3_x_y_4.tif", "C3 4"),
        ("{plate}.{well}.{tile}", "a.B2.5.tif", "a B2 5"),
        ("VID_{well}_{tile}_{time}", "VID_A1_1_00d04h00m.tif", "A1 1 00d04h00m"),
        (r"(?P<plate>.+)_(?P<well>[A-H]\d+)_(?P<tile>\d+)", "my_exp_B2_12.tif", "my_exp B2 12"),
        (r"(?P<well>[A-H]\d+)f(?P<tile>\d+)\.tif", "B2f12.tif", "B2 12"),
        (r"(?P<well>[A-H]\d+)_s(?P<tile>\d+)", "day1_B7_s12_w2.tif", "B7 12"),
        (r"(?P<well>[A-H]\d+)(_(?P<tile>\d+))?", "B7.tif", "B7 "),
    ],
)
def test_what_names_tell(pattern: str, name: str, values: str) -> None:
    read = NamePattern(pattern)
    assert read.parse(name) == dict(zip(read.fields, values.split(" "), strict=True))


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        (FOUR, "P1_A1_3.tif"),
        ("{plate}_{well}_{tile}", "P1_A1_3_DAPI.tif"),
        ("x_{well}", "y_A1.tif"),
        (r"(?P<well>[A-H]\d)", "A12.tif"),  # half a word
        (r"(?P<tile>\d+)_w1", "3_w12.tif"),
    ],
)
def test_names_that_do_not_fit(pattern: str, name: str) -> None:
    with pytest.raises(ImageError, match="does not fit") as raised:
        NamePattern(pattern).parse(name)
    assert raised.value.file == name and raised.value.cure


WORD = st.text("abcXYZ019-", min_size=1, max_size=6)


@given(WORD, st.sampled_from("ABCP"), st.integers(1, 24), st.integers(0, 999), WORD)
def test_what_is_written_is_read(plate: str, row: str, column: int, tile: int, channel: str) -> None:
    fields = {"plate": plate, "well": f"{row}{column:02}", "tile": str(tile), "channel": channel}
    assert NamePattern(FOUR + ".tif").parse(FOUR.format(**fields) + ".tif") == fields


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{plate}_{row}", "a field 'row', which there is not; choose from plate, well"),
        ("(?P<row>.+)", "a field 'row', which there is not"),
        ("{well}_{}", "a field ''"),
        ("{well}_{well}", "the field 'well' twice"),
        ("plate_well", "names no field; choose from"),
        ("{channel}", "names no field but the channel"),
        ("{plate}{well}", "nothing between 'plate' and 'well'"),
        ("(?P<well>[A-H", r"no valid regular expression \(.*\); mend it"),
        ("(?P<well", "no valid regular expression"),
        ("", "names no field"),
    ],
)
def test_patterns_that_cannot_be(pattern: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        NamePattern(pattern)


def test_names_that_fit_and_those_that_do_not_are_told_apart() -> None:
    fields, errors = NamePattern("{well}_{tile}").parse_all(paths("d/A1_1.tif d/notes.tif d/A2_1.tif"))
    assert list(fields) == paths("d/A1_1.tif d/A2_1.tif") and fields[Path("d/A2_1.tif")]["well"] == "A2"
    assert [str(error).partition(";")[0] for error in errors.values()] == [
        "d/notes.tif: has a name that the pattern '{well}_{tile}' does not fit"
    ]


def test_a_pattern_that_fits_nothing_quotes_a_name() -> None:
    with pytest.raises(UsageError, match=r"fits none of the 2 names, as 'one\.tif'; write one that does"):
        NamePattern("{well}_{tile}").parse_all(paths("d/one.tif d/two.tif"))
    assert NamePattern("{well}").parse_all([]) == ({}, {})

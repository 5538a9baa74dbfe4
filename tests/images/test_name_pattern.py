"""Plate, well and tile from names, and pairs by names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.errors import ImageError, UsageError
from cytally.images.name_pattern import NamePattern, pair

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


@pytest.mark.parametrize(
    ("stains", "phases", "partners"),
    [
        ("s/a.tif s/b.tif", "p/b.png p/a.png", "p/a.png p/b.png"),
        ("d/A1_dapi.tif d/A2_dapi.tif", "d/A1_phase.tif d/A2_phase.tif", "d/A1_phase.tif d/A2_phase.tif"),
        # Both in one folder, which is named for the phase contrast as a whole.
        ("d/1_dapi.tif d/2_dapi.tif", "d/1_dapi.tif d/1_ph.tif d/2_dapi.tif d/2_ph.tif", "d/1_ph.tif d/2_ph.tif"),
        ("x-w1.tif y-w1.tif", "x-w2.tif y-w2.tif", "x-w2.tif y-w2.tif"),
        ("a_hoechst.tif b.dapi.tif", "a_phase.tif b.phase.tif", "a_phase.tif b.phase.tif"),
        ("stain.tif", "phase.tif", "phase.tif"),
        ("A1 dapi.tif".replace(" ", "_"), "A1-phase.tif", "A1-phase.tif"),
    ],
)
def test_pairs_without_a_pattern(stains: str, phases: str, partners: str) -> None:
    assert pair(paths(stains), paths(phases)) == list(zip(paths(stains), paths(partners), strict=True))


@pytest.mark.parametrize(
    ("stains", "phases", "message"),
    [
        ("1_x.tif 2_x.tif", "p/1_x.tif p/3_x.tif", r"^2_x\.tif: has no partner among the 2 phase-contrast images"),
        ("1_dapi.tif 2_dapi.tif", "1_phase.tif", r"^2_dapi\.tif: has no partner"),
        ("a_1.tif b_2.tif", "a_3.tif b_4.tif", r"^a_1\.tif: has no partner"),  # 1 to 3, but 2 to 4: no common rule
        ("a_dapi.tif", "a_phase.tif a_gfp.tif", r"^a_dapi\.tif: fits two phase-contrast images, 'a_phase\.tif' and"),
        ("a.tif", "p/a.tif p/a.png", r"^a\.tif: fits two"),
        ("a_dapi.tif a_gfp.tif", "a_phase.tif", r"^a_phase\.tif: is the partner of two stains, 'a_dapi\.tif' and"),
        ("one_dapi.tif", "another_phase.tif", r"^one_dapi\.tif: has no partner"),
        ("a.tif", "a.tif", "no phase-contrast image beside the stains"),
        ("a.tif", "", "no phase-contrast image beside the stains"),
    ],
)
def test_names_without_a_clear_partner(stains: str, phases: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        pair(paths(stains), paths(phases))
    assert raised.value.cure


def test_pairs_by_a_pattern() -> None:
    stains, phases = (
        paths("P_A1_1_dapi.tif P_A1_2_dapi.tif"),
        paths("P_A1_2_ph.tif extra.tif P_A1_1_ph.tif P_B1_1_ph.tif"),
    )
    assert pair(stains, phases, NamePattern(FOUR)) == [(stains[0], phases[2]), (stains[1], phases[0])]


@pytest.mark.parametrize(
    ("stains", "phases", "message"),
    [
        ("P_A1_1_dapi.tif", "P_A2_1_ph.tif", r"^P_A1_1_dapi\.tif: has no partner"),
        ("P_A1_1_dapi.tif", "P_A1_1_ph.tif P_A1_1_gfp.tif", r"^P_A1_1_dapi\.tif: fits two"),
        ("P_A1_1_dapi.tif P_A1_1_gfp.tif", "P_A1_1_ph.tif", r"^P_A1_1_ph\.tif: is the partner of two stains"),
        ("P_A1_1_dapi.tif odd.tif", "P_A1_1_ph.tif", r"^odd\.tif: has a name that the pattern"),
        ("P_A1_1_dapi.tif", "odd.tif", r"does not fit the only name, as 'odd\.tif'"),
    ],
)
def test_fields_without_a_clear_partner(stains: str, phases: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        pair(paths(stains), paths(phases), NamePattern(FOUR))

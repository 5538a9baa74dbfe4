"""Stain and phase contrast, paired by names."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytally.errors import UsageError
from cytally.images.name_pairs import pair
from cytally.images.name_pattern import NamePattern

FOUR = "{plate}_{well}_{tile}_{channel}"


def paths(text: str) -> list[Path]:
    return [Path(name) for name in text.split()]


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


@pytest.mark.parametrize("pattern", [None, "{well}_{channel}"])
def test_files_of_the_nearest_folder_are_partners(pattern: str | None) -> None:
    stains, phases = paths("1/s/A1_dapi.tif 10/s/A1_dapi.tif"), paths("10/p/A1_ph.tif 1/p/A1_ph.tif")
    read = None if pattern is None else NamePattern(pattern)
    assert pair(stains, phases, read) == [(stains[0], phases[1]), (stains[1], phases[0])]
    with pytest.raises(UsageError, match=r"fits two phase-contrast images, '1/p/A1_ph\.tif' and '1/q/A1_ph\.tif'"):
        pair(stains[:1], [*phases, Path("1/q/A1_ph.tif")], read)


def test_a_file_named_otherwise_is_the_same_file() -> None:
    with pytest.raises(UsageError, match="no phase-contrast image beside the stains"):
        pair(paths("d/a.tif d/b.tif"), paths("d/../d/a.tif d/../d/b.tif"))


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

"""Which phase contrast belongs to which stain."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cytally.errors import UsageError
from cytally.tasks.inputs import Inputs
from cytally.tasks.label_names import find_partners
from cytally.tasks.label_options import LabelOptions


@pytest.mark.parametrize("same", ["{file}", "{folder}/../{name}/one.tif", "one.tif"])
def test_a_file_is_no_partner_of_itself_however_it_is_named(
    same: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "one.tif"
    file.touch()
    monkeypatch.chdir(tmp_path)
    for stain in (file, Path("one.tif"), Path(os.curdir) / ".." / tmp_path.name / "one.tif"):
        with pytest.raises(UsageError, match="no phase-contrast image beside the stains"):
            given = same.format(file=file, folder=tmp_path, name=tmp_path.name)
            find_partners(Inputs([stain]), LabelOptions(phase=given))


def test_one_file_and_one_file_are_partners_whatever_their_names(tmp_path: Path) -> None:
    for name in ("stain.tif", "another_day.png"):
        (tmp_path / name).touch()
    stain, phase = tmp_path / "stain.tif", tmp_path / "another_day.png"
    assert find_partners(Inputs([stain]), LabelOptions(phase=str(phase))) == {stain: phase}
    assert find_partners(Inputs([stain]), LabelOptions()) == {}

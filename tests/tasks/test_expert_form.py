"""The form as it is handed out."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from cytally.errors import UsageError
from cytally.tasks.expert_form import COLUMNS, refuse_filled_form, write_form


def test_form_and_key(tmp_path: Path) -> None:
    write_form(tmp_path, ["b.tif", "a, or not.tif"])
    assert (tmp_path / "experts.csv").read_text() == (
        'triplet,image,expert,score,missed,false,comment\n1,b.tif,,,,,\n2,"a, or not.tif",,,,,\n'
    )
    assert (tmp_path / "triplets.csv").read_text() == 'triplet,image\n1,b.tif\n2,"a, or not.tif"\n'


def test_names_that_excel_would_spoil_get_a_mark(tmp_path: Path) -> None:
    write_form(tmp_path, ["größe.tif"])
    assert (tmp_path / "experts.csv").read_bytes().startswith(b"\xef\xbb\xbftriplet")
    assert pd.read_csv(tmp_path / "experts.csv")["image"].tolist() == ["größe.tif"]


@pytest.mark.parametrize("column", COLUMNS[2:])
def test_a_form_that_was_written_in_is_not_replaced(tmp_path: Path, column: str) -> None:
    refuse_filled_form(tmp_path)
    write_form(tmp_path, ["a.tif", "b.tif"])
    refuse_filled_form(tmp_path)
    with (tmp_path / "experts.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[1][column] = "3"
    pd.DataFrame(rows).to_csv(tmp_path / "experts.csv", index=False)
    with pytest.raises(UsageError, match="is a form that an expert has written in; move it"):
        refuse_filled_form(tmp_path)

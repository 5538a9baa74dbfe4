"""Tables as spreadsheet programs of several countries save them, and files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.errors import UsageError
from cytally.tasks.spreadsheet import Row, as_number, read_spreadsheet

PLAIN = "triplet,expert,score\n1,Jörg,4.5\n\n2,Jörg,\n"
ROWS = [
    Row(2, {"triplet": "1", "expert": "Jörg", "score": "4.5"}),
    Row(4, {"triplet": "2", "expert": "Jörg", "score": ""}),
]
COLUMNS = ("triplet", "expert", "score")


def rows_of(data: bytes | str, folder: Path) -> list[Row]:
    path = folder / "form.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_spreadsheet(path, COLUMNS)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_way_to_save_it(separator: str, end: str, encoding: str, tmp_path: Path) -> None:
    assert rows_of(PLAIN.replace(",", separator).replace("\n", end).encode(encoding), tmp_path) == ROWS


def test_headers_quotes_and_what_is_left_empty(tmp_path: Path) -> None:
    text = ' Score ;TRIPLET;"expert";;\r\n;;;;\r\n" 3,5 ";1;"A; ""the"" B\r\nof C";;\r\n4;2\r\n'
    assert rows_of(text, tmp_path) == [
        Row(3, {"score": "3,5", "triplet": "1", "expert": 'A; "the" B\r\nof C', "": ""}),
        Row(4, {"score": "4", "triplet": "2", "expert": "", "": ""}),
    ]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty; let its first row be 'triplet,expert,score'"),
        (b"\xef\xbb\xbf;;;\r\n\r\n", "is empty"),
        (b"triplet,score\n1,4\n", "has the columns 'triplet,score' and lacks expert; let its first row"),
        (b"1,A,4\n", "lacks triplet, expert, score"),
        (b"triplet,expert,score,Score\n", "two columns 'score'; remove one"),
        (
            b"triplet,expert,score\n1,A,4\n2,A,3,5\n",
            "row 3 has 4 cells and the first row 3; put text that holds commas",
        ),
        (b'triplet,expert,score\n1,"A,4\n', "is no table: unexpected end of data; save it as CSV"),
        (b"PK\x03\x04 and so on", "is a workbook, not a CSV file; save it as CSV"),
        (b"\xff\xfe\x00", "is no text"),
        (b"triplet,\0\0\0", "is no text"),
        (b"\x81\x8d\x8f", "is no text"),
    ],
)
def test_what_is_no_such_table(data: bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        rows_of(data, tmp_path)
    assert says in caught.value.line() and caught.value.line().startswith(f"{tmp_path / 'form.csv'}: ")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist; check the path"):
        read_spreadsheet(tmp_path / "none.csv", COLUMNS)
    with pytest.raises(UsageError, match="is a folder; name the CSV"):
        read_spreadsheet(tmp_path, COLUMNS)


@given(st.floats(-1e6, 1e6))
def test_numbers_with_either_decimal_sign(number: float) -> None:
    assert as_number(f" {number!r}") == as_number(f"{number!r} ".replace(".", ",")) == number


@pytest.mark.parametrize("text", ["", "good", "nan", "inf", "1,2,3", "3-4", "4 5"])
def test_what_is_no_number(text: str) -> None:
    assert as_number(text) is None


@given(junk=st.binary(max_size=80))
def test_any_bytes_are_a_table_or_a_clear_error(junk: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"triplet;expert;score\n" + junk)
    try:
        rows = read_spreadsheet(path, COLUMNS)
    except UsageError as error:
        assert error.cure
    else:
        assert all({"triplet", "expert", "score"} <= row.cells.keys() for row in rows)

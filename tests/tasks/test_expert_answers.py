"""Filled-in forms: what they say, whose they are, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cytally.errors import UsageError
from cytally.tasks.expert_answers import Judgement, read_forms
from cytally.tasks.expert_form import write_form

HEADER = "triplet,image,expert,score,missed,false,comment\n"
Write = Callable[..., Path]


@pytest.fixture
def form(tmp_path: Path) -> Write:
    """``form("alice.csv", "1,a.tif,Alice,4,,,")``: a form with these rows."""

    def write(name: str, *rows: str, header: str = HEADER) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
        return path

    return write


def refusal(*paths: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_forms(paths)
    assert caught.value.file is not None and caught.value.cure
    return caught.value.line()


def test_what_a_form_says(form: Write) -> None:
    path = form("a.csv", '1,a.tif,Alice,4.5,2,0,"mostly, fine"', "3,c.tif,Alice,,,,", "2,b.tif,Alice,1,,,")
    answers = read_forms([path])
    assert answers.judgements == (
        Judgement("Alice", 1, "a.tif", 4.5, 2.0, 0.0, "mostly, fine"),
        Judgement("Alice", 2, "b.tif", 1.0),
    )
    assert answers.notes == ("a.csv: 1 of 3 rows have no score and are left out.",)


def test_a_form_saved_by_excel(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = ["triplet;image;expert;score;missed;false;comment", "1;a.tif;Jörg;3,5;1,0;;zu groß", "2;b.tif;;5;;;", ""]
    for encoding in ("utf-8-sig", "cp1252"):
        path.write_bytes("\r\n".join(lines).encode(encoding))
        assert read_forms([path]).judgements == (
            Judgement("Jörg", 1, "a.tif", 3.5, 1.0, None, "zu groß"),
            Judgement("Jörg", 2, "b.tif", 5.0),
        )


def test_only_three_columns_are_needed(form: Write) -> None:
    path = form("a.csv", "4,Alice,007", header="score,expert,triplet\n")
    assert read_forms([path]).judgements == (Judgement("Alice", 7, "", 4.0),)


def test_whose_rows_are_whose(form: Write) -> None:
    named = form("named.csv", "1,a.tif,,4,,,", "2,b.tif, Alice ,4,,,")
    several = form("several.csv", "1,a.tif,Bob,3,,,", "2,b.tif,ALICE,,,,", "3,c.tif,alice,2,,,")
    nameless = form("Carol.csv", "1,a.tif,,5,,,")
    answers = read_forms([named, several, nameless])
    assert [(each.expert, each.triplet) for each in answers.judgements] == [
        *(("Alice", 1), ("Alice", 2), ("Bob", 1), ("Alice", 3), ("Carol", 1)),
    ]
    assert "Carol.csv names no expert; its scores are called 'Carol'." in answers.notes


def test_names_that_cannot_be_told(form: Write) -> None:
    several = form("several.csv", "1,a.tif,Bob,3,,,", "2,b.tif,Alice,2,,,", "3,c.tif,,4,,,")
    assert "row 4 names no expert, and the form is of several; write the name there" in refusal(several)
    first, second = form("x/experts.csv", "1,a.tif,,3,,,"), form("y/experts.csv", "2,b.tif,,3,,,")
    assert f"names no expert, as {first} does not" in refusal(first, second)


@pytest.mark.parametrize("score", ["0", "6", "0.99", "5,01", "-3", "good", "4/5", "nan"])
def test_scores_that_are_none(form: Write, score: str) -> None:
    path = form("a.csv", "1,a.tif,Alice,4,,,", f'2,b.tif,Alice,"{score}",,,')
    line = refusal(path)
    assert line == (
        f"{path}: row 3 gives the score '{score}'; write a number from 1 (unusable) to 5 (perfect), "
        "or leave the cell empty"
    )


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("x,a.tif,Alice,4,,,", "row 2 gives the triplet 'x'; write the number"),
        ("0,a.tif,Alice,4,,,", "the triplet '0'"),
        ("1.5,a.tif,Alice,4,,,", "the triplet '1.5'"),
        (",a.tif,Alice,4,,,", "the triplet ''"),
        ("1,a.tif,Alice,4,few,,", "row 2 gives 'few' as missed; write how many"),
        ("1,a.tif,Alice,4,,-1,", "row 2 gives '-1' as false"),
    ],
)
def test_cells_that_do_not_hold_what_they_should(form: Write, row: str, says: str) -> None:
    assert says in refusal(form("a.csv", row))


def test_forms_without_any_score(form: Write) -> None:
    filled = form("filled.csv", "1,a.tif,Alice,4,,,")
    assert "holds no score; fill in its column 'score' with 1 (unusable) to 5 (perfect)" in refusal(
        filled, form("a.csv", "1,a.tif,,,,,", "2,b.tif,,,,,")
    )
    assert "holds no triplet" in refusal(form("b.csv"))
    assert "lacks score" in refusal(form("c.csv", "1,a.tif", header="triplet,expert\n"))
    assert "is named twice" in refusal(filled, filled)


def test_an_expert_scores_a_triplet_once(form: Write) -> None:
    first = form("a.csv", "1,a.tif,Alice,4,,,")
    second = form("b.csv", "2,b.tif,Alice,4,,,", "001,a.tif,alice,2,,,")
    line = refusal(first, second)
    assert line.startswith(f"{second}: row 3 scores triplet 1 for Alice, as {first} row 2 does; keep one")


def test_forms_that_disagree_on_an_image(form: Write) -> None:
    first, second = form("a.csv", "1,a.tif,Alice,4,,,"), form("b.csv", "1,b.tif,Bob,4,,,")
    assert "row 2 calls triplet 1 'b.tif', and a row before calls it 'a.tif'" in refusal(first, second)


def test_the_key_beside_a_form(form: Write, tmp_path: Path) -> None:
    write_form(tmp_path, ["a.tif", "b.tif"])
    sent = form("sent/a.csv", "2,Alice,4", header="triplet,expert,score\n")
    named = form("b.csv", "1,a.tif,Bob,4,,,")
    assert [each.image for each in read_forms([named, sent]).judgements] == ["a.tif", "b.tif"]
    unknown = form("c.csv", "1,other.tif,Bob,4,,,")
    assert "row 2 calls triplet 1 'other.tif', and triplets.csv calls it 'a.tif'" in refusal(unknown)
    beyond = form("d.csv", "3,c.tif,Bob,4,,,")
    assert "row 2 scores the triplet 3, which triplets.csv does not list" in refusal(beyond)
    write_form(tmp_path / "sent", ["b.tif", "a.tif"])
    assert f"lists other triplets than {tmp_path / 'triplets.csv'}" in refusal(named, sent)
    (tmp_path / "triplets.csv").write_text("triplet,image\nx,a.tif\n")
    assert "is not as cytally wrote it" in refusal(named)

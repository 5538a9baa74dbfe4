"""What experts answered: their filled-in forms, read and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cytally.errors import UsageError
from cytally.tasks.expert_form import KEY, KEY_COLUMNS, NEEDED, RANGE, SCALE
from cytally.tasks.spreadsheet import Row, as_number, read_spreadsheet


@dataclass(frozen=True)
class Judgement:
    """What one expert says of one triplet.

    Parameters
    ----------
    expert
        The expert's name.
    triplet
        The triplet's number, from 1.
    image
        The image it shows; empty where neither form nor key tells.
    score
        1 (unusable) to 5 (perfect).
    missed, false
        How many objects were missed, and how many outlined are none; None where the expert did not count.
    comment
        Anything else.
    """

    expert: str
    triplet: int
    image: str
    score: float
    missed: float | None = None
    false: float | None = None
    comment: str = ""


@dataclass(frozen=True)
class Forms:
    """What came back: all `judgements`, by form and row, and `notes`, what is odd about them."""

    judgements: tuple[Judgement, ...]
    notes: tuple[str, ...] = ()


def read_forms(paths: Sequence[Path]) -> Forms:
    """Read forms that experts have filled in. Rows without a score are left out.

    A form may hold the rows of several experts. The one name in a form stands for its rows without a name; a form
    without any is called by its file's name. Names that differ only in case are one expert's.

    Parameters
    ----------
    paths
        CSV files with the columns triplet, expert and score, and any of image, missed, false and comment. Where
        triplets.csv lies beside a form, triplets and images are checked by it.

    Raises
    ------
    UsageError
        When a file is no such form or has no score, a cell does not hold what it should, a triplet or an image is
        unknown or the forms disagree on it, or an expert has scored a triplet twice.
    """
    twice = next((path for number, path in enumerate(paths) if path in paths[:number]), None)
    if twice is not None:
        raise UsageError("is named twice", file=twice, cure="name each form once")
    tables = {path: read_spreadsheet(path, NEEDED) for path in paths}
    reader = _Reader(_key(paths))
    for path, rows in tables.items():
        reader.read(path, rows)
    return Forms(tuple(reader.judgements), tuple(reader.notes))


class _Reader:
    """Reads form after form, and remembers what the next must agree with."""

    def __init__(self, key: Mapping[int, str]) -> None:
        self.judgements: list[Judgement] = []
        self.notes: list[str] = []
        self._images, self._keyed = dict(key), bool(key)
        self._spelling: dict[str, str] = {}
        self._nameless: dict[str, Path] = {}
        self._seen: dict[tuple[str, int], str] = {}

    def read(self, path: Path, rows: Sequence[Row]) -> None:
        if not rows:
            raise UsageError("holds no triplet", file=path, cure="give one row to each triplet that was scored")
        fallback = self._fallback(path, rows)
        scored = [row for row in rows if row.cells["score"]]
        if not scored:
            raise UsageError(
                "holds no score", file=path, cure=f"fill in its column 'score' with {RANGE}, or leave the form out"
            )
        for row in rows:
            judgement = self._judgement(path, row, fallback)
            if judgement is not None:
                self._refuse_twice(path, row, judgement)
                self.judgements.append(judgement)
        left = len(rows) - len(scored)
        if left:
            self.notes.append(f"{path.name}: {left} of {len(rows)} rows have no score and are left out.")

    def _fallback(self, path: Path, rows: Iterable[Row]) -> str | None:
        """Who wrote the rows without a name; None where there is none, or it cannot be told."""
        names = {row.cells["expert"].casefold(): row.cells["expert"] for row in rows if row.cells["expert"]}
        if names:
            return next(iter(names.values())) if len(names) == 1 else None
        other = self._nameless.setdefault(path.stem.casefold(), path)
        if other != path:
            raise UsageError(
                f"names no expert, as {other} does not, and the two files share a name",
                file=path,
                cure="write each expert's name into the column 'expert'",
            )
        self.notes.append(f"{path.name} names no expert; its scores are called '{path.stem}'.")
        return path.stem

    def _judgement(self, path: Path, row: Row, fallback: str | None) -> Judgement | None:
        """What a row says; None where it has no score."""
        cells = row.cells
        triplet = self._triplet(path, row)
        if not cells["score"]:
            return None
        score = as_number(cells["score"])
        if score is None or not min(SCALE) <= score <= max(SCALE):
            raise UsageError(
                f"row {row.number} gives the score '{cells['score']}'",
                file=path,
                cure=f"write a number from {RANGE}, or leave the cell empty",
            )
        name = cells["expert"] or fallback
        if name is None:
            raise UsageError(
                f"row {row.number} names no expert, and the form is of several", file=path, cure="write the name there"
            )
        missed, false = (self._number_of(path, row, column) for column in ("missed", "false"))
        expert = self._spelling.setdefault(name.casefold(), name)
        image = self._images[triplet]
        return Judgement(expert, triplet, image, score, missed, false, cells.get("comment", ""))

    def _triplet(self, path: Path, row: Row) -> int:
        """The row's triplet, whose image is known from here on."""
        number = as_number(row.cells["triplet"])
        if number is None or number < 1 or number % 1:
            raise UsageError(
                f"row {row.number} gives the triplet '{row.cells['triplet']}'",
                file=path,
                cure="write the number that stands above the picture, as 7",
            )
        triplet, image = int(number), row.cells.get("image", "")
        if self._keyed and triplet not in self._images:
            raise UsageError(
                f"row {row.number} scores the triplet {triplet}, which {KEY} does not list",
                file=path,
                cure="write the number that stands above the picture, or remove the row",
            )
        known = self._images.get(triplet, "")
        if image and known and image != known:
            raise UsageError(
                f"row {row.number} calls triplet {triplet} '{image}', and {KEY if self._keyed else 'a row before'} "
                f"calls it '{known}'",
                file=path,
                cure="correct the name, and give only forms of one evaluation",
            )
        self._images[triplet] = known or image
        return triplet

    def _number_of(self, path: Path, row: Row, column: str) -> float | None:
        text = row.cells.get(column, "")
        number = as_number(text)
        if text and (number is None or number < 0):
            raise UsageError(
                f"row {row.number} gives '{text}' as {column}",
                file=path,
                cure="write how many objects that are, or leave the cell empty",
            )
        return number

    def _refuse_twice(self, path: Path, row: Row, judgement: Judgement) -> None:
        here = f"{path} row {row.number}"
        before = self._seen.setdefault((judgement.expert, judgement.triplet), here)
        if before != here:
            raise UsageError(
                f"row {row.number} scores triplet {judgement.triplet} for {judgement.expert}, as {before} does",
                file=path,
                cure="keep one of the two rows, or tell two experts apart by their names",
            )


def _key(paths: Iterable[Path]) -> dict[int, str]:
    """Which triplet shows which image, from the triplets.csv beside the forms; empty where there is none."""
    found: dict[int, str] = {}
    source: Path | None = None
    for path in dict.fromkeys(form.parent / KEY for form in paths):
        if not path.is_file():
            continue
        rows = read_spreadsheet(path, KEY_COLUMNS)
        numbers = [as_number(row.cells["triplet"]) for row in rows]
        if any(number is None for number in numbers):
            raise UsageError("is not as cytally wrote it", file=path, cure="evaluate again, or remove it")
        key = {int(number or 0): row.cells["image"] for number, row in zip(numbers, rows, strict=True)}
        if source is not None and key != found:
            raise UsageError(f"lists other triplets than {source}", file=path, cure="give only forms of one evaluation")
        found, source = key, path
    return found

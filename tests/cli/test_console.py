"""How a command may end."""

from __future__ import annotations

import logging

import pytest
import typer

from cytally.cli import console
from cytally.errors import DataError, ImageError, ModelError, OutputError, UsageError


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (UsageError("is wrong", file="a", cure="mend it"), 2, "error: a: is wrong; mend it"),
        (ModelError("is broken", file="m"), 2, "error: m: is broken"),
        (DataError("is empty"), 2, "error: is empty"),
        (ImageError("is cut off", file="i"), 1, "error: i: is cut off"),
        (OutputError("is full", file="o"), 1, "error: o: is full"),
        (KeyboardInterrupt(), 130, "stopped; all is kept"),
        (MemoryError(), 1, "error: the memory does not suffice"),
        (PermissionError(13, "Permission denied", "in/a"), 1, "error: in/a: Permission denied"),
        (
            ZeroDivisionError("odd [red]"),
            1,
            "error: unexpected: ZeroDivisionError: odd [red] (run again with --verbose",
        ),
        (typer.Exit(7), 7, ""),
    ],
)
def test_every_error_has_its_status_and_line(
    error: BaseException, status: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, console.answering(False, stopped="all is kept"):
        raise error
    assert ended.value.exit_code == status
    text = capsys.readouterr().err
    assert text.startswith(says) and text.count("\n") == (1 if says else 0)


def test_verbose_shows_where_it_happened(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), console.answering(True):
        raise ZeroDivisionError("odd")
    assert "Traceback" in capsys.readouterr().err


def test_a_pipe_that_closes_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BrokenPipeError), console.answering(False):
        raise BrokenPipeError
    assert capsys.readouterr().err == ""


def test_warnings_for_developers_are_shown_to_them_only(capsys: pytest.CaptureFixture[str]) -> None:
    for verbose in (False, True):
        with console.answering(verbose):
            logging.getLogger("py.warnings").warning("old fashioned")  # where logging.captureWarnings sends them
            logging.getLogger("cytally.x").warning("for all")
        text = capsys.readouterr().err
        assert "for all" in text and ("old fashioned" in text) == verbose


def test_file_names_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    console.note("a[red]b :car: 1.0")
    assert capsys.readouterr().err == "note: a[red]b :car: 1.0\n"

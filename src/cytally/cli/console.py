"""What the command line shows: notes and errors on standard error, results on standard output."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.logging import RichHandler

from cytally.errors import CytallyError, DataError, ModelError, UsageError

out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

FAILED, USAGE, INTERRUPTED = 1, 2, 130


def note(text: str) -> None:
    """A sentence that the user should read."""
    err.print(f"note: {text}")


def complain(text: str) -> None:
    """One line on what went wrong."""
    err.print(f"error: {text}")


@contextmanager
def answering(verbose: bool, *, stopped: str = "what was finished is kept, --resume goes on") -> Iterator[None]:
    """Turn every way a command may end into its exit status, with one line in place of a traceback.

    Parameters
    ----------
    verbose
        Show tracebacks, and what the library logs.
    stopped
        What Ctrl-C leaves behind, for the line that answers it.
    """
    _log(verbose)
    try:
        yield
    except KeyboardInterrupt:
        err.print(f"stopped; {stopped}")
        raise typer.Exit(INTERRUPTED) from None
    except (typer.Exit, BrokenPipeError):  # `cytally models list | head` is no error
        raise
    except Exception as error:  # noqa: BLE001 - a traceback is never the user's to read
        if verbose:
            err.print_exception()
        complain(_line(error))
        raise typer.Exit(exit_status(error)) from None


def exit_status(error: Exception) -> int:
    """2 for what is known before any image is counted or trained on, else 1."""
    return USAGE if isinstance(error, UsageError | ModelError | DataError) else FAILED


def _line(error: Exception) -> str:
    if isinstance(error, CytallyError):
        return error.line()
    if isinstance(error, MemoryError) or "memory" in str(error).lower():
        return "the memory does not suffice; close other programs, or work on smaller images"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}; check that it is there and that you may use it"
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"unexpected: {text} (run again with --verbose and report it)"


def _log(verbose: bool) -> None:
    """Show what the library logs; Python's own warnings are for developers."""
    handler = RichHandler(console=err, show_time=False, show_path=False)
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.WARNING, format="%(message)s", handlers=[handler], force=True
    )
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.WARNING if verbose else logging.ERROR)
    for other in ("matplotlib", "PIL"):
        logging.getLogger(other).setLevel(logging.WARNING)

"""The line that says why one image failed, and the table of these lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cytally.errors import CytallyError
from cytally.tasks.rows import RowFile

TOO_LARGE = "does not fit into memory; crop it or scale it down"


def failure_line(error: BaseException, path: Path) -> str:
    """One line that names the file, what is wrong, and the cure.

    Examples
    --------
    >>> failure_line(MemoryError(), Path("in/large.tif"))
    'large.tif: does not fit into memory; crop it or scale it down'
    >>> failure_line(ZeroDivisionError("division by zero"), Path("in/odd.tif"))
    'odd.tif: failed unexpectedly (ZeroDivisionError: division by zero); run again with --verbose and report it'
    """
    if isinstance(error, CytallyError):
        return error.line() if error.file else f"{path.name}: {error.line()}"
    if ran_out_of_memory(error):
        return f"{path.name}: {TOO_LARGE}"
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{path.name}: failed unexpectedly ({reason}); run again with --verbose and report it"


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether there was too little memory. torch says so by a RuntimeError, on the processor and on graphics cards."""
    return isinstance(error, MemoryError) or (not isinstance(error, CytallyError) and "memory" in str(error).lower())


def write_failures(folder: Path, failures: Sequence[tuple[str, str]]) -> None:
    """Write failures.csv into an output folder: the image and the line of each failure."""
    RowFile(folder / "failures.csv", ("image", "error"), [{"image": image, "error": line} for image, line in failures])

"""Writing files so that what exists is always whole: a reader never meets half a file."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROCESS = f"{os.getpid()}-{secrets.token_hex(4)}"
"""In the names of files that are not whole yet: processes of two machines may have the same number."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, remove it on failure.

    Parameters
    ----------
    path
        Where the finished file shall be. Its folder is made where missing.

    Yields
    ------
    Path
        Where to write. It keeps the ending of `path`, so writers that look at endings work.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{PROCESS}-{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` (UTF-8) to `path`, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")

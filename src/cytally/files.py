"""Writing files so that what exists is always whole: a reader never meets half a file, not even after a power cut."""

from __future__ import annotations

import errno
import itertools
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROCESS = f"{os.getpid()}-{secrets.token_hex(4)}"
"""In the names of files that are not whole yet: processes of two machines may have the same number."""
NUMBERS = itertools.count()
"""In them too: threads of one process may write the same file at the same time."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, remove it on failure.

    It is on the disk before it has its name, so that a power cut leaves no empty file under it.

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
    temporary = path.with_name(f".{PROCESS}-{next(NUMBERS)}-{path.name}")
    try:
        yield temporary
        flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path`; it takes the place of `path` on success, else is removed."""
    temporary = path.with_name(f".{PROCESS}-{next(NUMBERS)}-{path.name}")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if path.is_dir():
            shutil.rmtree(path)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def flush(path: Path) -> None:
    """Wait until a file that was written is on the disk. For a thousand small ones that is half a second.

    Raises
    ------
    OSError
        When it cannot be put there, as on a full disk that is another machine's.
    """
    number = os.open(path, os.O_RDWR)  # Windows flushes only what may be written to
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems know of no flushing
            raise
    finally:
        os.close(number)


def write_text(path: Path, text: str) -> None:
    """Write `text` (UTF-8) to `path`, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")

"""Reading parts of a file from several threads."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock


class FileBytes:
    """A file that is opened when it is first read, and read at any place by any thread.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number: int | None = None
        self._lock = Lock()

    def read(self, place: int, count: int) -> bytes:
        """Read `count` bytes from `place` on; fewer where the file ends before.

        Raises
        ------
        OSError
            When the file cannot be read.
        """
        with self._lock:
            if self._number is None:
                self._number = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            if not hasattr(os, "pread"):  # Windows, where a place has to be sought first
                os.lseek(self._number, place, os.SEEK_SET)
                return os.read(self._number, count)
            number = self._number
        return os.pread(number, count, place)

    def close(self) -> None:
        """Close the file; no thread may be reading. It is opened again when it is read again."""
        with self._lock:
            if self._number is not None:
                os.close(self._number)
                self._number = None

    def __del__(self) -> None:
        self.close()

"""Errors a user can act on: what is wrong, in which file, and the cure, in one line."""

from __future__ import annotations

from pathlib import Path


class CytallyError(Exception):
    """Something the user can mend.

    Parameters
    ----------
    message
        What is wrong, without the file's name and without a full stop.
    file
        The file or folder it is wrong with.
    cure
        What to do about it, as an imperative.

    Examples
    --------
    >>> str(CytallyError("is empty", file="a.tif", cure="export the image again"))
    'a.tif: is empty; export the image again'
    """

    def __init__(self, message: str, *, file: str | Path | None = None, cure: str | None = None) -> None:
        self.message = message
        self.file = None if file is None else str(file)
        self.cure = cure
        super().__init__(self.line())

    def line(self) -> str:
        """The whole error as one line of text."""
        head = "" if self.file is None else f"{self.file}: "
        tail = "" if self.cure is None else f"; {self.cure}"
        return " ".join(f"{head}{self.message}{tail}".split())


class UsageError(CytallyError):
    """The call itself is wrong, known before any image is opened. Nothing has been written."""


class ImageError(CytallyError):
    """One image cannot be used. The rest of the batch goes on."""


class DataError(CytallyError):
    """A data folder, or one of its annotations, cannot be used."""


class ModelError(CytallyError):
    """A model folder is missing, broken, of another version, or does not fit."""


class ConfigError(UsageError):
    """A configuration file, or a setting in it, is wrong."""


class OutputError(CytallyError):
    """The output can no longer be written to, as on a full disk. What was finished is valid."""


class WorkerError(CytallyError):
    """Workers died, or were lost, before they could tell what came of their work."""

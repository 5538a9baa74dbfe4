"""Digests of the files that a run reads, by which a later one knows that they are the same."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cytally.errors import UsageError
from cytally.models.exported import file_digest

KEY = "inputs_sha256"
"""Where run.json has them."""
LARGEST_FOLDER = 2**30
"""Bytes in a folder, as an OME-Zarr is one, up to which the content of its files counts; beyond, names and sizes."""
AT_A_TIME = 4
"""Files that are read at the same time: on another machine's disk it is opening them that takes long."""


def digests(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of files and folders by their absolute paths; what cannot be read is left out.

    Reading happens right before the files are needed, so that they come from the memory then.
    """
    unique = list(dict.fromkeys(map(absolute, paths)))
    with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="digest") as threads:
        found = threads.map(_digest_or_none, unique)
        return {path: digest for path, digest in zip(unique, found, strict=True) if digest is not None}


def digest(path: Path) -> str:
    """SHA-256 of a file; of a folder, of the names and sizes of all files in it, and of what is in them.

    What is in them counts up to `LARGEST_FOLDER` bytes together.

    Raises
    ------
    OSError
        When it cannot be read.
    """
    if not path.is_dir():
        return file_digest(path)
    files = sorted((each.relative_to(path).as_posix(), each) for each in path.rglob("*") if each.is_file())
    sizes = [each.stat().st_size for _, each in files]
    whole = sum(sizes) <= LARGEST_FOLDER
    told = [(name, size, file_digest(each) if whole else "") for (name, each), size in zip(files, sizes, strict=True)]
    return hashlib.sha256(repr(told).encode("utf-8", "surrogateescape")).hexdigest()


def absolute(path: str | Path) -> str:
    """A path that is valid from any folder, its symbolic links kept."""
    return os.path.abspath(path)  # noqa: PTH100 - unlike resolve, keeps symbolic links


def absolute_pattern(given: str | Path) -> str:
    """A path or glob pattern that is valid from any folder.

    Examples
    --------
    >>> absolute_pattern("/data/well-?/*.tif")
    '/data/well-?/*.tif'
    """
    if Path(given).exists() or Path(given).is_absolute():
        return absolute(given)
    return str(Path(glob.escape(str(Path.cwd()))) / given)  # brackets in the folder's own name are no pattern


def refuse_changed(earlier: Mapping[str, Any], now: Mapping[str, Any], paths: Iterable[Path], folder: Path) -> None:
    """Refuse to go on where inputs that an earlier sitting finished are others now.

    Parameters
    ----------
    earlier, now
        What run.json says of the two sittings. An earlier version wrote no digests: nothing is refused then.
    paths
        The inputs that are finished.
    folder
        Named in the error.

    Raises
    ------
    UsageError
        Naming the first that differs.
    """
    before, after = earlier.get(KEY, {}), now.get(KEY, {})
    for path in map(absolute, paths):
        if path in before and path in after and before[path] != after[path]:
            raise UsageError(
                f"was begun with other images: '{path}' is not what it was",
                file=folder,
                cure="resume with the images it began with, or start again with --overwrite",
            )


def _digest_or_none(path: str) -> str | None:
    try:
        return digest(Path(path))
    except OSError:
        return None  # it is told when it is to be counted

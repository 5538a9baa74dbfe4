"""Which files the page may reach: those of the workspace and of folders that were allowed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cytally.app.refusal import Refusal


def confined(given: str | Path, allowed: Sequence[Path]) -> Path:
    """The real path of a file or folder, all symbolic links followed.

    Parameters
    ----------
    given
        A path; one that is not absolute is taken in the first of the `allowed` folders that has it.
    allowed
        Folders with no symbolic links in their own paths.

    Raises
    ------
    Refusal
        404 where it is not there, 403 where it lies outside.
    """
    outside = Refusal(
        403,
        "this file or folder lies outside of what the page may read",
        "start 'cytally app' with --allow FOLDER, or move the files into the workspace",
    )
    missing = Refusal(404, "there is no such file or folder", "check the path")
    try:
        places = [Path(given)] if Path(given).is_absolute() else [folder / given for folder in allowed]
        resolved = [path.resolve() for path in places]
        inside = [path for path in resolved if any(path.is_relative_to(folder) for folder in allowed)]
        if not inside:
            raise outside
        found = next((path for path in inside if path.exists()), None)
    except (OSError, ValueError, RuntimeError):  # too long, a null byte, links in a ring
        raise missing from None
    if found is None:
        raise missing
    return found

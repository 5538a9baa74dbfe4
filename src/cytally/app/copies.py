"""Whether a file is in a project already, under whatever name: counted twice it would spoil every total."""

from __future__ import annotations

from pathlib import Path

from cytally.app.store import Store
from cytally.datasets.fingerprint import content_digest
from cytally.errors import DataError, ImageError


def refuse_copy(store: Store, project: str, path: Path, name: str) -> tuple[int | None, str | None]:
    """Size and digest of a file, the digest only where another one has the same size; folders have neither.

    Raises
    ------
    ImageError
        Where the project holds a file of the same content.
    """
    if path.is_dir():
        return None, None
    size, digest = path.stat().st_size, None
    for row in store.rows("SELECT id, name, path, content FROM images WHERE project = ? AND bytes = ?", project, size):
        digest = digest or content_digest(path)
        try:
            other = row["content"] or content_digest(Path(row["path"]))
        except DataError:  # it is gone
            continue
        store.change("UPDATE images SET content = ? WHERE id = ?", other, row["id"])
        if other == digest:
            raise ImageError(f"is in the project already, as {row['name']}", file=name)
    return size, digest

"""What every route works with: workspace, database, open pictures, jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from cytally.app.pictures import Pictures
from cytally.app.store import Store
from cytally.app.workspace import Workspace
from cytally.files import whole_file

if TYPE_CHECKING:
    from cytally.app.jobs import Jobs


@dataclass
class Desk:
    """A server's belongings.

    Parameters
    ----------
    workspace
        Where everything lies.
    upload_limit
        Bytes of the largest file that may be sent.
    """

    workspace: Workspace
    upload_limit: int
    pictures: Pictures = field(init=False)
    jobs: Jobs = field(init=False)
    naming: Lock = field(default_factory=Lock)
    """Held while a file gets its name, so that no two get the same."""

    def __post_init__(self) -> None:
        self.pictures = Pictures(self.workspace.cache)

    @property
    def store(self) -> Store:
        """The database."""
        return self.workspace.store

    def thumbnail(self, image: str) -> Path:
        """Where the small picture of an image lies, if it was made."""
        return self.workspace.cache / "thumbnails" / image[:2] / f"{image}.png"

    def keep_thumbnail(self, image: str, picture: bytes) -> None:
        """Keep the small picture of an image."""
        with whole_file(self.thumbnail(image)) as temporary:
            temporary.write_bytes(picture)

"""What the server answers when it cannot do what it was asked for: one line, and the cure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from cytally.errors import CytallyError


class ErrorAnswer(BaseModel):
    """The body of every answer with a status from 400 on."""

    model_config = ConfigDict(extra="allow")

    error: str = Field(description="What is wrong, in one line.")
    cure: str = Field("", description="What to do about it.")


class Refusal(Exception):
    """A request that cannot be served.

    Parameters
    ----------
    status
        HTTP status, 400 to 499 for what the request can mend.
    error, cure
        One line each.
    more
        Further keys of the answer's body.
    """

    def __init__(self, status: int, error: str, cure: str = "", **more: Any) -> None:
        super().__init__(error)
        self.status, self.error, self.cure, self.more = status, error, cure, more

    def body(self) -> dict[str, Any]:
        """The answer's body."""
        return {"error": self.error, "cure": self.cure, **self.more}


def not_found(what: str) -> Refusal:
    """There is no such `what`."""
    return Refusal(404, f"there is no such {what}", "reload the page; it may have been removed meanwhile")


def said(error: CytallyError) -> tuple[str, str]:
    """An error of the house as a line without folders, and its cure: the page shows names, not paths.

    Examples
    --------
    >>> said(CytallyError("is empty", file="/a/b.tif", cure="export it again"))
    ('b.tif: is empty', 'export it again')
    """
    name = "" if error.file is None else error.file.replace("\\", "/").rstrip("/").rpartition("/")[2] + ": "
    return " ".join(f"{name}{error.message}".split()), error.cure or ""

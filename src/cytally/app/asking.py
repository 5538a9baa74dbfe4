"""What the routes have in common: what they work with, what paths hold, how they refuse."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, Request

from cytally.app.answers import Id
from cytally.app.desk import Desk
from cytally.app.projects import check_project
from cytally.app.refusal import ErrorAnswer

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": words}
    for status, words in {
        400: "The request makes no sense.",
        401: "The token is missing or wrong.",
        403: "Another web page, or a file outside of what may be read.",
        404: "There is no such thing.",
        413: "Too large.",
        422: "The request is not as described here.",
    }.items()
}
CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorAnswer, "description": "It does not fit what is there now."}
}


async def _desk(request: Request) -> Desk:  # async, as it waits for nothing: others are handed to a thread
    desk: Desk = request.app.state.desk
    return desk


At = Annotated[Desk, Depends(_desk)]


def _project(desk: At, project: Annotated[Id, Path()]) -> str:
    check_project(desk.store, project)
    return project


Project = Annotated[str, Depends(_project)]
"""Identifier of a project that there is."""
Image = Annotated[Id, Path()]

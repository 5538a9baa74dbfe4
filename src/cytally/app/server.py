"""The application: routes, guard, errors, and the files of the page."""

from __future__ import annotations

import logging
import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from cytally.app import image_routes, job_routes, project_routes, result_routes
from cytally.app.count_job import run_count
from cytally.app.desk import Desk
from cytally.app.improve_job import run_improvement
from cytally.app.jobs import Jobs
from cytally.app.models import list_models
from cytally.app.refusal import Refusal, said
from cytally.app.security import TOO_LARGE, Guard
from cytally.app.suggest_job import run_suggestions
from cytally.app.workspace import Workspace
from cytally.errors import CytallyError

logger = logging.getLogger(__name__)

STATIC = Path(__file__).with_name("static")
MEGABYTE = 1_000_000
NO_PAGE = (
    "The page has not been built; run 'npm ci && npm run build' in frontend/. The server's calls are under /api.\n"
)

NO_JSON = {"error": "what was sent is no JSON", "cure": "send what /api/openapi.json describes"}


def build_app(
    workspace: Workspace,
    *,
    host: str = "127.0.0.1",
    token: str | None = None,
    upload_limit: int = 4000 * MEGABYTE,
    static: Path = STATIC,
) -> FastAPI:
    """Build the application over a workspace.

    Parameters
    ----------
    workspace
        Where everything lies; closed when the application ends.
    host
        What the server is bound to.
    token
        What calls have to bring; None where only this machine reaches the server.
    upload_limit
        Bytes of the largest file that may be sent.
    static
        The files of the page.
    """
    desk = Desk(workspace, upload_limit)
    desk.jobs = Jobs(desk, {"count": run_count, "improve": run_improvement, "suggest": run_suggestions})

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        desk.jobs.start()
        await _get_ready(app, workspace)
        try:
            yield
        finally:
            desk.jobs.stop()
            workspace.close()

    app = FastAPI(
        title="cytally",
        description="What the page of `cytally app` asks. Coordinates are pixels of the image, y before x.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=life,
    )
    app.state.desk = desk
    for routes in (project_routes, image_routes, job_routes, result_routes):
        app.include_router(routes.router)
    _add_page(app, static)
    _answer_errors(app)
    app.add_middleware(Guard, host=host, token=token)
    return app


async def _get_ready(app: FastAPI, workspace: Workspace) -> None:
    """Do what is done once, before anybody waits for it: types of files, threads, cards of models, routes."""
    mimetypes.init()
    await run_in_threadpool(list_models, workspace)
    for route in app.routes:
        route.matches({"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []})


class _Assets(StaticFiles):
    """Files whose names change with what is in them: a browser that has one need not ask again."""

    def file_response(self, *arguments: Any, **settings: Any) -> Response:
        response = super().file_response(*arguments, **settings)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _add_page(app: FastAPI, static: Path) -> None:
    index = static / "index.html"
    if (static / "assets").is_dir():
        app.mount("/assets", _Assets(directory=static / "assets"))

    @app.get("/", include_in_schema=False)
    def page() -> Response:
        if not index.is_file():
            return PlainTextResponse(NO_PAGE, 503)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})


def _answer_errors(app: FastAPI) -> None:
    """Every error is one line and its cure."""

    @app.exception_handler(Refusal)
    def refused(request: Request, error: Refusal) -> JSONResponse:
        return JSONResponse(error.body(), error.status)

    @app.exception_handler(CytallyError)
    def wrong(request: Request, error: CytallyError) -> JSONResponse:
        line, cure = said(error)
        return JSONResponse({"error": line, "cure": cure}, 400)

    @app.exception_handler(RequestValidationError)
    def misunderstood(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return JSONResponse(NO_JSON, 400)
        where = ".".join(str(part) for part in first["loc"][1:])
        line = " ".join(f"{where or 'the request'}: {first['msg']}".split())
        return JSONResponse({"error": line, "cure": "see /api/openapi.json"}, 422)

    @app.exception_handler(HTTPException)
    def unknown(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 400:  # a body that could not be read, in the framework's words
            return JSONResponse(NO_JSON, 400)
        line, cure = TOO_LARGE if error.status_code == 413 else (str(error.detail), "see /api/openapi.json")
        return JSONResponse({"error": line, "cure": cure}, error.status_code, error.headers)

    @app.exception_handler(ClientDisconnect)
    def gone(request: Request, error: ClientDisconnect) -> JSONResponse:
        return JSONResponse({"error": "the request was cut off", "cure": "send it again"}, 400)

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> JSONResponse:
        logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        line = f"unexpected: {type(error).__name__}; the terminal of 'cytally app' tells more"
        return JSONResponse({"error": line, "cure": "report it"}, 500)

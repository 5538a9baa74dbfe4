"""A real `cytally app` on a free port, asked over loopback as the page asks it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from cytally.errors import CytallyError

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
AT_ONCE = 6
"""Connections that a browser opens to one server."""
PATIENCE = 120
FIRST_ROWS = 100
"""Rows that the page shows at a time."""


class Server:
    """A running server.

    Parameters
    ----------
    address
        Without a slash at its end.
    started_in
        Seconds from the command to the line that tells the address.
    """

    def __init__(self, address: str, started_in: float) -> None:
        self.address, self.started_in = address, started_in

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Connections that nothing was asked over yet."""
        limits = httpx.Limits(max_connections=AT_ONCE)
        with httpx.Client(base_url=self.address, timeout=PATIENCE, limits=limits, trust_env=False) as client:
            yield client

    def link(self, path: Path) -> tuple[str, list[dict[str, Any]]]:
        """Link a file or folder in a project of its own; the project's path, and its images."""
        with self.client() as client:
            made = answered(client.post("/api/projects", json={"name": path.name})).json()
            project = f"/api/projects/{made['id']}"
            added = answered(client.post(f"{project}/links", json={"path": str(path)})).json()
        if added["refused"]:
            raise CytallyError(added["refused"][0]["error"], cure=added["refused"][0]["cure"])
        return project, added["added"]


@contextmanager
def running(workspace: Path, allowed: Path) -> Iterator[Server]:
    """`cytally app` until the end of the block."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "cytally", "app", "--workspace", str(workspace), "--allow", str(allowed)]
    process = subprocess.Popen([*command, "--port", "0", "--no-browser"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = ADDRESS.search(said)
        if found is None:
            raise CytallyError(f"'cytally app' did not tell its address but {said!r}", cure="run it by hand")
        yield Server(found[0], time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answered(response: httpx.Response) -> httpx.Response:
    """The answer, where it is none of an error."""
    if response.is_error:
        raise CytallyError(f"{response.request.url.path}: {response.status_code} {response.text[:200]}")
    return response


def ask_all(client: httpx.Client, paths: Sequence[str]) -> list[float]:
    """Ask for several things, as many at once as a browser does; seconds until each was there, from the first on."""
    started = time.perf_counter()

    def ask(path: str) -> float:
        answered(client.get(path))
        return time.perf_counter() - started

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(ask, paths))


def first_view(server: Server, project: str) -> dict[str, float]:
    """Ask for what the page asks for at first: itself, what it is made of, the first rows and their thumbnails.

    Returns
    -------
    dict
        Seconds from the first question until the list was there (`rows`), and until all its thumbnails were (`all`).
    """
    started = time.perf_counter()
    with server.client() as client:
        text = answered(client.get("/")).text
        ask_all(client, re.findall(r'(?:src|href)="(/assets/[^"]+)"', text))
        listed = f"{project}/images?offset=0&limit={FIRST_ROWS}&sort=name&order=asc"
        ask_all(client, ["/api/projects", listed, f"/api/jobs?project={project.rpartition('/')[2]}", "/api/about"])
        rows = time.perf_counter() - started
        found = answered(client.get(listed)).json()
        ask_all(client, [f"{project}/images/{each['id']}/thumbnail" for each in found["items"]])
    return {"rows": rows, "all": time.perf_counter() - started}

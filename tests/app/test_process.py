"""`cytally app` as its users start it: killed in the middle of its work, reached by others, left in mid-sentence."""

from __future__ import annotations

import contextlib
import csv
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")]
PATIENCE = 120.0
"""Seconds that the server may take, on a machine that does other things too."""


class Server:
    """A process of `cytally app`, and what it says."""

    def __init__(self, folder: Path, log: Path, *words: str) -> None:
        self.log = log
        command = [sys.executable, "-m", "cytally", "app", "--workspace", str(folder), "--port", "0", "--no-browser"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "400"}
        with log.open("wb") as file:
            self.process = subprocess.Popen([*command, *words], stdout=file, stderr=file, env=environment)
        address = until(lambda: re.search(r"http://\S+:(\d+)/(?:\?token=(\S+))?", log.read_text()))
        self.port, self.token = int(address[1]), address[2]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def end(self, number: signal.Signals) -> None:
        self.client.close()
        self.process.send_signal(number)
        self.process.wait(PATIENCE)


def until(ready: Callable[[], object]) -> object:
    deadline = time.monotonic() + PATIENCE
    while not (found := ready()):
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)
    return found


@pytest.fixture
def begin(folder: Path, tmp_path_factory) -> Iterator[Callable[..., Server]]:
    """``begin(*words)``: start the server over the workspace."""
    begun: list[Server] = []

    def start(*words: str) -> Server:
        begun.append(Server(folder, tmp_path_factory.mktemp("log") / "said.txt", *words))
        return begun[-1]

    yield start
    for server in begun:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


def make_project(client: httpx.Client) -> str:
    path = f"/api/projects/{client.post('/api/projects', json={'name': 'p'}).json()['id']}"
    assert client.patch(path, json={"model": "tiny"}).status_code == 200
    return path


def rows_of(table: Path) -> dict[str, dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len({row["image"] for row in rows}) == len(rows), "an image is in the table twice"
    return {row["image"]: row for row in rows}


def test_a_count_that_is_killed_goes_on_and_corrections_stay(begin, send, noise, folder):
    number, server = 40, begin()
    client = server.client
    project = make_project(client)
    added = send(client, project, {f"{seed}.png": noise(seed, (160, 160)) for seed in range(number)}).json()["added"]
    marks = [[1.5, 2.25], [30, 31]]
    answer = client.put(
        f"{project}/images/{added[0]['id']}/points", json={"points": marks, "reviewed": True, "revision": 0}
    )
    assert answer.status_code == 200
    job = client.post(f"{project}/jobs", json={"kind": "count"}).json()["id"]
    until(lambda: sum(row["state"] == "counted" for row in client.get(f"{project}/images").json()["items"]) >= 3)
    late = f"{project}/images/{added[-1]['id']}/points"  # corrected while it waits to be counted
    assert client.put(late, json={"points": marks[:1], "reviewed": True, "revision": 0}).status_code == 200
    server.end(signal.SIGKILL)
    (table,) = folder.glob("projects/*/counts/*/counts.csv")
    before = rows_of(table)
    assert 3 <= len(before) < number, "it was not stopped in the middle"
    files = {path: path.stat().st_mtime_ns for path in table.parent.rglob("*") if path.stem in
             {Path(name).stem for name in before} and path.is_file()}  # fmt: skip
    assert len(files) >= len(before)

    client = begin().client
    jobs = until(
        lambda: [each for each in client.get("/api/jobs").json() if each["state"] not in ("waiting", "running")]
    )
    assert [each["id"] for each in jobs] == [job] and jobs[0]["state"] == "done"
    assert jobs[0]["result"]["counted"] == number and jobs[0]["result"]["failed"] == 0
    after = rows_of(table)
    assert set(after) == {f"{seed}.png" for seed in range(number)}
    assert {name: after[name] for name in before} == before
    assert {path: path.stat().st_mtime_ns for path in files} == files, "what was counted has been counted again"
    items = client.get(f"{project}/images").json()["items"]
    assert {each["state"] for each in items} == {"counted"} and len(items) == number
    for each in items:
        assert each["count"] == pytest.approx(float(after[each["name"]]["count"]))
    kept = client.get(f"{project}/images/{added[0]['id']}/points").json()
    assert kept["corrected"] == marks and kept["reviewed"] and kept["revision"] == 1
    assert client.get(late).json()["corrected"] == marks[:1]


def test_a_server_that_others_reach_keeps_its_token(begin, send, noise):
    server = begin("--host", "0.0.0.0", "--verbose")
    client, token = server.client, server.token
    assert token and len(token) >= 32
    client.headers["X-Cytally-Token"] = token
    project = make_project(client)
    (image,) = send(client, project, {"a.png": noise()}).json()["added"]
    del client.headers["X-Cytally-Token"]
    base = f"{project}/images/{image['id']}"
    pictures = [f"{base}/thumbnail", f"{base}/tiles/0/0_0"]
    paths = ["/api/about", "/api/projects", project + "/images", base, base + "/points", project + "/counts.csv",
             "/api/jobs", "/api/openapi.json", *pictures]  # fmt: skip
    for path in paths:
        for wrong in ("", "?token=", "?token=wrong", f"?token={token[:-1]}", f"?token={token}x"):
            answer = client.get(path + wrong)
            assert answer.status_code in (401, 403) and set(answer.json()) == {"error", "cure"}, (path, wrong)
        assert client.get(f"{path}?token={token}").status_code == 200, path
        assert client.get(path, headers={"X-Cytally-Token": token}).status_code == 200, path
    assert client.post("/api/projects", json={"name": "q"}).status_code == 401
    assert client.get(f"/api/nothing?token={token}").status_code == 404
    assert client.get(f"/api/projects/nonsense/images?token={token}").status_code == 422
    with socket.create_connection(("127.0.0.1", server.port)) as raw:  # not even HTTP
        raw.sendall(f"GET /api/about?token={token} NONSENSE\r\n\r\n".encode())
        raw.recv(1000)
    server.end(signal.SIGINT)
    assert server.log.read_text().count(token) == 1, "the token is said more often than in the address"


def test_a_client_that_goes_away_leaves_nothing(begin, noise, folder):
    server = begin()
    project = make_project(server.client)
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n' + noise() * 300
    head = (
        f"POST {project}/images HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: {len(part) * 9}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    )
    for rude in (True, False):  # reset, and closed
        with contextlib.closing(socket.create_connection(("127.0.0.1", server.port))) as raw:
            raw.sendall(head.encode() + part)
            until(lambda: any(path.stat().st_size for path in (folder / "uploads").iterdir()))
            if rude:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        until(lambda: not list((folder / "uploads").iterdir()))
    assert server.client.get(f"{project}/images").json()["total"] == 0
    assert not list(folder.glob("projects/*/images/*"))
    server.end(signal.SIGINT)
    assert "Traceback" not in server.log.read_text()

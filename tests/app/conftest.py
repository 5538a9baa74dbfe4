"""A server over a workspace of its own, without a network, and images to send to it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from fastapi.testclient import TestClient

from cytally.app.server import build_app
from cytally.app.workspace import Workspace

BASE = "http://127.0.0.1:8765"
Client = TestClient


def png(seed: int = 0, shape: tuple[int, ...] = (40, 56)) -> bytes:
    """Noise as the bytes of a PNG file."""
    return bytes(imagecodecs.png_encode(np.random.default_rng(seed).integers(0, 200, shape, dtype=np.uint8)))


@pytest.fixture(scope="session")
def noise() -> Callable[..., bytes]:
    """``noise(seed, shape)``: the bytes of a PNG file."""
    return png


@pytest.fixture
def folder(tmp_path: Path, model_folder: Path) -> Path:
    """A workspace that holds the tiny model."""
    shutil.copytree(model_folder, tmp_path / "workspace" / "models" / "tiny")
    return tmp_path / "workspace"


@pytest.fixture
def open_client(folder: Path) -> Iterator[Callable[..., Client]]:
    """``open_client(**settings of build_app)``: a client of a server over the workspace; the one before is ended."""
    held: list[Client] = []

    def end() -> None:
        while held:
            held.pop().__exit__(None, None, None)

    def begin(allowed: tuple[Path, ...] = (), **settings: Any) -> Client:
        end()
        app = build_app(Workspace(folder, allowed), **settings)
        client = TestClient(app, base_url=BASE, raise_server_exceptions=False)
        held.append(client.__enter__())
        return client

    yield begin
    end()


@pytest.fixture
def client(open_client: Callable[..., Client]) -> Client:
    """A client of a server on loopback."""
    return open_client()


@pytest.fixture
def project(client: Client) -> str:
    """The path of a project that counts with the tiny model."""
    made = client.post("/api/projects", json={"name": "Zellen µ"}).json()
    path = f"/api/projects/{made['id']}"
    assert client.patch(path, json={"model": "tiny"}).status_code == 200
    return path


def send_files(client: Client, project: str, files: dict[str, bytes]) -> Any:
    """Send files; the whole answer."""
    return client.post(f"{project}/images", files=[("files", (name, data)) for name, data in files.items()])


@pytest.fixture(scope="session")
def send() -> Callable[..., Any]:
    """``send(client, project, {name: bytes})``: send files; the whole answer."""
    return send_files


def wait_for(client: Client, job: str, seconds: float = 60) -> dict[str, Any]:
    """The job, once it has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = next(each for each in client.get("/api/jobs").json() if each["id"] == job)
        if found["state"] not in ("waiting", "running"):
            return dict(found)
        time.sleep(0.05)
    raise AssertionError(f"the job did not end: {found}")


@pytest.fixture(scope="session")
def ended() -> Callable[..., dict[str, Any]]:
    """``ended(client, job)``: the job, once it has ended."""
    return wait_for

"""Running the server until Ctrl-C."""

from __future__ import annotations

import errno
import ipaddress
import os
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from cytally.app.security import EVERYWHERE, is_loopback
from cytally.app.server import build_app
from cytally.app.workspace import Workspace
from cytally.errors import UsageError

PATIENCE = 5
"""Seconds that the end waits for answers that are being given."""


@dataclass(frozen=True)
class Address:
    """Where the page is; `url` has the token where one is needed."""

    url: str

    def open(self) -> None:
        """Show it in the browser, without waiting for that."""
        threading.Thread(target=webbrowser.open, args=(self.url,), daemon=True).start()


def serve(
    workspace: Path,
    allowed: Sequence[Path],
    host: str,
    port: int,
    upload_limit: int,
    tell: Callable[[Address], None],
) -> None:
    """Serve the page until Ctrl-C.

    Parameters
    ----------
    workspace
        The folder that holds everything.
    allowed
        Folders whose images may be linked.
    host, port
        Where to listen; port 0 takes a free one.
    upload_limit
        Bytes of the largest file that may be sent.
    tell
        Called with the address once the server listens.

    Raises
    ------
    UsageError
        When the workspace cannot be used, or the address cannot be listened at.
    KeyboardInterrupt
        After Ctrl-C, when everything is put away.
    """
    listening = _listen(host, port)
    try:
        token = None if is_loopback(host) else secrets.token_urlsafe(32)
        app = build_app(Workspace(workspace, allowed), host=host, token=token, upload_limit=upload_limit)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, timeout_graceful_shutdown=PATIENCE, server_header=False
        )
        server = _Server(config, lambda: tell(Address(_url(host, listening.getsockname()[1], token))))
        server.run(sockets=[listening])
    finally:
        listening.close()


class _Server(uvicorn.Server):
    """Tells when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens, so that a busy port is known before anything else is done."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(f"the address {host} cannot be listened at", cure="check --host") from error
    try:
        if os.name != "nt":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(128)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"the port {port} is in use, perhaps by another 'cytally app'",
                cure=f"open http://{host}:{port}/, or give another with --port {port + 1 if port < 65535 else 8765}",
            ) from error
        raise UsageError(
            f"{host}:{port} cannot be listened at ({error.strerror})", cure="check --host, and give a --port above 1023"
        ) from error
    return listening


def _url(host: str, port: int, token: str | None) -> str:
    """The address to open.

    Examples
    --------
    >>> _url("::1", 8765, None), _url("127.0.0.1", 80, "abc")
    ('http://[::1]:8765/', 'http://127.0.0.1:80/?token=abc')
    """
    name = socket.gethostname() if host in EVERYWHERE else host
    with suppress(ValueError):  # a name
        name = f"[{name}]" if ipaddress.ip_address(name).version == 6 else name
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")

"""Who may ask: the page of this server alone, and where it is reached from elsewhere, who knows the token."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from cytally.app.refusal import Refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::", "")
LARGEST_BODY = 8 * 2**20
"""Bytes of a request that is no upload: 400,000 points."""
TOO_LARGE = ("the request is too large", "send images as files, and at most 400,000 points for one image")
UPLOAD = "multipart/form-data"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to `host`.

    Examples
    --------
    >>> is_loopback("localhost"), is_loopback("127.0.0.5"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host in LOOPBACK:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def announced(length: str) -> int:
    """Bytes of a body by its header Content-Length; what is no number counts as endless.

    Examples
    --------
    >>> announced("12"), announced("²") == announced("9" * 5000) == announced("-1") == 10**18
    (12, True)
    """
    return int(length) if length.isascii() and length.isdigit() and len(length) < 18 else 10**18


class Guard:
    """Lets through what the page asks, and puts the headers that bind the browser on every answer.

    Other pages in the same browser are kept out by the headers Host (a name of theirs that leads here is refused),
    Origin and Sec-Fetch-Site; other people on the network by the token.

    Parameters
    ----------
    app
        What is guarded.
    host
        What the server is bound to.
    token
        What every call under /api has to bring; None on loopback.
    """

    def __init__(self, app: ASGIApp, host: str, token: str | None) -> None:
        self.app, self.host, self.token = app, host, token
        self._names = {name.casefold() for name in (*LOOPBACK, host)}
        if host in EVERYWHERE:
            self._names |= {socket.gethostname().casefold(), socket.getfqdn().casefold()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_bound(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            self._check(scope)
        except Refusal as refusal:
            await JSONResponse(refusal.body(), refusal.status)(scope, receive, send_bound)
            return
        await self.app(scope, _limited(receive, Headers(scope=scope)), send_bound)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(host):
            raise Refusal(
                403, "this server does not answer to that name", "open the address that 'cytally app' printed"
            )
        cure = "open the page of 'cytally app' itself"
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].casefold() != host.casefold():
            raise Refusal(403, "another web page may not call this server", cure)
        if scope["path"].startswith("/api"):
            if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
                raise Refusal(403, "another web page may not call this server", cure)
            self._check_token(headers, scope)
        kind, length = headers.get("content-type", ""), headers.get("content-length", "0")
        if not kind.startswith(UPLOAD) and announced(length) > LARGEST_BODY:
            raise Refusal(413, *TOO_LARGE)

    def _check_token(self, headers: Headers, scope: Scope) -> None:
        if self.token is None:
            return
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])
        given = headers.get("x-cytally-token") or asked[0]
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            raise Refusal(401, "the token is missing or wrong", "open the whole address that 'cytally app' printed")

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name.casefold() in self._names:
            return True
        if self.host not in EVERYWHERE:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _limited(receive: Receive, headers: Headers) -> Receive:
    """A request that does not tell its length is refused where it is too long; uploads have a limit of their own."""
    if headers.get("content-type", "").startswith(UPLOAD):
        return receive
    received = 0

    async def receive_some() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise HTTPException(413)  # the one error that whoever reads a body lets through
        return message

    return receive_some

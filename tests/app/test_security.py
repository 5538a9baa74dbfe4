"""Who may ask."""

from __future__ import annotations

import hmac
from types import SimpleNamespace

import pytest

from cytally.app import security
from cytally.app.security import is_loopback


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:9000"}, 200),  # a tunnel has another port
        ({"Host": "[::1]:8765"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "["}, 403),
        ({"Origin": "http://127.0.0.1:8765"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),  # another server on this machine
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Length": str(10**12)}, 413),
        ({"Content-Length": "9" * 5000}, 413),
        ({"Content-Length": b"\xb2"}, 413),  # a digit to Python, but no number
    ],
)
def test_only_the_page_itself_may_ask(client, headers, status):
    answer = client.get("/api/about", headers=headers)
    assert answer.status_code == status
    if status != 200:
        assert set(answer.json()) == {"error", "cure"} and answer.json()["error"]


def test_a_server_that_others_reach_wants_its_token(open_client):
    client = open_client(host="0.0.0.0", token="right")
    assert client.get("/api/about").status_code == 401
    assert client.get("/api/about?token=wrong").status_code == 401
    assert client.get("/api/about", headers={"X-Cytally-Token": "ünlike".encode()}).status_code == 401
    assert client.get("/api/about?token=right").status_code == 200
    assert client.get("/api/about", headers={"X-Cytally-Token": "right"}).status_code == 200
    assert client.get("/api/about?token=right", headers={"Host": "192.168.1.7:8765"}).status_code == 200
    assert client.get("/api/about?token=right", headers={"Host": "evil.example"}).status_code == 403


def test_the_token_is_compared_in_constant_time(open_client, monkeypatch):
    compared = []

    def compare(given, right):
        compared.append((given, right))
        return hmac.compare_digest(given, right)

    monkeypatch.setattr(security, "hmac", SimpleNamespace(compare_digest=compare))
    client = open_client(host="0.0.0.0", token="right")
    for given in ("", "r", "wrong"):
        assert client.get(f"/api/about?token={given}").status_code == 401
    assert compared == [(given, b"right") for given in (b"", b"r", b"wrong")]


def test_every_answer_binds_the_browser(client):
    for path in ("/", "/api/about", "/api/nothing"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
    assert client.get("/api/about").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/api/nothing", "/../../etc/passwd", "/assets/../../server.py", "/assets/%2e%2e/server.py"]
)
def test_what_is_not_there_is_told(client, path):
    answer = client.get(path)
    assert answer.status_code == 404 and set(answer.json()) == {"error", "cure"}


def test_a_name_is_no_loopback_address():
    assert not is_loopback("example.org") and not is_loopback("192.168.1.1") and is_loopback("127.1.2.3")

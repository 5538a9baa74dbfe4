"""Corrections, and two tabs that correct at the same time."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def points(client, project, send, noise) -> str:
    (image,) = send(client, project, {"a.png": noise()}).json()["added"]
    return f"{project}/images/{image['id']}/points"


def test_what_is_saved_is_there(client, points):
    assert client.get(points).json() == {"model": [], "corrected": None, "reviewed": False, "revision": 0}
    saved = client.put(points, json={"points": [[1.5, 2.25], [-0.5, 55.5]], "reviewed": True, "revision": 0})
    assert saved.json() == {"revision": 1, "corrected": 2}
    found = client.get(points).json()
    assert found["corrected"] == [[1.5, 2.25], [-0.5, 55.5]] and found["reviewed"] and found["revision"] == 1
    client.put(points, json={"points": [], "reviewed": False, "revision": 1})
    assert client.get(points).json()["corrected"] == []
    image = client.get(points.removesuffix("/points")).json()
    assert image["corrected"] == 0 and not image["reviewed"]


def test_the_second_of_two_tabs_is_told(client, points):
    assert client.put(points, json={"points": [[1, 2]], "reviewed": True, "revision": 0}).status_code == 200
    answer = client.put(points, json={"points": [[3, 4]], "reviewed": False, "revision": 0})
    assert answer.status_code == 409 and answer.json()["error"] and answer.json()["cure"]
    assert answer.json()["current"] == {"points": [[1.0, 2.0]], "reviewed": True, "revision": 1}
    assert client.get(points).json()["corrected"] == [[1.0, 2.0]]


@pytest.mark.parametrize(
    "body",
    [
        '{"points": [[NaN, 1]], "reviewed": true, "revision": 0}',
        '{"points": [[1e999, 1]], "reviewed": true, "revision": 0}',
        '{"points": [[1]], "reviewed": true, "revision": 0}',
        '{"points": [[40, 1]], "reviewed": true, "revision": 0}',  # the image has 40 rows, the last is 39
        '{"points": [[1, -3]], "reviewed": true, "revision": 0}',
        '{"points": [[1, "x"]], "reviewed": true, "revision": 0}',
        '{"points": [], "reviewed": true}',
        '{"points": [], "reviewed": true, "revision": 0, "more": 1}',
        '{"points": [], "reviewed": true, "revision": -1}',
        '{"points": [], "reviewed": true, "revision": 99999999999999999999999}',
        '{"points": [',
        "[" * 100_000,
        "\ud800".encode("utf-8", "surrogatepass"),
        "",
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(client, points, body):
    answer = client.put(points, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert set(answer.json()) == {"error", "cure"} and "\n" not in answer.json()["error"]
    assert client.get(points).json()["revision"] == 0


def test_a_correction_is_taken_back(client, points):
    client.put(points, json={"points": [[1, 2]], "reviewed": False, "revision": 0})
    back = client.put(points, json={"points": None, "reviewed": False, "revision": 1})
    assert back.status_code == 200 and back.json() == {"revision": 2, "corrected": None}
    assert client.get(points).json() == {"model": [], "corrected": None, "reviewed": False, "revision": 2}
    image = client.get(points.removesuffix("/points")).json()
    assert image["corrected"] is None and not image["reviewed"]
    late = client.put(points, json={"points": [], "reviewed": False, "revision": 1})
    assert late.status_code == 409 and late.json()["current"]["points"] is None


@pytest.mark.parametrize("body", [b'{"points": [', b"points=1", b"\xed\xa0\x80", b"[" * 100_000])
def test_what_is_no_json_is_told_in_one_line_of_ours(client, points, body):
    answer = client.put(points, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json() == {"error": "what was sent is no JSON", "cure": "send what /api/openapi.json describes"}


def test_a_hundred_thousand_points_fit_and_far_more_do_not(client, points):
    many = [[12.34 + number % 7, 45.67] for number in range(100_000)]
    assert client.put(points, json={"points": many, "reviewed": True, "revision": 0}).json()["corrected"] == 100_000
    body = json.dumps({"points": many * 8, "reviewed": True, "revision": 1}).encode()
    for content in (body, iter([body[: 2**20]] * 9)):  # the second does not tell its length
        answer = client.put(points, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413 and "too large" in answer.json()["error"]
        assert "400,000" in answer.json()["cure"]
    assert client.get(points).json()["revision"] == 1


def test_what_was_never_counted_is_not_right_as_it_is(client, project, send, noise):
    (image,) = send(client, project, {"a.png": noise(1)}).json()["added"]
    path = f"{project}/images/{image['id']}/points"
    refused = client.put(path, json={"points": None, "reviewed": True, "revision": 0})
    assert refused.status_code == 409 and refused.json()["cure"] == "count it first"
    assert client.put(path, json={"points": [], "reviewed": True, "revision": 0}).status_code == 200

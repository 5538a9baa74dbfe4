"""The application as a whole: its description, the page, and requests made at random."""

from __future__ import annotations

import pytest

from cytally.app.server import build_app
from cytally.app.workspace import Workspace


def test_the_description_names_every_route_of_the_contract(client):
    paths = client.get("/api/openapi.json").json()["paths"]
    base = "/api/projects/{project}"
    image = base + "/images/{image}"
    assert {
        *("/api/about", "/api/projects", base, base + "/images", base + "/links", image, image + "/thumbnail"),
        *(image + "/tiles/{level}/{column}_{row}", image + "/overlays/{layer}/{level}/{column}_{row}"),
        *(image + "/points", base + "/jobs", "/api/jobs", "/api/jobs/{job}/cancel", base + "/suggestions"),
        *(base + "/counts.csv", base + "/report.html", base + "/export.zip", base + "/export"),
    } == set(paths)
    for routes in paths.values():
        for route in routes.values():
            assert route["responses"]["404"]["content"]["application/json"]["schema"]["$ref"].endswith("ErrorAnswer")


def test_the_page_is_served_or_its_cure_told(open_client, tmp_path):
    static = tmp_path / "static"
    client = open_client(static=static)
    assert client.get("/").status_code == 503 and "npm run build" in client.get("/").text
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>")
    (static / "assets" / "page.js").write_text("1")
    client = open_client(static=static)
    assert client.get("/").text == "<!doctype html>" and client.get("/assets/page.js").text == "1"


@pytest.mark.slow
def test_no_request_made_at_random_breaks_the_server(folder):
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, given, settings
    from starlette.testclient import TestClient

    app = build_app(Workspace(folder))
    with TestClient(app, base_url="http://127.0.0.1:8765", raise_server_exceptions=False) as client:
        client.post("/api/projects", json={"name": "p"})
        schema = schemathesis.openapi.from_dict(client.get("/api/openapi.json").json())
        for found in schema.get_all_operations():

            @given(case=found.ok().as_strategy())
            @settings(max_examples=10, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
            def ask(case):
                sent = case.as_transport_kwargs(base_url="http://127.0.0.1:8765")
                sent.pop("cookies", None)
                answer = client.request(**sent)
                assert answer.status_code < 500, (sent, answer.text)

            ask()

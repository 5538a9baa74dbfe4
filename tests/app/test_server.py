"""The application as a whole: its description, the page, and requests made at random."""

from __future__ import annotations


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
    assert client.get("/").headers["Cache-Control"] == "no-cache"  # the names of its parts change
    assert "immutable" in client.get("/assets/page.js").headers["Cache-Control"]

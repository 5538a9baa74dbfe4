"""Images that are sent and linked, and how they look."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow


def pixels(answer) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.asarray(Pillow.open(io.BytesIO(answer.content)))


def files_of(folder) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and "projects" in path.parts)


def test_what_is_sent_is_there(client, project, send, noise, folder):
    answer = send(client, project, {"Größe 1.png": noise(1)}).json()
    (image,) = answer["added"]
    assert answer["refused"] == [] and image["name"] == "Größe 1.png"
    assert (image["width"], image["height"], image["state"], image["count"]) == (56, 40, "new", None)
    assert files_of(folder) == ["Größe 1.png"] and list((folder / "uploads").iterdir()) == []
    detail = client.get(f"{project}/images/{image['id']}").json()
    assert detail["levels"] == [{"width": 56, "height": 40}] and detail["tile_size"] == 256
    assert detail["overlays"] == [] and detail["ranges"][0]["most"] == 255
    sent = np.asarray(Pillow.open(io.BytesIO(noise(1))))
    tile = pixels(client.get(f"{project}/images/{image['id']}/tiles/0/0_0?channel=0&low=0&high=255"))
    np.testing.assert_array_equal(tile, sent)
    assert pixels(client.get(f"{project}/images/{image['id']}/thumbnail")).shape == (40, 56)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../evil.png", "evil.png"),
        ("..\\..\\evil.png", "evil.png"),
        ("/etc/evil.png", "evil.png"),
        (".hidden.png", "hidden.png"),
        ("a#0,1.png", "a_0,1.png"),
        ("x" * 600 + ".png", "x" * 146 + ".png"),
    ],
)
def test_no_name_leads_out_of_the_project(client, project, send, noise, folder, name, kept):
    (image,) = send(client, project, {name: noise()}).json()["added"]
    assert image["name"] == kept and files_of(folder) == [kept]
    assert list(folder.parent.iterdir()) == [folder]


def test_nothing_is_ever_overwritten(client, project, send, noise, folder):
    for seed in (1, 2):
        send(client, project, {"a.png": noise(seed)})
    assert send(client, project, {"A.PNG": noise(3)}).json()["added"][0]["name"] == "A-3.PNG"
    assert files_of(folder) == ["A-3.PNG", "a-2.png", "a.png"]
    assert next(folder.rglob("a.png")).read_bytes() == noise(1)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("cut.png", lambda noise: noise()[:500], "cut"),
        ("text.png", lambda noise: b"hello", "text.png"),
        ("empty.tif", lambda noise: b"", "empty"),
        ("page.html", lambda noise: b"<script>", "ending"),
        ("none", lambda noise: noise(), "ending"),
    ],
)
def test_what_is_no_image_leaves_nothing(client, project, send, noise, folder, name, data, says):
    answer = send(client, project, {name: data(noise), "good.png": noise()}).json()
    assert [each["name"] for each in answer["added"]] == ["good.png"]
    (refused,) = answer["refused"]
    assert refused["name"] == name and says in refused["error"] and refused["cure"] and str(folder) not in str(refused)
    assert files_of(folder) == ["good.png"] and list((folder / "uploads").iterdir()) == []


def test_a_file_beyond_the_limit_is_refused(open_client, send, noise, folder):
    client = open_client(upload_limit=1000)
    project = f"/api/projects/{client.post('/api/projects', json={'name': 'p'}).json()['id']}"
    answer = send(client, project, {"large.png": noise()})
    assert answer.status_code == 413 and "--max-upload" in answer.json()["cure"]
    answer = send(client, project, {"large.png": noise(), "small.png": noise(0, (9, 9))})
    assert answer.status_code == 200 and [each["name"] for each in answer.json()["refused"]] == ["large.png"]
    assert files_of(folder) == ["small.png"] and list((folder / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\nabc',
        ),
        ("multipart/form-data; boundary=x", b"nonsense"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data", b"--x--"),
        ("application/json", b"{}"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\nabc\r\n--x--\r\n',
        ),
    ],
)
def test_a_broken_upload_leaves_nothing(client, project, folder, kind, body):
    answer = client.post(f"{project}/images", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400 and set(answer.json()) == {"error", "cure"}
    assert list((folder / "uploads").iterdir()) == [] and files_of(folder) == []


def test_links_stay_within_what_is_allowed(open_client, noise, tmp_path, folder):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for place in (inside, outside):
        place.mkdir()
        (place / "a.png").write_bytes(noise())
    (inside / "sly.png").symlink_to(outside / "a.png")
    (inside / "text.txt").write_text("x")
    client = open_client(allowed=(inside,))
    project = f"/api/projects/{client.post('/api/projects', json={'name': 'p'}).json()['id']}"
    for path, status in [
        (str(outside / "a.png"), 403),
        (str(inside / ".." / "outside" / "a.png"), 403),
        ("/etc/passwd", 403),
        (str(inside / "none.png"), 404),
        ("a\0b", 404),
        (str(folder / "models"), 400),
    ]:
        answer = client.post(f"{project}/links", json={"path": path})
        assert answer.status_code == status and set(answer.json()) == {"error", "cure"}, path
    answer = client.post(f"{project}/links", json={"path": str(inside)}).json()
    assert [each["name"] for each in answer["added"]] == ["a.png"]
    assert [each["name"] for each in answer["refused"]] == ["sly.png"] and "outside" in answer["refused"][0]["error"]
    again = client.post(f"{project}/links", json={"path": str(inside / "a.png")}).json()
    assert again["added"] == [] and "already" in again["refused"][0]["error"]
    assert files_of(folder) == []  # nothing was copied
    # a link that is turned elsewhere afterwards leads nowhere
    (image,) = client.get(f"{project}/images").json()["items"]
    (inside / "a.png").unlink()
    (inside / "a.png").symlink_to(outside / "a.png")
    assert client.get(f"{project}/images/{image['id']}/tiles/0/0_0").status_code == 403


@pytest.mark.parametrize(
    "path", ["tiles/9/0_0", "tiles/-1/0_0", "tiles/0/1_0", "tiles/0/-1_0", "tiles/0/0_99999", "tiles/0/..%2f_0",
             "tiles/0/0_0?channel=1",
             "tiles/0/0_0?channel=0&low=nan", "tiles/a/0_0", "overlays/density/0/0_0", "overlays/other/0/0_0"]
)  # fmt: skip
def test_there_are_no_other_tiles(client, project, send, noise, path):
    (image,) = send(client, project, {"a.png": noise()}).json()["added"]
    answer = client.get(f"{project}/images/{image['id']}/{path}")
    assert answer.status_code in (404, 422) and set(answer.json()) == {"error", "cure"}


@pytest.mark.parametrize("image", ["0" * 12, "nonsense", "%2e%2e", "' OR 1=1 --"])
def test_there_are_no_other_images(client, project, image):
    for path in ("", "/thumbnail", "/points", "/tiles/0/0_0"):
        assert client.get(f"{project}/images/{image}{path}").status_code in (404, 422)


def test_projects_do_not_share_images(client, project, send, noise):
    other = f"/api/projects/{client.post('/api/projects', json={'name': 'other'}).json()['id']}"
    (image,) = send(client, project, {"a.png": noise()}).json()["added"]
    assert client.get(f"{other}/images").json()["total"] == 0
    assert client.get(f"{other}/images/{image['id']}").status_code == 404
    assert client.get("/api/projects/000000000000/images").status_code == 404
    assert [each["images"] for each in client.get("/api/projects").json()] == [1, 0]


def test_a_list_is_sorted_filtered_and_cut(client, project, send, noise):
    send(client, project, {f"{name}.png": noise(seed) for seed, name in enumerate(("b", "A", "c%", "d_"))})
    names = lambda query: [each["name"] for each in client.get(f"{project}/images?{query}").json()["items"]]  # noqa: E731
    assert names("") == ["b.png", "A.png", "c%.png", "d_.png"]
    assert names("sort=name&order=desc&limit=2&offset=1") == ["c%.png", "b.png"]
    assert names("filter=%25") == ["c%.png"] and names("filter=_") == ["d_.png"] and names("filter=a") == ["A.png"]
    assert names("only=reviewed") == [] and len(names("only=unreviewed")) == 4 and names("only=flagged") == []
    for query in ("limit=0", "sort=nonsense", "offset=-1", "only=x", f"offset={10**30}"):
        assert client.get(f"{project}/images?{query}").status_code == 422


def test_several_planes_are_several_images(client, project, send):
    file = io.BytesIO()
    tifffile.imwrite(
        file, np.arange(2 * 20 * 30, dtype=np.uint16).reshape(2, 20, 30), metadata={"axes": "TYX"}, imagej=True
    )
    added = send(client, project, {"film.tif": file.getvalue()}).json()["added"]
    assert [each["name"] for each in added] == ["film.tif#0,0", "film.tif#0,1"]
    for image, least in zip(added, (0, 600), strict=True):
        assert client.get(f"{project}/images/{image['id']}").json()["ranges"][0]["least"] == least


def test_fifty_requests_at_once(client, project, send, noise):
    added = send(client, project, {f"{seed}.png": noise(seed, (300, 520)) for seed in range(5)}).json()["added"]
    paths = [f"{project}/images/{each['id']}/tiles/{level}/0_0" for each in added for level in (0, 1)] * 4
    paths += [f"{project}/images", "/api/about"] * 5
    with ThreadPoolExecutor(50) as pool:
        sent = pool.map(lambda seed: send(client, project, {"same.png": noise(seed)}).status_code, range(8))
        assert {answer.status_code for answer in pool.map(client.get, paths)} == {200}
        assert set(sent) == {200}
    names = [each["name"] for each in client.get(f"{project}/images").json()["items"]]
    assert len(set(names)) == len(names) == 13

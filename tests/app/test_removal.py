"""Images that are taken out of a project, or whose files are gone."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tifffile


def linked(open_client, tmp_path: Path, noise, number: int):
    """A project of images that lie outside of the workspace."""
    outside = tmp_path / "disk"
    outside.mkdir()
    for each in range(number):
        (outside / f"{each}.png").write_bytes(noise(each))
    client = open_client((outside,))
    project = f"/api/projects/{client.post('/api/projects', json={'name': 'a'}).json()['id']}"
    client.patch(project, json={"model": "tiny"})
    return client, project, outside, client.post(f"{project}/links", json={"path": str(outside)}).json()["added"]


def review(client, project, image):
    body = {"points": [[3, 4]], "reviewed": True, "revision": 0}
    assert client.put(f"{project}/images/{image['id']}/points", json=body).status_code == 200


def test_an_image_is_removed_with_its_file(client, project, send, noise, folder):
    a, b = send(client, project, {"a.png": noise(1), "b.png": noise(2)}).json()["added"]
    assert client.delete(f"{project}/images/{a['id']}").status_code == 204
    assert [each["name"] for each in client.get(f"{project}/images").json()["items"]] == ["b.png"]
    assert [path.name for path in folder.glob("projects/*/images/*")] == ["b.png"]
    assert not list(folder.glob(f"cache/**/{a['id']}*"))
    assert client.delete(f"{project}/images/{a['id']}").status_code == 404
    assert client.get(f"{project}/images/{b['id']}/thumbnail").status_code == 200


def test_a_linked_file_stays(open_client, tmp_path, noise):
    client, project, outside, added = linked(open_client, tmp_path, noise, 1)
    assert client.delete(f"{project}/images/{added[0]['id']}").status_code == 204
    assert (outside / "0.png").is_file()
    assert len(client.post(f"{project}/links", json={"path": str(outside)}).json()["added"]) == 1


def test_a_file_stays_while_another_of_its_planes_is_needed(client, project, send, folder):
    film = io.BytesIO()
    tifffile.imwrite(film, np.zeros((2, 20, 30), np.uint16), metadata={"axes": "TYX"}, imagej=True)
    first, second = send(client, project, {"film.tif": film.getvalue()}).json()["added"]
    client.delete(f"{project}/images/{first['id']}")
    assert len(list(folder.glob("projects/*/images/*"))) == 1
    client.delete(f"{project}/images/{second['id']}")
    assert not list(folder.glob("projects/*/images/*"))


def test_an_image_that_is_being_counted_stays(client, project, send, noise):
    (image,) = send(client, project, {"a.png": noise(1)}).json()["added"]
    client.app.state.desk.store.change("UPDATE images SET state = 'counting' WHERE id = ?", image["id"])
    refused = client.delete(f"{project}/images/{image['id']}")
    assert refused.status_code == 409 and refused.json()["cure"].startswith("cancel the count")


def test_files_that_are_gone_are_left_out_of_exports_by_name(open_client, tmp_path, noise):
    client, project, outside, added = linked(open_client, tmp_path, noise, 3)
    for image in added:
        review(client, project, image)
    (outside / "1.png").unlink()
    answer = client.post(f"{project}/export").json()
    assert answer["images"] == 2 and answer["missing"] == ["1.png"]
    assert client.get(f"{project}/export.zip").status_code == 200
    for name in ("0.png", "2.png"):
        (outside / name).unlink()
    refused = client.post(f"{project}/export")
    assert refused.status_code == 409 and refused.json()["error"] == "0.png: its file is gone, as are all others"


def test_exports_of_the_same_second_have_folders_of_their_own(client, project, send, noise):
    (image,) = send(client, project, {"a.png": noise(1)}).json()["added"]
    review(client, project, image)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(f"{project}/export").json(), range(12)))
    folders = {Path(each["folder"]) for each in answers}
    assert len(folders) == 12 and all((each / "points.csv").is_file() for each in folders)


def test_suggestions_of_removed_images_are_not_shown(client, project, send, noise):
    a, b = send(client, project, {"a.png": noise(1), "b.png": noise(2)}).json()["added"]
    items = [{"image": each["id"], "name": each["name"], "region": None, "gain": 1, "why": "x"} for each in (a, b)]
    client.app.state.desk.store.change(
        "INSERT INTO suggestions (project, created, items) VALUES (?, '2026-01-01T00:00:00+00:00', ?)",
        *(project.rpartition("/")[2], json.dumps(items)),
    )
    client.delete(f"{project}/images/{a['id']}")
    assert [each["name"] for each in client.get(f"{project}/suggestions").json()["items"]] == ["b.png"]

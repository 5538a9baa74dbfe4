"""A file that a project holds already, and what the page cannot be told."""

from __future__ import annotations

import io
import json

import numpy as np
import tifffile


def test_a_copy_is_refused_whatever_its_name(open_client, tmp_path, noise):
    outside = tmp_path / "disk"
    outside.mkdir()
    client = open_client((outside,))
    project = f"/api/projects/{client.post('/api/projects', json={'name': 'a'}).json()['id']}"
    files = [("files", (name, noise(seed), "image/png")) for name, seed in (("a.png", 1), ("b.png", 1), ("c.png", 2))]
    answer = client.post(f"{project}/images", files=files).json()
    assert [each["name"] for each in answer["added"]] == ["a.png", "c.png"]
    assert [each["error"] for each in answer["refused"]] == ["b.png: is in the project already, as a.png"]
    for name, seed in (("x.png", 2), ("y.png", 3), ("z.png", 3)):
        (outside / name).write_bytes(noise(seed))
    answer = client.post(f"{project}/links", json={"path": str(outside)}).json()
    assert [each["name"] for each in answer["added"]] == ["y.png"]
    assert [each["error"] for each in answer["refused"]] == [
        "x.png: is in the project already, as c.png",
        "z.png: is in the project already, as y.png",
    ]
    other = f"/api/projects/{client.post('/api/projects', json={'name': 'b'}).json()['id']}"
    assert len(client.post(f"{other}/images", files=files[:1]).json()["added"]) == 1


def test_a_file_that_is_gone_is_no_reason_to_refuse(open_client, tmp_path, noise):
    outside = tmp_path / "disk"
    outside.mkdir()
    (outside / "a.png").write_bytes(noise(1))
    client = open_client((outside,))
    project = f"/api/projects/{client.post('/api/projects', json={'name': 'a'}).json()['id']}"
    client.post(f"{project}/links", json={"path": str(outside)})
    (outside / "a.png").rename(outside / "b.png")
    answer = client.post(f"{project}/links", json={"path": str(outside)}).json()
    assert [each["name"] for each in answer["added"]] == ["b.png"]


def test_axes_cannot_be_told_to_the_page(client, project, send):
    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((3, 20, 30), np.uint8), photometric="minisblack", metadata=None)
    (refused,) = send(client, project, {"plain.tif": file.getvalue()}).json()["refused"]
    assert refused["cure"] == "save it as OME-TIFF, which tells its axes; 'cytally count' takes --axes"


def test_the_counted_channel_is_told(client, project, send, draw, ended):
    drawn = np.clip(255 * draw(12).image[0], 0, 255).astype(np.uint8)
    file, flat = io.BytesIO(), np.random.default_rng(0).integers(100, 103, drawn.shape, dtype=np.uint8)
    names = {"axes": "CYX", "Channel": {"Name": ["Phase", "Hoechst"]}}
    tifffile.imwrite(file, np.stack([flat, drawn]), ome=True, photometric="minisblack", metadata=names)
    (image,) = send(client, project, {"two.ome.tif": file.getvalue()}).json()["added"]
    address = f"{project}/images/{image['id']}"
    assert client.get(address).json()["counted_channel"] is None
    job = client.post(f"{project}/jobs", json={"kind": "count", "model": "nuclei-fluorescence"}).json()["id"]
    assert ended(client, job)["state"] == "done"
    told = client.get(address).json()
    assert told["channels"] == ["Phase", "Hoechst"] and told["counted_channel"] == 1


def test_models_of_the_same_name_are_told_apart(open_client, folder):
    card = folder / "models" / "tiny" / "model.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"name": "Mine"}))
    client = open_client()
    (own,) = [each for each in client.get("/api/about").json()["models"] if not each["bundled"]]
    assert own["id"] == "tiny" and own["name"] == "Mine (tiny)"

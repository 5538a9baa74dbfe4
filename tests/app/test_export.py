"""The data folder of what was reviewed, and a model that learns from it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile

import cytally
from cytally.datasets.folder import read_folder
from cytally.images.read import read


def reviewed(client, project, send, draw, number: int) -> list[dict]:
    """Send drawn images and mark their points as reviewed; one more image is not."""
    drawn = [draw(2 * seed + 2, seed=seed) for seed in range(number + 1)]
    files = {
        f"{seed}.png": imagecodecs.png_encode(np.clip(40 + 150 * each.image[0], 0, 255).astype(np.uint8))
        for seed, each in enumerate(drawn)
    }
    added = send(client, project, files).json()["added"]
    for image, each in zip(added[:-1], drawn, strict=False):
        body = {"points": each.points.tolist(), "reviewed": True, "revision": 0}
        assert client.put(f"{project}/images/{image['id']}/points", json=body).status_code == 200
    return added


def test_only_what_was_reviewed_is_exported_and_can_be_trained_on(client, project, send, draw, folder, tmp_path):
    assert (
        client.get(f"{project}/export.zip").status_code == 409 and client.post(f"{project}/export").status_code == 409
    )
    reviewed(client, project, send, draw, 3)
    answer = client.post(f"{project}/export").json()
    written = Path(answer["folder"])
    assert written.is_relative_to(folder) and (answer["images"], answer["points"]) == (3, 2 + 4 + 6)
    assert sorted(path.name for path in written.iterdir()) == ["images", "images.csv", "points.csv"]
    assert (written / "images.csv").read_text() == "image\n0.png\n1.png\n2.png\n"
    assert (written / "points.csv").read_text().startswith("image,y,x\n0.png,")
    assert [sample.count for sample in read_folder(written).samples] == [2, 4, 6]
    packed = client.get(f"{project}/export.zip")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.read("points.csv") == (written / "points.csv").read_bytes()
        assert archive.read("images/0.png") == (written / "images" / "0.png").read_bytes()
    assert list((folder / "uploads").iterdir()) == []
    config = {
        "method": "density",
        "input": {"normalisation": "none"},
        "options": {"channels": [4, 8], "sigma": 2.0},
        "training": {"steps": 2, "batch_size": 2, "crop": 32},
    }
    model = cytally.train(config, written, tmp_path / "model")
    assert model.card.training_data["fingerprint"]["images"].keys() == {"0.png", "1.png", "2.png"}


def test_a_plane_is_exported_as_a_file(client, project, send):
    file = io.BytesIO()
    film = np.random.default_rng(0).integers(0, 999, (2, 20, 30), dtype=np.uint16)
    tifffile.imwrite(file, film, metadata={"axes": "TYX"}, imagej=True)
    added = send(client, project, {"film.tif": file.getvalue()}).json()["added"]
    body = {"points": [[3, 4]], "reviewed": True, "revision": 0}
    client.put(f"{project}/images/{added[1]['id']}/points", json=body)
    written = Path(client.post(f"{project}/export").json()["folder"])
    (plane,) = (written / "images").iterdir()
    np.testing.assert_array_equal(read(plane)[0].data[0, 0, 0], film[1])
    assert [sample.count for sample in read_folder(written).samples] == [1]


def test_a_model_is_improved_or_kept(client, project, send, draw, ended, folder):
    reviewed(client, project, send, draw, 6)
    answer = client.post(f"{project}/jobs", json={"kind": "improve", "minutes": 0.03})
    assert answer.status_code == 201, answer.text
    job = ended(client, answer.json()["id"], 120)
    assert job["state"] == "done", job
    result = job["result"]
    assert result["old"]["n"] == result["new"]["n"] >= 1
    better = result["new"]["mae"] < result["old"]["mae"]
    assert result["kept"] == ("new" if better else "old") and result["model"] == (job["id"] if better else None)
    models = [model["id"] for model in client.get("/api/about").json()["models"]]
    assert (job["id"] in models) == better
    assert client.get("/api/projects").json()[0]["model"] == (job["id"] if better else "tiny")
    assert job["curves"] and not list(folder.glob("projects/*/improve/*"))

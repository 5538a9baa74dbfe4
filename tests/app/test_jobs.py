"""Jobs: counted, cancelled, taken up again after a restart."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import threading
import time
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image as Pillow

from cytally.app import count_job
from cytally.app.running import Interrupted
from cytally.calibration.intervals import Calibration
from cytally.tasks import count_input


def calibrated(coverage):
    true = np.linspace(5, 60, 60)
    found = Calibration.of(true, true + np.tile([-1.0, 0.5, 2.0], 20), coverage)
    return found.model_dump(mode="json")


def start(client, project, **asked):
    answer = client.post(f"{project}/jobs", json={"kind": "count", **asked})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def images(client, project):
    return {each["name"]: each for each in client.get(f"{project}/images").json()["items"]}


def test_images_are_counted(client, project, send, noise, ended, folder):
    send(client, project, {"a.png": noise(1), "b.png": noise(2)})
    before = client.get(f"{project}/images").json()["revision"]
    job = ended(client, start(client, project))
    assert job["state"] == "done" and job["done"] == job["total"] == 2 and job["finished"]
    found = images(client, project)
    assert {each["state"] for each in found.values()} == {"counted"} and found["a.png"]["model"] == "tiny"
    assert job["result"]["counted"] == 2
    assert job["result"]["cells"] == pytest.approx(sum(each["count"] for each in found.values()), abs=0.1)
    assert client.get(f"{project}/images").json()["revision"] > before
    detail = client.get(f"{project}/images/{found['a.png']['id']}").json()
    assert detail["overlays"] == ["density"]
    tile = client.get(f"{project}/images/{found['a.png']['id']}/overlays/density/0/0_0")
    assert np.asarray(Pillow.open(io.BytesIO(tile.content))).shape == (40, 56, 4)
    points = client.get(f"{project}/images/{found['a.png']['id']}/points").json()
    assert all(len(point) == 3 for point in points["model"])
    rows = list(csv.DictReader(io.StringIO(client.get(f"{project}/counts.csv").text)))
    assert [row["image"] for row in rows] == ["a.png", "b.png"] and rows[0]["model"] == "tiny"
    assert float(rows[0]["count"]) == pytest.approx(found["a.png"]["count"]) and rows[0]["corrected"] == ""
    report = client.get(f"{project}/report.html")
    assert "a.png" in report.text and "sandbox" in report.headers["Content-Security-Policy"]
    assert client.get("/api/projects").json()[0]["counted"] == 2
    # counted again, one of them: the earlier results of the other stay, and in the end nobody keeps the first folder
    ended(client, start(client, project, images=[found["a.png"]["id"]]))
    assert len(list((folder / "projects").glob("*/counts/*"))) == 2
    ended(client, start(client, project, images=[found["b.png"]["id"]]))
    assert job["id"] not in [path.name for path in (folder / "projects").glob("*/counts/*")]


def test_the_report_tells_the_total_with_the_models_own_coverage(client, project, send, noise, ended, folder):
    card = folder / "models" / "tiny" / "model.json"
    told = json.loads(card.read_text()) | {"calibration": calibrated(0.95)}
    card.write_text(json.dumps(told))
    send(client, project, {"a.png": noise(1), "b.png": noise(2)})
    assert ended(client, start(client, project))["state"] == "done"
    page = client.get(f"{project}/report.html").text
    assert "95 % interval of the total" in page and "90 % interval" not in page
    other = folder / "models" / "other"
    shutil.copytree(card.parent, other)
    (other / "model.json").write_text(json.dumps(told | {"calibration": calibrated(0.8)}))
    ended(client, start(client, project, images=[images(client, project)["a.png"]["id"]], model="other"))
    page = client.get(f"{project}/report.html").text
    assert "interval of the total" not in page and "counted by several models" in page and "80 % and 95 %" in page


def test_an_image_that_fails_does_not_stop_the_others(client, project, send, noise, ended, folder):
    send(client, project, {"a.png": noise(1), "b.png": noise(2), "gone.png": noise(3)})
    next(folder.rglob("a.png")).write_bytes(b"\x89PNG\r\n\x1a\n")  # damaged meanwhile
    next(folder.rglob("gone.png")).unlink()
    job = ended(client, start(client, project))
    found = images(client, project)
    assert job["state"] == "done" and job["result"]["failed"] == 2
    assert {name: each["state"] for name, each in found.items()} == {
        "a.png": "failed", "b.png": "counted", "gone.png": "failed",
    }  # fmt: skip
    assert "a.png" in found["a.png"]["error"] and str(folder) not in found["a.png"]["error"]
    assert "gone.png" in found["gone.png"]["error"]
    assert client.get(f"{project}/images?only=failed").json()["total"] == 2


def test_what_cannot_be_done_is_refused(client, project, send, noise):
    jobs = f"{project}/jobs"
    assert client.post(jobs, json={"kind": "count"}).status_code == 409  # no image
    send(client, project, {"a.png": noise()})
    for body, status in [
        ({"kind": "count", "images": ["0" * 12]}, 404),
        ({"kind": "count", "images": []}, 422),
        ({"kind": "count", "model": "none"}, 404),
        ({"kind": "count", "model": "../../../tmp"}, 404),
        ({"kind": "count", "more": 1}, 422),
        ({"kind": "nonsense"}, 422),
        ({"kind": "improve", "minutes": 0}, 422),
        ({"kind": "improve", "minutes": 1}, 409),  # nothing is reviewed
    ]:
        answer = client.post(jobs, json=body)
        assert answer.status_code == status and set(answer.json()) == {"error", "cure"}, (body, answer.text)
    assert client.get("/api/jobs").json() == []
    assert client.post("/api/jobs/000000000000/cancel").status_code == 404
    assert client.patch(project, json={"model": "none"}).status_code == 404
    assert client.get(f"{project}/suggestions").json() == {"created": None, "items": []}


class Gate:
    """Holds a count after so many images until it is opened."""

    def __init__(self, monkeypatch, after: int) -> None:
        self.reached, self.open = threading.Event(), threading.Event()
        collect, gate = count_job._Told.on_images, self

        def on_images(told, what, done, total):
            if done >= after and not gate.open.is_set():
                gate.reached.set()
                assert gate.open.wait(30)
                told.running._noted = 0.0  # so that it looks at once whether it shall stop
                told.collect()
            collect(told, what, done, total)

        monkeypatch.setattr(count_job._Told, "on_images", on_images)


def test_a_job_is_cancelled(client, project, send, noise, ended, monkeypatch):
    send(client, project, {f"{seed}.png": noise(seed) for seed in range(4)})
    gate = Gate(monkeypatch, after=2)
    first, second = start(client, project), start(client, project)
    assert gate.reached.wait(30)
    assert client.post(f"/api/jobs/{second}/cancel").json()["state"] == "cancelled"
    assert client.post(f"/api/jobs/{first}/cancel").json()["state"] == "running"
    gate.open.set()
    assert ended(client, first)["state"] == "cancelled"
    states = [each["state"] for each in images(client, project).values()]
    assert states[:2] == ["counted", "counted"] and set(states) <= {"counted", "new"}
    assert client.post(f"/api/jobs/{first}/cancel").status_code == 409
    assert ended(client, start(client, project))["state"] == "done"  # the next one is done as usual


def test_a_job_goes_on_after_a_restart(open_client, client, project, send, noise, ended, monkeypatch, folder):
    send(client, project, {f"{seed}.png": noise(seed) for seed in range(4)})
    gate = Gate(monkeypatch, after=2)
    first, second = start(client, project), start(client, project)
    assert gate.reached.wait(30)
    threading.Timer(0.5, gate.open.set).start()
    client = open_client()  # ends the first server, which interrupts the job
    assert ended(client, first)["state"] == "done" and ended(client, second)["state"] == "done"
    assert {each["state"] for each in images(client, project).values()} == {"counted"}
    jobs = client.get(f"/api/jobs?project={project.rpartition('/')[2]}").json()
    assert [job["id"] for job in jobs] == [second, first]


def test_what_a_stop_finds_counted_is_not_counted_again(
    open_client, client, project, send, noise, ended, monkeypatch, folder
):
    number, begun = 12, Counter()
    begin = count_input.begin_input

    def begin_and_note(model, job, *others):
        begun[job.path.name] += 1
        return begin(model, job, *others)

    monkeypatch.setattr(count_input, "begin_input", begin_and_note)
    send(client, project, {f"{seed}.png": noise(seed) for seed in range(number)})
    gate = Gate(monkeypatch, after=3)
    job = start(client, project)
    assert gate.reached.wait(30)
    threading.Timer(0.3, gate.open.set).start()
    client.__exit__(None, None, None)  # the server ends in the middle of the job
    (table,) = folder.glob("projects/*/counts/*/counts.csv")
    before = list(csv.DictReader(table.open()))
    noted, first = {row["image"] for row in before}, begun.copy()
    assert 3 <= len(noted) < number and not json.loads(table.with_name("run.json").read_text())["finished"]
    assert set(begun.values()) == {1} and noted <= set(begun)

    client = open_client()
    told = ended(client, job)
    assert told["state"] == "done" and told["result"]["counted"] == number
    again = begun - first
    assert not noted & set(again), "what was in the table has been counted again"
    assert set(again) == {f"{seed}.png" for seed in range(number)} - noted and set(again.values()) == {1}
    rows = list(csv.DictReader(table.open()))
    assert sorted(row["image"] for row in rows) == sorted(f"{seed}.png" for seed in range(number))
    assert rows[: len(before)] == before
    run = json.loads(table.with_name("run.json").read_text())
    assert run["finished"] and len(run["images"]) == number
    assert issubclass(Interrupted, BaseException) and not issubclass(Interrupted, Exception)


def test_a_second_server_is_refused_the_workspace(client, folder):
    from cytally.app.workspace import Workspace
    from cytally.errors import UsageError

    with pytest.raises(UsageError, match="in use by another 'cytally app'; open"):
        Workspace(folder)


def test_images_that_nobody_has_reviewed_are_suggested(client, project, send, noise, ended, folder):
    sent = send(client, project, {"a.png": noise(0), "b.png": noise(1), "c.png": noise(2)}).json()["added"]
    done = client.put(f"{project}/images/{sent[1]['id']}/points", json={"points": [], "reviewed": True, "revision": 0})
    assert done.status_code == 200
    job = client.post(f"{project}/jobs", json={"kind": "suggest", "model": "tiny"}).json()["id"]
    assert ended(client, job)["state"] == "done"
    assert not list(folder.glob("projects/*/suggest/*"))  # its copies of labelled images are not kept
    told = client.get(f"{project}/suggestions").json()
    assert told["created"] and {each["name"] for each in told["items"]} == {"a.png", "c.png"}
    gains = [each["gain"] for each in told["items"]]
    assert gains == sorted(gains, reverse=True) and all(each["why"] for each in told["items"])
    client.put(f"{project}/images/{sent[0]['id']}/points", json={"points": [], "reviewed": True, "revision": 0})
    assert [each["name"] for each in client.get(f"{project}/suggestions").json()["items"]] == ["c.png"]


def test_an_image_that_cannot_be_read_is_left_out_of_the_suggestions(client, project, send, noise, ended, folder):
    send(
        client, project, {f"{name}.png": noise(seed) for seed, name in enumerate(("a", "b", "broken", "gone", "seen"))}
    )
    found = images(client, project)
    reviewed = {"points": [], "reviewed": True, "revision": 0}
    client.put(f"{project}/images/{found['seen.png']['id']}/points", json=reviewed)
    for name in ("gone.png", "seen.png"):
        next(folder.rglob(name)).unlink()
    next(folder.rglob("broken.png")).write_bytes(b"\x89PNG\r\n\x1a\n")
    job = ended(client, client.post(f"{project}/jobs", json={"kind": "suggest", "model": "tiny"}).json()["id"])
    assert job["state"] == "done"
    assert {each["name"] for each in client.get(f"{project}/suggestions").json()["items"]} == {"a.png", "b.png"}
    told = " ".join(job["result"]["notes"])
    assert all(f"Left out: {name}" in told for name in ("broken.png", "gone.png", "seen.png"))
    assert str(folder) not in told


def test_nothing_is_suggested_where_no_file_is_left(client, project, send, noise, ended, folder):
    send(client, project, {"a.png": noise()})
    next(folder.rglob("a.png")).unlink()
    job = ended(client, client.post(f"{project}/jobs", json={"kind": "suggest", "model": "tiny"}).json()["id"])
    assert job["state"] == "failed" and "can be read; add the images again" in job["message"]


def test_a_job_that_waits_tells_for_which(client, project, send, noise, ended, monkeypatch):
    send(client, project, {f"{seed}.png": noise(seed) for seed in range(3)})
    other = f"/api/projects/{client.post('/api/projects', json={'name': 'Other'}).json()['id']}"
    send(client, other, {"a.png": noise()})
    gate = Gate(monkeypatch, after=1)
    first = start(client, project)
    assert gate.reached.wait(30)
    second = client.post(f"{other}/jobs", json={"kind": "count", "model": "tiny"}).json()
    third = client.post(f"{other}/jobs", json={"kind": "suggest", "model": "tiny"}).json()
    assert second["waits_for"] == {"kind": "count", "project": project.rpartition("/")[2], "name": "Zellen µ"}
    assert third["waits_for"] == {"kind": "count", "project": other.rpartition("/")[2], "name": "Other"}
    gate.open.set()
    assert [ended(client, each)["waits_for"] for each in (first, second["id"], third["id"])] == [None] * 3


def test_nothing_is_suggested_where_all_is_reviewed(client, project):
    answer = client.post(f"{project}/jobs", json={"kind": "suggest"})
    assert answer.status_code == 409 and "no image that is not reviewed" in answer.json()["error"]


def test_the_queue_goes_on_after_the_database_failed(client, project, monkeypatch):
    desk = client.app.state.desk
    monkeypatch.setattr("cytally.app.jobs.PAUSE", 0.05)
    real, failed = desk.store.change, threading.Event()

    def change(sql, *values):
        if "finished" in sql and not failed.is_set():
            failed.set()
            raise sqlite3.OperationalError("database or disk is full")
        return real(sql, *values)

    monkeypatch.setattr(desk.store, "change", change)
    monkeypatch.setitem(desk.jobs._works, "count", lambda running: {"counted": 0})
    first = desk.jobs.add(project.rpartition("/")[2], "count", {}).id
    assert failed.wait(10)
    second = desk.jobs.add(project.rpartition("/")[2], "count", {}).id
    deadline = time.monotonic() + 20
    while desk.jobs.find(second).state != "done" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [desk.jobs.find(job).state for job in (first, second)] == ["done", "done"]


def test_a_large_image_is_most_of_the_work(client, project, send, noise):
    added = send(client, project, {"a.png": noise(1, (40, 40)), "b.png": noise(2, (120, 120))}).json()["added"]
    desk = client.app.state.desk
    rows = desk.store.rows("SELECT * FROM images ORDER BY added")
    told = []
    running = SimpleNamespace(
        desk=desk,
        id="0" * 12,
        project=project.rpartition("/")[2],
        folder=desk.workspace.folder,
        tell=lambda done, total, message: told.append(done),
    )
    seen = count_job._Told(running, rows, "tiny")
    for done in (0, 1, 1.5, 2):
        seen.on_images("Counting", done, 2)
    seen.collect()
    assert len(added) == 2 and told == pytest.approx([0, 2 * 0.1, 2 * 0.55, 2])

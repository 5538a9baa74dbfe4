"""Requests made at random, from the server's own description, about things that are there."""

from __future__ import annotations

import time
from collections import Counter, defaultdict

import numpy as np
import pytest

from cytally.app.records import new_id

EXAMPLES = 10


class There:
    """What there is: a project with images that are counted, reviewed and linked, and jobs that have ended."""

    def __init__(self, client, project, send, noise, ended, folder) -> None:
        self.project = project.rpartition("/")[2]
        added = send(client, project, {f"{n}.png": noise(n, (300, 520)) for n in range(3)}).json()["added"]
        added += send(client, project, {"colours.png": noise(4, (40, 50, 3))}).json()["added"]
        self.images = [each["id"] for each in added]
        self.jobs = []
        for kind in ("count", "suggest"):
            job = client.post(f"{project}/jobs", json={"kind": kind, "model": "tiny"}).json()["id"]
            assert ended(client, job)["state"] == "done"
            self.jobs.append(job)
        for image in self.images[:2]:
            body = {"points": [[1, 2]], "reviewed": True, "revision": 0}
            assert client.put(f"{project}/images/{image}/points", json=body).status_code == 200
        self.paths = [str(path) for path in folder.glob("projects/*/images/*.png")] + [str(folder), "projects"]

    def put_into(self, case, choose) -> None:
        """Replace most of what was made up by what there is."""
        chosen = {
            "project": self.project,
            "image": self.images[choose.integers(4)],
            "job": self.jobs[choose.integers(2)],
            **{"level": int(choose.integers(2)), "column": 0, "row": 0},
        }
        one_of_its_own = choose.random() < 0.2
        for name in case.path_parameters or {}:
            if name in chosen and not (one_of_its_own and choose.random() < 0.5):
                case.path_parameters[name] = chosen[name]
        if case.query and "channel" in case.query and choose.random() < 0.7:
            case.query["channel"] = int(choose.integers(-1, 2))
        body = case.body
        if not isinstance(body, dict):
            return
        if "path" in body and choose.random() < 0.5:
            body["path"] = self.paths[choose.integers(len(self.paths))]
        if "revision" in body and choose.random() < 0.6:  # half of them fit, as does every image's first pixel
            body |= {"revision": int(choose.integers(2)), "points": [[0, 0]]}
        if "model" in body and choose.random() < 0.8:
            body["model"] = "tiny"
        if body.get("images") and choose.random() < 0.8:
            body["images"] = self.images[:2]
        if "minutes" in body and choose.random() < 0.9:
            body["minutes"] = 0.001


@pytest.mark.slow
def test_no_request_made_at_random_breaks_the_server(client, project, send, noise, ended, folder):
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    there, answers = There(client, project, send, noise, ended, folder), defaultdict(Counter)
    schema = schemathesis.openapi.from_dict(client.get("/api/openapi.json").json())
    operations = [found.ok() for found in schema.get_all_operations()]
    for operation in sorted(operations, key=lambda each: each.method == "delete"):  # else nothing is left to ask about

        @given(case=operation.as_strategy(), seed=st.integers(0, 2**32))
        @settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
        def ask(case, seed):
            there.put_into(case, np.random.default_rng(seed))
            sent = case.as_transport_kwargs(base_url="http://127.0.0.1:8765")
            sent.pop("cookies", None)
            if "files" in sent:  # what is made up here is nothing that the client could send
                sent["files"] = [("files", (f"{seed}.png", noise(seed % 9)[: 500 + seed % 9000]))]
            answer = client.request(**sent)
            answers[case.operation.label][answer.status_code] += 1
            assert answer.status_code < 500, (sent, answer.text)
            if answer.status_code >= 400:
                assert {"error", "cure"} <= set(answer.json()), (sent, answer.text)

        ask()
    until = time.monotonic() + 120
    while going := [job for job in client.get("/api/jobs").json() if job["state"] in ("waiting", "running")]:
        for job in going:
            client.post(f"/api/jobs/{job['id']}/cancel")
        assert time.monotonic() < until
        time.sleep(0.1)
    shallow = [label for label, seen in answers.items() if not any(status < 300 for status in seen)]
    # an upload, and what is asked of jobs that have ended, or of layers that this model does not give
    assert set(shallow) <= {"POST /api/projects/{project}/images", "POST /api/jobs/{job}/cancel"}, dict(answers)
    total = sum(answers.values(), Counter())
    assert total[404] < 0.4 * total.total(), total
    failed = [job for job in client.get("/api/jobs").json() if "unexpected" in job["message"]]
    assert not failed, failed


def test_fifty_requests_of_all_kinds_while_images_are_counted(client, project, send, noise, ended):
    from concurrent.futures import ThreadPoolExecutor

    added = send(client, project, {f"{n}.png": noise(n, (200, 300)) for n in range(12)}).json()["added"]
    images = [f"{project}/images/{each['id']}" for each in added]
    job = client.post(f"{project}/jobs", json={"kind": "count"}).json()["id"]
    marks = {"points": [[1, 2]], "reviewed": True, "revision": 0}
    kinds = [
        lambda n: client.get(f"{images[n]}/tiles/1/0_0?channel=0"),
        lambda n: client.get(f"{images[n]}/overlays/density/1/0_0"),
        lambda n: client.get(f"{images[n]}/points"),
        lambda n: client.put(f"{images[n]}/points", json=marks),
        lambda n: client.put(f"{images[0]}/points", json=marks),
        lambda n: client.get(f"{project}/images?sort=count&only=reviewed"),
        lambda n: send(client, project, {"same.png": noise(n)}),
        lambda n: client.get(f"{project}/report.html"),
        lambda n: client.get(f"{project}/counts.csv"),
        lambda n: client.get(f"{project}/export.zip"),
        lambda n: client.post(f"{project}/export"),
        lambda n: client.patch(project, json={"name": f"p{n}"}),
        lambda n: client.post("/api/projects", json={"name": new_id()}),
        lambda n: client.post(f"{project}/jobs", json={"kind": "count", "images": [added[n]["id"]]}),
        lambda n: client.get("/api/jobs"),
        lambda n: client.get(images[n]),
        lambda n: client.get(f"{images[n]}/thumbnail"),
    ]
    with ThreadPoolExecutor(51) as pool:
        sent = [pool.submit(kinds[n % len(kinds)], n // len(kinds) + 1) for n in range(3 * len(kinds))]
        answers = [each.result(60) for each in sent]
    assert all(answer.status_code < 500 for answer in answers), [
        each.text for each in answers if each.status_code > 499
    ]
    assert {answer.status_code for answer in answers} <= {
        200,
        201,
        404,
        409,
    }  # not yet counted, or corrected by another
    assert sorted(answer.status_code for answer in answers[4::17]) == [200, 409, 409]
    assert ended(client, job)["state"] == "done"
    assert len({row["name"] for row in client.get(f"{project}/images").json()["items"]}) == 15

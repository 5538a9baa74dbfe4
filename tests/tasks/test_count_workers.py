"""Counting by several workers gives what one gives, whatever happens to them."""

from __future__ import annotations

import csv
import json
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import psutil
import pytest

from cytally.errors import UsageError
from cytally.models.model import Model
from cytally.tasks.count import count
from cytally.tasks.count_options import CountOptions
from cytally.tasks.watch import Watch
from cytally.workers.crew import Done

Picture = Callable[..., np.ndarray]
TORCH: dict[str, Any] = {"backend": "torch"}
posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")


@pytest.fixture
def inputs(tmp_path: Path, picture: Picture) -> Path:
    """Eight images and, in their midst, one that cannot be read."""
    folder = tmp_path / "in"
    folder.mkdir()
    for seed in range(8):
        (folder / f"{seed}.png").write_bytes(imagecodecs.png_encode(picture(seed)))
    (folder / "3a.png").write_text("no image")
    return folder


def contents(out: Path) -> dict[str, bytes]:
    """All files, but for the report and run.json, which tell the time."""
    files = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name not in ("run.json", "report.html")}


@pytest.fixture
def alone(inputs: Path, model: Model, tmp_path: Path) -> dict[str, bytes]:
    """What this process writes by itself."""
    count([inputs], tmp_path / "alone", model, CountOptions(**TORCH), quiet())
    return contents(tmp_path / "alone")


def quiet(**functions: Callable[..., None]) -> Watch:
    return Watch(**{"on_failure": lambda image, line: None, **functions})


def killing(pids: Callable[[], list[int]], after: int) -> Watch:
    """Kills one of the processes once so many images are done."""
    killed: list[int] = []

    def on_images(stage: str, done: float, total: int) -> None:
        if done >= after and not killed:
            killed.append(pids()[0])
            os.kill(killed[0], signal.SIGKILL)

    return quiet(on_images=on_images)


def rows(out: Path) -> list[str]:
    with (out / "counts.csv").open(newline="") as file:
        return [row["image"] for row in csv.DictReader(file)]


@pytest.mark.slow  # in parts, and faster: test_processes.py, and two workers in test_count_slide_scenes.py
@posix
def test_processes_one_of_which_is_killed_write_what_one_writes(
    inputs: Path, model: Model, alone: dict[str, bytes], tmp_path: Path
) -> None:
    before = {child.pid for child in psutil.Process().children()}
    watch = killing(lambda: [pid.pid for pid in psutil.Process().children() if pid.pid not in before], after=2)
    out = tmp_path / "out"
    summary = count([inputs], out, model, CountOptions(workers=2, **TORCH), watch)
    assert contents(out) == alone
    assert rows(out) == [f"{seed}.png" for seed in range(8)], "in the order of the inputs"
    assert [image for image, _ in summary.failures] == ["3a.png"] and len(summary.rows) == 8
    run = json.loads((out / "run.json").read_text())
    assert run["finished"] and run["ran_by"].startswith("torch") and run["options"]["workers"] == 2
    assert {path.name for path in out.iterdir()} == {path.name for path in (tmp_path / "alone").iterdir()}


class Elsewhere:
    """Workers as other processes', in this one: what they are sent is packed and unpacked."""

    workers = 2

    def run(self, function: Any, items: Any) -> Iterator[Done[Any, Any]]:
        there = pickle.loads(pickle.dumps(function))
        with ThreadPoolExecutor(self.workers) as pool:
            waiting = {pool.submit(there, pickle.loads(pickle.dumps(item))): item for item in items}
            for future in as_completed(waiting):
                error = future.exception()
                assert not isinstance(error, KeyboardInterrupt)
                result = None if error else future.result()
                yield Done(waiting[future], result, error)  # type: ignore[arg-type]

    def __enter__(self) -> Elsewhere:
        return self

    def __exit__(self, *given: object) -> None:
        pass


def test_what_is_begun_alone_may_be_gone_on_with_by_others(
    inputs: Path, model: Model, alone: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopping(stage: str, done: float, total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        count([inputs], out, model, CountOptions(**TORCH), quiet(on_images=stopping))
    assert 3 <= len(rows(out)) < 8
    monkeypatch.setattr("cytally.tasks.count.find_crew", lambda *given: Elsewhere())
    moments: list[float] = []
    watch = quiet(on_images=lambda stage, done, total: moments.append(done))
    count([inputs], out, model, CountOptions(workers=2, resume=True, **TORCH), watch)
    assert contents(out) == alone and moments[0] >= 3 and moments[-1] == 9


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"workers": 0}, "--workers 1"),
        ({"workers": 2, "scheduler": "tcp://127.0.0.1:9"}, "one of them"),
        ({"scheduler": "nonsense"}, "cannot be reached"),
        ({"memory": 0.0}, "memory"),
        ({"tile": 0}, "tiles of 0"),
        ({"tissue_threshold": -1.0}, "threshold"),
        ({"tissue": "none.png"}, "there is no such file"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    options: dict[str, Any], word: str, inputs: Path, model: Model, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=word):
        count([inputs], tmp_path / "out", model, CountOptions(**options, **TORCH), quiet())
    assert not (tmp_path / "out").exists()


@pytest.fixture
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster


@pytest.mark.slow
@posix
def test_a_cluster_one_worker_of_which_is_killed_writes_what_one_process_writes(
    inputs: Path, model: Model, alone: dict[str, bytes], tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    watch = killing(lambda: [nanny.pid for nanny in cluster.workers.values()], after=2)
    options = CountOptions(scheduler=cluster.scheduler_address, **TORCH)
    summary = count([Path("in")], "out", model, options, watch)
    written = contents(tmp_path / "out")
    failures = written.pop("failures.csv").decode().replace(f"{tmp_path}{os.sep}", "")
    expected = alone.pop("failures.csv").decode().replace(f"{tmp_path}{os.sep}", "")
    assert written == alone and failures == expected, "relative paths mean the same to the workers"
    assert len(summary.rows) == 8 and len(summary.failures) == 1

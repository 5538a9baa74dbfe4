"""A crew of processes: what it gives back, and what it survives."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from cytally.errors import WorkerError
from cytally.workers.processes import Processes, threads_each

posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_every_item_comes_back_once(functions: ModuleType) -> None:
    with Processes(2) as crew:
        done = list(crew.run(functions.square, range(20)))
        again = list(crew.run(functions.square, [7]))
    assert sorted((each.item, each.result) for each in done) == [(number, number**2) for number in range(20)]
    assert all(each.error is None for each in done) and again[0].result == 49


def test_the_work_is_shared_and_the_cores_too(functions: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with Processes(2) as crew:
        found = [each.result for each in crew.run(functions.about, range(8))]
        more = [each.result for each in crew.run(functions.about, range(2))]
    pids = {result[0] for result in found if result}
    assert len(pids) == 2 and os.getpid() not in pids
    assert {result[1] for result in found if result} == {"4"}
    assert {result[0] for result in more if result} <= pids, "workers live on between runs"
    assert not any(map(alive, pids))


@pytest.mark.parametrize(
    ("cores", "workers", "told", "threads"),
    [(8, 2, None, 4), (2, 3, None, 1), (8, 2, "1", 1), (8, 2, "64", 4), (8, 2, "", 4), (8, 3, "x", 2)],
)
def test_threads(cores: int, workers: int, told: str | None, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)), raising=False)
    if told is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert threads_each(workers) == threads


@posix
def test_whatever_a_worker_does_every_item_ends(
    functions: ModuleType, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kinds = ["raises", "exits", "is killed", "is killed once", "returns a function", "raises what cannot be sent"]
    kinds += ["prints", "logs", "is well"]
    with Processes(2) as crew, caplog.at_level(logging.WARNING):
        done = {each.item[0]: each for each in crew.run(functions.mishap, [(kind, str(tmp_path)) for kind in kinds])}
    assert sorted(done) == sorted(kinds)
    for kind in ("is killed once", "prints", "logs", "is well"):
        assert done[kind].result == kind and done[kind].error is None
    assert isinstance(done["raises"].error, ValueError) and str(done["raises"].error) == "odd"
    assert "in mishap" in "".join(done["raises"].error.__notes__), "the worker's traceback is kept for --verbose"
    assert done["returns a function"].error is not None
    assert str(done["raises what cannot be sent"].error) == "ValueError: odd"
    for kind, word in (("exits", "exit status 3"), ("is killed", "SIGKILL, as when memory runs out")):
        error = done[kind].error
        assert isinstance(error, WorkerError) and word in error.line() and "--workers" in error.line()
        assert "\n" not in error.line()
    tries = Counter((tmp_path / "tries").read_text().split("\n"))
    assert (tries["exits"], tries["is killed"], tries["is killed once"], tries["raises"]) == (3, 3, 2, 1)
    assert ("mishaps", logging.WARNING, "logs was here") in caplog.record_tuples


def test_items_are_taken_as_workers_become_free(functions: ModuleType) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1_000_000):
            taken.append(number)
            yield number

    with Processes(2) as crew:
        run = crew.run(functions.square, items())
        for _ in range(5):
            next(run)
        run.close()  # type: ignore[attr-defined]
        assert len(taken) <= 5 + 2
        assert [each.result for each in crew.run(functions.square, [3])] == [9], "a run given up leaves nothing behind"


def test_a_function_that_cannot_be_sent_is_told_at_once() -> None:
    with Processes(2) as crew, pytest.raises(Exception, match="pickle"):
        list(crew.run(lambda item: item, [1]))


def test_a_function_that_workers_cannot_import_is_each_item_s_error(
    functions: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "modules" / "mishaps_of_workers.py").unlink()
    with Processes(2) as crew:
        done = list(crew.run(functions.square, [1, 2, 3]))
    assert [type(each.error) for each in done] == [ModuleNotFoundError] * 3


STOPPED = """
import sys
from cytally.workers.processes import Processes
sys.path.insert(0, sys.argv[1])
from mishaps_of_workers import sleep
with Processes(2) as crew:
    print("ready", flush=True)
    list(crew.run(sleep, [(sys.argv[2], 60)] * 4))
"""


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_the_crew(functions: ModuleType, tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "pids").mkdir()
    command = [sys.executable, "-c", STOPPED, str(tmp_path / "modules"), str(tmp_path / "pids")]
    heed = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=heed, text=True)
    deadline = time.monotonic() + 60
    while len(pids := [int(path.name) for path in (tmp_path / "pids").iterdir()]) < 2:
        assert time.monotonic() < deadline and process.poll() is None, process.communicate()
        time.sleep(0.01)
    before = time.monotonic()
    process.send_signal(number)
    process.communicate(timeout=60)
    while any(map(alive, pids)):
        assert time.monotonic() < before + 10, "a worker lives on"
        time.sleep(0.01)
    assert process.returncode == (-9 if number == signal.SIGKILL else -2)
    assert len(list((tmp_path / "pids").iterdir())) == 2, "nothing was begun after the end"

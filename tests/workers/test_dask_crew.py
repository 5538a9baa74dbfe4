"""A crew on a Dask cluster, here a local one of two processes."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cytally.errors import UsageError, WorkerError
from cytally.workers import dask_crew
from cytally.workers.crew import CrewLostError, find_crew
from cytally.workers.dask_crew import WINDOW

distributed = pytest.importorskip("distributed")


@pytest.fixture
def cluster(functions: ModuleType) -> Iterator[Any]:
    """Two worker processes of one thread each, which import the functions."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster


@pytest.fixture
def threads() -> Iterator[Any]:
    """A cluster of two workers within this process, which cannot be killed but is there at once."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1", processes=False, protocol="tcp"
    ) as cluster:
        yield cluster


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "", "quic://127.0.0.1:8786"])
def test_a_scheduler_that_is_not_there_is_one_line(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_crew, "PATIENCE", 0.5)
    with pytest.raises(UsageError) as caught:
        find_crew(1, address)
    line = caught.value.line()
    assert f"'{address}' cannot be reached" in line and "dask scheduler" in line


ALONE = """
import sys
from cytally.errors import UsageError
from cytally.workers.crew import find_crew
try:
    find_crew(1, "nonsense")
except UsageError as error:
    print(error.line())
"""


def test_nothing_of_dask_s_follows_that_line() -> None:
    """Its own client would wait for ten seconds at the program's end, and then show a traceback."""
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=120, check=True)
    assert "'nonsense' cannot be reached" in done.stdout and not done.stderr


def test_the_function_travels_once_and_not_with_every_item(threads: Any, functions: ModuleType) -> None:
    functions.Heavy.packed.clear()
    with find_crew(1, threads.scheduler_address) as crew:
        done = list(crew.run(functions.Heavy(), range(40)))
    assert len({each.result for each in done}) == 2 and all(each.error is None for each in done)
    assert len(functions.Heavy.packed) <= 4 and len(functions.Heavy.unpacked) <= 4, "from here, and between the two"


def test_a_scheduler_that_goes_away_is_one_line(threads: Any, functions: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "pids").mkdir()
    items = [(str(tmp_path / "pids"), 0.05)] * 100
    with find_crew(1, threads.scheduler_address) as crew:
        run = crew.run(functions.sleep, items)
        next(run)
        threads.close()
        with pytest.raises(CrewLostError, match=r"the scheduler 'tcp.*' was lost; .*--resume"):
            list(run)


def test_items_come_back_once_and_are_taken_as_they_are_needed(threads: Any, functions: ModuleType) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(60):
            taken.append(number)
            yield number

    with find_crew(1, threads.scheduler_address) as crew:
        assert crew.workers == 2
        run = crew.run(functions.square, items())
        first = next(run)
        assert len(taken) <= WINDOW * 2 + 1
        done = [first, *run]
    assert sorted((each.item, each.result) for each in done) == [(number, number**2) for number in range(60)]


def test_an_error_belongs_to_its_item(threads: Any, functions: ModuleType, tmp_path: Path) -> None:
    kinds = ["raises", "is well"]
    with find_crew(1, threads.scheduler_address) as crew:
        done = {each.item[0]: each for each in crew.run(functions.mishap, [(kind, str(tmp_path)) for kind in kinds])}
    assert done["is well"].result == "is well" and done["is well"].error is None
    assert isinstance(done["raises"].error, ValueError) and done["raises"].result is None


def test_versions_that_differ_are_told(
    threads: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_versions = distributed.Client.get_versions

    def another(self: Any, **settings: Any) -> Any:
        versions = get_versions(self, **settings)
        for found in versions["workers"].values():
            found["packages"]["torch"] = "1.0"
            break
        return versions

    monkeypatch.setattr(distributed.Client, "get_versions", another)
    with caplog.at_level(logging.WARNING), find_crew(1, threads.scheduler_address):
        pass
    (told,) = [record.getMessage() for record in caplog.records if record.name.startswith("cytally")]
    assert "torch 1.0, not " in told and "numpy" not in told


def test_workers_without_cytally_are_refused(threads: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    get_versions = distributed.Client.get_versions

    def without(self: Any, **settings: Any) -> Any:
        versions = get_versions(self, **settings)
        for found in versions["workers"].values():
            found["packages"]["cytally"] = None
        return versions

    monkeypatch.setattr(distributed.Client, "get_versions", without)
    with pytest.raises(UsageError, match="has no cytally"):
        find_crew(1, threads.scheduler_address)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_a_worker_that_is_killed_midway_loses_nothing(cluster: Any, functions: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "pids").mkdir()
    items = [(str(tmp_path / "pids"), 0.05 + number / 1000) for number in range(40)]
    done, killed = [], None
    with find_crew(1, cluster.scheduler_address) as crew:
        for each in crew.run(functions.sleep, items):
            done.append(each)
            if len(done) == 5:
                killed = next((tmp_path / "pids").iterdir()).name
                os.kill(int(killed), signal.SIGKILL)
    assert killed is not None and all(each.error is None for each in done)
    assert Counter(each.item for each in done) == Counter(items), "none is lost, none comes twice"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_an_item_that_kills_its_workers_is_given_up(cluster: Any, functions: ModuleType, tmp_path: Path) -> None:
    kinds = ["is well", "is killed", "prints"]
    with find_crew(1, cluster.scheduler_address) as crew:
        done = {each.item[0]: each for each in crew.run(functions.mishap, [(kind, str(tmp_path)) for kind in kinds])}
    assert isinstance(done["is killed"].error, WorkerError) and "died" in done["is killed"].error.line()
    assert done["prints"].result == "prints"

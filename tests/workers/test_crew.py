"""Which crew is found."""

from __future__ import annotations

import pickle
import sys

import pytest

from cytally.errors import ImageError, UsageError, WorkerError
from cytally.workers.crew import find_crew
from cytally.workers.here import Here
from cytally.workers.processes import Processes


def test_one_worker_is_this_process() -> None:
    with find_crew() as crew:
        assert isinstance(crew, Here) and crew.workers == 1


def test_several_are_processes_which_are_not_started_before_they_are_needed() -> None:
    with find_crew(3) as crew:
        assert isinstance(crew, Processes) and crew.workers == 3


@pytest.mark.parametrize(
    ("workers", "scheduler", "word"), [(0, None, "--workers 1"), (-2, None, "--workers 1"), (2, "tcp://x:1", "one of")]
)
def test_what_makes_no_sense_is_refused(workers: int, scheduler: str | None, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        find_crew(workers, scheduler)


def test_without_dask_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'cytally\[dask\]'"):
        find_crew(1, "tcp://127.0.0.1:8786")


@pytest.mark.parametrize("error", [ImageError("is odd", file="a.tif", cure="mend it"), WorkerError("they died")])
def test_errors_arrive_as_they_were(error: ImageError | WorkerError) -> None:
    there = pickle.loads(pickle.dumps(error))
    assert type(there) is type(error) and there.line() == error.line() == str(there)
    assert (there.message, there.file, there.cure) == (error.message, error.file, error.cure)

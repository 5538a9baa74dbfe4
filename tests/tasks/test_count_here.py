"""Inputs of one process: a few in the making at a time, and yet as if one came after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cytally.models.model import Model
from cytally.tasks import count_here as module
from cytally.tasks.count_here import AT_A_TIME, count_here
from cytally.tasks.count_input import CountedInput, Job, ignore_share

PATIENCE = 20.0


@dataclass(frozen=True)
class Counter:
    """Counts by a function of the job; the model is that of the tests."""

    model: Any
    count: Callable[[Job, Callable[[float], None]], CountedInput]
    on_share: Callable[[float], None] = ignore_share
    begun: list[str] = field(default_factory=list)

    def begin(self, job: Job, writer: Executor) -> Callable[[], CountedInput]:
        self.begun.append(job.name)
        counted = self.count(job, self.on_share)
        return writer.submit(lambda: counted).result

    def __call__(self, job: Job) -> CountedInput:
        self.begun.append(job.name)
        return self.count(job, self.on_share)


class Shared:
    def __init__(self, model: Model) -> None:
        self.model = model

    def get(self) -> Model:
        return self.model


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    """Ten inputs, files of 100 bytes."""
    paths = [tmp_path / f"{number}.png" for number in range(10)]
    for path in paths:
        path.write_bytes(b"x" * 100)
    return [Job(path, path.stem, path.stem) for path in paths]


def nothing(job: Job, on_share: Callable[[float], None]) -> CountedInput:
    return CountedInput((), {job.name: {}})


def test_the_next_is_begun_while_one_is_counted(model: Model, jobs: list[Job]) -> None:
    """The first comes to its end only once the second has begun."""
    second = threading.Event()

    def count(job: Job, on_share: Callable[[float], None]) -> CountedInput:
        if job.name == "1":
            second.set()
        assert second.wait(PATIENCE)
        return nothing(job, on_share)

    done = list(count_here(Counter(Shared(model), count), jobs))
    assert [each.item for each in done] == jobs
    assert [each.error for each in done] == [None] * 10
    assert [list(each.result.details) for each in done if each.result] == [[job.name] for job in jobs]


def test_inputs_come_in_order_however_long_they_take_and_few_at_a_time(model: Model, jobs: list[Job]) -> None:
    taken: list[str] = []

    def arriving() -> Iterator[Job]:
        for job in jobs:
            taken.append(job.name)
            yield job

    def count(job: Job, on_share: Callable[[float], None]) -> CountedInput:
        time.sleep(0.02 * (int(job.name) % 3 == 0))
        return nothing(job, on_share)

    counter = Counter(Shared(model), count)
    for number, done in enumerate(count_here(counter, arriving())):
        assert done.item is jobs[number]
        assert len(taken) - number <= AT_A_TIME + 1 and len(counter.begun) <= len(taken)
    assert sorted(counter.begun) == [job.name for job in jobs], "none twice"


def test_an_error_is_that_of_its_input_alone(model: Model, jobs: list[Job]) -> None:
    def count(job: Job, on_share: Callable[[float], None]) -> CountedInput:
        if job.name in "37":
            raise ValueError(job.name)
        return nothing(job, on_share)

    done = list(count_here(Counter(Shared(model), count), jobs))
    assert [str(each.error or "") for each in done] == ["", "", "", "3", "", "", "", "7", "", ""]
    assert [each.item for each in done] == jobs


def test_large_inputs_have_the_process_to_themselves(
    model: Model, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST_AT_A_TIME", 200)
    large = {"4", "5"}
    for job in jobs:
        if job.name in large:
            job.path.write_bytes(b"x" * 201)
    running: set[str] = set()
    main = threading.current_thread()

    def count(job: Job, on_share: Callable[[float], None]) -> CountedInput:
        running.add(job.name)
        time.sleep(0.01)
        beside = running - {job.name}
        running.remove(job.name)
        if job.name in large:
            assert not beside
            assert threading.current_thread() is main, "Ctrl-C need not wait for it"
        return nothing(job, on_share)

    done = list(count_here(Counter(Shared(model), count), jobs))
    assert [each.item for each in done] == jobs and not any(each.error for each in done)


@pytest.mark.parametrize("before", [0, 1, 5])
def test_ctrl_c_comes_after_what_is_in_the_making(model: Model, jobs: list[Job], before: int) -> None:
    def arriving() -> Iterator[Job]:
        yield from jobs[:before]
        raise KeyboardInterrupt

    run = model.run
    seen: list[Job] = []
    with pytest.raises(KeyboardInterrupt):
        seen.extend(done.item for done in count_here(Counter(Shared(model), nothing), arriving()))
    assert seen == jobs[:before]
    assert model.run is run


def test_shares_are_told_by_the_thread_that_asked(model: Model, jobs: list[Job]) -> None:
    told: list[tuple[float, threading.Thread]] = []

    def count(job: Job, on_share: Callable[[float], None]) -> CountedInput:
        for share in (0.25, 0.5):
            on_share(share)
        return nothing(job, on_share)

    counter = Counter(Shared(model), count, lambda share: told.append((share, threading.current_thread())))
    list(count_here(counter, jobs[:2]))
    assert told == [(share, threading.current_thread()) for share in (0.25, 0.5, 0.25, 0.5)]


def test_the_network_takes_one_picture_at_a_time(model: Model, jobs: list[Job]) -> None:
    """Not every back end takes several, so two threads that ask for it wait for each other."""

    class Alone:
        name, device, dtype = "alone", torch.device("cpu"), torch.float32

        def __init__(self) -> None:
            self.within, self.threads = 0, set[int]()

        def many(self, images: np.ndarray) -> np.ndarray:
            self.threads.add(threading.get_ident())
            self.within += 1
            time.sleep(0.005)
            assert self.within == 1
            self.within -= 1
            return images + 1

        def __call__(self, image: np.ndarray) -> np.ndarray:
            return self.many(image[None])[0]

        def prepare(self, shape: tuple[int, int]) -> None:
            self.threads.add(threading.get_ident())

    alone = Alone()
    model.run = alone

    def count(job: Job, on_share: Callable[[float], None]) -> CountedInput:
        model.run.prepare((3, 4))
        assert (model.run(np.zeros((1, 3, 4), np.float32)) == 1).all()
        assert (model.run.many(np.zeros((2, 1, 3, 4), np.float32)) == 1).all()
        assert (model.run.name, model.run.device, model.run.dtype) == ("alone", alone.device, alone.dtype)
        return nothing(job, on_share)

    done = list(count_here(Counter(Shared(model), count), jobs))
    assert not any(each.error for each in done)
    assert len(alone.threads) == 1 and model.run is alone


def test_ctrl_c_while_waiting_loses_no_input(model: Model, jobs: list[Job]) -> None:
    told = []

    def interrupted(share: float) -> None:
        told.append(share)
        if len(told) == 3:
            raise KeyboardInterrupt

    def count(job: Job, on_share: Callable[[float], None]) -> CountedInput:
        on_share(0.5)
        return nothing(job, on_share)

    seen: list[Job] = []
    counter = Counter(Shared(model), count, interrupted)
    with pytest.raises(KeyboardInterrupt):
        seen.extend(done.item for done in count_here(counter, jobs))
    assert seen == jobs[: len(seen)] and {job.name for job in seen} == set(counter.begun)
    assert len(seen) >= 3

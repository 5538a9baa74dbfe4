"""Tiles put together, in any size, by any number of workers, killed at any moment: the count stays what it is."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.errors import ImageError, OutputError
from cytally.models.model import Model
from cytally.slides.array_slide import ArraySlide
from cytally.slides.density_map import DensityMap
from cytally.slides.kept_counts import KeptCounts
from cytally.slides.look import look_at
from cytally.slides.overview import look_over
from cytally.slides.plan import GRAIN, Plan
from cytally.slides.region_count import SlideTask
from cytally.slides.stream import count_regions
from cytally.training.configuration import make_configuration
from cytally.workers.crew import Done
from cytally.workers.here import Here

SHAPE = (390, 530)


@pytest.fixture(scope="module")
def model(make_model: Callable[..., Model]) -> Model:
    """A tiny network that paints something everywhere, and looks at images 1.7 times as small as they are."""
    configuration = make_configuration(
        {
            "method": "density",
            "input": {"normalisation": "range", "downscale": 1.7},
            "options": {"channels": [4, 6], "sigma": 2.0, "amplitude": 1.0},
            "counting": {"precision": "float32"},
        }
    )
    torch.manual_seed(0)
    network = configuration.build(1).network()
    with torch.no_grad():
        network.head.bias += 0.02
    return make_model(configuration, network)


def noise(shape: tuple[int, int], seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def make_task(model: Model, picture: np.ndarray, folder: Path, side: int = GRAIN) -> SlideTask:
    slide = ArraySlide(picture[None])
    look = look_at(slide, look_over(slide), None, model.card.configuration.input, in_channels=1)
    stride = int(model.network.stride)  # type: ignore[arg-type]
    plan = Plan(slide.levels[0].shape, look.inner, side, int(model.network.halo) + stride, stride)  # type: ignore[arg-type]
    task = SlideTask(slide, plan, look, DensityMap(folder / "density.zarr", plan))
    task.density.create(None)
    return task


class Held:
    """A model that is there already."""

    def __init__(self, model: Model) -> None:
        self.get = lambda: model


class Hands:
    """Workers as a cluster's: they take regions in an order of their own, and do some of them twice."""

    def __init__(self, workers: int, seed: int) -> None:
        self.workers, self.random = workers, random.Random(seed)

    def run(self, function: Callable[[Any], Any], items: Any) -> Iterator[Done[Any, Any]]:
        wanted = list(items)
        twice = wanted + self.random.sample(wanted, k=len(wanted) // 2)
        self.random.shuffle(twice)
        with ThreadPoolExecutor(self.workers) as pool:
            waiting = {pool.submit(function, item): item for item in twice}
            for future in as_completed(waiting):
                yield Done(waiting[future], future.result(), None)


def count(task: SlideTask, model: Model, kept: KeptCounts, crew: Any = None) -> float:
    """Count what is not kept yet; the sum of all that is."""
    waiting = [region for region in task.plan.regions if kept.find(region) is None]
    list(count_regions(task, model, None if crew is None else Held(model), kept, waiting, crew or Here()))
    found = [kept.find(region) for region in task.plan.regions]
    return math.fsum(each.count for each in found if each is not None)


def all_of(task: SlideTask, kept: KeptCounts) -> tuple[bytes, bytes]:
    """The density map and the points, to the last digit."""
    found = [kept.find(region) for region in task.plan.regions]
    return task.density.coarsest().tobytes(), b"".join(each.points.tobytes() for each in found if each is not None)


@settings(max_examples=6, deadline=None)
@given(
    rows=st.integers(150, 500),
    columns=st.integers(150, 700),
    side=st.sampled_from([GRAIN, 2 * GRAIN, 3 * GRAIN]),
    workers=st.integers(1, 4),
)
def test_tiles_of_any_size_by_any_number_of_workers_add_up_to_the_image(
    model: Model, tmp_path_factory: pytest.TempPathFactory, rows: int, columns: int, side: int, workers: int
) -> None:
    folder, picture = tmp_path_factory.mktemp("slide"), noise((rows, columns), rows)
    whole, alone, shared = model.count(picture), KeptCounts(folder / "a"), KeptCounts(folder / "b")
    task = make_task(model, picture, folder, side)
    total = count(task, model, alone)
    before = all_of(task, alone)
    assert total == pytest.approx(whole.count, rel=1e-5)
    assert task.density.coarsest().sum(dtype=np.float64) == pytest.approx(whole.count, rel=1e-5)
    task.density.create(None)
    assert count(task, model, shared, Hands(workers, seed=columns)) == total, "the same tiles, the same digits"
    assert all_of(task, shared) == before


@pytest.fixture(scope="module")
def undisturbed(model: Model, tmp_path_factory: pytest.TempPathFactory) -> tuple[float, tuple[bytes, bytes]]:
    """What `count` and `all_of` give of a slide that nothing happens to."""
    folder = tmp_path_factory.mktemp("undisturbed")
    task, kept = make_task(model, noise(SHAPE), folder), KeptCounts(folder / "kept")
    return count(task, model, kept), all_of(task, kept)


class Killed(BaseException):
    """The process is no more."""


MOMENTS = ("before the map is written", "before the count is kept", "after the count is kept")


@settings(max_examples=8, deadline=None)
@given(
    kills=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(MOMENTS)), min_size=1, max_size=3),
    workers=st.integers(0, 3),
)
def test_killed_at_any_region_and_gone_on_with_it_ends_with_the_same_digits(
    model: Model,
    tmp_path_factory: pytest.TempPathFactory,
    undisturbed: tuple[float, tuple[bytes, bytes]],
    kills: list[tuple[int, str]],
    workers: int,
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    task, kept = make_task(model, noise(SHAPE), folder), KeptCounts(folder / "kept")
    for after, moment in kills:
        with pytest.MonkeyPatch.context() as patch:
            place = (DensityMap, "write") if moment == MOMENTS[0] else (KeptCounts, "keep")
            original, calls = getattr(*place), iter(range(100))

            def dying(*given: Any, late: bool = moment == MOMENTS[2], last: int = after) -> None:
                if next(calls) < last:  # noqa: B023 - called within this turn
                    original(*given)  # noqa: B023
                    return
                if late:
                    original(*given)  # noqa: B023
                raise Killed

            patch.setattr(*place, dying)
            with suppress(Killed):
                count(task, model, kept)
    total = count(task, model, kept, Hands(workers, seed=len(kills)) if workers else None)
    assert (total, all_of(task, kept)) == undisturbed


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("place", [(DensityMap, "write"), (KeptCounts, "keep")])
def test_what_cannot_be_written_names_the_output_folder(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, place: tuple[type, str]
) -> None:
    def full(*given: Any) -> None:
        raise OSError(28, "No space left on device")

    task = make_task(model, noise(SHAPE), tmp_path)
    monkeypatch.setattr(*place, full)
    with pytest.raises(OutputError) as caught:
        count(task, model, KeptCounts(tmp_path / "kept", tmp_path), Hands(workers, 0) if workers else None)
    line = f"{tmp_path}: can no longer be written to (No space left on device); make room, then go on with --resume"
    assert caught.value.line() == line


@pytest.mark.parametrize("workers", [0, 2])
def test_what_cannot_be_read_is_no_full_disk(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    def gone(*given: Any) -> None:
        raise ImageError("can no longer be read", file="slide.svs")

    task = make_task(model, noise(SHAPE), tmp_path)
    monkeypatch.setattr(task.slide, "read", gone)
    with pytest.raises(ImageError, match=r"slide\.svs: can no longer be read"):
        count(task, model, KeptCounts(tmp_path / "kept"), Hands(workers, 0) if workers else None)


def test_a_run_that_fails_leaves_the_crew_at_once(model: Model, tmp_path: Path) -> None:
    """Else it would end, and kill what the next slide has begun, whenever it is collected."""
    ended = []

    class Failing:
        workers = 2

        def run(self, function: Any, items: Any) -> Iterator[Done[Any, Any]]:
            try:
                for item in items:
                    yield Done(item, None, ImageError("is odd"))
            finally:
                ended.append(True)

    task = make_task(model, noise(SHAPE), tmp_path)
    with pytest.raises(ImageError) as caught:
        count(task, model, KeptCounts(tmp_path / "kept"), Failing())
    assert ended and caught.value.__traceback__ is not None

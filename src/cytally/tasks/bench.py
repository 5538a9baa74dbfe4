"""How fast each back end counts on this machine, beside torch as it comes."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

import torch

from cytally.errors import CytallyError, ImageError, UsageError
from cytally.images.sources import find_images
from cytally.inference.backend import Backend, BackendName
from cytally.inference.torch_backend import Device, find_device
from cytally.models.model import Model
from cytally.models.store import load
from cytally.tasks.bench_images import draw_images
from cytally.tasks.bench_pass import Pass, PlainTorch, TimedBackend, add, run_pass
from cytally.tasks.bench_result import BackendTimes, BenchResult
from cytally.tasks.count import DEFAULT_MODEL
from cytally.tasks.failures import failure_line
from cytally.tasks.machine import machine

logger = logging.getLogger(__name__)

AUTO = "auto"
EXPORTED = " exported"
"""Behind the name of a back end: its network as `cytally models export` wrote it into the model's folder."""
LEAST_SIDE, LARGEST_SIDE = 64, 8192


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True)
class BenchOptions:
    """How to measure.

    Parameters
    ----------
    side
        Height and width in pixels of the drawn images.
    rounds
        How often each back end has its turn.
    device
        Where the network runs.

    Raises
    ------
    UsageError
        When the side or the rounds cannot be.
    """

    side: int = 1024
    rounds: int = 3
    device: Device = "auto"

    def __post_init__(self) -> None:
        if not LEAST_SIDE <= self.side <= LARGEST_SIDE:
            raise UsageError(f"the side is {self.side}", cure=f"give one from {LEAST_SIDE} to {LARGEST_SIDE} pixels")
        if self.rounds < 1:
            raise UsageError(f"the rounds are {self.rounds}", cure="give one or more")


def backend_names() -> list[str]:
    """The back ends that can be asked for by name, in the order of the code.

    Examples
    --------
    >>> backend_names()[:2]
    ['torch', 'openvino']
    """
    return [name for name in get_args(BackendName) if name != AUTO]


def names_for(model: Model) -> list[str]:
    """The back ends to measure a model by: all there are, and the exported network of its folder."""
    if not model.method.has_weights:
        return backend_names()[:1]  # there is no network: whatever runs it does nothing
    exported = model.exported
    return backend_names() + ([] if exported is None else [f"{exported.card.to}{EXPORTED}"])


def bench(
    model: str | Path | Model = DEFAULT_MODEL,
    inputs: Sequence[str | Path] = (),
    options: BenchOptions | None = None,
    *,
    on_share: Callable[[str, float], None] = _nothing,
    on_failure: Callable[[str], None] = logger.warning,
) -> BenchResult:
    """Measure every back end on this machine, in turns within each round, beside torch as it comes.

    Parameters
    ----------
    model
        A model, a model folder, or the name of a bundled one.
    inputs
        Images to count; by default two that are drawn, into a folder that is removed again.
    options
        How to measure.
    on_share
        Called with what is being done and the share of all that is behind.
    on_failure
        Called with the line of an image that cannot be counted.

    Raises
    ------
    UsageError, ModelError
        Before anything is measured.
    ImageError
        When no image can be counted.
    """
    options = options or BenchOptions()
    trained = model if isinstance(model, Model) else load(model)
    found = find_images(inputs) if inputs else []
    bench = _Bench(trained, find_device(options.device), options, on_share, on_failure)
    with tempfile.TemporaryDirectory(prefix="cytally-bench-") as folder:
        facts = machine()
        bench.begin(found or draw_images(Path(folder), options.side, trained.card))
        auto = bench.find_all()
        bench.measure()
    reference, *others = bench.times()
    return BenchResult(
        model=trained.name if isinstance(model, Model) else str(model),
        method=trained.card.method,
        device=bench.device.type,
        images=tuple(path.name for path in bench.paths),
        reference=reference,
        backends=tuple(sorted(others, key=lambda each: each.per_megapixel("network"))),
        missing=tuple(bench.missing.items()),
        auto=auto,
        failures=tuple(bench.failures.items()),
        machine=facts,
    )


class _Bench:
    """A measurement under way."""

    def __init__(
        self,
        model: Model,
        device: torch.device,
        options: BenchOptions,
        on_share: Callable[[str, float], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self.model = Model(model.card, model.network)  # what runs it changes, what runs the caller's does not
        self.device, self.options = device, options
        self.paths: list[Path] = []
        self.running: dict[str, TimedBackend] = {}
        self.ready_after: dict[str, float] = {}
        self.passes: dict[str, list[list[Pass]]] = {}
        self.missing: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        self._on_share, self._on_failure = on_share, on_failure
        self._exported = model.exported
        self.names = names_for(model)
        self._done, self._steps = 0, 2 + len(self.names) + options.rounds * (1 + len(self.names))

    def begin(self, paths: list[Path]) -> None:
        """Count each image once by torch as it comes; keep those that can be counted."""
        self._tell("Plain torch")
        started = time.perf_counter()
        plain = TimedBackend(PlainTorch(self.model.network, self.device))
        for path in paths:
            try:
                run_pass(self.model, plain, path)
            except ImageError as error:
                line = failure_line(error, path)
                self.failures[path.name] = line
                self._on_failure(line)
            else:
                self.paths.append(path)
        if not self.paths:
            raise ImageError(
                "no image could be counted", cure="give images that suit the model, or none for drawn ones"
            )
        self._keep(PlainTorch.name, plain, started)

    def find_all(self) -> str | None:
        """Make every back end ready, or note why not; tell which one ``auto`` takes."""
        for name in self.names:
            self._tell(f"Making {name} ready")
            started = time.perf_counter()
            try:
                timed = TimedBackend(self._find(name), self._precision(name))
                for path in self.paths:
                    run_pass(self.model, timed, path)
            except Exception as error:  # whatever one back end does, the others are measured
                logger.debug("%s", name, exc_info=error)
                self._leave_out(name, error)
            else:
                self._keep(name, timed, started)
        self._tell("Asking what auto takes")
        try:
            name = self._find(AUTO).name
            return name + EXPORTED if name + EXPORTED in self.running else name
        except Exception as error:  # as above
            logger.debug("auto", exc_info=error)
            return None

    def measure(self) -> None:
        """Take turns, beginning with another back end in each round."""
        for turn in range(self.options.rounds):
            names = list(self.running)
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                self._tell(f"Round {turn + 1} of {self.options.rounds}, {name}")
                try:
                    found = [run_pass(self.model, self.running[name], path) for path in self.paths]
                except Exception as error:  # as above
                    if name == PlainTorch.name:
                        raise
                    logger.debug("%s", name, exc_info=error)
                    self._leave_out(name, error)
                else:
                    self.passes[name].append(found)
        self._on_share("Measured", 1.0)

    def times(self) -> list[BackendTimes]:
        """What was measured, the reference first."""
        return [
            BackendTimes(
                name=name,
                precision=timed.precision,
                ready_after=self.ready_after[name],
                rounds=tuple(add(each) for each in self.passes[name]),
                counts=tuple(each.count for each in self.passes[name][-1]),
            )
            for name, timed in self.running.items()
        ]

    def _find(self, name: str) -> Backend:
        """What runs the network where it is asked for by ``--backend NAME``, or what was exported for it."""
        backend, exported = name.removesuffix(EXPORTED), name.endswith(EXPORTED) or name == AUTO
        self.model.exported = self._exported if exported else None
        self.model.use(cast("BackendName", backend), self.device)
        return self.model.run

    def _precision(self, name: str) -> str | None:
        """Number type of an exported network; None leaves it to the back end to tell."""
        exported = self._exported if name.endswith(EXPORTED) else None
        return None if exported is None else exported.card.precision

    def _keep(self, name: str, timed: TimedBackend, started: float) -> None:
        self.running[name] = timed
        self.ready_after[name] = time.perf_counter() - started
        self.passes[name] = []

    def _leave_out(self, name: str, error: Exception) -> None:
        self.running.pop(name, None)
        unexpected = " ".join(f"{type(error).__name__}: {error}".split())
        self.missing[name] = error.line() if isinstance(error, CytallyError) else f"failed ({unexpected})"

    def _tell(self, text: str) -> None:
        self._on_share(text, self._done / self._steps)
        self._done += 1

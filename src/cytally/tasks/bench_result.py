"""What a measurement of back ends found, as tables and files show it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any

from cytally.tasks.bench_pass import Pass
from cytally.tasks.provenance import provenance

LEAST_COUNT = 1.0
"""Images with fewer cells say nothing of how far counts differ."""

RATIOS = {
    "network_times_faster": "network",
    "end_to_end_times_faster": "seconds",
    "network_times_faster_by_processor": "network_processor",
    "end_to_end_times_faster_by_processor": "processor",
}
MEASURED = {
    "network": "network",
    "end_to_end": "seconds",
    "network_processor": "network_processor",
    "end_to_end_processor": "processor",
}
PARTS = ("decode", "normalise", "network", "read_out")


@dataclass(frozen=True)
class BackendTimes:
    """What was measured of one back end: for each round the sum over the images.

    Parameters
    ----------
    name
        Of the back end; the reference is ``plain``.
    precision
        Number type of its convolutions, as ``bfloat16``.
    ready_after
        Seconds that it took to be ready: found, checked, compiled, each image counted once.
    rounds
        Sums over the images, by round.
    counts
        Cells in each image.
    """

    name: str
    precision: str
    ready_after: float
    rounds: tuple[Pass, ...]
    counts: tuple[float, ...]

    def per_megapixel(self, part: str) -> float:
        """Seconds of a part of `Pass`, or of all (``seconds``), per megapixel of the images: the rounds' median."""
        return float(statistics.median(getattr(each, part) / each.megapixels for each in self.rounds))

    def times_faster(self, reference: BackendTimes, part: str) -> float | None:
        """How many times less a part takes than by the reference: the median of the ratios within a round.

        None where it takes no time at all.
        """
        pairs = [
            (getattr(before, part), getattr(each, part))
            for before, each in zip(reference.rounds, self.rounds, strict=True)
        ]
        return None if any(own <= 0 for _, own in pairs) else statistics.median(before / own for before, own in pairs)

    def largest_difference(self, reference: BackendTimes) -> float | None:
        """By how many per cent an image's count differs from the reference's at most; None where no image has cells."""
        shares = [
            100 * abs(count / expected - 1)
            for count, expected in zip(self.counts, reference.counts, strict=True)
            if expected >= LEAST_COUNT
        ]
        return max(shares, default=None)


@dataclass(frozen=True)
class BenchResult:
    """What `bench` found.

    Parameters
    ----------
    model, method, device
        What was measured, and where it ran.
    images
        Names of the images, and `megapixels` of all of them.
    reference
        Torch as it comes.
    backends
        The back ends that work here, the fastest first.
    missing
        Name of each that does not, why, and the cure.
    auto
        Name of the back end that ``auto`` takes here, where it can be told.
    failures
        Images that could not be counted, and why.
    machine
        What it was measured on; its load is that before the measurement.
    made_by
        Versions, time and command.
    """

    model: str
    method: str
    device: str
    images: tuple[str, ...]
    reference: BackendTimes
    backends: tuple[BackendTimes, ...]
    missing: tuple[tuple[str, str], ...]
    auto: str | None
    failures: tuple[tuple[str, str], ...]
    machine: dict[str, Any]
    made_by: dict[str, Any] = field(default_factory=provenance)

    @property
    def megapixels(self) -> float:
        """Of all images together."""
        return self.reference.rounds[0].megapixels

    def as_dict(self) -> dict[str, Any]:
        """All of it, as the JSON file holds it. Seconds are per megapixel of the images unless they say otherwise."""
        return {
            "model": self.model,
            "method": self.method,
            "device": self.device,
            "images": list(self.images),
            "megapixels": round(self.megapixels, 6),
            "seen_megapixels": round(self.reference.rounds[0].seen_megapixels, 6),
            "rounds": len(self.reference.rounds),
            "reference": self._row(self.reference),
            "backends": [self._row(each) for each in self.backends],
            "missing": [{"name": name, "why": why} for name, why in self.missing],
            "auto": self.auto,
            "failures": dict(self.failures),
            "machine": self.machine,
            "made_by": self.made_by,
        }

    def _row(self, times: BackendTimes) -> dict[str, Any]:
        difference = times.largest_difference(self.reference)
        faster = {name: times.times_faster(self.reference, part) for name, part in RATIOS.items()}
        return {
            "name": times.name,
            "precision": times.precision,
            "network_seconds_per_megapixel": round(times.per_megapixel("network"), 6),
            "end_to_end_seconds_per_megapixel": round(times.per_megapixel("seconds"), 6),
            **{key: None if ratio is None else round(ratio, 3) for key, ratio in faster.items()},
            "largest_count_difference_percent": None if difference is None else round(difference, 4),
            "parts": {part: round(times.per_megapixel(part), 6) for part in PARTS},
            "seconds_of_rounds": [
                {name: round(getattr(each, part), 6) for name, part in MEASURED.items()} for each in times.rounds
            ],
            "ready_after_seconds": round(times.ready_after, 3),
            "counts": [round(count, 4) for count in times.counts],
        }

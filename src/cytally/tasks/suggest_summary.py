"""What comes of ranking images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cytally.tasks.suggest_row import Suggestion


@dataclass(frozen=True)
class SuggestSummary:
    """What came of a run: the queue, how many images were ranked, how many were left out as labelled, which failed.

    Parameters
    ----------
    out
        The output folder.
    suggestions
        The queue.
    images, left_out
        How many images were ranked, and how many were left out because they are labelled.
    failures
        What could not be looked at, and why.
    notes
        Sentences to show.
    seconds
        How long it took.
    """

    out: Path
    suggestions: tuple[Suggestion, ...]
    images: int
    left_out: int
    failures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    seconds: float

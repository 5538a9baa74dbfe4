"""The page of a transfer: where the model came from, what was frozen, and what the transfer brought."""

from __future__ import annotations

from pathlib import Path

from cytally.models.card import ModelCard
from cytally.models.model import Model


def in_words(card: ModelCard) -> list[str]:
    """What a transfer did, one sentence each.

    Parameters
    ----------
    card
        Of the model that came out.
    """
    facts = card.provenance["transfer"]
    transfer = card.configuration.transfer
    assert transfer is not None
    before = facts["before"]["mae"]
    said = [f"The model as it came had a mean absolute error of {before:.2f} cells on the same validation images"]
    seconds = facts.get("step_seconds")
    if seconds is not None:
        without, usual = seconds["without_decoder"], seconds["with_decoder"]
        said.append(
            f"Nothing was decoded: a training step took {without:.2f} s instead of {usual:.2f} s, "
            f"{1 - without / usual:.0%} less"
        )
    return said


def write_transfer_report(folder: Path, model: Model) -> None:
    """Write report.html."""

"""What whoever reads a count should know of the model that made it."""

from __future__ import annotations

from cytally.models.card import ModelCard

FEW = 5
"""Validation images below which a score says little."""


def model_notes(card: ModelCard) -> list[str]:
    """One sentence for each reason to doubt a model's counts that its own card gives.

    Parameters
    ----------
    card
        What model.json says.
    """
    facts = card.training_data
    if facts.get("drawn") and not facts.get("validation"):
        learnt = "drawn images and one natural one" if facts.get("train") else "drawn images alone"
        return [
            f"The model learnt to count from {learnt}, since no more natural images were labelled: its error on "
            "natural images is not known. Label some and evaluate it."
        ]
    return []

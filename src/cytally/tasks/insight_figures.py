"""The pictures of an `Insight`: reconstructions, translations, and the latent space."""

from __future__ import annotations

import numpy as np

from cytally.metrics.mixing import LEAST_OF_EACH
from cytally.report.html import ReportFigure
from cytally.report.latent import draw_latent_map, latent_map, umap_is_installed
from cytally.report.reconstructions import PictureRow, draw_rows
from cytally.tasks.insight import Insight

UMAP_CURE = "pip install 'cytally[umap]'"


def insight_figures(insight: Insight, *, seed: int = 0) -> list[ReportFigure]:
    """Draw `reconstructions`, and where there are drawn pictures `translations`; and `latent`.

    Parameters
    ----------
    insight
        What the network shows of itself.
    seed
        Decides what UMAP leaves to chance.
    """
    natural, drawn = insight.natural, insight.drawn
    rows = [
        PictureRow("natural", natural.shown, natural.shown),
        PictureRow("reconstructed", natural.reconstructed, natural.shown),
    ]
    made = []
    if drawn is not None:
        rows.append(PictureRow("drawn", drawn.shown, drawn.shown))
        rows.append(PictureRow("reconstructed", drawn.reconstructed, drawn.shown))
        across = [
            PictureRow("natural", natural.shown, natural.shown),
            PictureRow("as drawn", natural.translated, drawn.shown),
            PictureRow("drawn", drawn.shown, drawn.shown),
            PictureRow("as natural", drawn.translated, natural.shown),
        ]
        made.append(
            ReportFigure(
                "translations",
                "Translations",
                "Each picture decoded as one of the other origin. The cells should stay where they are, and as many as "
                "they are: then the network counts the same things in both.",
                draw_rows(across),
                "Natural pictures decoded as drawn ones, and drawn pictures decoded as natural ones",
            )
        )
    reconstructions = ReportFigure(
        "reconstructions",
        "Reconstructions",
        "Above, what the network was shown, from few cells to many; below, what it gives back. After a short training "
        "that is haze: where cells are takes longer to learn than how many there are, and the count does without.",
        draw_rows(rows),
        "Pictures and their reconstructions",
    )
    return [reconstructions, *made, _latent(insight, seed)]


def insight_notes(insight: Insight) -> list[str]:
    """What the user should know of the pictures, one sentence each."""
    notes = []
    if not umap_is_installed():
        notes.append(
            "UMAP is not installed, so the latent space is shown by its first two principal components; "
            f"{UMAP_CURE} brings it."
        )
    if insight.drawn is not None and insight.origin_auc is None:
        notes.append(
            f"How mixed natural and drawn pictures are cannot be said: that takes {LEAST_OF_EACH} of each, and there "
            f"are {len(insight.natural.counts)} natural and {len(insight.drawn.counts)} drawn ones."
        )
    return notes


def _latent(insight: Insight, seed: int) -> ReportFigure:
    seen = [insight.natural] if insight.drawn is None else [insight.natural, insight.drawn]
    laid_out = latent_map(np.concatenate([each.latents for each in seen]), seed)
    origins = np.repeat([False, True][: len(seen)], [len(each.latents) for each in seen])
    png = draw_latent_map(laid_out, np.concatenate([each.counts for each in seen]), origins)
    how = "UMAP" if laid_out.umap else "principal components"
    words = (
        f"Every picture is a point; those that are alike to the network lie close ({how}). Counts should change "
        "smoothly from one side to the other."
    )
    if insight.drawn is not None:
        words += " Natural and drawn pictures should lie among each other."
    if insight.origin_auc is not None:
        words += (
            f" A classifier tells them apart with an AUC of {insight.origin_auc:.2f}: 0.5 is perfectly mixed, 1 is "
            "perfectly apart."
        )
    alt = "The latent means of the pictures, coloured by count and by origin"
    return ReportFigure("latent", "Latent space", words, png, alt)

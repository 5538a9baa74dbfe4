"""The files of an evaluation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from cytally.files import whole_file, write_text
from cytally.report.error_by_count import draw_error_by_count, error_by_count
from cytally.report.evaluation_page import EvaluationData, write_evaluation
from cytally.report.html import ReportFailure, ReportFigure
from cytally.report.plots import predicted_against_true
from cytally.results import Metrics
from cytally.tasks.comparison import Comparison
from cytally.tasks.failures import write_failures
from cytally.tasks.insight import Insight
from cytally.tasks.insight_figures import insight_figures


def write_evaluation_files(
    out: Path, comparison: Comparison, metrics: Metrics, insight: Insight | None, run: dict[str, Any]
) -> None:
    """Write all files, run.json first: by it a later run knows the folder.

    Parameters
    ----------
    out
        The output folder.
    comparison, metrics
        What was counted, and how good that is.
    insight
        What the network shows of itself, where it does.
    run
        What run.json holds.
    """
    write_text(out / "run.json", json.dumps(run, indent=2) + "\n")
    write_text(out / "metrics.json", json.dumps(metrics.as_dict(), indent=2) + "\n")
    table = pd.DataFrame(metrics.predictions, columns=["image", "true", "predicted"])
    _write_table(out / "predictions.csv", table)
    scores = []
    if len(table):  # of single slices the objects are compared, and nothing is counted
        by_count = error_by_count(table["true"], table["predicted"])
        _write_table(out / "error_by_count.csv", by_count)
        scores = _scores(table, by_count)
    if comparison.failures:
        write_failures(out, comparison.failures)
    figures = [] if insight is None else insight_figures(insight, seed=comparison.model.card.configuration.seed)
    for figure in (*scores, *figures):
        with whole_file(out / f"{figure.name}.png") as temporary:
            temporary.write_bytes(figure.png)
    card = comparison.model.card
    report = EvaluationData(
        title="How good the counts are" if scores else "How good the outlines are",
        model=comparison.model.name,
        description=card.description or f"A model of the method {card.method}.",
        metrics=metrics.as_dict(),
        scores=tuple(scores),
        wrong=tuple(comparison.wrong),
        figures=tuple(figures),
        notes=tuple(comparison.notes),
        failures=tuple(ReportFailure(image, line) for image, line in comparison.failures),
        facts={
            "cytally": run["made_by"]["cytally"],
            "model": comparison.model.name,
            "method": card.method,
            "trained": card.provenance.get("created", "unknown when"),
            "data": run["data"],
            "date": run["made_by"]["created"],
            "command": " ".join(run["made_by"]["command"]),
        },
    )
    write_evaluation(out / "report.html", report)


def _write_table(path: Path, table: pd.DataFrame) -> None:
    with whole_file(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.10g")


def _scores(table: pd.DataFrame, by_count: pd.DataFrame) -> list[ReportFigure]:
    return [
        ReportFigure(
            "predictions",
            "Predicted against true",
            "Each point is an image. On the line the count is right, within the band it is off by 10 % at most. Points "
            "that sink below the line to the right: crowded images are counted short.",
            predicted_against_true(table["true"], table["predicted"]),
            "Predicted counts against true counts",
        ),
        ReportFigure(
            "error_by_count",
            "Error by true count",
            "By how many cells images with so many cells are off, on average, with the standard deviation between "
            "images; below, how many images there are. Where there are few, do not read much into it.",
            draw_error_by_count(by_count),
            "Mean absolute error by true count",
        ),
    ]

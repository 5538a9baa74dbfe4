"""What experts said, as tables on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from cytally.cli import console

if TYPE_CHECKING:
    from cytally.tasks.experts import ExpertScores


def show(scores: ExpertScores) -> None:
    """Print scores by expert, their agreement, and the triplets they disagree on most."""
    experts = _table("scores", "expert", "triplets", "mean", "SD", "missed", "false")
    for expert in scores.experts:
        figures = (expert.mean, expert.sd, expert.missed, expert.false)
        experts.add_row(expert.expert, str(expert.n), *map(_figure, figures))
    console.out.print(experts)
    overall = f"Mean over {_plural(len(scores.triplets), 'triplet')}: {scores.mean:.2f} of 5"
    if scores.interval is not None:
        overall += f", 95 % interval {scores.interval[0]:.2f} to {scores.interval[1]:.2f}"
    console.out.print(overall)
    if scores.equal is not None:
        pairs = _table("agreement of two experts", "experts", "triplets", "weighted kappa", "within one point")
        for pair in scores.pairs:
            kappa, within = _figure(pair.weighted_kappa), _share(pair.within_one_point)
            pairs.add_row(f"{pair.first}, {pair.second}", str(pair.n), kappa, within)
        console.out.print(pairs)
        everyone = _table("agreement of all", "figure", "value")
        everyone.add_row("Krippendorff's alpha, ordinal", _figure(scores.alpha_ordinal))
        everyone.add_row("Krippendorff's alpha, interval", _figure(scores.alpha_interval))
        everyone.add_row("scores within one point", _share(scores.within_one_point))
        everyone.add_row("equal scores", _share(scores.equal))
        console.out.print(everyone)
    if scores.disputed:
        disputed = _table("most disagreement", "triplet", "image", "mean", "scores")
        for triplet in scores.disputed:
            each = ", ".join(f"{expert} {score:g}" for expert, score in triplet.scores.items())
            disputed.add_row(str(triplet.triplet), triplet.image, _figure(triplet.mean), each)
        console.out.print(disputed)


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="left" if name in ("image", "scores") else "right")
    return table


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

"""What experts think of a model's outlines, and how far they agree."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cytally.errors import UsageError
from cytally.files import whole_file, write_text
from cytally.metrics.raters import krippendorff_alpha, mean_interval, share_within, weighted_kappa
from cytally.tasks.expert_answers import Judgement, read_forms
from cytally.tasks.expert_form import SCALE
from cytally.tasks.output import OutputKind, check_output, open_output, writing
from cytally.tasks.provenance import provenance

SCORED = OutputKind(
    "output folder",
    "evaluate --experts",
    frozenset({"experts.json", "experts.csv", "triplets.csv"}),
    marks=frozenset({"experts.json"}),
    resumes=False,
)

COVERAGE = 0.95
"""Of the interval of the mean score."""

MOST_DISPUTED = 5
"""Triplets with the most disagreement that are named."""


@dataclass(frozen=True)
class Expert:
    """One expert: scores given (`n`), their mean and standard deviation (n - 1), and how many objects were missed and
    falsely outlined per triplet, over the triplets where the expert counted them."""

    expert: str
    n: int
    mean: float
    sd: float | None
    missed: float | None
    false: float | None


@dataclass(frozen=True)
class Pair:
    """Two experts on the `n` triplets that both scored: quadratic kappa, and the share of scores one point apart at
    most."""

    first: str
    second: str
    n: int
    weighted_kappa: float | None
    within_one_point: float | None


@dataclass(frozen=True)
class Triplet:
    """One triplet: how many scored it (`n`), their mean, largest minus smallest score, and each expert's score."""

    triplet: int
    image: str
    n: int
    mean: float
    difference: float
    scores: dict[str, float]


@dataclass(frozen=True)
class ExpertScores:
    """Scores and agreement; what cannot be said is None.

    Parameters
    ----------
    experts, pairs, triplets
        By expert in the order of the forms, by pair of experts, and by triplet.
    mean
        Mean over triplets of each triplet's mean score, so that a triplet counts once however many scored it.
    interval
        Lower and upper bound of that mean: Student's interval over triplets, within the scale.
    alpha_ordinal, alpha_interval
        Krippendorff's alpha over all experts, for scores as ranks and as numbers.
    within_one_point, equal
        Share of pairs of scores of one triplet that differ by one point at most, and not at all.
    notes
        What is odd, one sentence each.
    """

    experts: tuple[Expert, ...]
    pairs: tuple[Pair, ...]
    triplets: tuple[Triplet, ...]
    mean: float
    interval: tuple[float, float] | None
    alpha_ordinal: float | None
    alpha_interval: float | None
    within_one_point: float | None
    equal: float | None
    notes: tuple[str, ...] = ()

    @property
    def disputed(self) -> tuple[Triplet, ...]:
        """The triplets with the most disagreement, at most 5, the worst first; none where all agree."""
        apart = [triplet for triplet in self.triplets if triplet.difference > 0]
        return tuple(sorted(apart, key=lambda triplet: (-triplet.difference, triplet.triplet))[:MOST_DISPUTED])

    def as_dict(self) -> dict[str, Any]:
        """As experts.json holds it; keys whose number does not exist are left out."""
        lower, upper = self.interval or (None, None)
        return {
            "experts": [_known(asdict(expert)) for expert in self.experts],
            "overall": _known(
                {
                    "triplets": len(self.triplets),
                    "scores": sum(expert.n for expert in self.experts),
                    "mean": self.mean,
                    "lower": lower,
                    "upper": upper,
                    "coverage": None if self.interval is None else COVERAGE,
                }
            ),
            "agreement": _known(
                {
                    "krippendorff_alpha_ordinal": self.alpha_ordinal,
                    "krippendorff_alpha_interval": self.alpha_interval,
                    "within_one_point": self.within_one_point,
                    "equal": self.equal,
                    "pairs": [_known(asdict(pair)) for pair in self.pairs],
                }
            ),
            "triplets": [asdict(triplet) for triplet in self.triplets],
            "most_disputed": [triplet.triplet for triplet in self.disputed],
            "notes": list(self.notes),
        }


def score_experts(
    forms: Iterable[str | Path], out: str | Path | None = None, *, overwrite: bool = False
) -> ExpertScores:
    """Read the forms that experts filled in, and work out their scores and agreement.

    Parameters
    ----------
    forms
        Filled-in copies of the experts.csv that `evaluate` writes with the triplets; of one evaluation.
    out
        Folder for experts.json, experts.csv (one row per expert) and triplets.csv (one row per triplet). None writes
        nothing.
    overwrite
        Replace what an earlier run wrote into `out`.

    Raises
    ------
    UsageError
        When there is no form, one cannot be used (`cytally.tasks.expert_answers.read_forms`), or `out` must not be
        written to. Nothing is written then.
    """
    paths = [Path(form) for form in forms]
    if not paths:
        raise UsageError("no form was named", cure="name the CSV files that the experts filled in")
    if out is not None:
        check_output(Path(out), SCORED, overwrite=overwrite, reads=paths)
    answers = read_forms(paths)
    scores = _scores(answers.judgements, answers.notes)
    if out is not None:
        open_output(Path(out), SCORED, overwrite=overwrite)
        with writing(Path(out), cure="make room, then run again with --overwrite"):
            _write(Path(out), scores, paths)
    return scores


def _scores(judgements: Sequence[Judgement], notes: Sequence[str]) -> ExpertScores:
    names = list(dict.fromkeys(judgement.expert for judgement in judgements))
    numbers = sorted({judgement.triplet for judgement in judgements})
    table = np.full((len(names), len(numbers)), np.nan)
    for judgement in judgements:
        table[names.index(judgement.expert), numbers.index(judgement.triplet)] = judgement.score
    images = {judgement.triplet: judgement.image for judgement in judgements if judgement.image}
    triplets = tuple(
        _triplet(number, images.get(number, ""), names, column) for number, column in zip(numbers, table.T, strict=True)
    )
    means = [triplet.mean for triplet in triplets]
    interval = mean_interval(means, COVERAGE)
    if interval is not None:
        interval = (max(interval[0], float(min(SCALE))), min(interval[1], float(max(SCALE))))
    return ExpertScores(
        experts=tuple(_expert(name, [each for each in judgements if each.expert == name]) for name in names),
        pairs=tuple(
            _pair(names[first], names[second], table[[first, second]])
            for first, second in combinations(range(len(names)), 2)
        ),
        triplets=triplets,
        mean=float(np.mean(means)),
        interval=interval,
        alpha_ordinal=krippendorff_alpha(table, "ordinal"),
        alpha_interval=krippendorff_alpha(table, "interval"),
        within_one_point=share_within(table, 1.0),
        equal=share_within(table, 0.0),
        notes=(*notes, *_why_no_agreement(table)),
    )


def _expert(name: str, judgements: Sequence[Judgement]) -> Expert:
    scores = [judgement.score for judgement in judgements]
    return Expert(
        expert=name,
        n=len(scores),
        mean=float(np.mean(scores)),
        sd=float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
        missed=_mean(judgement.missed for judgement in judgements),
        false=_mean(judgement.false for judgement in judgements),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _pair(first: str, second: str, table: NDArray[np.float64]) -> Pair:
    both = table[:, ~np.isnan(table).any(axis=0)]
    return Pair(first, second, both.shape[1], weighted_kappa(*both), share_within(both))


def _triplet(number: int, image: str, names: Sequence[str], column: NDArray[np.float64]) -> Triplet:
    scores = {name: float(score) for name, score in zip(names, column, strict=True) if not np.isnan(score)}
    values = list(scores.values())
    return Triplet(number, image, len(values), float(np.mean(values)), max(values) - min(values), scores)


def _why_no_agreement(table: NDArray[np.float64]) -> list[str]:
    """Why agreement cannot be told, where it cannot."""
    if len(table) == 1:
        return ["There is one expert, so there is no agreement to measure."]
    common = table[:, (~np.isnan(table)).sum(axis=0) >= 2]
    if not common.size:
        return ["No triplet was scored by two experts, so agreement cannot be measured."]
    if np.nanmin(common) == np.nanmax(common):
        return ["All scores that could be compared are the same: that tells no agreement from chance."]
    return []


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _write(out: Path, scores: ExpertScores, forms: Sequence[Path]) -> None:
    facts = {"made_by": provenance(), "forms": [str(form.absolute()) for form in forms], "scale": SCALE}
    write_text(out / "experts.json", json.dumps({**facts, **scores.as_dict()}, indent=2) + "\n")
    experts = pd.DataFrame([asdict(expert) for expert in scores.experts])
    # Experts' names may be anything, so that their columns are told apart from the others by what stands before.
    triplets = pd.DataFrame(
        [
            {"triplet": each.triplet, "image": each.image, "n": each.n, "mean": each.mean}
            | {"difference": each.difference}
            | {f"score {expert.expert}": each.scores.get(expert.expert) for expert in scores.experts}
            for each in scores.triplets
        ]
    )
    for name, table in (("experts", experts), ("triplets", triplets)):
        with whole_file(out / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False, float_format="%.10g")

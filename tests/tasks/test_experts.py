"""Scores and agreement of experts, by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from cytally.errors import OutputError, UsageError
from cytally.tasks.experts import score_experts

HEADER = "triplet,image,expert,score,missed,false,comment\n"


@pytest.fixture
def forms(tmp_path: Path) -> list[Path]:
    """Alice scores the triplets 1, 2 and 3, Bob 1, 2 and 4, Carol only 5."""
    rows = {
        "alice": "1,a.tif,Alice,5,2,0,\n2,b.tif,Alice,3,4,,\n3,c.tif,Alice,4,,,\n",
        "bob": "1,a.tif,Bob,4,,,\n2,b.tif,Bob,1,,,\n4,d.tif,Bob,4,,,\n",
        "carol": "5,e.tif,Carol,2,,,\n",
    }
    for name, text in rows.items():
        (tmp_path / f"{name}.csv").write_text(HEADER + text)
    return [tmp_path / f"{name}.csv" for name in rows]


def test_scores_by_hand(forms: list[Path]) -> None:
    scores = score_experts(forms)
    alice, bob, carol = scores.experts
    assert (alice.expert, alice.n, alice.mean, alice.sd) == ("Alice", 3, 4.0, 1.0)
    assert (alice.missed, alice.false) == (3.0, 0.0)
    assert (bob.n, bob.mean, bob.sd) == (3, 3.0, pytest.approx(math.sqrt(3))) and bob.missed is None
    assert (carol.n, carol.mean, carol.sd) == (1, 2.0, None)
    # Triplets 1 to 5 have the means 4.5, 2, 4, 4, 2: 3.3, s = sqrt((1.44 + 1.69 + .49 + .49 + 1.69) / 4), t(4) = 2.776
    assert scores.mean == pytest.approx(3.3)
    assert scores.interval == pytest.approx(
        [3.3 - 2.776 * math.sqrt(5.8 / 4 / 5), 3.3 + 2.776 * math.sqrt(5.8 / 4 / 5)], abs=2e-3
    )
    assert [(triplet.triplet, triplet.image, triplet.n) for triplet in scores.triplets] == [
        *((1, "a.tif", 2), (2, "b.tif", 2), (3, "c.tif", 1), (4, "d.tif", 1), (5, "e.tif", 1)),
    ]
    assert [(triplet.triplet, triplet.difference) for triplet in scores.disputed] == [(2, 2.0), (1, 1.0)]


def test_agreement_by_hand(forms: list[Path]) -> None:
    scores = score_experts(forms)
    (both, *others) = scores.pairs
    assert (both.first, both.second, both.n, both.within_one_point) == ("Alice", "Bob", 2, 0.5)
    # (5, 4) and (3, 1) disagree by 1 and 4, 2.5 on average; 5 and 3 against 4 and 1 by 1, 16, 1, 4: 5.5.
    assert both.weighted_kappa == pytest.approx(1 - 2.5 / 5.5)
    assert [(pair.n, pair.weighted_kappa, pair.within_one_point) for pair in others] == [(0, None, None)] * 2
    # Of 5, 4, 3, 1: within 2 (1 + 4) / 4, between 2 (1 + 4 + 16 + 1 + 9 + 4) / 12.
    assert scores.alpha_interval == pytest.approx(1 - 2.5 / (70 / 12))
    # Four different values once each: places 1, 2, 3, 4, so within 2 (1 + 1) / 4, between 2 (3 + 2·4 + 9) / 12.
    assert scores.alpha_ordinal == pytest.approx(1 - 1 / (40 / 12))
    assert (scores.within_one_point, scores.equal) == (0.5, 0.0)
    assert scores.notes == ()


def test_files(forms: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    scores = score_experts(map(str, forms), out)
    written = json.loads((out / "experts.json").read_text())
    assert {name: written[name] for name in scores.as_dict()} == scores.as_dict()
    assert written["overall"]["mean"] == pytest.approx(3.3) and written["overall"]["coverage"] == 0.95
    assert written["overall"]["triplets"] == 5 and written["overall"]["scores"] == 7
    assert written["scale"]["1"] == "unusable" and written["forms"] == [str(form) for form in forms]
    assert written["most_disputed"] == [2, 1] and "weighted_kappa" not in written["agreement"]["pairs"][1]
    experts = pd.read_csv(out / "experts.csv")
    assert experts.columns.tolist() == ["expert", "n", "mean", "sd", "missed", "false"]
    assert experts["mean"].tolist() == [4, 3, 2]
    triplets = pd.read_csv(out / "triplets.csv")
    assert triplets.columns.tolist()[:5] == ["triplet", "image", "n", "mean", "difference"]
    assert triplets["score Bob"].fillna(0).tolist() == [4, 1, 0, 4, 0]
    with pytest.raises(UsageError, match="exists; add --overwrite"):
        score_experts(forms, out)
    score_experts(forms[:1], out, overwrite=True)
    assert len(pd.read_csv(out / "experts.csv")) == 1


def test_one_expert(forms: list[Path]) -> None:
    scores = score_experts(forms[:1])
    assert scores.pairs == () and scores.alpha_ordinal is None and scores.within_one_point is None
    assert scores.disputed == () and scores.interval is not None
    assert scores.notes == ("There is one expert, so there is no agreement to measure.",)
    assert scores.as_dict()["agreement"] == {"pairs": []}


def test_no_common_triplet(forms: list[Path]) -> None:
    scores = score_experts(forms[1:])
    assert scores.alpha_interval is None and scores.pairs[0].n == 0
    assert scores.notes == ("No triplet was scored by two experts, so agreement cannot be measured.",)


def test_one_score_alone(forms: list[Path]) -> None:
    scores = score_experts(forms[2:])
    assert (scores.mean, scores.interval) == (2.0, None)
    assert "lower" not in scores.as_dict()["overall"] and "coverage" not in scores.as_dict()["overall"]


def test_all_scores_alike(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + "".join(f"{triplet},,{name},5,,,\n" for triplet in (1, 2) for name in ("A", "B")))
    scores = score_experts([path])
    assert (scores.equal, scores.within_one_point, scores.alpha_ordinal) == (1.0, 1.0, None)
    assert scores.pairs[0].weighted_kappa is None and scores.interval == (5.0, 5.0)
    assert "tells no agreement from chance" in scores.notes[-1]


def test_the_interval_stays_on_the_scale(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + "1,,A,1,,,\n2,,A,5,,,\n")
    assert score_experts([path]).interval == (1.0, 5.0)


def test_forms_are_never_overwritten(forms: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    score_experts(forms, out)
    (out / "experts.csv").write_text(HEADER + "1,a.tif,Alice,5,,,\n")
    with pytest.raises(UsageError, match="is read by this run"):
        score_experts([out / "experts.csv"], out, overwrite=True)
    with pytest.raises(UsageError, match="did not write"):
        score_experts(forms, tmp_path, overwrite=True)
    with pytest.raises(UsageError, match="no form was named"):
        score_experts([])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        score_experts(forms, tmp_path / "other")


def test_nothing_is_written_where_a_form_is_wrong(forms: list[Path], tmp_path: Path) -> None:
    forms[1].write_text(HEADER + "1,a.tif,Bob,9,,,\n")
    with pytest.raises(UsageError, match="the score '9'"):
        score_experts(forms, tmp_path / "out")
    assert not (tmp_path / "out").exists()

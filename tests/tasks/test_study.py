"""What is remembered of the trials of a search."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from cytally.errors import UsageError
from cytally.tasks.study import STUDY, Trial, best_trial, load_study, save_study, supposed_losses, write_trials

TRIALS = [
    Trial(0, "complete", 3.0, {"a": 1, "b": None}, 1.234, best_epoch=2, curve=[(0.5, 3.0)]),
    Trial(1, "pruned", 1.0, {"a": 2, "b": 0.5}, 0.1),
    Trial(2, "failed", None, {"a": 3, "b": 0.1}, 0.1, error='too, "much"'),
    Trial(3, "complete", -2.0, {"a": 4, "b": 0.2}, 1.0, best_epoch=0, varied="b"),
]


def test_only_complete_trials_can_be_best() -> None:
    assert [best_trial(TRIALS, objective).number for objective in ("mae", "bias", "accuracy")] == [3, 3, 0]  # type: ignore[union-attr, arg-type]
    assert best_trial(TRIALS[1:3], "mae") is None and best_trial([], "mae") is None
    twice = [TRIALS[0], Trial(1, "complete", 3.0, {}, 1.0)]
    assert best_trial(twice, "mae") is TRIALS[0]


def test_trials_without_a_value_are_the_worst() -> None:
    assert supposed_losses(TRIALS, "accuracy") == [-3.0, -1.0, 2.0, 2.0]
    assert supposed_losses(TRIALS[2:3], "mae") == [0.0]


def test_a_study_comes_back_as_it_was(tmp_path: Path) -> None:
    settings = {"seed": 0, "search": ("a", 1.5)}
    save_study(tmp_path, settings, TRIALS)
    assert load_study(tmp_path, settings) == TRIALS
    with pytest.raises(UsageError, match=r"other settings \(seed was 0 and is 1 now\)"):
        load_study(tmp_path, {**settings, "seed": 1})
    with pytest.raises(UsageError, match="new was None"):
        load_study(tmp_path, {**settings, "new": 1})


@pytest.mark.parametrize(
    "text", ["", "[]", '{"settings": {}}', json.dumps({"settings": {}, "trials": [{"curve": []}]})]
)
def test_a_broken_study_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / STUDY).write_text(text)
    with pytest.raises(UsageError, match=r"study\.json: cannot be read; search anew"):
        load_study(tmp_path, {})


def test_the_table_of_trials(tmp_path: Path) -> None:
    write_trials(tmp_path, TRIALS, ["a", "b"])
    lines = (tmp_path / "trials.csv").read_text().splitlines()
    assert lines[0] == "number,state,value,a,b,seconds,best_epoch,error"
    assert lines[1] == "0,complete,3.0,1,,1.23,2,"
    assert pd.read_csv(tmp_path / "trials.csv")["error"][2] == 'too, "much"'
    write_trials(tmp_path, [], ["a"])
    assert (tmp_path / "trials.csv").read_text() == "number,state,value,a,seconds,best_epoch,error\n"

"""`cytally tune` as a user sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from cytally.cli.tune import describe
from cytally.tasks.search import TuningProgress
from cytally.tasks.study import Trial

Call = Callable[..., Result]


def test_tune_then_train(data: Path, config: Path, call: Call, tmp_path: Path) -> None:
    search = tmp_path / "tune.yaml"
    search.write_text(
        f"configuration: {config.name}\ntrials: 2\n"
        "search: {training.learning_rate: {low: 1e-4, high: 1e-2, log: true}}\n"
    )
    out = tmp_path / "out"
    words = ("tune", search, "--data", data, "-o", out, "--set", "training.epochs=1")
    tuned = call(*words)
    assert tuned.exit_code == 0, tuned.output
    assert tuned.stderr.splitlines()[0] == f"Searching for settings as {search} says"
    assert "training.learning_rate" in tuned.stdout and "Best of 2 trials: mae" in tuned.stdout
    last = tuned.stdout.splitlines()[-1]
    assert last == f"Train it: cytally train {out}/best.yaml --data {data} -o MODEL"
    again = call(*words)
    assert again.exit_code == 2 and "--resume" in again.stderr
    assert call(*words, "--resume", "--trials", "3").exit_code == 0
    assert (out / "trials.csv").read_text().count("\n") == 4
    trained = call("train", out / "best.yaml", "--data", data, "-o", tmp_path / "model")
    assert trained.exit_code == 0, trained.output


def test_what_is_wrong_is_one_line_and_status_2(data: Path, config: Path, call: Call, tmp_path: Path) -> None:
    search, out = tmp_path / "tune.yaml", tmp_path / "out"
    search.write_text(f"configuration: {config.name}\nsearch: {{training.lerning_rate: {{low: 1e-4, high: 1e-2}}}}\n")
    for words in (("--data", data), ()):
        result = call("tune", search, "-o", out, *words)
        (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
        assert result.exit_code == 2 and not out.exists() and "training.learning_rate" in line


def test_where_a_search_stands_in_words() -> None:
    assert describe(TuningProgress(0, 5, 0.0, None)) == "Tuning, trial 1 of 5"
    best = Trial(3, "complete", 1.23456, {}, 1.0)
    assert describe(TuningProgress(5, 5, 1.0, best)) == "Tuning, trial 5 of 5, best 1.235 in trial number 3"

"""The table and the picture of what mattered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cytally.tasks.search_space import Parameter
from cytally.tasks.study import Trial
from cytally.tasks.what_mattered import COLUMNS, what_mattered, write_importance

PARAMETERS = (Parameter("idle", 1, 9, integer=True), Parameter("rate", 1e-4, 1e-1, log=True))


def at_random(count: int, seed: int = 0) -> list[Trial]:
    """The error depends on the rate alone, and a rate above 0.05 fails."""
    rng, trials = np.random.default_rng(seed), []
    for number in range(count):
        rate, idle = float(10 ** rng.uniform(-4, -1)), int(rng.integers(1, 10))
        failed = rate > 0.05
        value = None if failed else float(2 + (np.log10(rate) + 3) ** 2)
        trials.append(Trial(number, "failed" if failed else "complete", value, {"idle": idle, "rate": rate}, 1.0))
    return trials


@pytest.mark.parametrize("seed", range(3))
def test_the_setting_that_matters_comes_first(seed: int) -> None:
    table = what_mattered(at_random(14, seed), PARAMETERS, "mae", lines=False)
    assert list(table.columns) == COLUMNS and list(table["parameter"]) == ["rate", "idle"]
    assert table["importance"].sum() == pytest.approx(1) and table["importance"][0] > 0.7
    assert (table["n"] == 14).all() and set(table["method"]) == {"anova"}
    assert table["correlation"][0] > 0.2
    assert table["best_value"][0] == pytest.approx(1e-3, rel=2)


def test_too_few_trials_say_nothing() -> None:
    for trials in (at_random(5), at_random(1), []):
        table = what_mattered(trials, PARAMETERS, "mae", lines=False)
        assert table["importance"].isna().all() and list(table["parameter"]) == ["idle", "rate"]


def test_lines_by_hand() -> None:
    """From (3, 0.01): idle 1 and 9 differ by 1; then, at idle 1, rates whose errors are 3 apart; one rate fails."""
    tried = [(3, 0.01, 5.0, None), (1, 0.01, 4.5, "idle"), (9, 0.01, 5.5, "idle")]
    tried += [(1, 1e-4, 7.5, "rate"), (1, 1e-1, None, "rate")]
    trials = [
        Trial(
            number, "failed" if value is None else "complete", value, {"idle": idle, "rate": rate}, 1.0, varied=varied
        )
        for number, (idle, rate, value, varied) in enumerate(tried)
    ]
    table = what_mattered(trials, PARAMETERS, "mae", lines=True).set_index("parameter")
    assert table["importance"].to_dict() == pytest.approx({"rate": 0.75, "idle": 0.25})
    assert table["n"].to_dict() == {"rate": 2, "idle": 3} and set(table["method"]) == {"range"}
    assert table["correlation"].to_dict() == pytest.approx({"rate": -1.0, "idle": 1.0})
    assert table["best_value"].to_dict() == {"rate": 0.01, "idle": 1.0}
    begun = what_mattered(trials[:2], PARAMETERS, "mae", lines=True).set_index("parameter")
    assert begun["n"].to_dict() == {"idle": 2, "rate": 0}


@pytest.mark.parametrize("count", [0, 2, 12])
@pytest.mark.parametrize("lines", [False, True])
def test_files_are_written_for_any_number_of_trials(count: int, lines: bool, tmp_path: Path) -> None:
    write_importance(tmp_path, at_random(count), PARAMETERS, "mae", lines=lines)
    assert (tmp_path / "importance.png").read_bytes().startswith(b"\x89PNG")
    assert list(pd.read_csv(tmp_path / "importance.csv").columns) == COLUMNS

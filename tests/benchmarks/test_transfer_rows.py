"""Transfer: the rows, a run from end to end on drawn cells, and the section of the page."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from cytally.models.store import load
from cytally.training.configuration import read_configuration

EXAMPLES = Path(__file__).parents[2] / "examples"

# The rows

ROWS = {
    "D-from-C-10-2000": "--set D --from C",
    "D-scratch-100-2000": "--set D --labelled 1",
    "H-from-A-10-400-strategy-thaw": "--set H --from A --steps 400 --with transfer.strategy=thaw",
    "D-from-C-10-1000-ratio-0.5": "--set D --from C --steps 1000 --with drawn.ratio=0.5",
    "D-scratch-bit-10-500": "--set D --method bit --steps 500",
}


@pytest.mark.parametrize("row", ROWS)
def test_the_command_of_a_row_gives_the_row_again(script, row: str) -> None:
    rows, few_labels_rows = script("transfer_rows"), script("few_labels_rows")
    options = rows.parse(["--data", "elsewhere", "--seed", "4", *shlex.split(ROWS[row])])
    line = rows.command(options)
    assert rows.row_name(options) == row
    assert rows.command(rows.from_command(line)) == line and "--seed" not in line
    assert few_labels_rows.same_row(options, rows.from_command(rows.command(options, 4)))


@pytest.mark.parametrize("wrong", ["--from C", "--set B", "--set D --from C --method bit"])
def test_a_row_that_makes_no_sense_is_refused(script, wrong: str) -> None:
    with pytest.raises(SystemExit):
        script("transfer_rows").parse(["--data", "d", *wrong.split()])


def test_every_row_has_settings_that_exist(script) -> None:
    transfer, rows = script("transfer"), script("transfer_rows")
    every = rows.all_rows()
    names = [rows.row_name(row) for row in every]
    assert len(set(names)) == len(names)
    for row in every:
        configuration = transfer.configuration_of(row)
        assert configuration.training.steps == row.steps and configuration.training.keep == "last"
        assert (configuration.transfer is not None) == (row.source is not None)
    sources = [name for name in names if "-scratch-100-" in name]
    assert names[: len(sources)] == sources, "what is begun with comes first"
    shown = {row.source for row in every if row.source}
    assert shown == {"A", "C", "D", "H"}


def test_one_setting_at_a_time(script) -> None:
    rows = script("transfer_rows")
    for group in rows.hyperparameter_rows().values():
        less, usual, more = group
        assert (len(less.settings), len(usual.settings), len(more.settings)) == (1, 0, 1)
    for name, values in rows.HYPERPARAMETERS.items():
        assert list(values) == sorted(values)
        plain = read_configuration(EXAMPLES / rows.CONFIGURATION).model_dump()
        section, _, key = name.partition(".")
        assert plain[section][key] == values[1], "the value in the middle is that of the example"


# A run from end to end


@pytest.fixture
def run(script, draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``run("--set D --from C") -> the result file's contents``, on drawn cells in place of the stand-ins."""
    transfer, stand_ins, few_labels = script("transfer"), script("stand_ins"), script("few_labels")

    def parts(offset: int) -> dict[str, list[Any]]:
        found = {}
        for part, seed in (("train", 1), ("test", 2)):
            drawn = [draw(count, seed + offset, (128, 128)) for count in range(6)]
            pixels = [np.clip(40 + 150 * each.image[0], 0, 255).astype(np.uint8) for each in drawn]
            crops = zip(drawn, pixels, strict=True)
            found[part] = [stand_ins.Crop(f"{part}{i}.png", p, e.points) for i, (e, p) in enumerate(crops)]
        return found

    for place, name in enumerate("CD"):
        monkeypatch.setitem(transfer.build.__globals__["STAND_INS"], name, lambda _, place=place: parts(10 * place))
    monkeypatch.setattr(transfer, "RESULTS", tmp_path / "results")
    monkeypatch.setitem(transfer.as_run.__globals__, "DRAWN", 4)
    tiny = ("options.channels=[2,2,2,2]", "options.hidden=4", "options.latent=4", "drawn.images=4", "training.steps=2")
    usual = transfer.row_settings
    monkeypatch.setattr(transfer, "row_settings", lambda options: [*usual(options), *tiny])
    del few_labels

    def go(line: str) -> dict[str, Any]:
        words = ["--data", str(tmp_path), "--work", str(tmp_path / "work"), *shlex.split(line)]
        transfer.main(words)
        name = script("transfer_rows").row_name(script("transfer_rows").parse(words))
        return json.loads((tmp_path / "results" / f"{name}.json").read_text())

    return go


def test_a_row_from_end_to_end(run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run("--set D --from C --labelled 0.5")
    assert result["images"] == {"train": 6, "labelled": 3, "test": 6}
    (first,) = result["runs"]
    assert set(first["test"]) == set(first["untouched"]) == {"n", "mae", "mre", "accuracy", "bias"}
    assert first["drawn"]["n"] == 4 and first["steps"] == 2
    assert str(tmp_path) not in json.dumps(result), "nothing of this machine's folders"
    source = json.loads((tmp_path / "results" / "C-scratch-100-2000.json").read_text())
    assert source["labelled"] == 1 and "untouched" not in source["runs"][0]
    work = tmp_path / "work" / "transfer"
    (link,) = load(work / "D-from-C-50-2000" / "model-0").card.provenance["start"]["chain"]
    assert link["created"] == load(work / "C-scratch-100-2000" / "model-0").card.provenance["created"]

    path = tmp_path / "results" / "D-from-C-50-2000.json"
    before = path.read_bytes()
    run("--set D --from C --labelled 0.5")
    assert path.read_bytes() == before and "is there already" in capsys.readouterr().out
    saved = run("--set D --from C --labelled 0.5 --with options.decoder=false")["runs"][0]["step_seconds"]
    assert saved["without_decoder"] > 0 and saved["with_decoder"] > 0


# The section of the page


@pytest.fixture
def page(script) -> ModuleType:
    return script("transfer_page")


@pytest.fixture
def make(script, tmp_path: Path):
    """``make(row, [2.0, 3.0], untouched=4.0)`` writes a result file as transfer.py would."""
    rows = script("transfer_rows")

    def write(options: Any, errors: list[float], untouched: float = 9.0) -> None:
        measures = {"n": 9.0, "mre": 0.25, "accuracy": 0.5, "bias": -0.5}
        runs = [
            {
                **{"seed": seed, "steps": options.steps, "minutes": 8.0, "commit": "c0ffee"},
                **{"machine": {"gpu": None, "threads": 1}, "made_by": {"created": "2026-01-02T03:04:05+00:00"}},
                "test": measures | {"mae": error},
                **({"untouched": measures | {"mae": untouched}} if options.source else {}),
                "step_seconds": {"without_decoder": 0.3, "with_decoder": 0.6},
                "predicted_by_true_count": {"1": [1.5], "2": [2.0, 3.0]},
            }
            for seed, error in enumerate(errors)
        ]
        folder = tmp_path / "results" / "transfer"
        folder.mkdir(parents=True, exist_ok=True)
        configuration = {"options": {"reconstruction_every": 4}}
        values = {"command": rows.command(options), "runs": runs, "configuration": configuration}
        (folder / f"{rows.row_name(options)}.json").write_text(json.dumps(values))

    return write


def table(text: str) -> list[dict[str, str]]:
    """The rows of a table, by their column."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_nothing_is_measured_yet(page: ModuleType, tmp_path: Path, script) -> None:
    texts = page.transfer_texts(tmp_path / "results")
    assert set(texts) == set(page.PLACES)
    assert not any("![" in text for text in texts.values())
    assert {row["From scratch"] for row in table(texts["transfer directions"])} == {"not measured"}
    commands = texts["transfer commands"].splitlines()[1:-1]
    assert commands[::2] == ["# not measured"] * len(script("transfer_rows").all_rows())
    assert script("transfer_figures").draw_all(tmp_path / "results", tmp_path / "images") == []


def test_one_direction_by_hand(page: ModuleType, make, tmp_path: Path) -> None:
    rows = page.direction_rows("C", "D")
    for name, errors in {"scratch": [2.0], "carried": [1.0, 2.0], "fifth": [2.5], "all": [1.0]}.items():
        make(rows[name], errors, untouched=7.0)
    row = table(page.transfer_texts(tmp_path / "results")["transfer directions"])[2]
    assert (row["From"], row["To"], row["The source as it is"]) == ("phase contrast", "bright field", "7.00 ± 0.00")
    assert (row["From scratch"], row["Carried over"]) == ("2.00", "1.50 ± 0.71")
    assert row["A fifth of the steps"] == "not reached (1.25)"
    assert row["Equal steps"] == "lower (0.75)"
    assert row["A tenth of the labels"] == "more is lost (1.50)"


def test_strategies_in_their_order(page: ModuleType, make, tmp_path: Path) -> None:
    for row, error in zip(page.strategy_rows(), (2.0, 3.0, 9.0, 1.0), strict=True):
        make(row, [error])
    text = page.transfer_texts(tmp_path / "results")["transfer strategies"]
    assert "`thaw` < `simultaneous` < `frozen-core` < `frozen-outer`" in text


def test_all_rows_and_their_pictures(page: ModuleType, make, tmp_path: Path, script) -> None:
    for place, row in enumerate(script("transfer_rows").all_rows()):
        make(row, [1 + place / 10])
    texts = page.transfer_texts(tmp_path / "results")
    assert not any("not measured" in text for name, text in texts.items() if name != page.UMAP)
    decoder = table(texts["transfer decoder"])
    assert decoder[0]["Time of a step, over the mean with the decoder"] == "0.50"
    assert decoder[0]["Over a step that decodes"] == "0.20", "0.3 over 0.3 + 4 · 0.3"
    points = {"x": [0.0, 1.0], "y": [0.0, 1.0], "drawn": [0, 1], "count": [3.0, 4.0]}
    (tmp_path / "results" / page.LATENT).write_text(json.dumps({"before": points, "after": points}))
    assert "transfer-umap.png" in page.transfer_texts(tmp_path / "results")[page.UMAP]
    written = script("transfer_figures").draw_all(tmp_path / "results", tmp_path / "images")
    assert {path.name for path in written} == {f"transfer-{name}.png" for name in page.PICTURES}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)

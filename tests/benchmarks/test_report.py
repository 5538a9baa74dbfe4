"""docs/benchmarks.md is what the result files say: here of results that are made up."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cytally.training.configuration import read_configuration

EXAMPLES = Path(__file__).parents[2] / "examples"
WORDS = """# Benchmarks

<!-- here: counting table -->

<!-- here: counting commands -->

<!-- here: option table -->

<!-- here: option commands -->

<!-- here: few labels A -->

<!-- here: few labels B -->

<!-- here: few labels C -->

<!-- here: few labels factors -->

<!-- here: few labels regressor -->

<!-- here: few labels curve -->

<!-- here: few labels commands -->

<!-- here: training speed -->

<!-- here: transfer directions -->

<!-- here: transfer steps -->

<!-- here: transfer strategies -->

<!-- here: transfer decoder -->

<!-- here: transfer ratio -->

<!-- here: transfer hyperparameters -->

<!-- here: transfer error by count -->

<!-- here: transfer umap -->

<!-- here: transfer baseline -->

<!-- here: transfer commands -->

<!-- here: label table -->

<!-- here: label seconds -->

<!-- here: nucleus speed -->

<!-- here: phase figures -->


<!-- here: phase lines -->

<!-- here: phase alpha -->

<!-- here: phase noise -->

<!-- here: phase commands -->

<!-- here: volume kinds -->

<!-- here: volume published -->

<!-- here: volume real -->

<!-- here: volume context -->

<!-- here: volume decoders -->

<!-- here: volume speed -->

<!-- here: slide figures -->

<!-- here: slide seconds -->

<!-- here: slide memory -->

<!-- here: flag figures -->

<!-- here: few flags -->

<!-- here: flag command -->

<!-- here: app figures -->

<!-- here: app command -->

<!-- here: timelapse figures -->

<!-- here: timelapse command -->

<!-- here: active choice table -->

<!-- here: active choice curves -->

<!-- here: active choice pairs -->

<!-- here: active choice earlier -->

<!-- here: active choice command -->

<!-- here: back ends -->

<!-- here: peers -->

<!-- here: small images -->

<!-- here: intervals -->

<!-- here: intervals commands -->

<!-- here: lean networks -->

<!-- here: lean test -->

<!-- here: lean commands -->
"""


@pytest.fixture
def report(script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """benchmarks/report.py with folders of its own."""
    module = script("report")
    (tmp_path / "results").mkdir()
    (tmp_path / "benchmarks.md.in").write_text(WORDS)
    monkeypatch.setattr(module, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(module, "WORDS", tmp_path / "benchmarks.md.in")
    monkeypatch.setattr(module, "PAGE", tmp_path / "benchmarks.md")
    return module


@pytest.fixture
def make(script, tmp_path: Path):
    """``make("--set vgg --train 64", [2.0, 3.0], changes)`` writes a result file as counting.py would."""
    rows, counting = script("rows"), script("counting")

    def write(line: str, errors: list[float], flipped: list[float] | None = None, **changes: Any) -> dict[str, Any]:
        options = rows.parse(["--data", "d", *line.split()])
        draws = []
        for seed, error in enumerate(errors):
            test = {"mae": error, "bias": -error / 2, "total_relative_error": error / 100}
            draw = {"seed": seed, "trained_on": options.train, "validated_on": 7, "minutes": 2.0 + seed, "test": test}
            draws.append(draw | ({"test_with_flips": {"mae": flipped[seed]}} if flipped else {}))
        configuration = read_configuration(EXAMPLES / options.configuration, rows.row_settings(options))
        result = {
            **{"command": rows.command(options), "draws": draws, **counting.summary(draws)},
            **{"set": options.set, "train": options.train, "variant": options.variant},
            **{"annotation": options.annotation, "pretrain_minutes": options.pretrain, "tested_on": 36},
            "test_images": [f"{number:03d}.png" for number in range(65, 101)],
            "commit": "c0ffee",
            "machine": {"gpu": None, "threads": 2},
            "made_by": {"created": "2026-01-02T03:04:05+00:00"},
            "configuration": configuration.model_dump(mode="json") | {"seed": len(errors) - 1},
        }
        result |= changes
        (tmp_path / "results" / f"{rows.row_name(options)}.json").write_text(json.dumps(result))
        return result

    return write


def table(report: ModuleType, which: str) -> list[dict[str, str]]:
    """The rows of a table of the page, by their column."""
    text = report.TABLES[which](report.read_results(report.RESULTS))
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert all(len(row) == len(head) for row in rows)
    return [dict(zip(head, row, strict=True)) for row in rows]


def commands(report: ModuleType, which: str) -> list[str]:
    first, *lines, last = report.TABLES[which](report.read_results(report.RESULTS)).splitlines()
    assert (first, last) == ("```text", "```")
    return lines


def test_nothing_is_measured_yet(report: ModuleType) -> None:
    rows = table(report, "counting table")
    assert [(row["Data"], row["Aim"]) for row in rows] == [
        ("VGG cells", "2.3"),
        ("VGG cells", "2.4"),
        ("VGG cells", "2.8"),
        ("VGG cells", "5"),
        ("VGG cells", "6"),
        ("MBM", "7.5"),
    ]
    assert {row["MAE"] for row in rows} == {row["Reached"] for row in rows} == {"not measured"}
    assert rows[2]["Published MAE"] == "2.9 FCRN (Xie et al. 2018); 2.4 Count-ception (Cohen et al. 2017)"
    assert rows[5]["Published MAE"] == "8.8 Count-ception (Cohen et al. 2017); 5.7 SAU-Net (Guo et al. 2021)"
    options = table(report, "option table")
    assert {row["MAE"] for row in options} == {"not measured"}
    assert {row["Option"].strip("`") for row in options} == report.VARIANTS.keys() - {"none"}


def test_the_command_of_a_row_that_nobody_has_run(report: ModuleType, script) -> None:
    lines = commands(report, "counting commands")
    assert lines[::2] == ["# not measured"] * 6
    names = [script("rows").row_name(script("rows").from_command(line)) for line in lines[1::2]]
    assert names == ["vgg-64", "vgg-50", "vgg-32", "vgg-10-pretrained", "vgg-64-counts", "mbm-15"]
    anisotropic = next(line for line in commands(report, "option commands") if "anisotropic" in line)
    assert "--set dsb" in anisotropic, "which has label images"


def test_mean_and_deviation_by_hand(report: ModuleType, make) -> None:
    make("--set vgg --train 64 --minutes 4", [1.0, 2.0, 3.0], [1.0, 1.5, 2.0])
    row = table(report, "counting table")[0]
    assert row["MAE"] == "2.00 ± 1.00" and row["Each draw"] == "1.00, 2.00, 3.00"
    assert row["Bias"] == "-1.00 ± 0.50" and row["T_err"] == "0.020 ± 0.010"
    assert row["The same weights otherwise"] == "with flips 1.50 ± 0.50"
    assert row["Trained on"] == "64 images; 7 others validate"
    assert row["Tested on"] == "36 images, 065–100"
    assert row["Made by"] == "CPU, 2 threads, 3.0 min a draw"
    assert (row["Aim"], row["Reached"]) == ("2.3", "yes")
    assert commands(report, "counting commands")[:2] == [
        "# vgg-64: commit c0ffee, 2026-01-02",
        "python benchmarks/counting.py --data ../shared/data --set vgg --train 64 --draws 3 --minutes 4",
    ]


@pytest.mark.parametrize(
    ("errors", "reached"),
    [([2.3] * 3, "yes"), ([2.3, 2.3, 2.4], "no"), ([2.0], "yes, so far"), ([3.0, 2.0], "no, so far")],
)
def test_an_aim_is_reached_or_not(report: ModuleType, make, errors: list[float], reached: str) -> None:
    make("--set vgg --train 64", errors)
    row = table(report, "counting table")[0]
    assert row["Reached"] == reached
    assert ("to come" in row["Each draw"]) == ("so far" in reached)


def test_one_draw_has_no_deviation(report: ModuleType, make) -> None:
    make("--set mbm --train 15 --draws 1", [6.0], machine={"gpu": "Fast 1", "threads": 2})
    row = table(report, "counting table")[-1]
    assert (row["MAE"], row["Reached"]) == ("6.00", "yes")
    assert row["Made by"] == "GPU (Fast 1), 2.0 min a draw"


def test_what_is_known_of_the_training_images(report: ModuleType, make) -> None:
    make("--set vgg --train 10 --pretrain 8", [4.0] * 3)
    result = make("--set vgg --train 64 --annotation counts --pretrain 5", [4.0] * 3)
    for draw in result["draws"]:
        draw |= {"trained_on": 54, "validated_on": 10}
    make("--set vgg --train 64 --annotation counts --pretrain 5", [4.0] * 3, draws=result["draws"], test_images=[])
    rows = table(report, "counting table")
    assert rows[3]["Trained on"] == "10 images, after 8 min on drawn cells; 7 others validate"
    assert rows[4]["Trained on"] == "64 images, their counts alone, after 5 min on drawn cells; 10 of them validate"
    assert rows[4]["Tested on"] == "36 images"
    assert [row["Reached"] for row in rows[3:5]] == ["yes", "yes"], "counts alone may begin with drawn cells"


def test_pretraining_is_asked_for_where_the_row_is_of_it(report: ModuleType, make) -> None:
    make("--set vgg --train 10", [9.0] * 3)
    rows = table(report, "counting table")
    assert rows[3]["MAE"] == "not measured"
    assert rows[-1]["MAE"] == "9.00 ± 0.00" and rows[-1]["Aim"] == "–", "shown, but not as the row that is aimed at"


def test_options_beside_their_baseline(report: ModuleType, make) -> None:
    make("--set vgg --train 32", [2.0] * 3)  # as the others, but without the same limit
    make("--set vgg --train 32 --with training.steps=600 --row vgg-32-short", [5.0, 7.0, 9.0], [4.0, 6.0, 8.5])
    make("--set vgg --train 32 --with training.steps=600 --variant mosaic --draws 2", [4.0, 7.5])
    make("--set vgg --train 32 --with training.steps=601 --variant l1", [4.0, 4.0, 4.0])
    rows = {row["Option"]: row for row in table(report, "option table")}
    mosaic = rows["`mosaic`"]
    assert mosaic["What it is"] == report.VARIANTS["mosaic"].about
    assert (mosaic["MAE"], mosaic["MAE without"]) == ("5.75 ± 2.47", "7.00 ± 2.00")
    assert mosaic["Difference"] == "-0.25 ± 1.06", "of the two draws that both have: -1 and +0.5"
    assert mosaic["Measured on"] == "VGG cells, 32, 2 draws"
    assert (rows["`l1`"]["MAE"], rows["`l1`"]["Difference"]) == ("4.00 ± 0.00", "not measured"), "no such baseline"
    assert rows["`redundant`"]["MAE"] == "not measured"
    flips = rows["test-time flips"]
    assert (flips["MAE"], flips["MAE without"]) == ("6.17 ± 2.25", "7.00 ± 2.00")
    assert flips["Difference"] == "-0.83 ± 0.29", "-1, -1 and -0.5"
    lines = commands(report, "option commands")
    assert lines[0].startswith("# vgg-32-short:") and "--row vgg-32-short" in lines[1]
    counting = table(report, "counting table")
    assert len(counting) == 6 and counting[2]["MAE"] == "2.00 ± 0.00", "a baseline is no row of the first table"


def test_results_beyond_the_rows_that_shall_be_there(report: ModuleType, make) -> None:
    make("--set dsb --train 40", [3.0] * 3)
    make("--set vgg --train 64 --row vgg-64-slowly --minutes 90", [2.0] * 3)
    rows = table(report, "counting table")
    assert [row["Data"] for row in rows[6:]] == ["BBBC038v1", "VGG cells"]
    assert (rows[6]["Aim"], rows[6]["Reached"], rows[6]["Published MAE"]) == ("–", "–", "–")
    assert (rows[7]["Aim"], rows[7]["Reached"]) == ("2.3", "yes")
    assert rows[0]["MAE"] == "not measured"


def test_settings_that_have_changed_since_are_named(report: ModuleType, make) -> None:
    result = make("--set vgg --train 64", [2.0])
    older = copy.deepcopy(result["configuration"])
    older["training"] |= {"learning_rate": 7.0, "validation": 36}
    make("--set vgg --train 64", [2.0], configuration=older)
    assert commands(report, "counting commands")[0].endswith("; since changed: training.learning_rate")


def test_draws_of_several_sittings(report: ModuleType, make) -> None:
    draws = make("--set vgg --train 64", [2.0, 2.0])["draws"]
    draws[0] |= {"commit": "ab", "machine": {"gpu": None, "threads": 1}}
    draws[1] |= {"commit": "cd", "machine": {"gpu": "Fast 1", "threads": 1}, "minutes": 30.0}
    make("--set vgg --train 64", [2.0, 2.0], draws=draws)
    assert table(report, "counting table")[0]["Made by"] == "CPU, 1 thread and GPU (Fast 1), 16 min a draw"
    assert commands(report, "counting commands")[0] == "# vgg-64: commit ab, cd, 2026-01-02"


def test_writing_and_checking(report: ModuleType, make, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(["--check"]) == 1, "there is no page yet"
    assert not report.PAGE.exists() and "report.py" in capsys.readouterr().err
    assert report.main([]) == 0
    text = report.PAGE.read_text()
    assert "# Benchmarks" in text and "<!-- here" not in text
    assert report.main(["--check"]) == 0
    make("--set vgg --train 64", [2.0])
    assert report.main(["--check"]) == 1 and report.PAGE.read_text() == text
    assert report.main([]) == 0 and "2.00" in report.PAGE.read_text()


@pytest.mark.parametrize("place", ["<!-- here: option table -->", "<!-- here: counting table -->"])
def test_words_without_a_place_for_a_table_are_refused(report: ModuleType, place: str) -> None:
    for words in (WORDS.replace(place, ""), f"{WORDS}\n{place}\n", WORDS.replace(place, "<!-- here: nothing -->")):
        report.WORDS.write_text(words)
        with pytest.raises(ValueError, match="place for each"):
            report.main([])


def test_the_page_in_docs_is_up_to_date(script) -> None:
    assert script("report").main(["--check"]) == 0, "run python benchmarks/report.py"

"""Few labels: the stand-ins' rule, the rows, a run from end to end on drawn cells, and the section of the page."""

from __future__ import annotations

import doctest
import json
import shlex
from itertools import pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from skimage.io import imsave

from cytally.datasets.folder import read_folder
from cytally.training.configuration import read_configuration

EXAMPLES = Path(__file__).parents[2] / "examples"
SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def stand_ins(script) -> ModuleType:
    return script("stand_ins")


# The stand-ins


def test_every_cell_belongs_to_the_crop_that_holds_its_centroid(stand_ins: ModuleType) -> None:
    rng = np.random.default_rng(3)
    image, points = np.arange(300 * 400).reshape(300, 400), rng.uniform(-0.5, [299.5, 399.5], (200, 2))
    crops = list(stand_ins.crops("a", image, points))
    assert [crop.name for crop in crops] == [f"a_{y:03d}_{x:03d}.png" for y in (0, 128) for x in (0, 128, 256)]
    found = []
    for crop in crops:
        top, left = (int(part) for part in crop.name.removesuffix(".png").split("_")[1:])
        assert (crop.image == image[top : top + 128, left : left + 128]).all()
        assert ((crop.points >= -0.5) & (crop.points < 127.5)).all()
        found += (crop.points + np.array([top, left])).tolist()
    inside = points[(points[:, 0] < 255.5) & (points[:, 1] < 383.5)]
    assert len(found) == len(inside), "each cell once, those of the rest nowhere"
    assert np.allclose(sorted(found), sorted(inside.tolist()))


def test_a_source_image_is_on_one_side_alone(
    stand_ins: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    samples = []
    for number in range(9):
        path = tmp_path / f"i{number}.png"
        imsave(path, np.zeros((128, 256), np.uint8), check_contrast=False)
        crowded = np.full((31, 2), 10.0)  # the left crop of the first image has 31
        points = np.vstack([crowded[: 31 if number == 0 else 30], [[5.0, 200.0]]])
        samples.append(SimpleNamespace(path=path, points=points))
    monkeypatch.setattr(stand_ins, "read_folder", lambda _: SimpleNamespace(samples=samples))
    parts = stand_ins.cut_images(tmp_path, "dsb2018_fluo")
    train, test = ({crop.name.partition("_")[0] for crop in parts[part]} for part in ("train", "test"))
    assert not train & test and len(train) == 6 and len(test) == 3
    names = [crop.name for part in parts.values() for crop in part]
    assert len(names) == 17 and "i0_000_000.png" not in names, "more than 30 nuclei are left out"


def test_the_halves_of_b_are_a_gap_apart(
    stand_ins: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "phase_nuclei").mkdir()
    for kind in ("phase", "hoechst"):
        pixels = np.random.default_rng(1).integers(0, 255, (160, 600)).astype(np.uint8)
        imsave(tmp_path / "phase_nuclei" / f"keratinocytes_{kind}.tif", pixels, check_contrast=False)
    points = np.array([[20.0, 30.0], [50.0, 550.0]])
    counter = SimpleNamespace(count=lambda image: SimpleNamespace(points=points))
    monkeypatch.setattr(stand_ins.cytally, "load", lambda name: counter)
    parts = stand_ins.keratinocytes(tmp_path)
    lefts = {part: [int(crop.name[-7:-4]) for crop in crops] for part, crops in parts.items()}
    assert max(lefts["train"]) + 128 <= 300 - 16 and min(lefts["test"]) >= 300 + 16
    assert sum(len(crop.points) for crop in parts["train"]) > 0
    assert all((crop.points[:, 1] + int(crop.name[-7:-4]) > 300).all() for crop in parts["test"])


@pytest.mark.parametrize("number", [5, 40, 333])
def test_a_larger_share_holds_the_smaller_ones(stand_ins: ModuleType, number: int) -> None:
    names = [f"{index}.png" for index in range(number)]
    chosen = [set(stand_ins.labelled(names, share)) for share in (0.0, 0.01, 0.03, 0.07, 0.25, 1.0)]
    assert all(less <= more for less, more in pairwise(chosen))
    assert [len(each) for each in chosen] == [0, *(max(2, round(s * number)) for s in (0.01, 0.03, 0.07, 0.25, 1.0))]


@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "dsb2018_fluo").is_dir(), reason="needs ../shared/data")
def test_no_image_of_a_is_on_both_sides(stand_ins: ModuleType) -> None:
    parts = stand_ins.cut_images(SHARED, "dsb2018_fluo")
    names = {part: {crop.name.rsplit("_", 2)[0] for crop in crops} for part, crops in parts.items()}
    assert not names["train"] & names["test"]
    assert all(len(crop.points) <= 30 and crop.image.shape == (128, 128) for crop in parts["train"] + parts["test"])


@pytest.mark.parametrize("name", ["stand_ins", "training_speed"])
def test_examples_in_docstrings(script, name: str) -> None:
    failed, tried = doctest.testmod(script(name))
    assert failed == 0 and tried > 0


# The rows

ROWS = {
    "A-7-twin-vae": "--set A --method twin-vae",
    "A-0-twin-vae": "--set A --method twin-vae --labelled 0 --minutes 0.5",
    "C-100-density": "--set C --method density --labelled 1 --with training.steps=9",
    "mine": "--set B --method watershed --row mine",
}


@pytest.mark.parametrize("row", ROWS)
def test_the_command_of_a_row_gives_the_row_again(script, row: str) -> None:
    rows = script("few_labels_rows")
    options = rows.parse(["--data", "elsewhere", "--seed", "4", *shlex.split(ROWS[row])])
    line = rows.command(options)
    assert rows.row_name(options) == row
    assert rows.command(rows.from_command(line)) == line and "--seed" not in line
    assert rows.same_row(options, rows.from_command(rows.command(options, 4)))
    other = rows.parse(["--data", "d", *shlex.split(ROWS[row]), "--minutes", "77"])
    assert not rows.same_row(options, other)


@pytest.mark.parametrize("wrong", ["--set A", "--method density", "--set A --method density --labelled 7"])
def test_a_row_that_makes_no_sense_is_refused(script, wrong: str) -> None:
    with pytest.raises(SystemExit):
        script("few_labels_rows").parse(["--data", "d", *wrong.split()])


def test_every_method_has_settings_that_exist(script) -> None:
    rows = script("few_labels_rows")
    for row in rows.all_rows():
        way = rows.METHODS[row.method]
        configuration = read_configuration(EXAMPLES / way.configuration, rows.row_settings(row))
        assert configuration.drawn.ratio == (1 if row.method.startswith("twin-vae") else 0)
        if way.learns:
            assert configuration.training.steps is None and configuration.training.keep == "last"


def test_the_whole_section_is_printed_and_not_run(script, capsys: pytest.CaptureFixture[str]) -> None:
    few_labels, rows = script("few_labels"), script("few_labels_rows")
    few_labels.main(["--all-rows"])
    lines = capsys.readouterr().out.splitlines()
    names = [rows.row_name(rows.from_command(line)) for line in lines]
    assert len(names) == len(set(names)) == 7 + 7 + 2 + 1 + 4 * 3
    assert {"A-0-twin-vae", "B-7-watershed", "C-7-twin-vae-paper-loss", "A-100-efficientnet-b0"} <= set(names)
    assert "A-0-density" not in names, "which needs labels"


# A run from end to end


@pytest.fixture
def run(script, draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``run("--method twin-vae") -> the result file's contents``, on drawn cells in place of the stand-in."""
    few_labels, rows, stand_ins = script("few_labels"), script("few_labels_rows"), script("stand_ins")

    def parts(_: Path) -> dict[str, list[Any]]:
        found = {}
        for part, seed in (("train", 1), ("test", 2)):
            drawn = [draw(count, seed, (128, 128)) for count in range(6)]
            pixels = [np.clip(40 + 150 * each.image[0], 0, 255).astype(np.uint8) for each in drawn]
            crops = zip(drawn, pixels, strict=True)
            found[part] = [stand_ins.Crop(f"{part}{i}.png", p, e.points) for i, (e, p) in enumerate(crops)]
        return found

    monkeypatch.setitem(few_labels.build.__globals__["STAND_INS"], "A", parts)
    monkeypatch.setattr(few_labels, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(few_labels, "DRAWN", 4)
    tiny = ["options.channels=[2,2,2,2]", "options.hidden=4", "options.latent=4", "drawn.images=4"]

    def go(line: str) -> dict[str, Any]:
        words = ["--data", str(tmp_path), "--set", "A", "--work", str(tmp_path / "work"), *shlex.split(line)]
        method = rows.parse(words).method
        small = [*(tiny if rows.METHODS[method].configuration == rows.TWIN else []), "training.steps=2"]
        few_labels.main([*words, "--row", "row", *(word for each in small for word in ("--with", each))])
        return json.loads((tmp_path / "results" / "row.json").read_text())

    return go


def test_a_row_from_end_to_end(run, tmp_path: Path) -> None:
    result = run("--method twin-vae --labelled 0.5")
    assert result["images"] == {"train": 6, "labelled": 3, "test": 6}
    (first,) = result["runs"]
    assert (first["steps"], first["trained_on"] + first["validated_on"]) == (2, 3)
    assert first["test"]["n"] == 6 and first["drawn"]["n"] == 4
    assert set(first["test"]) == {"n", "mae", "mre", "accuracy", "bias"}
    predicted = {int(true): values for true, values in first["predicted_by_true_count"].items()}
    errors = [value - true for true, values in predicted.items() for value in values]
    assert first["test"]["bias"] == pytest.approx(np.mean(errors), abs=0.01)
    assert str(tmp_path) not in json.dumps(result), "nothing of this machine's folders"
    data = read_folder(tmp_path / "work" / "few-labels" / "row" / "data" / "train", require_annotation=False)
    assert (len(data.samples), len(data.annotated)) == (6, 3)

    both = run("--method twin-vae --labelled 0.5 --seed 3")
    assert [each["seed"] for each in both["runs"]] == [0, 3] and both["runs"][0] == first
    path = tmp_path / "results" / "row.json"
    before = path.read_bytes()
    run("--method twin-vae --labelled 0.5 --seed 3")
    assert path.read_bytes() == before, "a seed that is there is not run again"
    path.unlink()
    assert run("--method twin-vae --labelled 0.5")["runs"][0]["test"] == first["test"], "a killed run goes on"
    with pytest.raises(SystemExit, match="another command"):
        run("--method twin-vae --labelled 1")


def test_counting_without_any_label(run) -> None:
    result = run("--method twin-vae --labelled 0")
    assert result["images"]["labelled"] == 0 and result["runs"][0]["trained_on"] == 0
    assert result["runs"][0]["test"]["n"] == 6
    with pytest.raises(SystemExit, match="needs labels"):
        run("--method natural-only --labelled 0")


def test_the_watershed_takes_what_suits_the_training_images(run, script, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run("--method watershed --labelled 1 --with options.crop=0 --with options.kernel=3")
    (first,) = result["runs"]
    tried = first["mae_on_training_images"]
    assert set(tried) == {"range", "foreground", "percentile"}
    assert tried[first["normalisation"]] == min(tried.values())
    assert "drawn" not in first and first["steps"] == 0


# The section of the page


@pytest.fixture
def report(script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """benchmarks/report.py with folders of its own."""
    module = script("report")
    (tmp_path / "results" / "few-labels").mkdir(parents=True)
    (tmp_path / "words.md").write_text("\n".join(f"<!-- here: {each} -->\n" for each in module.EVERY_PLACE))
    monkeypatch.setattr(module, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(module, "WORDS", tmp_path / "words.md")
    monkeypatch.setattr(module, "PAGE", tmp_path / "docs" / "benchmarks.md")
    (tmp_path / "docs").mkdir()
    return module


@pytest.fixture
def make(script, tmp_path: Path):
    """``make("--set A --method twin-vae", [2.0, 3.0])`` writes a result file as few_labels.py would."""
    rows = script("few_labels_rows")

    def write(line: str | Any, errors: list[float]) -> None:
        options = rows.parse(["--data", "d", *line.split()]) if isinstance(line, str) else line
        way = rows.METHODS[options.method]
        measures = {"n": 9.0, "mre": 0.25, "accuracy": 0.5, "bias": -0.5}
        runs = [
            {
                **{"seed": seed, "steps": 1000, "minutes": 8.0, "commit": "c0ffee"},
                **{"machine": {"gpu": None, "threads": 1}, "made_by": {"created": "2026-01-02T03:04:05+00:00"}},
                "test": measures | {"mae": error},
                **({"drawn": measures | {"mae": 0.75}, "origin_auc": 0.6} if way.configuration == rows.TWIN else {}),
            }
            for seed, error in enumerate(errors)
        ]
        configuration = read_configuration(EXAMPLES / way.configuration, rows.row_settings(options))
        values = {
            **{"command": rows.command(options), "runs": runs},
            "images": {"train": 520, "labelled": 36, "test": 200},
            "configuration": configuration.model_dump(mode="json"),
        }
        path = tmp_path / "results" / "few-labels" / f"{rows.row_name(options)}.json"
        path.write_text(json.dumps(values))

    return write


def table(report: ModuleType, which: str) -> list[dict[str, str]]:
    """The rows of a table of the page, by their column."""
    text = report.texts(report.RESULTS)[which]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert all(len(row) == len(head) for row in rows)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_nothing_is_measured_yet(report: ModuleType) -> None:
    for which, rows in (("A", 7), ("B", 2), ("C", 7)):
        found = table(report, f"few labels {which}")
        assert len(found) == rows and {row["MAE"] for row in found} == {"not measured"}
    assert {row["A"] for row in table(report, "few labels factors")} == {"not measured"}
    assert [row["Paper"] for row in table(report, "few labels factors")] == ["0.56", "0.36", "–"]
    curve = table(report, "few labels curve")
    assert [row["0 %"] for row in curve] == ["not measured", "needs labels", "needs labels"]
    commands = report.texts(report.RESULTS)["few labels commands"].splitlines()[1:-1]
    assert commands[::2] == ["# not measured"] * 29
    assert report.main([]) == 0 and report.main(["--check"]) == 0
    assert not (report.PAGE.parent / report.PICTURE).exists() and "![" not in report.PAGE.read_text()
    assert table(report, "training speed")[0]["Ours, float32"] == "not measured"


def test_one_row_by_hand(report: ModuleType, make) -> None:
    make("--set A --method twin-vae --minutes 12", [1.0, 2.0])
    row = table(report, "few labels A")[0]
    assert (row["Method"], row["MAE"], row["MRE"], row["Accuracy"]) == (
        "`twin-vae`",
        "1.50 ± 0.71",
        "0.250 ± 0.000",
        "0.500 ± 0.000",
    )
    assert (row["Drawn: MAE"], row["Origin AUC"], row["Seeds"]) == ("0.75 ± 0.00", "0.60 ± 0.00", "0, 1")
    assert (row["Steps"], row["Made by"]) == ("1,000", "CPU, 1 thread, 8.0 min")
    assert {row["A"] for row in table(report, "few labels factors")} == {"not measured"}
    make("--set A --method natural-only", [3.0])
    assert table(report, "few labels factors")[0]["A"] == "0.50"
    text = report.texts(report.RESULTS)
    assert "520 images train, 36 of them labelled; 200 test." in text["few labels A"]
    assert "--minutes 12 --seed 1" in text["few labels commands"]
    assert table(report, "few labels curve")[0]["7 %"] == "1.50 ± 0.71"


def test_a_row_with_other_settings_stands_below(report: ModuleType, make) -> None:
    make("--set A --method density --with training.batch_size=4 --row mine", [1.0])
    rows = table(report, "few labels A")
    assert [row["Method"] for row in rows[7:]] == ["`density`, `training.batch_size=4`"]
    assert {row["MAE"] for row in rows[:7]} == {"not measured"}
    assert "--row mine" in report.texts(report.RESULTS)["few labels commands"]


def test_all_rows_and_their_picture(report: ModuleType, make, script) -> None:
    for place, row in enumerate(script("few_labels_rows").all_rows()):
        make(row, [1.0 + place, 1.5 + place])
    assert report.main(["--check"]) == 1 and report.main([]) == 0 and report.main(["--check"]) == 0
    text = report.PAGE.read_text()
    assert "(images/few-labels.png)" in text
    section = text[text.index("needs labels") : text.index("| From | To |")]  # the section on transfer
    assert section.count("not measured") == 3, "both kinds of device, and its command"
    picture = report.PAGE.parent / report.PICTURE
    before = picture.read_bytes()
    report.main([])
    assert before == picture.read_bytes(), "the same results give the same picture"
    picture.unlink()
    assert report.main(["--check"]) == 1, "the page shows it"


def test_the_training_step(report: ModuleType, script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speed = script("training_speed")
    monkeypatch.setattr(speed, "RESULT", tmp_path / "results" / "training-speed.json")
    speed.main(["--batch", "2", "--rounds", "1"])
    processor, graphics = table(report, "training speed")
    assert processor["Where"] == "processor, 2 + 2 pictures" and processor["Plain"].endswith(" s")
    assert graphics["Ours, float32"] == "not measured"
    assert report.read_results(report.RESULTS) == [], "it is no row of counting.py"


def test_the_plain_network_is_the_published_one(script) -> None:
    plain = script("plain_twin_vae").PlainTwinVAE()
    assert sum(each.numel() for each in plain.parameters()) == 11_363_331

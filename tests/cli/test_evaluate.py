"""`cytally evaluate` with triplets and with experts' forms, as a user sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from typer.testing import Result

from cytally.models.store import save
from cytally.training.configuration import make_configuration

Call = Callable[..., Result]
OPTIONS = {
    **{"crop": 0, "kernel": 3, "polarity": "bright", "threshold": "otsu", "factor": 1.0},
    **{"separation": 4, "least_area": 1, "subtract": 0, "diameter": 6.0},
}
HEADER = "triplet,image,expert,score,missed,false,comment\n"


@pytest.fixture
def forms(tmp_path: Path) -> list[Path]:
    """Three experts on three triplets."""
    paths = []
    for name, scores in {"alice": (4, 5, 2), "bob": (4, 4, 2), "carol": (5, 4, 4)}.items():
        path = tmp_path / f"{name}.csv"
        rows = [f"{number},{number}.tif,{name.title()},{score},,,\n" for number, score in enumerate(scores, start=1)]
        path.write_text(HEADER + "".join(rows))
        paths.append(path)
    return paths


@pytest.fixture
def watershed(make_model: Callable[..., object], tmp_path: Path) -> Path:
    """A model that outlines objects."""
    configuration = make_configuration({"method": "watershed", "input": {"channels": "all"}, "options": OPTIONS})
    folder = tmp_path / "watershed"
    save(make_model(configuration, configuration.build(1).network()), folder)  # type: ignore[arg-type]
    return folder


def test_both_ways_to_name_forms(call: Call, forms: list[Path], tmp_path: Path) -> None:
    listed = call("evaluate", "--experts", *forms)
    repeated = call("evaluate", *(word for form in forms for word in ("--experts", form)))
    mixed = call("evaluate", "--experts", forms[0], "--experts", forms[1], forms[2], "-o", tmp_path / "out")
    assert listed.exit_code == repeated.exit_code == mixed.exit_code == 0, listed.output
    assert listed.stdout == repeated.stdout and mixed.stdout.startswith(listed.stdout.rstrip("\n"))
    for words in (
        "Alice",
        "Bob, Carol",
        "Krippendorff's alpha, ordinal",
        "3 triplets: 3.78 of 5",
        "Alice 2, Bob 2, Carol 4",
    ):
        assert words in listed.stdout
    written = json.loads((tmp_path / "out" / "experts.json").read_text())
    assert written["overall"]["mean"] == pytest.approx(34 / 9)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"experts.json", "experts.csv", "triplets.csv"}
    assert str(tmp_path / "out" / "experts.csv") in mixed.stdout


def test_one_expert_is_told_plainly(call: Call, forms: list[Path]) -> None:
    result = call("evaluate", "--experts", forms[0])
    assert result.exit_code == 0 and "There is one expert" in result.stderr
    assert "Alice" in result.stdout and "kappa" not in result.stdout and "alpha" not in result.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--experts", "a.csv", "--model", "m"], "--model is not used with --experts; leave it out"),
        (["--experts", "a.csv", "--data", "d"], "--data is not used with --experts"),
        (["--experts", "a.csv", "--triplets"], "--triplets is not used with --experts"),
        (["--experts", "none.csv"], "none.csv: does not exist; check the path"),
        (["a.csv"], "'a.csv' stands for no option; put --experts before forms"),
        (["a.csv", "--model", "m", "--data", "d", "-o", "o"], "'a.csv' stands for no option"),
        ([], "missing option '--model', '--data', '-o'; give --model, --data and -o, or --experts"),
        (["--model", "m", "--data", "d"], "missing option '-o'"),
        (["--model", "m", "-o", "o", "--triplets"], "missing option '--data'"),
    ],
)
def test_a_wrong_call_is_one_line(
    words: list[str], says: str, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("evaluate", *words)
    assert result.exit_code == 2 and result.stdout == "" and list(tmp_path.iterdir()) == []
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ") and says in line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty; let its first row be"),
        ("triplet,score\n1,4\n", "lacks expert; let its first row be"),
        (HEADER + "1,a.tif,,,,,\n", "holds no score; fill in its column 'score'"),
        (HEADER + "1,a.tif,A,7,,,\n", "row 2 gives the score '7'; write a number from 1 (unusable) to 5 (perfect)"),
        (HEADER + "1,a.tif,A,good,,,\n", "row 2 gives the score 'good'"),
        (HEADER + "1,a.tif,A,4,,,\n1,a.tif,A,4,,,\n", "row 3 scores triplet 1 for A, as "),
        (HEADER + "1,a.tif,A,4,,,\n1,b.tif,B,4,,,\n", "row 3 calls triplet 1 'b.tif'"),
    ],
)
def test_a_form_that_cannot_be_used_is_one_line(text: str, says: str, call: Call, tmp_path: Path) -> None:
    form = tmp_path / "form.csv"
    form.write_text(text)
    result = call("evaluate", "--experts", form, "-o", tmp_path / "out")
    assert result.exit_code == 2 and result.stdout == "" and not (tmp_path / "out").exists()
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: {form}: ") and says in line


def test_from_triplets_to_scores(call: Call, data: Path, watershed: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores"
    result = call("evaluate", "--model", watershed, "--data", data, "-o", out, "--triplets")
    assert result.exit_code == 0, result.output
    assert f"Triplets: {out / 'triplets'}" in result.stdout and str(out / "experts.csv") in result.stdout
    pictures = sorted((out / "triplets").glob("*.png"))
    assert [path.name for path in pictures] == ["001.png", "002.png"]
    rows, columns = imagecodecs.png_decode(pictures[0].read_bytes()).shape[:2]
    assert columns > 2 * 32 and rows >= 24
    form = (out / "experts.csv").read_text()
    assert sorted(line.split(",")[1] for line in form.splitlines()[1:]) == ["a.png", "c.png"]
    again = ("evaluate", "--model", watershed, "--data", data, "-o", out, "--overwrite")
    (out / "experts.csv").write_text(form.replace("png,,", "png,Alice,4"))
    for words in (again, (*again, "--triplets")):
        refused = call(*words)
        assert refused.exit_code == 2 and "is a form that an expert has written in" in refused.stderr
    assert call("evaluate", "--experts", out / "experts.csv").exit_code == 0
    (out / "experts.csv").rename(tmp_path / "alice.csv")
    assert call(*again).exit_code == 0
    assert not (out / "triplets").exists() and not (out / "triplets.csv").exists(), "none were asked for"


def test_a_model_without_outlines_has_no_triplets(call: Call, data: Path, model_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores"
    result = call("evaluate", "--model", model_folder, "--data", data, "-o", out, "--triplets")
    assert result.exit_code == 0 and "there are no triplets" in result.stderr and "Triplets:" not in result.stdout
    assert not (out / "triplets").exists() and not (out / "experts.csv").exists()


@pytest.fixture
def for_volumes(make_model: Callable[..., object], tmp_path: Path) -> Path:
    """A model for volumes, untrained."""
    options = {"encoder": "b0", "decoder": [4, 4, 4, 4], "side": 32, "cell_diameter": 6.0}
    configuration = make_configuration({"method": "efficient-cell-seg", "options": options})
    folder = tmp_path / "for-volumes"
    save(make_model(configuration, configuration.build(1).network()), folder)  # type: ignore[arg-type]
    return folder


def test_volumes_have_a_table_of_their_own(call: Call, for_volumes: Path, tmp_path: Path) -> None:
    labels = np.zeros((3, 24, 32), np.uint16)
    labels[1:, 4:10, 4:10] = 1
    for folder, pixels in (("images", np.where(labels, 200, 20).astype(np.uint8)), ("labels", labels)):
        (tmp_path / "data" / folder).mkdir(parents=True)
        tifffile.imwrite(tmp_path / "data" / folder / "a.tif", pixels, photometric="minisblack")
    (tmp_path / "data" / "images" / "b.tif").write_bytes(b"")
    (tmp_path / "data" / "labels" / "b.tif").write_bytes((tmp_path / "data" / "labels" / "a.tif").read_bytes())
    out = tmp_path / "scores"
    asked = ("evaluate", "--model", for_volumes, "--data", tmp_path / "data", "-o", out)
    result = call(*asked)
    assert result.exit_code == 1 and "1 of the annotated images failed" in result.stderr
    assert sum("b.tif" in line for line in result.stderr.splitlines()) == 1
    assert "segmentation" in result.stdout and str(out / "overlays") in result.stdout
    block = json.loads((out / "metrics.json").read_text())["segmentation"]
    assert set(block) == {"seg", "det", "mean_iou", "peseg", "parameters"}
    assert block["peseg"] == pytest.approx(block["seg"] / block["parameters"] * 1e6)
    assert block["parameters"] in range(10**5, 10**7)
    assert str(block["parameters"]) in result.stdout
    refused = call(*asked, "--triplets", "--overwrite")
    assert refused.exit_code == 2 and "--triplets shows single images" in refused.stderr

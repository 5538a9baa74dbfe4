"""Labels without a labeller: the figures by hand, a run from end to end on drawn fields, and the tables of the page."""

from __future__ import annotations

import doctest
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile

from cytally.metrics.objects import ObjectCounts
from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.nuclei import draw_nuclei


def table(text: str) -> list[dict[str, str]]:
    """The rows of a table, by their column."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.mark.parametrize("name", ["labels", "labels_figures", "plain_labels", "speed_field", "nucleus_speed"])
def test_examples_in_docstrings(script, name: str) -> None:
    failed, tried = doctest.testmod(script(name))
    assert failed == 0 and tried > 0


def test_figures_by_hand(script) -> None:
    figures, scored = script("labels_figures").figures, script("labels_figures").Scored
    images = [
        scored("a", ObjectCounts(true=10, predicted=12, paired=(8,) * 10)),
        scored("b", ObjectCounts(true=10, predicted=6, paired=(6,) * 10), "one object covers everything"),
        scored("empty", ObjectCounts()),
    ]
    found = figures(images)
    assert (found["images"], found["nuclei"], found["found"], found["refused"]) == (3, 20, 18, 1)
    assert found["ap50"] == pytest.approx(14 / (20 + 18 - 14))
    assert found["f1_50"] == pytest.approx(28 / 38)
    assert found["ap50_per_image"] == pytest.approx((8 / 14 + 6 / 10 + 1) / 3)
    assert found["total_relative_error"] == pytest.approx((2 + 4) / 20)
    assert found["bias_over_mean"] == pytest.approx(2 / 20)


def test_the_halves_share_no_image(script) -> None:
    names = [f"{number:02d}.png" for number in (3, 1, 0, 2, 4)]
    developed, others = script("labels_figures").halves(names).values()
    assert developed == ["00.png", "02.png", "04.png"] and others == ["01.png", "03.png"]


@pytest.fixture
def measured(script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What labels.py writes of three small drawn fields."""
    labels = script("labels")
    monkeypatch.setattr(labels, "RESULT", tmp_path / "results" / "labels.json")
    monkeypatch.setattr(labels, "SHAPE", (96, 96))
    folder = tmp_path / "data" / labels.FOLDER
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for seed in range(3):
        drawn = draw_nuclei(NucleiConfig(shape=(128, 128), count=(6, 6)), np.random.default_rng(seed))
        (folder / "images" / f"{seed}.png").write_bytes(imagecodecs.png_encode(drawn.image))
        tifffile.imwrite(folder / "labels" / f"{seed}.tif", drawn.labels)
    labels.main(["--data", str(tmp_path / "data"), "--rounds", "2"])
    return json.loads((tmp_path / "results" / "labels.json").read_text())


def test_from_end_to_end(measured: dict[str, Any], tmp_path: Path, script) -> None:
    assert set(measured["labellings"]) == set(script("labels").LABELLINGS)
    auto = measured["labellings"]["auto"]
    assert [auto[part]["images"] for part in ("all", "developed on", "the others")] == [3, 2, 1]
    assert auto["all"]["ap50"] > 0.5 and auto["all"]["refused"] == len(auto["why refused"])
    assert all(len(each["processor"]) == 2 for each in measured["field"]["spent"].values())
    assert {"commit", "machine", "minutes", "command", "made_by"} <= set(measured)
    assert str(tmp_path) not in json.dumps(measured), "nothing of this machine's folders"
    rows = table(script("labels_page").labels_texts(tmp_path / "results")["label table"])
    assert rows[0]["AP50"] == f"{auto['all']['ap50']:.3f}" and rows[0]["Images"] == "all (3)"


def test_missing_data_is_told(script, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="dsb2018_fluo"):
        script("labels").main(["--data", str(tmp_path)])


# The page


@pytest.fixture
def page(script) -> ModuleType:
    return script("labels_page")


def test_nothing_is_measured_yet(page: ModuleType, tmp_path: Path) -> None:
    texts = page.labels_texts(tmp_path)
    assert set(texts) == set(page.PLACES)
    rows = table(texts["label table"])
    assert {row["AP50"] for row in rows[:-2]} == {"not measured"}
    assert (rows[-1]["AP50"], rows[-1]["T_err"]) == ("0.78", "0.08")
    assert texts["label seconds"].count("# not measured") == 1
    speed = table(texts["nucleus speed"])
    assert [row["Images per minute, the network alone"] for row in speed[:3]] == ["not measured"] * 2 + [
        "not built yet"
    ]


@pytest.mark.parametrize(
    ("ap50", "error", "words"),
    [(0.78, 0.08, "AP50 yes, T_err yes"), (0.77, 0.05, "AP50 no, T_err yes"), (0.9, 0.09, "AP50 yes, T_err no")],
)
def test_aims_are_judged_on_the_images_that_were_not_developed_on(
    page: ModuleType, ap50: float, error: float, words: str
) -> None:
    found = {"ap50": ap50, "total_relative_error": error}
    assert page.reached("auto", "the others", found) == words
    assert page.reached("auto", "developed on", found) == page.reached("thesis", "the others", found) == "–"


def test_speed_by_hand(page: ModuleType, tmp_path: Path, script) -> None:
    speed = script("nucleus_speed")
    seconds = {speed.EAGER: [4.0], speed.CHANNELS_LAST: [3.0], speed.FASTEST: [2.0], speed.READ_OUT: [1.0]}
    width = {"seconds": seconds, "largest_difference": 0.001, "precision": "bfloat16"}
    facts = {"widths": {"64": width, "16": width}, "machine": {"gpu": None, "threads": 1}, "minutes": 1.0}
    facts |= {"commit": "c0ffee", "made_by": {"created": "2026-01-02T03:04:05+00:00"}}
    (tmp_path / "nucleus-speed.json").write_text(json.dumps({"cpu": facts}))
    text = page.labels_texts(tmp_path)["nucleus speed"]
    rows = table(text)
    fastest = rows[2]
    assert (fastest["Filters"], fastest["Back end"]) == ("64", "fastest torch, bfloat16")
    assert (fastest["Images per minute, the network alone"], fastest["With the read-out"]) == ("30", "20")
    assert fastest["Times faster than eager float32"] == "2.00"
    assert rows[3]["With the read-out"] == "60" and "# not measured" in text, "no graphics card yet"


def test_back_ends_agree(script) -> None:
    speed = script("nucleus_speed")
    found = speed.measure("16", rounds=1, side=64, device=speed.torch.device("cpu"))
    assert set(found["seconds"]) == {*speed.BACKENDS, speed.READ_OUT}
    assert all(len(each) == 1 and each[0] > 0 for each in found["seconds"].values())
    assert found["largest_difference"] < 0.05

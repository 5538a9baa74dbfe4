"""The benchmark of a whole slide: how a run is watched and killed, the floor, and the section of the page."""

from __future__ import annotations

import doctest
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import psutil
import pytest
import torch

from cytally.errors import CytallyError
from cytally.networks.density_unet import DensityUNet

MISSING = "not measured"
STAND_IN = """
import json, pathlib, sys, time
out = pathlib.Path(sys.argv[1]); out.mkdir(exist_ok=True)
kept = out / "kept"
if "--overwrite" in sys.argv: kept.unlink(missing_ok=True)
while (done := len(kept.read_text()) if kept.exists() else 0) < 5:
    kept.write_text("x" * (done + 1)); time.sleep(float(sys.argv[2]))
(out / "counts.csv").write_text("image,count\\nskin.tif,81.12345678901234\\n")
(out / "run.json").write_text(json.dumps({"images": {"skin.tif": {"timings": {"network": 0.25, "decode": 0.125}}}}))
"""
"""Counts to five, from where it was stopped."""
FACTS: dict[str, Any] = {
    "command": "python benchmarks/slide.py",
    "backend": "auto",
    "commit": "c0ffee",
    "machine": {"gpu": None, "threads": 2},
    "made_by": {"created": "2026-01-02T03:04:05+00:00"},
}
RUN: dict[str, Any] = {
    "seconds": 100.0,
    "processor_seconds": 150.0,
    "peak_gib": 1.25,
    "count": "6900.5",
    "timings": {"decode": 5.0, "network": 80.0, "other": 15.0},
    "shape": [26_624, 30_000],
}
FLOOR = {
    "tissue_megapixels": 29.95,
    "multiply_adds_per_pixel": 61_000,
    "giga_multiply_adds_per_second": {"float32": 100.0, "bfloat16": 200.0},
    "seconds": {"float32": 20.0, "bfloat16": 10.0},
}
FIRST = RUN | {"megabytes": 110, "load": 0.5, "cells": 6975, "floor": FLOOR}


@pytest.fixture
def run(script) -> ModuleType:
    return script("slide_run")


@pytest.fixture
def page(script) -> ModuleType:
    return script("slide_page")


def table(text: str) -> list[dict[str, str]]:
    """The rows of a table, by their column."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in found]


def stand_in(out: Path, seconds: float) -> list[str]:
    return [sys.executable, "-c", STAND_IN, str(out), str(seconds)]


@pytest.mark.parametrize("name", ["slide_drawn", "slide_run", "peak_speed"])
def test_examples_in_docstrings(script, name: str) -> None:
    failed, tried = doctest.testmod(script(name))
    assert failed == 0 and tried > 0


def test_a_whole_run(run: ModuleType, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = run.run_whole(stand_in(out, 0.02), out, Path("x/skin.tif"), 1).values()
    assert found["count"] == "81.12345678901234", "to the last digit"
    assert found["seconds"] > 0.1 and found["peak_gib"] > 0
    assert found["timings"] == {"network": 0.25, "decode": 0.12, "other": round(found["seconds"] - 0.37, 2)}


def test_killed_midway_and_gone_on_with(run: ModuleType, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = run.run_killed(stand_in(out, 0.5), out, Path("skin.tif"), 1, after=1.0)
    assert found.count == "81.12345678901234" and found.taken.seconds < 2.7, "some of it had been done"
    assert not [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]


def test_too_fast_to_be_killed(run: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(CytallyError, match="before the program could be killed"):
        run.run_killed(stand_in(tmp_path / "out", 0.0), tmp_path / "out", Path("skin.tif"), 1, after=60.0)


def test_the_measured_command(run: ModuleType) -> None:
    words = run.count_words(Path("s.tif"), Path("m"), Path("o"), "openvino", ["--tile", "512"])
    assert words[1:9] == ["-m", "cytally", "count", "s.tif", "--model", "m", "-o", "o"]
    assert words[-4:] == ["--backend", "openvino", "--tile", "512"]


def test_multiply_adds_of_a_network_by_hand(script) -> None:
    """Two levels of 4 and 8 filters; a level down has a quarter of the pixels."""
    counted = script("peak_speed").multiply_adds(DensityUNet(channels=(4, 8)), 1)
    fine = 9 * (1 * 4 + 8 * 4 + 8 * 4 + 4 * 4) + 4
    coarse = 9 * (4 * 4 + 4 * 8 + 8 * 8) / 4
    assert counted == fine + coarse


def test_peak_speeds_are_speeds(script, monkeypatch: pytest.MonkeyPatch) -> None:
    module, before = script("peak_speed"), torch.get_num_threads()
    monkeypatch.setattr(module, "MATRIX", 64)
    monkeypatch.setattr(module, "ROUNDS", 1)
    found = module.peak_speeds(1)
    assert set(found) == {"float32", "bfloat16"} and min(found.values()) > 1e6
    assert torch.get_num_threads() == before


# The parts


@pytest.fixture
def bench(script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """slide.py with stand-ins for counting and for the floor; the count depends on the tile alone."""
    module = script("slide")
    timings = {"network": 3.0}

    def counted(words: list[str], out: Path, slide: Path, threads: int, after: float | None = None) -> Any:
        assert slide.is_file()
        twice = 2 if "skin-2" in slide.name else 1
        count = "100.05" if "--tile" in words else "100.0"
        taken = script("volume_large").Taken(10.0 * twice, 12.0 * twice, 2**30)
        return script("slide_run").Counted(taken, count, {"timings": timings})

    monkeypatch.setattr(module, "run_whole", counted)
    monkeypatch.setattr(module, "run_killed", counted)
    monkeypatch.setattr(module.Bench, "floor", lambda self: FLOOR)
    return module


def test_all_parts(bench: ModuleType, tmp_path: Path) -> None:
    result, before = tmp_path / "slide.json", torch.get_num_threads()
    try:
        words = ["--scale", "0.02", "--work", str(tmp_path / "w"), "--result", str(result), "--model", "m/model"]
        bench.main(words)
        bench.main([*words, "--only", "tiles", "--tiles", "256"])
    finally:
        torch.set_num_threads(before)
    found = json.loads(result.read_text())
    assert found["first"]["count"] == "100.0" and found["first"]["timings"] == {"network": 3.0, "other": 7.0}
    cells = len(pd.read_csv(tmp_path / "w" / "slide" / "skin-0.02.points.csv"))
    assert found["first"]["cells"] == cells
    assert found["twice"]["ratios"] == {"seconds": 2.0, "processor_seconds": 2.0, "peak_gib": 1.0}
    assert found["killed"]["after"] == 5.0 and found["killed"]["same"] is True
    assert list(found["tiles"]) == ["256"] and found["tiles"]["256"]["difference"] == pytest.approx(5e-4)
    assert found["command"] == "python benchmarks/slide.py --scale 0.02 --model model"
    assert str(tmp_path) not in result.read_text()


def test_other_parts_need_the_first(bench: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = torch.get_num_threads()
    try:
        with pytest.raises(SystemExit):
            bench.main(["--only", "twice", "--result", str(tmp_path / "none.json"), "--model", "m"])
    finally:
        torch.set_num_threads(before)
    assert "'first'" in capsys.readouterr().err


def test_the_floor(script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = script("slide")
    options = module.argparse.Namespace(work=tmp_path, model=Path("m"), scale=0.05, threads=1, minutes=1)
    configuration = module.argparse.Namespace(input=module.argparse.Namespace(downscale=4.0))
    card = module.argparse.Namespace(configuration=configuration, input_channels=1)
    loaded = module.argparse.Namespace(card=card, network=torch.nn.Conv2d(1, 10, 1))
    monkeypatch.setattr(module, "load", lambda name: loaded)
    monkeypatch.setattr(module, "peak_speeds", lambda threads: {"float32": 1e6})
    floor = module.Bench(options).floor()
    rows, columns = module.slide_shape(0.05)
    assert floor["multiply_adds_per_pixel"] == 10
    assert floor["tissue_megapixels"] == pytest.approx(0.6 * rows * columns / 16 / 1e6, rel=0.05)
    assert floor["seconds"]["float32"] == pytest.approx(10 * floor["tissue_megapixels"], rel=0.1)


# The section of the page


def test_nothing_is_measured_yet(page: ModuleType, tmp_path: Path) -> None:
    texts = page.slide_texts(tmp_path)
    assert set(texts) == set(page.PLACES)
    assert {row["Measured"] for row in table(texts["slide figures"])} == {MISSING}
    assert {row["Seconds"] for row in table(texts["slide seconds"])} == {MISSING}
    assert "python benchmarks/slide.py" in texts["slide figures"] and MISSING in texts["slide memory"]


def reached(page: ModuleType, folder: Path, **parts: Any) -> dict[str, str]:
    (folder / "slide.json").write_text(json.dumps(FACTS | {"first": FIRST} | parts))
    rows = table(page.slide_texts(folder)["slide figures"])
    return {row["What"]: f"{row['Measured']}: {row['Reached']}" for row in rows}


def test_what_was_reached(page: ModuleType, tmp_path: Path) -> None:
    ratios = {"seconds": 2.2, "processor_seconds": 2.04, "peak_gib": 1.01}
    killed = RUN | {"after": 50.0, "same": True}
    tiles = {"512": RUN | {"difference": 2e-5}, "768": RUN | {"difference": 1.5e-3}}
    found = reached(page, tmp_path, twice=RUN | {"ratios": ratios}, killed=killed, tiles=tiles)
    assert found == {
        "from file to report: seconds": "100: yes",
        "the same: peak memory of the program and its children, GiB": "1.25: yes",
        "cells: counted, and drawn": "6,900.5, 6,975: –",
        "twice the area: times the seconds": "2.20 (2.04 by seconds of the processor): yes",
        "the same: times the memory": "1.01: yes",
        "killed midway, then `--resume`: the same count to the last digit": "yes: yes",
        "other tiles: difference of the count, as a share, `--tile 512`": "2.0e-05: yes",
        "other tiles: difference of the count, as a share, `--tile 768`": "1.5e-03: no",
    }


def test_what_was_not_reached(page: ModuleType, tmp_path: Path) -> None:
    slow = FIRST | {"seconds": 121.0, "peak_gib": 1.5}
    ratios = {"seconds": 2.5, "processor_seconds": 2.2, "peak_gib": 1.2}
    found = reached(
        page, tmp_path, first=slow, twice=RUN | {"ratios": ratios}, killed=RUN | {"after": 1, "same": False}
    )
    words = [text.rsplit(": ", 1)[1] for text in found.values()]
    assert words == ["no", "no", "–", "no", "no", "no", MISSING]


def test_where_the_seconds_go(page: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "slide.json").write_text(json.dumps(FACTS | {"first": FIRST}))
    text = page.slide_texts(tmp_path)["slide seconds"]
    assert [(row["Part"], row["Seconds"], row["Share of the whole"]) for row in table(text)] == [
        ("reading and decoding", "5.0", "5%"),
        ("the network", "80.0", "80%"),
        (page.PARTS["other"], "15.0", "15%"),
        ("the whole", "100.0", "–"),
    ]
    assert "61,000 multiply-adds" in text and "8.0 times the least" in text


def test_memory_of_windows(page: ModuleType, tmp_path: Path) -> None:
    row = {"channels": [16, 32], "backend": "torch", "precision": "bfloat16", "widest": 48.0}
    row |= {"bytes_per_pixel": 240, "besides_mib": 70, "base_mib": 380}
    (tmp_path / "window-memory.json").write_text(json.dumps(FACTS | {"rows": [row]}))
    (found,) = table(page.slide_texts(tmp_path)["slide memory"])
    assert (found["Filters"], found["Bytes for each pixel"], found["Over the widest layer's"]) == (
        "16, 32",
        "240",
        "2.50",
    )


def test_a_line_through_windows_by_hand(script) -> None:
    """300 bytes for each pixel, and 5,000 besides."""
    runs = [{"side": side, "base": 1000, "peak": 1000 + 5000 + 300 * side**2} for side in (10, 20, 40)]
    slope, besides = script("window_memory").line_through(runs)
    assert slope == pytest.approx(300) and besides == pytest.approx(5000)


def test_one_window_in_this_process(script) -> None:
    before = torch.get_num_threads()
    try:
        found = script("window_memory").run_one("torch", "float32", (4, 8), 64, 1)
    finally:
        torch.set_num_threads(before)
    assert found["side"] == 64 and found["base"] > 0 and found["seconds"] >= 0

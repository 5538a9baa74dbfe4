"""The tables on speed of docs/benchmarks.md, of results that are made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

MACHINE = {"processor": "Some 3000", "threads": 2, "gpu": None, "load": 1.25, "versions": {"torch": "2"}}


@pytest.fixture
def page(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("speed_page")


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of the first table in a text, by their column."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert all(len(row) == len(head) for row in rows)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_nothing_is_measured_yet(page: ModuleType, tmp_path: Path) -> None:
    texts = page.speed_texts(tmp_path)
    assert tuple(texts) == page.PLACES
    back_ends = rows_of(texts["back ends"])
    assert [(row["Network"], row["Back end"]) for row in back_ends] == [
        ("density U-Net", "openvino bfloat16"),
        ("density U-Net", "openvino int8"),
        ("nucleus U-Net, 64 filters", "openvino bfloat16"),
        ("EfficientCellSeg", "openvino bfloat16"),
    ]
    peers, small = rows_of(texts["peers"]), rows_of(texts["small images"])
    assert len(peers) == 3 and len(small) == 1
    for row in (*back_ends, *peers, *small):
        assert "not measured" in row.values()
    assert {row["Reached"] for row in (*back_ends, *small)} == {"not measured"}
    assert all("# not measured" in text for text in texts.values())


def back_end(ratio: float, precision: str, difference: float | None) -> dict[str, Any]:
    values = {"precision": precision, "ratio": ratio, "ratio_by_processor": ratio + 1, "dice": 0.9991}
    return values | {"largest_count_difference": difference}


def density(**rows: dict[str, Any]) -> dict[str, Any]:
    """A result of the density network alone."""
    named = {name.replace("_", " "): row for name, row in rows.items()}
    network = {"rows": {"plain float32": back_end(1, "float32", 0.0), **named}, "missing": {"onnx auto": "no onnx"}}
    facts = {"network": "the model m", "shape": [1, 8, 9], "commit": "c0ffee", "created": "2026-01-02T03:04"}
    return {"networks": {"density": {**network, **facts, "machine": MACHINE}}}


@pytest.mark.parametrize(
    ("ratio", "difference", "reached"), [(6.5, 0.009, "yes"), (6.5, 0.011, "no"), (5.5, 0.0, "no"), (6.5, None, "no")]
)
def test_back_ends(page: ModuleType, tmp_path: Path, ratio: float, difference: float | None, reached: str) -> None:
    found = density(
        openvino_bfloat16=back_end(6.0, "bfloat16", 0.002), openvino_int8=back_end(ratio, "int8", difference)
    )
    (tmp_path / "back-ends.json").write_text(json.dumps(found))
    text = page.speed_texts(tmp_path)["back ends"]
    rows = {(row["Network"], row["Back end"]): row for row in rows_of(text)}
    half, quantised = (rows["density U-Net", f"openvino {kind}"] for kind in ("bfloat16", "int8"))
    assert half["Times faster than plain float32 torch"] == "6.00 (7.00 by seconds of the processor)"
    assert (half["Aim"], half["Reached"], half["Counts differ at most"]) == ("5 times", "yes", "0.20%")
    assert quantised["Reached"] == reached
    assert rows["density U-Net", "onnx auto"]["Made by"] == "not measured: no onnx"
    assert "Some 3000, CPU, 2 threads, load before it 1.2" in half["Made by"] and "the model m" in half["Made by"]
    assert rows["EfficientCellSeg", "openvino bfloat16"]["Reached"] == "not measured"
    assert "# back-ends, density: commit c0ffee, 2026-01-02" in text and "torch 2" in text


@pytest.mark.parametrize(("over", "reached"), [(0.5, "yes"), (0.51, "no"), (None, "not measured")])
def test_peers(page: ModuleType, tmp_path: Path, over: float | None, reached: str) -> None:
    seconds = {"network_seconds_per_megapixel": 1.0, "end_to_end_seconds_per_megapixel": 2.0}
    ours = {"weights": "bundled", "backend": "openvino int8", "parameters": 1234, "read_out": True}
    rows = {"lean": {**seconds, **ours, "over_stardist_network": over, "over_stardist_network_by_processor": over}}
    result = {"rows": rows, "missing": {"cellpose": "is not installed"}, "aim": 0.5, "machine": MACHINE}
    (tmp_path / "peers.json").write_text(json.dumps(result | {"commit": "c", "made_by": {"created": "2026-01-02"}}))
    lean, star, cellpose = rows_of(page.speed_texts(tmp_path)["peers"])
    assert lean["Program"] == "cytally, `lean`" and lean["Reached"] == reached and "1,234" in lean["Made by"]
    assert star["Made by"] == "not measured" and cellpose["Made by"] == "not measured: is not installed"


@pytest.mark.parametrize(("share", "reached"), [(0.9, "yes"), (0.89, "no")])
def test_small_images(page: ModuleType, tmp_path: Path, share: float, reached: str) -> None:
    result = {"images": 1000, "side": 256, "model": "m", "backend": "torch", "precision": "bfloat16", "seconds": 20.0}
    result |= {"share": share, "share_with_normalising": 0.95, "seconds_of": {"network": 18.0, "odd": 1.0}, "aim": 0.9}
    result |= {"machine": MACHINE, "commit": "c", "made_by": {"created": "2026-01-02"}}
    (tmp_path / "small-images.json").write_text(json.dumps(result))
    rows = rows_of(page.speed_texts(tmp_path)["small images"])
    assert (rows[0]["Measured"], rows[0]["Reached"]) == (f"{share:.1%}", reached)
    assert rows[2]["Measured"] == "20.0" and rows[3]["Measured"] == "18.0"
    assert rows[4]["What"] == "milliseconds per image: odd"

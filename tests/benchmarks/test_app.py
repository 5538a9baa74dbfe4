"""What the page in the browser is asked for and how it is timed, on a server that runs, and the table of it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from skimage.io import imsave

from cytally.errors import CytallyError

pytest.importorskip("httpx")
pytest.importorskip("uvicorn")


@pytest.fixture
def app(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("app")


@pytest.fixture
def page(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("app_page")


def rows(text: str) -> dict[str, list[str]]:
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if "|" in line]
    return {cells[0]: cells[1:] for cells in lines}


def test_every_tile_that_is_asked_for_is_there(app: ModuleType) -> None:
    levels = [{"width": 150, "height": 200}, {"width": 300, "height": 513}]
    rng = random.Random(0)
    assert app.any_tile(rng, levels, 0) == "0/0_0"
    found = {app.any_tile(rng, levels, 1) for _ in range(200)}
    assert found == {f"1/{column}_{row}" for column in range(2) for row in range(3)}


def test_summary(app: ModuleType) -> None:
    # of 1, 2, … 101 ms: the middle is the 51st, the 95th percentile the 96th
    found = app.summary([number / 1000 for number in range(1, 102)])
    assert found == {"median": 0.051, "p95": 0.096, "most": 0.101}


@pytest.mark.slow
def test_a_server_that_runs(app: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number in range(3):
        imsave(tmp_path / "images" / f"{number}.png", np.full((300, 300), number + 1, np.uint8), check_contrast=False)
    found = app.tiles({"picture": tmp_path / "images" / "0.png"}, tmp_path / "workspace", 5)["picture"]
    assert found["shape"] == [300, 300] and len(found["first_of_level"]) == found["levels"] == 2
    assert 0 < found["random"]["median"] <= found["random"]["p95"] <= found["random"]["most"]
    with app.running(tmp_path / "other", tmp_path / "images") as server:
        project, images = server.link(tmp_path / "images")
        assert len(images) == 3
        seen = app.first_view(server, project)
        assert 0 < seen["rows"] < seen["all"]
        with pytest.raises(CytallyError, match="404"), server.client() as client:
            app.ask_all(client, [f"{project}/images/{'0' * 12}/thumbnail"])


def test_nothing_is_measured(page: ModuleType, tmp_path: Path) -> None:
    texts = page.app_texts(tmp_path)
    assert set(texts) == set(page.PLACES)
    assert {cells[0] for what, cells in rows(texts["app figures"]).items() if what.startswith("tiles")} == {
        "not measured"
    }
    assert "yes" not in texts["app figures"] and texts["app figures"].endswith("Measured on: not measured.")


def test_the_table(page: ModuleType, tmp_path: Path) -> None:
    about = {
        "commit": "abc",
        "made_by": {"created": "2026-01-02T03:04:05+00:00"},
        "machine": {"cores": 2, "processor": "P", "load": 3.5},
    }
    times = {"median": 0.012, "p95": 0.06, "most": 0.09}
    picture = {"shape": [2048, 1024], "tiles": 200, "first_of_level": [0.1, 0.02, 0.03], "random": times}
    found = {
        "view": {"images": 1000, "asked": [{"rows": 1.2, "all": 1.3}, {"rows": 0.2, "all": 0.4}], "browser": None},
        "tiles": {"picture": picture | {"again": times | {"median": 0.051}}},
        "slide": {"bytes": 5e8, "rounds": [{"record": 1.0, "first_tile": 3.5, "overview": each} for each in (2, 3, 9)]},
    }
    (tmp_path / "app.json").write_text(json.dumps({part: values | about for part, values in found.items()}))
    text = page.app_texts(tmp_path)["app figures"]
    lines = rows(text)
    view = lines["1,000 images, by httpx: until the first rows"]
    assert view == ["1.20 s", "0.70 s of 2", "–", "1.20 s", "first at most 1 s", "no"]
    assert lines["1,000 images, in Chromium: until the first rows"][0] == "not measured"
    assert lines["the first tile of each of the 3 levels of an image of 1,024 × 2,048"][:2] == ["100 ms", "30 ms"]
    of = "of an image of 1,024 × 2,048"
    assert lines[f"200 tiles at random {of}"][1:] == ["12 ms", "60 ms", "90 ms", "median at most 50 ms", "yes"]
    assert lines[f"200 the same tiles again {of}"][-1] == "no"
    assert lines["tiles of the slide"][-1] == "not measured"
    assert lines["from linking the slide (500 MB) until the first tile of the overview"][-1] == "no"
    assert lines["from linking the slide (500 MB) until the whole overview"][-1] == "yes"
    assert "view: 2 cores (P), load 3.5 before it began" in text

"""How quick the page of `cytally app` is, over loopback: its first view, tiles, and a large slide.

    python benchmarks/app.py WORK [--only view tiles slide] [--images 1000] [--tiles 200] [--rounds 7]

view     a project of --images drawn pictures of 256 × 256, linked; the server is started anew. Seconds from asking for
         the page until its first 100 rows are there, and all their thumbnails: by six connections as a browser opens
         them, and in headless Chromium where there is one, until the rows are shown and the thumbnails in sight
tiles    of a drawn image of 2048 × 2048 and of the slide, by a new server: the first tile of each level; --tiles
         more, level and place at random, one after the other; and the same ones again
slide    a drawn slide of 30,000 × 30,000 in colours with a pyramid (JPEG): seconds from linking it until its record is
         there, the first tile of the overview, and the overview

Pictures are drawn into WORK, where they stay. Writes benchmarks/results/app.json after each part; parts that are not
run again stay as they are.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from app_browser import first_views
from app_server import Server, answered, ask_all, first_view, running
from counting import commit
from row_file import as_json
from script import run_script
from skimage.io import imread
from slide_drawn import DrawnSlide, write_slide

from cytally.files import whole_file, whole_folder, write_text
from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.nuclei import draw_nuclei
from cytally.tasks.machine import machine
from cytally.tasks.provenance import provenance

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "app.json"
COMMAND = "python benchmarks/app.py WORK"
PARTS = ("view", "tiles", "slide")
AIMS = {"view": 1.0, "tile": 0.05, "slide": 3.0}
"""Seconds, at most."""
SIDE, SMALL, SLIDE = 2048, 256, 30_000
SCREEN = 1024
"""Pixels of the level that an overview is shown in, at least."""
PACKAGES = ("cytally", "fastapi", "uvicorn", "httpx", "imagecodecs", "playwright")

Values = dict[str, Any]


def drawn_picture(work: Path) -> Path:
    """Nuclei in 2048 × 2048 pixels of 8 bits, drawn where missing."""
    path = work / "picture.png"
    if not path.is_file():
        config = NucleiConfig(shape=(SIDE, SIDE), diameter=(14.0, 14.0), cover=(0.15, 0.2), when_full="fewer")
        drawn = draw_nuclei(config, np.random.default_rng(0)).image.squeeze().astype(np.float64)
        scaled = np.clip(drawn * 255 / np.percentile(drawn, 99.9), 0, 255).astype(np.uint8)
        with whole_file(path) as temporary:
            temporary.write_bytes(imagecodecs.png_encode(scaled))
    return path


def drawn_images(work: Path, number: int) -> Path:
    """A folder of pieces of the picture, 256 × 256, made where missing."""
    folder = work / f"images-{number}"
    if not folder.is_dir():
        pixels, rng = imread(drawn_picture(work)), np.random.default_rng(1)
        with whole_folder(folder) as temporary:
            for name in range(number):
                top, left = rng.integers(SIDE - SMALL, size=2)
                piece = np.ascontiguousarray(pixels[top : top + SMALL, left : left + SMALL])
                (temporary / f"{name:04}.png").write_bytes(imagecodecs.png_encode(piece))
    return folder


def drawn_slide(work: Path) -> Path:
    """The slide, drawn where missing, which takes minutes."""
    path = work / "slide.tif"
    if not path.is_file():
        write_slide(path, DrawnSlide((SLIDE, SLIDE)))
    return path


def view(folder: Path, workspace: Path, rounds: int) -> Values:
    """The first view of a project, just after the server's start, and again."""
    with running(workspace, folder) as server:
        started = time.perf_counter()
        project, images = server.link(folder)
        linking = time.perf_counter() - started
    with running(workspace, folder) as server:
        asked = [first_view(server, project) for _ in range(rounds)]
    with running(workspace, folder) as server:
        address = f"{server.address}/#/{project.removeprefix('/api/')}"
        shown = first_views(address, rounds)
        started_in = server.started_in
    return {
        **{"images": len(images), "shape": [SMALL, SMALL], "linking": round(linking, 3)},
        **{"server_start": round(started_in, 3), "asked": rounded(asked)},
        "browser": None if shown is None else rounded(shown),
    }


def rounded(views: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    """To milliseconds."""
    return [{name: round(value, 4) for name, value in each.items()} for each in views]


def tiles(files: dict[str, Path], workspace: Path, number: int) -> Values:
    """Tiles of images, one after the other."""
    result: Values = {}
    for name, path in files.items():
        with running(workspace, path.parent) as server:
            project, images = server.link(path)
        with running(workspace, path.parent) as server, server.client() as client:
            image = f"{project}/images/{images[0]['id']}"
            detail = answered(client.get(image)).json()
            channel = -1 if len(detail["channels"]) == 3 else 0
            rng = random.Random(0)
            levels = detail["levels"]
            first = {n: any_tile(rng, levels, n) for n in range(len(levels))}
            others = [any_tile(rng, levels, rng.randrange(len(levels))) for _ in range(number)]
            seconds = {}
            for what, places in (("first", [*first.values()]), ("random", others), ("again", others)):
                asked = [f"{image}/tiles/{place}?channel={channel}" for place in places]
                seconds[what] = [ask_all(client, [each])[0] for each in asked]
        result[name] = {
            "shape": [detail["height"], detail["width"]],
            "levels": len(levels),
            "tiles": number,
            "first_of_level": [round(each, 4) for each in seconds["first"]],
            "random": summary(seconds["random"]),
            "again": summary(seconds["again"]),
        }
    return result


def any_tile(rng: random.Random, levels: Sequence[dict[str, int]], level: int) -> str:
    """A tile of a level at random, as the server calls it."""
    column, row = (rng.randrange(math.ceil(levels[level][side] / 256)) for side in ("width", "height"))
    return f"{level}/{column}_{row}"


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and most.

    Examples
    --------
    >>> summary([0.01] * 50 + [0.03] * 50)
    {'median': 0.02, 'p95': 0.03, 'most': 0.03}
    """
    high = float(np.percentile(seconds, 95))
    return {"median": round(statistics.median(seconds), 4), "p95": round(high, 4), "most": round(max(seconds), 4)}


def slide(path: Path, workspace: Path, rounds: int) -> Values:
    """From linking the slide in a new project to its overview, by servers that were just started."""
    found = []
    for _ in range(rounds):
        with running(workspace, path.parent) as server:
            found.append(open_slide(server, path))
    return {"shape": [SLIDE, SLIDE], "bytes": path.stat().st_size, "rounds": rounded(found)}


def open_slide(server: Server, path: Path) -> dict[str, float]:
    """Seconds from linking until the link, the record, the first tile and all tiles of the overview were there."""
    started = time.perf_counter()
    project, images = server.link(path)
    linked = time.perf_counter() - started
    with server.client() as client:
        image = f"{project}/images/{images[0]['id']}"
        levels = answered(client.get(image)).json()["levels"]
        record = time.perf_counter() - started
        level = next(n for n, size in enumerate(levels) if max(size.values()) >= SCREEN)
        across, down = (math.ceil(levels[level][side] / 256) for side in ("width", "height"))
        places = [f"{level}/{column}_{row}" for row in range(down) for column in range(across)]
        seconds = ask_all(client, [f"{image}/tiles/{place}?channel=-1" for place in places])
    return {"linked": linked, "record": record, "first_tile": record + min(seconds), "overview": record + max(seconds)}


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--tiles", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    work: Path = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    result: Values = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    for part in options.only:
        images = drawn_images(work, options.images) if part == "view" else work
        files = {} if part == "view" else {"picture": drawn_picture(work), "slide": drawn_slide(work)}
        about = machine(PACKAGES)
        with tempfile.TemporaryDirectory(dir=work) as folder:
            if part == "view":
                found = view(images, Path(folder), options.rounds)
            elif part == "tiles":
                found = tiles(files, Path(folder), options.tiles)
            else:
                found = slide(files["slide"], Path(folder), options.rounds)
        print(part, found, flush=True)
        result[part] = {**found, "commit": commit(), "machine": about, "made_by": provenance()}
        write_text(RESULT, as_json(result))


if __name__ == "__main__":
    run_script(main)

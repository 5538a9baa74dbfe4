"""What `cytally count` takes for a whole slide that is drawn here: seconds, memory, and whether it is exact.

    python benchmarks/slide.py [--only first twice killed tiles] [--minutes 8]

The slide has 30,000 × 26,624 pixels, as the skin sample of Lazard et al. 2022, and is counted by their configuration,
which downscales it by 4. It is drawn once into the folder for work, and so is another of twice the area; the model is
trained once, for `--minutes`, on pieces of a third. The parts:

first    from start to report: seconds, and where they go; peak resident memory of the program and its children, looked
         at twenty times a second; the count beside the number of drawn cells; the least that the network could take
twice    the slide of twice the area: how many times the seconds and the memory
killed   killed (SIGKILL) after half of the first run's seconds, then --resume: the same count to the last digit?
tiles    other tiles (--tile): by how much the count differs

Writes benchmarks/results/slide.json after each part; parts that are not run again stay as they are.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from counting import commit, machine
from peak_speed import multiply_adds, peak_speeds
from row_file import as_json
from script import run_script
from slide_drawn import DrawnSlide, slide_shape, write_slide
from slide_model import trained_model
from slide_run import Counted, count_words, relative, run_killed, run_whole

from cytally.files import write_text
from cytally.models.store import load
from cytally.tasks.provenance import provenance

RESULT = Path(__file__).resolve().parent / "results" / "slide.json"
WORK = Path("benchmark-work")
COMMAND = "python benchmarks/slide.py"
PARTS = ("first", "twice", "killed", "tiles")
TILES = (512, 768)
AIM_SECONDS, AIM_GIB, AIM_DIFFERENCE = 120.0, 1.5, 1e-3

Values = dict[str, Any]


class Bench:
    """The parts of the benchmark, on slides of one scale."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.folder = options, options.work / "slide"
        self.model = options.model or trained_model(self.folder, options.minutes)

    def slide(self, area: int = 1) -> Path:
        """The slide's file, drawn where it is missing."""
        scale = self.options.scale
        name = "skin" + f"-{area}" * (area > 1) + f"-{scale:g}" * (scale != 1)
        path: Path = self.folder / f"{name}.tif"
        if not path.is_file():
            write_slide(path, DrawnSlide(slide_shape(scale, area)))
        return path

    def count(self, slide: Path, *more: str, after: float | None = None) -> Counted:
        """Count a slide; with `after`, killed once after so many seconds."""
        out = self.folder / "out"
        words = count_words(slide, self.model, out, self.options.backend, more)
        if after is None:
            return run_whole(words, out, slide, self.options.threads)
        return run_killed(words, out, slide, self.options.threads, after)

    def first(self, _before: Values) -> Values:
        """From start to report, and the floor."""
        slide = self.slide()
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        counted = self.count(slide)
        cells = len(pd.read_csv(slide.with_suffix(".points.csv")))
        about = {"shape": slide_shape(self.options.scale), "megabytes": round(slide.stat().st_size / 1e6), "load": load}
        return counted.values() | about | {"cells": cells, "floor": self.floor()}

    def twice(self, before: Values) -> Values:
        """Twice the area beside the first."""
        found, first = self.count(self.slide(2)).values(), before["first"]
        ratios = {key: round(found[key] / first[key], 3) for key in ("seconds", "processor_seconds", "peak_gib")}
        return found | {"shape": slide_shape(self.options.scale, 2), "ratios": ratios}

    def killed(self, before: Values) -> Values:
        """Killed midway, and gone on with."""
        first = before["first"]
        after = first["seconds"] / 2
        found = self.count(self.slide(), after=after).values()
        return found | {"after": round(after, 1), "same": found["count"] == first["count"]}

    def tiles(self, before: Values) -> Values:
        """Other tiles."""
        whole, found = before["first"]["count"], {}
        for tile in self.options.tiles:
            values = self.count(self.slide(), "--tile", str(tile)).values()
            found[str(tile)] = values | {"difference": relative(values["count"], whole)}
        return found

    def floor(self) -> Values:
        """What the network would take if it only multiplied, as fast as the processor can, and saw tissue only.

        Pixels: those of the network's picture that are drawn as tissue.
        """
        loaded, slide = load(str(self.model)), DrawnSlide(slide_shape(self.options.scale))
        factor = loaded.card.configuration.input.downscale
        pixels = slide.tissue_share * slide.shape[0] * slide.shape[1] / factor**2
        speeds = peak_speeds(self.options.threads)
        needed = multiply_adds(loaded.network, loaded.card.input_channels)
        return {
            "tissue_megapixels": round(pixels / 1e6, 3),
            "multiply_adds_per_pixel": round(needed),
            "giga_multiply_adds_per_second": {name: round(speed / 1e9, 1) for name, speed in speeds.items()},
            "seconds": {name: round(needed * pixels / speed, 2) for name, speed in speeds.items()},
        }


def main(arguments: list[str] | None = None) -> None:
    """Run the parts that are wanted, and write what each gave."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts; all but `first` need that one")
    parser.add_argument("--scale", type=float, default=1.0, help="of the slide's rows and columns, for a trial")
    parser.add_argument("--tiles", type=int, nargs="+", default=TILES, help="sides of tiles to compare")
    parser.add_argument("--minutes", type=float, default=8.0, help="of training, where there is no model yet")
    parser.add_argument("--model", type=Path, help="another model's folder")
    parser.add_argument("--threads", type=int, default=2, help="cores, and threads of the network")
    parser.add_argument("--backend", choices=("auto", "torch", "openvino", "onnx"), default="auto")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for slides, model and results; kept")
    parser.add_argument("--result", type=Path, default=RESULT)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    bench = Bench(options)
    result = json.loads(options.result.read_text(encoding="utf-8")) if options.result.is_file() else {}
    for part in PARTS:
        if part not in options.only:
            continue
        if part != "first" and "first" not in result:
            parser.error(f"run the part 'first' before '{part}'")
        found = getattr(bench, part)(result)
        result |= {part: found, "command": repeating(options), "backend": options.backend, "commit": commit()}
        result |= {"machine": machine() | {"gpu": None, "threads": options.threads}}
        result |= {"made_by": {key: value for key, value in provenance().items() if key != "command"}}
        write_text(options.result, as_json(result))
        print(f"{part}: {json.dumps(found)}", flush=True)


def repeating(options: argparse.Namespace) -> str:
    """The command line that measures this again, without what is this machine's alone."""
    words = [f"--minutes {options.minutes:g}"] * (options.minutes != 8)
    words += [f"--scale {options.scale:g}"] * (options.scale != 1)
    words += [f"--threads {options.threads}"] * (options.threads != 2)
    words += [f"--backend {options.backend}"] * (options.backend != "auto")
    words += [f"--model {options.model.name}"] if options.model is not None else []
    return " ".join([COMMAND, *words])


if __name__ == "__main__":
    run_script(main)

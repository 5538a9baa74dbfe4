"""The figures of docs/scale.md: what an image costs, as benchmarks/scale.py measured it, and what a million cost.

python benchmarks/scale_page.py           writes them into the page anew
python benchmarks/scale_page.py --check   only says, by its exit status 1, that the page is not up to date
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cytally.files import write_text

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "scale.json"
PAGE = HERE.parent / "docs" / "scale.md"
PLACE = re.compile(r"(<!-- made by benchmarks/scale\.py: (.+?) -->\n).*?(<!-- until here -->)", re.DOTALL)

IMAGES, RESERVE = 1_000_000, 1.25
"""The screen, and by how much hours grow: shared caches, stragglers and repeats."""
PRICE, DISK_PRICE = 0.04, 20
"""Euros for an hour of a core, and for a month of a terabyte."""


def with_figures(page: str, result: Mapping[str, Any]) -> str:
    """The page with what a result says between its comments."""
    texts = {"image": image_table(result), "screen": screen_table(result), "machine": machine_line(result)}
    return PLACE.sub(lambda found: f"{found[1]}\n{texts[found[2]]}\n\n{found[3]}", page)


def image_table(result: Mapping[str, Any]) -> str:
    """One column per kind of image: seconds, their parts, and bytes."""
    kinds: Mapping[str, Any] = result["kinds"]
    rows = {"**Seconds of one core**": [f"**{kind['seconds']:.2f}**" for kind in kinds.values()]}
    rows["of them reading"] = _parts(kinds, "reading")
    rows["network and points"] = _parts(kinds, "network and points")
    rows["writing the density map"] = _parts(kinds, "density map")
    rows["drawing the overlay"] = _parts(kinds, "overlay")
    rows["**Images in an hour, by one core**"] = [f"**{3600 / kind['seconds']:,.0f}**" for kind in kinds.values()]
    rows["File read"] = [_megabytes(kind["input_bytes"]) for kind in kinds.values()]
    for name in ("density", "overlays", "points", "tables and report"):
        label = name[0].upper() + name[1:] + (" written" if name == "density" else "")
        rows[label] = [_megabytes(kind["bytes"].get(name, 0.0)) for kind in kinds.values()]
    rows["**Written in all**"] = [f"**{_megabytes(sum(kind['bytes'].values()))}**" for kind in kinds.values()]
    titles = [f"{name} ({kind['cells']:.0f} cells)" for name, kind in kinds.items()]
    return _table(["Per image", *titles], rows)


def screen_table(result: Mapping[str, Any]) -> str:
    """What a million images take."""
    kinds: Mapping[str, Any] = result["kinds"]
    hours = [IMAGES * kind["seconds"] * RESERVE / 3600 for kind in kinds.values()]
    rows = {
        "Core hours": [f"{each:,.0f}" for each in hours],
        "Cores for one day": [f"{each / 24:,.0f}" for each in hours],
        "Days on one machine of 16 cores": [f"{each / 24 / 16:,.1f}" for each in hours],
        f"Euros, at {PRICE} an hour of a core": [f"{each * PRICE:,.0f}" for each in hours],
        "Read": [_terabytes(kind["input_bytes"]) for kind in kinds.values()],
        "Read in a second by 16 cores": [
            f"{16 * kind['input_bytes'] / kind['seconds'] / 1e6:,.0f} MB" for kind in kinds.values()
        ],
        "Written": [_terabytes(sum(kind["bytes"].values())) for kind in kinds.values()],
        f"Euros a month to keep it, at {DISK_PRICE} a TB": [
            f"{sum(kind['bytes'].values()) * IMAGES / 1e12 * DISK_PRICE:,.0f}" for kind in kinds.values()
        ],
        "Written, once density maps and overlays are deleted": [
            _terabytes(sum(size for name, size in kind["bytes"].items() if name not in ("density", "overlays")))
            for kind in kinds.values()
        ],
    }
    return _table([f"{IMAGES:,} images", *kinds], rows)


def machine_line(result: Mapping[str, Any]) -> str:
    """What it was measured on."""
    machine = result["machine"]
    versions = ", ".join(
        f"{name} {machine['versions'][name]}"
        for name in ("torch", "openvino", "onnxruntime")
        if name in machine["versions"]
    )
    return (
        f"Model {result['model']}, back end {result['backend']}, {result['images']} images of each kind; "
        f"{machine['processor']}, one thread, {versions}; {result['made_by']['created'][:10]}, "
        f"commit {result['commit']}, while the machine's load was {machine['load']}."
    )


def _parts(kinds: Mapping[str, Any], part: str) -> list[str]:
    return [f"{kind['parts'][part]:.2f}" for kind in kinds.values()]


def _megabytes(size: float) -> str:
    return f"{size / 1e6:.2f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def _terabytes(size: float) -> str:
    """So many bytes for each of a million images."""
    total = size * IMAGES
    return f"{total / 1e12:.1f} TB" if total >= 1e12 else f"{total / 1e9:.0f} GB"


def _table(header: list[str], rows: Mapping[str, list[str]]) -> str:
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *([name, *cells] for name, cells in rows.items())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Write the page anew, or say that it is not up to date."""
    before = PAGE.read_text(encoding="utf-8")
    after = with_figures(before, json.loads(RESULT.read_text(encoding="utf-8")))
    if "--check" in sys.argv[1:]:
        sys.exit(before != after)
    write_text(PAGE, after)


if __name__ == "__main__":
    main()

"""Make data folders of the published images of CHO-K1 cells in cultivation chambers (Stallmann et al. 2020).

    python scripts/convert_cho.py data/128p_pc -o cho-phase-contrast

The unpacked data set holds, per technique, lists of images: `train.csv` and `test.csv` of natural images,
`train_gen.csv` and `test_gen.csv` of drawn ones. Each row is the path of an image and its number of cells, where 0
stands for 'not labelled'. Writes `train`, `test` and, where there are any, `drawn` and `drawn-test`, with the images,
as they are, and a counts.csv of the labelled ones.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path, PurePosixPath

import pandas as pd

LISTS = {"train.csv": "train", "test.csv": "test", "train_gen.csv": "drawn", "test_gen.csv": "drawn-test"}
NEEDED = ("train.csv", "test.csv")


def convert(source: Path, out: Path) -> dict[str, tuple[int, int]]:
    """Convert every list of `source`; tell of each how many images there are, and how many are labelled."""
    missing = [name for name in NEEDED if not (source / name).is_file()]
    if missing:
        raise SystemExit(f"{source}: has no {missing[0]}; name the folder of one technique, as data/128p_pc")
    if out.exists():
        raise SystemExit(f"{out}: exists; give another folder with -o")
    return {part: _convert(source / name, out / part) for name, part in LISTS.items() if (source / name).is_file()}


def _convert(listing: Path, out: Path) -> tuple[int, int]:
    table = pd.read_csv(listing, header=None, names=["path", "count"])
    (out / "images").mkdir(parents=True)
    rows = []
    for path, count in table.itertuples(index=False):
        image = _find(listing, str(path))
        name = f"{len(rows):05d}{image.suffix}"
        shutil.copyfile(image, out / "images" / name)
        rows.append((name, int(count)))
    labelled = pd.DataFrame([row for row in rows if row[1] > 0], columns=["image", "count"])
    labelled.to_csv(out / "counts.csv", index=False)
    return len(rows), len(labelled)


def _find(listing: Path, path: str) -> Path:
    """The image that a list names by a path from the data set's root, or from the list."""
    parts = [part for part in PurePosixPath(path.replace("\\", "/")).parts if part not in (".", "..")]
    for start in (listing.parent, *listing.parent.parents):
        if start.joinpath(*parts).is_file():
            return start.joinpath(*parts)
    raise SystemExit(f"{listing}: names {path}, which is not there; unpack the data set again")


def main(arguments: list[str] | None = None) -> None:
    """Convert what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder of one technique, with train.csv and test.csv")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder to write")
    options = parser.parse_args(arguments)
    for part, (images, labelled) in convert(options.source, options.out).items():
        print(f"{options.out / part}: {images} images, {labelled} labelled")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Turn the melanocyte data set of Lazard et al. (2022) into two data folders, one to train on and one to test on.

    python scripts/convert_melanocytes.py database_melanocytes_trp1 -o melanocytes

The data set holds set1 (to train and validate on) and set2 (the 76 test images), each with ``images`` (RGB) and
``labels`` (the same file names; one pixel of value 255 at the centre of each melanocyte, 0 elsewhere). It becomes
``melanocytes/set1`` and ``melanocytes/set2``, each with ``images`` and ``points.csv``. Images are copied as they are.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from skimage.io import imread

from cytally.errors import CytallyError, DataError, UsageError
from cytally.files import whole_file

SETS = ("set1", "set2")
ENDINGS = {".png", ".tif", ".tiff", ".jpg", ".jpeg"}
CELL = 255


def centres(label: Path, size: tuple[int, int]) -> NDArray[np.int64]:
    """Where the melanocytes of one label image are.

    Parameters
    ----------
    label
        The label image: `CELL` at each centre, 0 elsewhere, in one channel or in several equal ones.
    size
        Rows and columns of the image that it belongs to.

    Returns
    -------
    (N, 2) array of y and x in pixels, row by row, origin at the centre of the top-left pixel.

    Raises
    ------
    DataError
        When the sizes differ, or when another value than 0 and `CELL` occurs (the labels were resized or compressed).
    """
    pixels = imread(label)
    if pixels.ndim == 3:
        pixels = pixels[..., :3].max(axis=-1)
    if pixels.shape != size:
        raise DataError(f"is {pixels.shape}, its image {size}", file=label, cure="download the data set again")
    values = set(np.unique(pixels).tolist())
    if not values <= {0, CELL}:
        raise DataError(f"holds values other than 0 and {CELL}", file=label, cure="use the labels as published")
    return np.argwhere(pixels == CELL)


def read_set(source: Path) -> tuple[list[Path], pd.DataFrame]:
    """The images of one set, and its cells as the rows of a points.csv. Nothing is written."""
    images = sorted(path for path in (source / "images").glob("*") if path.suffix.lower() in ENDINGS)
    if not images:
        raise DataError("holds no images", file=source / "images", cure="name the folder that holds set1 and set2")
    labels = {path.stem: path for path in (source / "labels").glob("*")}
    rows: list[tuple[str, int, int]] = []
    for image in images:
        if image.stem not in labels:
            raise DataError("has no label image", file=image, cure="download the data set again")
        height, width = imread(image).shape[:2]
        rows += [(image.name, int(y), int(x)) for y, x in centres(labels[image.stem], (height, width))]
    return images, pd.DataFrame(rows, columns=["image", "y", "x"])


def write_data_folder(target: Path, images: list[Path], points: pd.DataFrame) -> None:
    """Copy `images` into a new data folder and write its points.csv."""
    (target / "images").mkdir(parents=True)
    for image in images:
        shutil.copyfile(image, target / "images" / image.name)
    with whole_file(target / "points.csv") as path:
        points.to_csv(path, index=False)


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, convert both sets, tell what was written; return the exit status."""
    parser = argparse.ArgumentParser(description="Turn database_melanocytes_trp1 into two data folders.")
    parser.add_argument("source", type=Path, help="the folder that holds set1 and set2")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the folder to write; it must not exist")
    options = parser.parse_args(arguments)
    try:
        if options.out.exists():
            raise UsageError("exists already", file=options.out, cure="name another folder with -o, or remove it")
        # Both are read before either is written, so that a broken label leaves nothing behind.
        sets = {name: read_set(options.source / name) for name in SETS}
        for name, (images, points) in sets.items():
            write_data_folder(options.out / name, images, points)
            print(f"{options.out / name}: {len(images)} images, {len(points)} cells")
    except CytallyError as error:
        print(error.line(), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Counts per condition, from a sheet that says which image belongs to which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd

from cytally.errors import UsageError
from cytally.files import whole_file
from cytally.tasks.inputs import without_place

STATISTICS = {"n": "size", "mean": "mean", "sd": "std", "total": "sum"}
"""Columns of samples.csv behind the conditions, and what pandas calls them."""
BOUNDS = ("total_lower", "total_upper", "mean_lower", "mean_upper")
"""Further columns, of a calibrated model."""


def read_sheet(path: Path) -> pd.DataFrame:
    """Read a sheet with a column `image` and any condition columns.

    Raises
    ------
    UsageError
        When it is missing, no CSV, lacks a column, names a condition as samples.csv names its own columns, or names an
        image twice.
    """
    if not path.is_file():
        raise UsageError("there is no such sheet", file=path, cure="give --samples a CSV with a column 'image'")
    try:
        with catch_warnings():
            simplefilter("error", pd.errors.ParserWarning)  # pandas would drop the fields that are too many
            sheet = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False)
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UsageError("is no readable CSV", file=path, cure="save it as CSV in UTF-8, with commas") from error
    sheet.columns = sheet.columns.str.strip()
    if "image" not in sheet or sheet.shape[1] < 2:
        raise UsageError(
            f"has the columns '{','.join(sheet.columns)}'",
            file=path,
            cure="it needs 'image' and at least one column that names a condition, with commas between",
        )
    taken = [column for column in sheet.columns if column in (*STATISTICS, *BOUNDS)]
    if taken:
        raise UsageError(
            f"has a column '{taken[0]}', as the result has", file=path, cure="give that column another name"
        )
    sheet["image"] = sheet["image"].str.strip()
    twice = sheet["image"][sheet["image"].duplicated()]
    if len(twice):
        raise UsageError(f"names the image '{twice.iloc[0]}' twice", file=path, cure="keep one row per image")
    return sheet


def summarise(
    sheet: pd.DataFrame,
    counts: Sequence[tuple[str, float]],
    bounds: Callable[[Sequence[float]], tuple[float, float]] | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Number of images, mean, standard deviation (n - 1) and total of the counts per condition.

    Parameters
    ----------
    sheet
        As `read_sheet` returns it.
    counts
        Image and count. Scenes and time points (`image#scene,time`) belong to their image, unless the sheet names them.
    bounds
        What gives lower and upper bound of the total of some counts, for a calibrated model.

    Returns
    -------
    table
        One row per combination of the condition columns, with n, mean, sd (empty where n is 1) and total; with
        `bounds` also those of the true total, and of the true mean of these very images.
    warnings
        A sentence each on images without a row, and rows without an image.
    """
    listed = set(sheet["image"])
    owners = [image if image in listed else without_place(image) for image, _ in counts]
    warnings = []
    missing, extra = sorted(listed - set(owners)), sorted(set(owners) - listed)
    if missing:
        warnings.append(f"The sheet names {_images(missing)} not counted, the first {missing[0]}.")
    if extra:
        warnings.append(f"The sheet lacks {_images(extra)} counted, the first {extra[0]}; samples.csv is without them.")
    conditions = [column for column in sheet.columns if column != "image"]
    of_image = dict(zip(sheet["image"], sheet[conditions].itertuples(index=False, name=None), strict=True))
    known = [owner in listed for owner in owners]
    table = pd.DataFrame([of_image[owner] for owner, use in zip(owners, known, strict=True) if use], columns=conditions)
    numbers = pd.Series([count for (_, count), use in zip(counts, known, strict=True) if use], dtype=float)
    groups = numbers.groupby([table[condition] for condition in conditions], sort=True)
    result = groups.agg(list(STATISTICS.values())).reset_index()
    result.columns = pd.Index([*conditions, *STATISTICS])
    if bounds is not None:
        found = np.array([bounds(group.tolist()) for _, group in groups]).reshape(-1, 2)
        each = found / result[["n"]].to_numpy()
        result[list(BOUNDS)] = np.hstack([found, each])
    return result, warnings


def write_samples(path: Path, table: pd.DataFrame) -> None:
    """Write the table as CSV, counts with three decimals."""
    with whole_file(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.3f")


def _images(names: Sequence[str]) -> str:
    return "1 image that was" if len(names) == 1 else f"{len(names)} images that were"

"""Which images are trained on and which only validate: drawn by a seed, written to a file, read again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from cytally.datasets.folder import Sample
from cytally.errors import ConfigError, DataError
from cytally.files import write_text


class Split(BaseModel):
    """Names of the images that are trained on, annotated or not, and of those that validate; no name is there twice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: tuple[str, ...]
    validation: tuple[str, ...]
    unlabelled: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _apart(self) -> Split:
        names = self.train + self.validation + self.unlabelled
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"names {twice} twice")
        return self


def split(samples: Iterable[Sample], *, validation: float | int, seed: int) -> Split:
    """Draw the images that validate, so that both parts cover the range of counts.

    Images are sorted by their count and cut into as many strata of neighbours as the smaller part has images; one image
    of each stratum goes to the smaller part, the others to the larger.

    Parameters
    ----------
    samples
        Images; those without a count are left out. Their order does not matter.
    validation
        The share of images that validate (a float between 0 and 1; at least one image does, and at least one is trained
        on), or their number (an integer).
    seed
        The same seed gives the same split.

    Raises
    ------
    DataError
        When fewer than two images are annotated.
    ConfigError
        When `validation` is no such share, or leaves no image for either part.

    Examples
    --------
    Of ten images with 1 to 10 cells two validate, one from either half.

    >>> few_to_many = [Sample(f"{count}.png", Path(f"{count}.png"), count=count) for count in range(1, 11)]
    >>> split(few_to_many, validation=0.2, seed=0).validation
    ('3.png', '9.png')
    """
    counts = {sample.name: sample.count for sample in samples if sample.count is not None}
    if len(counts) < 2:
        raise DataError(
            f"{len(counts) or 'no'} annotated {'image is' if len(counts) == 1 else 'images are'} not enough, since "
            "one part trains and another validates",
            cure="annotate at least two images, or cut one into several",
        )
    number = _number(validation, len(counts))
    rng = np.random.default_rng(seed)
    names = rng.permutation(sorted(counts)).tolist()  # images with the same count are in an order of chance
    names.sort(key=lambda name: counts[name])

    smaller = min(number, len(names) - number)
    edges = [stratum * len(names) // smaller for stratum in range(smaller + 1)]
    drawn = {names[rng.integers(low, high)] for low, high in pairwise(edges)}
    others = counts.keys() - drawn
    train, held = (others, drawn) if number == smaller else (drawn, others)
    return Split(train=tuple(sorted(train)), validation=tuple(sorted(held)))


def write_split(path: Path, parts: Split) -> None:
    """Write `parts` as JSON, whole or not at all."""
    write_text(path, json.dumps(parts.model_dump(), indent=2, ensure_ascii=False) + "\n")


def read_split(path: Path, samples: Iterable[Sample]) -> Split:
    """Read a split and check that its images are there.

    Parameters
    ----------
    path
        A file from `write_split`.
    samples
        The images that there are.

    Raises
    ------
    DataError
        When the file cannot be read, is no split, or names an image that is not there or, among those that are
        annotated, not annotated any more.
    """
    cure = "remove it, and a new split is drawn"
    try:
        parts = Split.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", file=path, cure=cure) from error
    except ValidationError as error:
        problem = error.errors()[0]
        where = "".join(f"{place}: " for place in problem["loc"])
        raise DataError(f"is no split of images ({where}{problem['msg']})", file=path, cure=cure) from error
    counts = {sample.name: sample.count for sample in samples}
    missing = [name for name in parts.train + parts.validation if counts.get(name) is None]
    missing += [name for name in parts.unlabelled if name not in counts]
    if missing:
        raise DataError(
            f"names {_counted(missing)} not there or not annotated, first {missing[0]}",
            file=path,
            cure="bring them back, or remove this file and a new split is drawn",
        )
    return parts


def _number(validation: float | int, available: int) -> int:
    """How many of the available images validate."""
    if isinstance(validation, int):
        fits, number = 0 < validation < available, validation
    else:
        fits = 0 < validation < 1
        number = min(max(1, round(validation * available)), available - 1) if fits else 0
    if not fits:
        raise ConfigError(
            f"validation is {validation}, which does not split {available} annotated images in two",
            cure=f"give a share between 0 and 1, or a number from 1 to {available - 1}",
        )
    return number


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)} {'image that is' if len(names) == 1 else 'images that are'}"

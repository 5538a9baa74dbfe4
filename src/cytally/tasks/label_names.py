"""What the names of a labelling's files tell: plate, well and tile, and which stain and phase contrast are a pair."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from cytally.errors import ImageError
from cytally.images.name_pairs import pair
from cytally.images.name_pattern import NamePattern
from cytally.images.sources import find_images
from cytally.tasks.inputs import Inputs
from cytally.tasks.label_options import LabelOptions
from cytally.tasks.label_row import NO_FIELDS

ALWAYS = ("plate", "well", "tile")
"""Columns of labels.csv where a pattern was given; others where it names them."""


class FieldNames:
    """What the names of the stain's files tell of where they were taken.

    Parameters
    ----------
    inputs
        The stain's images.
    pattern
        See `cytally.images.name_pattern.NamePattern`; None tells nothing.

    Attributes
    ----------
    columns
        What may be told.
    errors
        Files whose name the pattern does not fit.

    Raises
    ------
    UsageError
        When the pattern is wrong, or fits no name.
    """

    def __init__(self, inputs: Inputs, pattern: str | None) -> None:
        self.columns: tuple[str, ...] = ()
        self.errors: Mapping[Path, ImageError] = {}
        self._fields: Mapping[Path, Mapping[str, str]] = {}
        if pattern is not None:
            names = NamePattern(pattern)
            self.columns = (*ALWAYS, *(name for name in names.fields if name not in (*ALWAYS, "channel")))
            self._fields, self.errors = names.parse_all(inputs.paths)

    def of(self, path: Path) -> Mapping[str, str]:
        """What the name of a file tells, by column; empty text where it does not."""
        fields = self._fields.get(path, NO_FIELDS)
        return {name: fields.get(name, "") for name in self.columns}


def find_partners(inputs: Inputs, options: LabelOptions) -> dict[Path, Path]:
    """The phase-contrast file of each stain's file; empty where none were named.

    One file and one file are a pair, whatever their names.

    Raises
    ------
    UsageError
        When there are no such files, or a file has no partner.
    """
    if options.phase is None:
        return {}
    phases = find_images([options.phase])
    if options.pattern is None and len(inputs) == len(phases) == 1:
        (stain,), (phase,) = inputs.paths, phases
        if os.path.abspath(stain) != os.path.abspath(phase):  # noqa: PTH100 - unlike resolve, keeps symbolic links apart
            return {stain: phase}
    pattern = None if options.pattern is None else NamePattern(options.pattern)
    return dict(pair(inputs.paths, phases, pattern))

"""Plate, well and tile, read from the names of files by a pattern."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from cytally.errors import ImageError, UsageError
from cytally.images.formats import SUPPORTED
from cytally.images.sources import DOUBLE_SUFFIXES, stem

FIELDS = ("plate", "well", "tile", "time", "channel")
"""What a pattern may read from a name. All but the channel say which field of view it is."""
WELL = r"[A-Pa-p]0{0,2}(?:[1-9]|1\d|2[0-4])"
"""A well of a plate with up to 384: A1 to P24, also written A01."""
EXAMPLE = "{plate}_{well}_{tile}_{channel}"
OVER_TIME = "{well}_{tile}_{time}"


class NamePattern:
    """How the names of files tell plate, well, tile, time and channel.

    Parameters
    ----------
    pattern
        Either a template, as ``{plate}_{well}_{tile}_{channel}.tif``, with or without the ending, in which ``*`` stands
        for anything; or a regular expression with named groups, as ``(?P<well>[A-H]\\d+)_s(?P<tile>\\d+)``. In a
        template a field reaches to the next separator. Where a name holds more separators than that, a well is known
        by its looks (A1 to P24), and the plate, or else the channel, takes what remains. A regular expression need not
        speak of the whole name, but of whole words of it.

    Attributes
    ----------
    fields
        The fields that it reads, in the pattern's order.

    Raises
    ------
    UsageError
        When the pattern names no field, one twice, one that there is not, or is no valid regular expression.

    Examples
    --------
    >>> NamePattern("{plate}_{well}_{tile}_{channel}").parse("exp_3_B07_2_DAPI.tif")
    {'plate': 'exp_3', 'well': 'B07', 'tile': '2', 'channel': 'DAPI'}
    >>> NamePattern(r"(?P<well>[A-H]\\d+)_s(?P<tile>\\d+)").parse("day1_B7_s12_w2.tif")
    {'well': 'B7', 'tile': '12'}
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        regular = "(?P" in pattern
        expressions = [_compiled(pattern)] if regular else []
        named = re.findall(r"\(\?P<([^>]*)>" if regular else r"\{([^{}]*)\}", pattern)
        _check_fields(pattern, named)
        self.fields: tuple[str, ...] = tuple(named)
        self._regular = regular
        self._attempts = expressions or _template(pattern)

    def parse(self, name: str | Path) -> dict[str, str]:
        """Read the fields from the name of a file; a part of a regular expression that is left out gives ''.

        Raises
        ------
        ImageError
            When the pattern does not fit.
        """
        name = Path(name).name
        found = self._match(name)
        if found is None:
            raise ImageError(
                f"has a name that the pattern '{self.pattern}' does not fit",
                file=name,
                cure="rename the file, leave it out, or change the pattern",
            )
        return {field: found[field] or "" for field in self.fields}

    def parse_all(self, paths: Sequence[Path]) -> tuple[dict[Path, dict[str, str]], dict[Path, ImageError]]:
        """Read the fields from many names.

        Returns
        -------
        tuple
            The fields of each file that the pattern fits, and the error of each other one.

        Raises
        ------
        UsageError
            When the pattern fits none of them.
        """
        fields: dict[Path, dict[str, str]] = {}
        errors: dict[Path, ImageError] = {}
        for path in paths:
            try:
                fields[path] = self.parse(path)
            except ImageError as error:
                errors[path] = ImageError(error.message, file=path, cure=error.cure)
        if errors and not fields:
            names = "the only name" if len(paths) == 1 else f"none of the {len(paths)} names"
            verb = "does not fit" if len(paths) == 1 else "fits"
            raise UsageError(
                f"the pattern '{self.pattern}' {verb} {names}, as '{paths[0].name}'",
                cure=f"write one that does, as '{OVER_TIME}' for A1_3_017.tif"
                if "time" in self.fields
                else f"write one that does, as '{EXAMPLE}' for plate1_A1_3_DAPI.tif",
            )
        return fields, errors

    def _match(self, name: str) -> re.Match[str] | None:
        for attempt in self._attempts:
            found = attempt.fullmatch(stem(name)) or attempt.fullmatch(name)
            if found is None and self._regular:
                found = next((each for each in attempt.finditer(name) if _whole_words(each)), None)
            if found is not None:
                return found
        return None


def _check_fields(pattern: str, named: Sequence[str]) -> None:
    there = "choose from " + ", ".join(FIELDS)
    unknown = [name for name in named if name not in FIELDS]
    if unknown:
        raise UsageError(f"the pattern '{pattern}' has a field '{unknown[0]}', which there is not", cure=there)
    twice = [name for name in named if named.count(name) > 1]
    if twice:
        raise UsageError(f"the pattern '{pattern}' has the field '{twice[0]}' twice", cure="name each field once")
    if not set(named) - {"channel"}:
        what = "no field but the channel" if named else "no field"
        raise UsageError(f"the pattern '{pattern}' names {what}", cure=f"{there}, as '{EXAMPLE}'")


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, OverflowError) as error:
        raise UsageError(
            f"the pattern '{pattern}' is no valid regular expression ({error})",
            cure=f"mend it, or write a template, as '{EXAMPLE}'",
        ) from error


def _template(pattern: str) -> list[re.Pattern[str]]:
    """The template as regular expressions, the strictest first."""
    pattern = _without_ending(pattern)
    touching = re.search(r"\{(\w+)\}\{(\w+)\}", pattern)
    if touching:
        raise UsageError(
            f"the pattern '{pattern}' has nothing between '{touching[1]}' and '{touching[2]}'",
            cure="write a regular expression, as '(?P<well>[A-P][0-9]+)(?P<tile>[a-z]+)'",
        )
    return [
        _expression(pattern, well=WELL),
        _expression(pattern, well=WELL, plate=".+"),
        _expression(pattern, well=WELL, channel=".+"),
        _expression(pattern),
    ]


def _without_ending(pattern: str) -> str:
    """The template without an image's ending: the names may have any."""
    for suffix in sorted({*DOUBLE_SUFFIXES, *SUPPORTED}, key=len, reverse=True):
        if pattern.lower().endswith(suffix):
            return pattern[: -len(suffix)]
    return pattern


def _expression(template: str, **own: str) -> re.Pattern[str]:
    """A template as a regular expression.

    A field without an expression of its `own` reaches to the separator that follows, and the last one to any of the
    template's separators.
    """
    parts = re.split(r"(\{\w+\}|\*)", template)  # literal, field or *, literal, field or *, ..., literal
    separators = "".join(after[:1] for after in parts[2::2]) or "_"
    expression = re.escape(parts[0])
    for part, after in zip(parts[1::2], parts[2::2], strict=True):
        field = part.strip("{}")
        until = re.escape(after[:1] or separators)
        group = ".*" if part == "*" else f"(?P<{field}>{own.get(field, f'[^{until}]+')})"
        expression += group + re.escape(after)
    return re.compile(expression)


def _whole_words(found: re.Match[str]) -> bool:
    """Whether the match neither begins nor ends within a word: 's1' is not the tile of 's12'."""
    text, start, end = found.string, found.start(), found.end()
    return all(not text[max(at - 1, 0) : at + 1].isalnum() or at in (0, len(text)) for at in (start, end))

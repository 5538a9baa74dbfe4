"""Stain and phase contrast of the same field, paired by the names of their files."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from cytally.errors import ImageError, UsageError
from cytally.images.name_pattern import NamePattern
from cytally.images.sources import stem


def pair(stains: Sequence[Path], phases: Sequence[Path], pattern: NamePattern | None = None) -> list[tuple[Path, Path]]:
    """Find the phase-contrast image of each stained image by their names.

    Parameters
    ----------
    stains
        Stained images.
    phases
        Phase-contrast images. Those of them that are among the stains are left out, so that both may lie in one folder;
        those without a stain are not an error.
    pattern
        Pairs the files whose fields but the channel agree. Without one, all files are paired by equal stems; or else
        by stems that differ in one word, as ``A1_dapi`` and ``A1_phase``; words end at ``_``, ``-``, ``.`` and spaces.
        Where that word holds digits it must be the same for all, so that ``1_x`` is never paired with ``2_x``. Of
        several that fit, as where each plate's folder has an ``A1_phase``, the one in the nearest folder is taken.

    Returns
    -------
    list of tuple
        Stain and phase contrast, in the order of the stains.

    Raises
    ------
    UsageError
        When a stain has no partner, or several, or shares one, or when the pattern does not fit a stain.
    """
    own = {os.path.abspath(stain) for stain in stains}  # noqa: PTH100 - unlike resolve, keeps symbolic links apart
    phases = [phase for phase in phases if os.path.abspath(phase) not in own]  # noqa: PTH100 - as above
    if not phases:
        raise UsageError(
            "there is no phase-contrast image beside the stains",
            cure="name other files with --phase, or a channel of the same ones with --phase-channel alone",
        )
    partners = _by_names(stains, phases) if pattern is None else _by_fields(stains, phases, pattern)
    owners: dict[Path, Path] = {}
    nearest = {stain: _nearest(stain, found) for stain, found in partners.items()}
    for stain, found in nearest.items():
        if not found:
            raise UsageError(
                f"has no partner among the {len(phases)} phase-contrast images, as '{phases[0].name}'",
                file=stain,
                cure="leave it out, rename it, or tell by a pattern what the names mean",
            )
        if len(found) > 1:
            raise UsageError(
                f"fits two phase-contrast images, '{found[0]}' and '{found[1]}'",
                file=stain,
                cure="name only one of them, or tell by a pattern what the names mean",
            )
        if found[0] in owners:
            raise UsageError(
                f"is the partner of two stains, '{owners[found[0]]}' and '{stain}'",
                file=found[0],
                cure="name only one of them, or tell by a pattern what the names mean",
            )
        owners[found[0]] = stain
    return [(stain, found[0]) for stain, found in nearest.items()]


def _nearest(stain: Path, found: Sequence[Path]) -> list[Path]:
    """Those of the files that share the most folders with the stain."""
    shared = [len(os.path.commonpath([stain.absolute(), phase.absolute()])) for phase in found]
    return [phase for phase, length in zip(found, shared, strict=True) if length == max(shared)]


def _by_fields(stains: Sequence[Path], phases: Sequence[Path], pattern: NamePattern) -> dict[Path, list[Path]]:
    def places(paths: Sequence[Path]) -> tuple[dict[Path, tuple[str, ...]], dict[Path, ImageError]]:
        read, errors = pattern.parse_all(paths)
        return {path: tuple(v for k, v in fields.items() if k != "channel") for path, fields in read.items()}, errors

    of_stains, errors = places(stains)
    for error in errors.values():
        raise UsageError(error.message, file=error.file, cure=error.cure)
    of_phases, _ = places(phases)
    by_place: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    for phase, place in of_phases.items():
        by_place[place].append(phase)
    return {stain: by_place.get(place, []) for stain, place in of_stains.items()}


def _by_names(stains: Sequence[Path], phases: Sequence[Path]) -> dict[Path, list[Path]]:
    by_stem: dict[str, list[Path]] = defaultdict(list)
    for phase in phases:
        by_stem[stem(phase)].append(phase)
    equal = {stain: by_stem.get(stem(stain), []) for stain in stains}
    if any(equal.values()):
        return equal
    # All words but one, and where that one stands: files that agree in this differ in one word at most.
    by_rest: dict[tuple[int, tuple[str, ...]], list[Path]] = defaultdict(list)
    for phase in phases:
        for place, rest, _ in _all_but_one(phase):
            by_rest[place, rest].append(phase)
    differing: dict[Path, dict[Path, tuple[str, str]]] = {stain: {} for stain in stains}
    for stain in stains:
        for place, rest, word in _all_but_one(stain):
            for phase in by_rest[place, rest]:
                differing[stain][phase] = word, _words(phase)[place]
    kinds = {words for found in differing.values() for words in found.values()}
    return {
        stain: [phase for phase, words in found.items() if len(kinds) == 1 or not re.search(r"\d", "".join(words))]
        for stain, found in differing.items()
    }


def _words(path: Path) -> list[str]:
    return re.split(r"[_\-. ]+", stem(path))


def _all_but_one(path: Path) -> Iterator[tuple[int, tuple[str, ...], str]]:
    words = _words(path)
    for place, word in enumerate(words):
        yield place, (*words[:place], *words[place + 1 :]), word

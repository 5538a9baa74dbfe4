"""What was seen in each image, on the disk: so that a run that was stopped, or has more images, goes on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cytally.choosing.look import Part
from cytally.choosing.regions import Box
from cytally.tasks.input_digests import absolute
from cytally.tasks.output import writing
from cytally.tasks.rows import RowFile, read_rows

LOOKS, HEADER = ".looks.csv", ("image", "seen")


@dataclass(frozen=True)
class SeenPart:
    """A part of an input: which of its planes (`#scene,time`, or empty) it lies in, and what was seen."""

    place: str
    part: Part


class Looks:
    """What was seen in each image, noted as soon as it is whole.

    Parameters
    ----------
    folder
        The output folder.
    resume
        Take over what earlier sittings noted, of files that have not changed since.
    """

    def __init__(self, folder: Path, *, resume: bool = False) -> None:
        self._folder = folder
        self._rows = {row["image"]: row["seen"] for row in read_rows(folder / LOOKS, HEADER)} if resume else {}

    def begin(self) -> None:
        """Write the file anew with what was taken over."""
        with writing(self._folder):
            rows = [{"image": image, "seen": seen} for image, seen in self._rows.items()]
            self._file = RowFile(self._folder / LOOKS, HEADER, rows)

    def get(self, path: Path, *, labelled: bool = False) -> list[SeenPart] | None:
        """What was seen in an image; None where it was not looked at, or has changed since."""
        text = self._rows.get(_key(path, labelled))
        if text is None:
            return None
        seen = json.loads(text)
        if seen["file"] != _state(path):
            return None
        return [SeenPart(each["place"], _part(each["part"])) for each in seen["parts"]]

    def add(self, path: Path, parts: list[SeenPart], *, labelled: bool = False) -> None:
        """Note what was seen in an image."""
        text = json.dumps({"file": _state(path), "parts": [asdict(part) for part in parts]})
        key = _key(path, labelled)
        self._rows[key] = text
        with writing(self._folder):
            self._file.append([{"image": key, "seen": text}])


def _part(values: dict[str, Any]) -> Part:
    box = None if values["box"] is None else Box(**values["box"])
    return Part(**values | {"features": tuple(values["features"]), "box": box})


def _key(path: Path, labelled: bool) -> str:
    return ("labelled " if labelled else "input ") + absolute(path)


def _state(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]

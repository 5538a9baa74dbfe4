"""Which images are labelled already, and which inputs are those same images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cytally.datasets.folder import read_folder
from cytally.models.exported import file_digest
from cytally.tasks.inputs import Inputs


def labelled_images(folder: str | Path) -> list[Path]:
    """The annotated images of a data folder, in order.

    Raises
    ------
    DataError, UsageError, ImageError
        As `cytally.datasets.folder.read_folder`.
    """
    return [sample.path for sample in read_folder(Path(folder)).samples if sample.count is not None]


def already_labelled(inputs: Inputs, labelled: Sequence[Path]) -> tuple[set[Path], list[str]]:
    """The inputs whose file has the content of a labelled one, and notes on names that are shared without it."""
    content: dict[int, set[str]] = {}
    for path in labelled:
        if path.is_file():
            content.setdefault(path.stat().st_size, set()).add(file_digest(path))
    places, names = {path.resolve() for path in labelled}, {path.name for path in labelled}
    same, alike = set[Path](), list[str]()
    for path in inputs.paths:
        size = path.stat().st_size if path.is_file() else None
        if path.resolve() in places or (size in content and file_digest(path) in content[size]):
            same.add(path)
        elif path.name in names:
            alike.append(inputs.name(path))
    if not alike:
        return same, []
    what = f"{alike[0]} has" if len(alike) == 1 else f"{len(alike)} inputs, the first {alike[0]}, have"
    return same, [f"{what} the name of a labelled image, but other content, and may be suggested."]

"""The images of a run: what they and the files of their results are called."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cytally.images.sources import output_stems, stem


class Inputs:
    """The images of a run, in order.

    Parameters
    ----------
    paths
        Their files.

    Examples
    --------
    >>> inputs = Inputs([Path("/x/a/1.ome.tif"), Path("/x/b/1.ome.tif"), Path("/x/b/2.png"), Path("/x/b/2.tif")])
    >>> [inputs.name(path) for path in inputs.paths]
    ['a_1.ome.tif', 'b_1.ome.tif', '2.png', '2.tif']
    >>> inputs.file_stem("a_1.ome.tif#0,3")
    'a_1#0,3'
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        self._stems = {path: _writable(each) for path, each in output_stems(self.paths).items()}
        self._names = self._name_all()
        self._owners = {name: path for path, name in self._names.items()}

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, path: Path) -> str:
        """What an input is called in tables: its file's name, with its folder's in front where two share a name."""
        return self._names[path]

    def owner(self, image: str) -> Path | None:
        """The input that an image of a table belongs to, be it one of its scenes or time points; None for none."""
        return self._owners.get(image) or self._owners.get(without_place(image))

    def file_stem(self, image: str) -> str | None:
        """Name, without ending, of the files that belong to an image of a table; None where it is no input's."""
        path = self.owner(image)
        return None if path is None else self._stems[path] + image.removeprefix(self._names[path])

    def absolute(self) -> list[str]:
        """The inputs' paths, valid from any folder."""
        return [os.path.abspath(path) for path in self.paths]  # noqa: PTH100 - unlike resolve, keeps symbolic links

    def _name_all(self) -> dict[Path, str]:
        """Names that differ: the files' own, then with the folder's in front, and last the stems with their endings."""
        names = {path: _writable(path.name) for path in self.paths}
        endings = {path: _writable(path.name.removeprefix(stem(path))) for path in self.paths}
        for part_of_stem in (True, False, False):
            often = Counter(name.casefold() for name in names.values())
            for path in [path for path, name in names.items() if often[name.casefold()] > 1]:
                added = endings[path].replace(".", "_") if part_of_stem else ""
                names[path] = self._stems[path].removesuffix(added) + endings[path]
        return names


def without_place(image: str) -> str:
    """The image without ``#scene,time``."""
    return re.sub(r"#\d+,\d+$", "", image)


def _writable(name: str) -> str:
    """The name with a question mark for what is no valid text, as in file names from another system."""
    return name.encode("utf-8", "replace").decode("utf-8")

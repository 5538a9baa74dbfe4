"""Which images a command is to work on, and what their results are called."""

from __future__ import annotations

import glob
import os
import re
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

from cytally.errors import UsageError
from cytally.images.formats import SUPPORTED, is_supported, is_zarr

DOUBLE_SUFFIXES = (".ome.tif", ".ome.tiff", ".ome.btf", ".ome.zarr")


def find_images(inputs: Sequence[str | Path]) -> list[Path]:
    """List the images that `inputs` name, each once, in order.

    Parameters
    ----------
    inputs
        Files, folders (their images, not those in folders below, hidden ones left out, sorted by name) and glob
        patterns. A zarr folder is one image.

    Raises
    ------
    UsageError
        When one is missing, a folder holds no image, or a pattern matches none.
    """
    if not inputs:
        raise UsageError("no image was named", cure="name files, folders or patterns")
    found: dict[str, Path] = {}
    for given in inputs:
        for path in _named(given):
            found.setdefault(os.path.abspath(path), path)  # noqa: PTH100 - unlike resolve, keeps symbolic links apart
    return list(found.values())


def _named(given: str | Path) -> list[Path]:
    path = Path(given)
    if not str(given).strip():
        raise UsageError("an input is empty", cure="name files, folders or patterns")
    if path.is_dir() and not is_zarr(path):
        images = sorted(entry for entry in path.iterdir() if not entry.name.startswith(".") and is_supported(entry))
        if not images:
            raise UsageError(
                "holds no image", file=path, cure="name a folder with files that end in " + " ".join(SUPPORTED)
            )
        return images
    # A file whose name holds brackets is a file, not a pattern.
    if path.exists():
        return [path]
    if not glob.has_magic(str(given)):
        raise UsageError("does not exist", file=path, cure="check the path")
    matches = sorted(glob.glob(str(given), recursive=True))  # noqa: PTH207 - Path.glob refuses absolute patterns
    images = [path for path in map(Path, matches) if is_supported(path)]
    if not images:
        raise UsageError(
            "matches no image", file=given, cure="check the pattern; supported endings are " + " ".join(SUPPORTED)
        )
    return images


def stem(path: str | Path) -> str:
    """Name of a file without its last suffix; ``.ome.tif`` and its like count as one.

    What follows a file's name as ``#scene,time`` stays.

    Examples
    --------
    >>> stem("a/b.ome.tif"), stem("b.1.png"), stem("b.tif#0,3")
    ('b', 'b.1', 'b#0,3')
    """
    name = Path(path).name
    scene_and_time = re.search(r"#\d+,\d+$", name)
    place = scene_and_time.group() if scene_and_time else ""
    name = name.removesuffix(place)
    for suffix in DOUBLE_SUFFIXES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)] + place
    return Path(name).stem + place


def output_stems(paths: Sequence[Path]) -> dict[Path, str]:
    """Name the results of each image, no two alike.

    A name is the image's `stem`. Where several share one, each gets its folder's name in front (``a_cells``,
    ``b_cells``), and that of the folder above while they still agree. Two files of one folder that differ only in
    their ending have the ending as well (``a_cells_png``). Names that differ only in case count as the same, as they
    are on many disks.

    Examples
    --------
    >>> list(output_stems([Path("/x/a/1.tif"), Path("/x/b/1.tif"), Path("/x/b/2.tif")]).values())
    ['a_1', 'b_1', '2']
    """
    paths = list(dict.fromkeys(paths))
    whole = {path: Path(os.path.abspath(path)) for path in paths}  # noqa: PTH100 - as above
    bases = {path: stem(path) for path in paths}
    beside = _repeated({path: (whole[path].parent, bases[path].casefold()) for path in paths})
    for path in beside:
        bases[path] += "_" + path.name[len(bases[path]) :].strip(".").replace(".", "_")
    shared = _repeated({path: stem(path).casefold() for path in paths})
    depth = {path: int(path in shared) for path in paths}
    while True:
        names = {path: _name(whole[path], bases[path], depth[path]) for path in paths}
        alike = _repeated({path: name.casefold() for path, name in names.items()})
        again = [path for path in alike if depth[path] < len(whole[path].parts) - 2]
        if not again:
            break
        for path in again:
            depth[path] += 1
    # Only odd folders get here (/a_b/c.tif beside /a/b/c.tif, or A.tif beside a.tif): a number tells them apart.
    for number, path in enumerate(sorted(alike), start=1):
        names[path] += f"_{number}"
    return names


def _name(whole: Path, base: str, depth: int) -> str:
    folders = whole.parent.parts[1:]
    return "_".join((*folders[len(folders) - min(depth, len(folders)) :], base))


def _repeated(keys: Mapping[Path, Hashable]) -> list[Path]:
    """The paths whose key another path has too."""
    groups: defaultdict[Hashable, list[Path]] = defaultdict(list)
    for path, key in keys.items():
        groups[key].append(path)
    return [path for group in groups.values() if len(group) > 1 for path in group]

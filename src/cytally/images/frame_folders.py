"""Time-lapses without a pattern: files of several frames each by itself, the single frames of a folder together."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from cytally.errors import ImageError
from cytally.images.formats import is_supported
from cytally.images.frame_order import natural_key, numbering
from cytally.images.frame_scene import FrameScene, sequences
from cytally.images.frame_series import Label, Moment, Part
from cytally.images.sources import output_stems, stem
from cytally.images.timelapse import missing_frames, note

Series = tuple[Label, list[Moment]]


def by_folder(
    opened: dict[Path, list[FrameScene] | ImageError], axes: str | None = None
) -> tuple[list[Series], list[ImageError]]:
    """Sort files into time-lapses.

    Parameters
    ----------
    opened
        What the files hold, or why they cannot be read.
    axes
        What the user says their axes are.

    Returns
    -------
    tuple
        The label and the moments of each time-lapse, and the errors of files that belong to none.
    """
    stems = output_stems(list(opened))
    series: list[Series] = []
    # Scenes of single frames: the same scene of the folder's files belongs together.
    singles: defaultdict[tuple[Path, int], list[Part]] = defaultdict(list)
    broken: list[tuple[Path, ImageError]] = []
    for path, scenes in opened.items():
        if isinstance(scenes, ImageError):
            broken.append((path, scenes))
            continue
        for number, frames in enumerate(sequences(scenes)):
            if len(frames) > 1:
                series.append(_stack(path, number, frames, stems[path], len(sequences(scenes))))
            else:
                singles[path.parent, number].append(Part(path, *frames[0]))
    errors = []
    for path, error in broken:
        beside = [key for key in singles if key[0] == path.parent]
        for key in beside if is_supported(path) else []:
            singles[key].append(Part(path, error=error))
        if not beside or not is_supported(path):
            errors.append(error)
    for (folder, number), parts in singles.items():
        one = parts[0].scene if len(parts) == 1 else None
        if one is not None and one.depth > 1 and not one.has_time and axes is None:
            errors.append(
                ImageError(
                    f"is a volume of {one.depth} slices, not a time-lapse",
                    file=one.path,
                    cure="give --axes TYX if its slices are frames",
                )
            )
        else:
            several = sum(key[0] == folder for key in singles) > 1
            series.append(_folder(folder, number, parts, several, stems))
    return series, errors


def _stack(path: Path, number: int, frames: list[tuple[FrameScene, int]], called: str, count: int) -> Series:
    several = f"{path.name}#{number}" if count > 1 else path.name
    moments = [
        Moment(f"{path.name}#{scene.number},{time}", float(place), ((Part(path, scene, time),),))
        for place, (scene, time) in enumerate(frames)
    ]
    return Label(several, f"{called}_{number}" if count > 1 else called, path), moments


def _folder(folder: Path, number: int, parts: list[Part], several: bool, stems: dict[Path, str]) -> Series:
    parts.sort(key=lambda part: natural_key(part.path.name))
    names = [stem(part.path) for part in parts]
    found = numbering(names)
    moments = [
        Moment(part.path.name if not several else f"{part.path.name}#{number},0", place, ((part,),))
        for part, place in zip(parts, found.places, strict=True)
    ]
    notes = []
    if found.missing():
        notes.append(missing_frames(folder, found.missing(), found.step))
    if not found.even:
        message = "has frames whose numbers are not evenly spaced; their times follow the numbers"
        notes.append(note(folder, message, "rename them if the numbers are no times"))
    # A lone frame is called after its file, a sequence after its folder.
    name, called = (parts[0].path.name, stems[parts[0].path]) if len(parts) == 1 else (folder.resolve().name,) * 2
    source = parts[0].path if len(parts) == 1 else folder
    end = f"_{number}" if several else ""
    return Label(name + end.replace("_", "#"), called + end, source, tuple(notes)), moments

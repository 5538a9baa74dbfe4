"""Data sets of the Cell Tracking Challenge: sequences of frames, and what is known of them.

Beside a folder of frames `01` (t000.tif, t001.tif, ...) lies `01_GT`. In `01_GT/SEG`, man_seg003.tif outlines cells of
the whole frame 3, and man_seg_003_015.tif those of slice 15 alone. In `01_GT/TRA`, man_track003.tif has a marker in
every cell of frame 3. Numbers have three digits, or four where there are a thousand frames or more.

Source: Maška et al. 2014; "Naming and file content conventions", http://celltrackingchallenge.net.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cytally.datasets.sample import DataFolder, Sample
from cytally.datasets.volumes import volume_sample
from cytally.errors import CytallyError, DataError

SEQUENCE = re.compile(r"\d{2}")
FRAME = re.compile(r"t(\d{3,4})\.tif")
SEGMENTED = re.compile(r"man_seg(\d{3,4})\.tif")
SEGMENTED_SLICE = re.compile(r"man_seg_?(\d{3,4})_(\d{3,4})\.tif")
MARKED = re.compile(r"man_track(\d{3,4})\.tif")


@dataclass(frozen=True)
class Sequence:
    """The frames of one sequence, in order, none missing.

    Parameters
    ----------
    folder
        Where they lie.
    frames
        Their files, from frame 0.
    digits
        With how many digits frames are numbered, 3 or 4.
    """

    folder: Path
    frames: tuple[Path, ...]
    digits: int

    @property
    def name(self) -> str:
        """Its number, as ``01``."""
        return self.folder.absolute().name

    def number(self, frame: int) -> str:
        """The number of a frame as files have it.

        Examples
        --------
        >>> Sequence(Path("01"), (), 3).number(7)
        '007'
        """
        return f"{frame:0{self.digits}d}"


def find_sequence(folder: str | Path) -> Sequence | None:
    """The sequence in a folder of frames, or None where it holds no frame or its name is not a number of two digits.

    Raises
    ------
    DataError
        When frames are missing, or numbered in two ways.
    """
    folder = Path(folder)
    if not (SEQUENCE.fullmatch(folder.absolute().name) and folder.is_dir()):
        return None
    frames = _numbered(folder, FRAME)
    if not frames:
        return None
    digits = {len(path.stem) - 1 for path in folder.iterdir() if FRAME.fullmatch(path.name)}
    if len(digits) > 1:
        raise DataError(
            "numbers frames with three digits and with four", file=folder, cure="rename t000.tif to t0000.tif"
        )
    sequence = Sequence(folder, tuple(path for _, path in sorted(frames.items())), *digits)
    missing = [frame for frame in range(max(frames)) if frame not in frames]
    if missing:
        raise DataError(
            f"lacks {len(missing)} of its {max(frames) + 1} frames, first t{sequence.number(missing[0])}.tif",
            file=folder,
            cure="add them, or number the frames from 0 without a gap",
        )
    return sequence


def is_challenge(root: Path) -> bool:
    """Whether `root` holds sequences of the challenge: folders named by two digits that hold frames."""
    return not (root / "images").is_dir() and bool(_sequence_folders(root))


def read_challenge(
    root: Path,
    *,
    axes: str | None = None,
    on_image: Callable[[int, int], None] | None = None,
    on_broken: Callable[[Path, CytallyError], None] | None = None,
) -> DataFolder:
    """Read which frames a data set of the Cell Tracking Challenge holds, and how they are annotated.

    Parameters
    ----------
    root
        The folder that holds ``01``, ``01_GT`` and so on. A sequence without ``_GT`` is unlabelled.
    axes, on_image, on_broken
        As `cytally.datasets.folder.read_folder` has them.

    Returns
    -------
    DataFolder
        One `Sample` per frame, named like ``01_t003.tif``. Where a whole frame and slices of it are outlined, the whole
        is used.

    Raises
    ------
    DataError
        When frames are missing, or labels do not fit their frame.
    ImageError
        When an annotated frame cannot be read, or is no volume.
    """
    found = [sequence for folder in _sequence_folders(root) if (sequence := find_sequence(folder)) is not None]
    total = sum(len(sequence.frames) for sequence in found)
    samples: list[Sample] = []
    done = 0
    for sequence in found:
        truth = sequence.folder.with_name(f"{sequence.name}_GT")
        whole, markers = _numbered(truth / "SEG", SEGMENTED), _numbered(truth / "TRA", MARKED)
        slices = _numbered_slices(truth / "SEG")
        _refuse_strays(sequence, {**{t: next(iter(files.values())) for t, files in slices.items()}, **markers, **whole})
        for frame, path in enumerate(sequence.frames):
            if on_image is not None:
                on_image(done, total)
            done += 1
            name = f"{sequence.name}_{path.name}"
            if frame not in whole and frame not in slices:
                samples.append(Sample(name, path, markers=markers.get(frame)))
                continue
            try:
                sample = volume_sample(
                    name,
                    path,
                    labels=whole.get(frame),
                    label_slices=None if frame in whole else slices[frame],
                    markers=markers.get(frame),
                    axes=axes,
                )
            except CytallyError as error:
                if on_broken is None:
                    raise
                on_broken(path, error)
                continue
            samples.append(sample)
    return DataFolder(root, tuple(samples))


def _sequence_folders(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    folders = [folder for folder in sorted(root.iterdir()) if SEQUENCE.fullmatch(folder.name) and folder.is_dir()]
    return [folder for folder in folders if _numbered(folder, FRAME)]


def _numbered(folder: Path, pattern: re.Pattern[str]) -> dict[int, Path]:
    """The files whose names fit, by the number in them."""
    if not folder.is_dir():
        return {}
    fitting = ((pattern.fullmatch(path.name), path) for path in folder.iterdir())
    return {int(match[1]): path for match, path in fitting if match}


def _numbered_slices(folder: Path) -> dict[int, dict[int, Path]]:
    """The label images of single slices, by frame and slice."""
    slices: dict[int, dict[int, Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if match := SEGMENTED_SLICE.fullmatch(path.name):
            slices.setdefault(int(match[1]), {})[int(match[2])] = path
    return slices


def _refuse_strays(sequence: Sequence, annotated: dict[int, Path]) -> None:
    """DataError where a frame is annotated that is not there."""
    beyond = sorted(frame for frame in annotated if frame >= len(sequence.frames))
    if beyond:
        raise DataError(
            f"lacks the frame t{sequence.number(beyond[0])}.tif, which {annotated[beyond[0]].name} is of",
            file=sequence.folder,
            cure="add the frames that are missing, or remove their annotation",
        )

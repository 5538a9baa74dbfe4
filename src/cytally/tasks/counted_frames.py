"""What is counted in the frames of a time-lapse, kept frame by frame so that a stopped run goes on."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from cytally.files import whole_file

Floats = NDArray[np.float64]
Labels = NDArray[np.integer[Any]]

LEFT_OUT = frozenset({"black", "white", "constant", "unreadable", "size", "duplicate"})
"""Words on frames that are not counted with the others."""


@dataclass(frozen=True)
class CountedFrame:
    """One frame as a model counted it, in the frame's own pixels.

    Parameters
    ----------
    count
        Number of cells in the whole frame; NaN where it could not be read.
    points
        y, x of each cell (N, 2); None where the model does not say where cells are.
    areas
        Area of each cell in pixels (N,), where the model finds objects; None elsewhere.
    density
        Density map (Y, X), float32; None where the model has none.
    labels
        Label image (Y, X), whose label `k` belongs to ``points[k - 1]``; None where the model finds no objects.
    diameter
        A cell's typical diameter in pixels.
    interval
        Bounds of the true count; None where the model has not been calibrated.
    flags
        What is unusual about the frame.
    """

    count: float
    points: Floats | None
    areas: Floats | None = None
    density: NDArray[np.float32] | None = None
    labels: Labels | None = None
    diameter: float = float("nan")
    interval: tuple[float, float] | None = None
    flags: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it takes part in the fit."""
        return not LEFT_OUT & set(self.flags) and bool(np.isfinite(self.count))

    @classmethod
    def of_nothing(cls, *flags: str) -> CountedFrame:
        """A frame that nothing could be counted in."""
        return cls(float("nan"), np.empty((0, 2)), flags=flags)


class FrameStore:
    """The counted frames of one time-lapse, one file each, whole or absent.

    Parameters
    ----------
    folder
        Where they lie; made when the first is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, index: int) -> bool:
        """Whether a frame is kept."""
        return self._path(index).is_file()

    def keep(self, index: int, frame: CountedFrame) -> None:
        """Write a frame."""
        arrays: dict[str, NDArray[Any]] = {
            name: values for name in ("points", "areas") if (values := getattr(frame, name)) is not None
        }
        for name in ("density", "labels"):
            plane = getattr(frame, name)
            if plane is not None:
                packed = imagecodecs.zlib_encode(np.ascontiguousarray(plane).tobytes(), 1)
                arrays[name] = np.frombuffer(packed, np.uint8)
                arrays[f"{name}_shape"] = np.array(plane.shape)
                arrays[f"{name}_type"] = np.array(plane.dtype.str)
        told = {
            "count": frame.count,
            "diameter": frame.diameter,
            "interval": frame.interval,
            "flags": list(frame.flags),
        }
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, told=np.array(json.dumps(told)), **arrays)
        with whole_file(self._path(index)) as temporary:
            temporary.write_bytes(buffer.getvalue())

    def get(self, index: int, *, planes: bool = True) -> CountedFrame:
        """Read a frame; without its density map and label image unless `planes`."""
        with np.load(self._path(index), allow_pickle=False) as file:
            told = json.loads(str(file["told"]))
            interval = told["interval"]
            return CountedFrame(
                count=float(told["count"]),
                points=file.get("points"),
                areas=file.get("areas"),
                density=_plane(file, "density") if planes else None,
                labels=_plane(file, "labels") if planes else None,
                diameter=float(told["diameter"]),
                interval=None if interval is None else (interval[0], interval[1]),
                flags=tuple(told["flags"]),
            )

    def says_where(self, index: int) -> bool:
        """Whether the model said of a frame where its cells are, and not only how many there are."""
        with np.load(self._path(index), allow_pickle=False) as file:
            return "points" in file or "density" in file

    def _path(self, index: int) -> Path:
        return self.folder / f"{index:06}.npz"


def _plane(file: Any, name: str) -> NDArray[Any] | None:
    if name not in file:
        return None
    pixels = imagecodecs.zlib_decode(file[name].tobytes())
    return np.frombuffer(pixels, str(file[f"{name}_type"])).reshape(tuple(file[f"{name}_shape"]))

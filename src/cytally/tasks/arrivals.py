"""Files that come into a folder, and whether they are whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


class Arrivals:
    """What is new in a folder and has stopped growing.

    Parameters
    ----------
    folder
        Which to look into; not those below it.
    settle
        Seconds that a file must have stayed the same, by its size and time of change.
    patience
        Seconds after which a file that stays the same is not waited for any longer.
    clock
        What tells the time in seconds.

    Notes
    -----
    Clocks of the microscope and of this machine may differ, so a file counts as unchanged by what two looks show, not
    by its time.
    """

    def __init__(self, folder: Path, settle: float, patience: float, clock: Callable[[], float]) -> None:
        self.folder, self.settle, self.patience = folder, settle, patience
        self._clock = clock
        self._seen: dict[str, tuple[int, float, float]] = {}
        """Of each file its size and time of change, and since when they are so."""

    def look(self, wanted: Callable[[Path, int, float], bool]) -> list[Path] | None:
        """The files that are whole, as far as one can tell; None where the folder is not there.

        Parameters
        ----------
        wanted
            Whether a file of this size and time of change is of interest.
        """
        try:
            entries = [each for each in self.folder.iterdir() if not each.name.startswith(".") and each.is_file()]
        except OSError:
            return None
        now, settled = self._clock(), []
        for path in entries:
            try:
                state = path.stat()
            except OSError:  # gone since
                continue
            if not wanted(path, state.st_size, state.st_mtime):
                continue
            size, changed, since = self._seen.get(path.name, (-1, 0.0, now))
            if (size, changed) != (state.st_size, state.st_mtime):
                since = now
            self._seen[path.name] = (state.st_size, state.st_mtime, since)
            if state.st_size and now - since >= self.settle:
                settled.append(path)
        return settled

    def waits_for(self, path: Path) -> bool:
        """Whether a file that cannot be read may still be half written."""
        known = self._seen.get(path.name)
        return known is not None and self._clock() - known[2] < self.patience


def is_there(path: Path) -> bool:
    """Whether a file can be found; not so while the drive that it is on is away."""
    try:
        path.stat()
    except OSError:
        return False
    return True
